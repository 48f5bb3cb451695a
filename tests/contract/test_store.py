"""One suite for every store: embedded in memory, embedded in a folder, and a ClickHouse server over HTTP."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import threading
from datetime import datetime, timedelta

import pytest
from xxhash import xxh64_intdigest

from contract.node import Node
from pulsestream.clock import to_micros
from pulsestream.errors import Cancelled, ConfigError, QueryTooHeavy, StoreBusy, StoreError, StoreRefused
from pulsestream.ingest.index import hash_id
from pulsestream.query import compile as sql
from pulsestream.query.expression import Field, Tag, one_of
from pulsestream.query.model import Query, View
from pulsestream.store import schema
from pulsestream.store.connect import connect
from pulsestream.store.port import Outcome, Past, Statement, Storage, Tombstone
from unit.ingest.lines import NOW, StillClock, checked, event, line

pytestmark = pytest.mark.slow


def count(session, table="events"):
    [[rows]] = session.ask(Statement("SELECT count() FROM {table:Identifier}", {"table": table})).rows
    return rows


def stored(session, name, tenant="acme"):
    """One event as it comes back, without its time of receipt."""
    back = json.loads(session.events_by_id(tenant, [name])[name])
    assert back.pop("received_at") == NOW.isoformat().replace("+00:00", "Z")
    return back


# ---- tables


def test_migrating_again_changes_nothing(store, session):
    session.insert_events(line(1, event("a")))
    store.migrate()
    store.migrate()
    assert stored(session, "a")["title"] == "GET /orders"
    assert count(session, "migrations") == len(schema.migrations())


@pytest.mark.usefixtures("unshared")
def test_a_migration_that_was_cut_short_is_carried_out_again(store, session):
    session.insert_events(line(1, event("a")))
    session.run("TRUNCATE TABLE migrations")
    session.run("DROP TABLE tombstones")
    store.migrate()
    assert count(session, "tombstones") == 0
    assert list(session.present(1, 1)) == [1]


@pytest.mark.usefixtures("unshared")
def test_a_store_that_joined_tags_by_a_zero_character_joins_them_by_a_colon(store, session):
    joined = "MATERIALIZED arrayMap((name, value) -> concat(name, '\\0', value), mapKeys(tags), mapValues(tags))"
    session.run(f"ALTER TABLE events MODIFY COLUMN tag_pairs Array(LowCardinality(String)) {joined}")
    session.run("ALTER TABLE migrations DELETE WHERE number > 1 SETTINGS mutations_sync = 2")
    session.insert_events(line(1, event("old", context={"tags": {"a:b": "c"}})))
    store.migrate()
    session.insert_events(line(2, event("new", context={"tags": {"a": "b:c"}})))
    for name, value in (("a:b", "c"), ("a", "b:c")):
        tagged = Query(tenant="acme", limit=9, where=one_of(Tag(name), (value,)))
        assert session.ask(sql.count(tagged, view=View())).rows[0][0] == 1, name


@pytest.mark.usefixtures("unshared")
def test_a_store_of_a_newer_program_is_refused_and_left_alone(store, session):
    session.run("INSERT INTO migrations VALUES (999, 'of_the_future', now())")
    with pytest.raises(StoreError, match="newer version") as refused:
        store.migrate()
    assert "999" in str(refused.value)
    assert count(session, "migrations") == len(schema.migrations()) + 1


def test_what_was_stored_outlives_the_session_that_stored_it(store):
    with contextlib.closing(store.session(threads=1)) as first:
        first.insert_events(line(1, event("a")))
    with contextlib.closing(store.session(threads=1)) as second:
        assert list(second.present(1, 1)) == [1]


@pytest.mark.usefixtures("unshared")
def test_a_folder_keeps_its_events_and_memory_does_not(opened, tmp_path):
    kept = {}
    for dsn in ("chdb://memory", f"chdb://{tmp_path}"):
        for _ in range(2):
            with opened(dsn) as store:
                store.migrate()
                with contextlib.closing(store.session(threads=1)) as session:
                    kept[dsn] = count(session)
                    session.insert_events(line(1, event("a")))
        assert store.capabilities.persistent == (kept[dsn] == 1)
    assert list(kept.values()) == [0, 1]


# ---- events


FULL = event(
    "full",
    event_type="error_event",
    message="Card declined",
    severity="critical",
    source={"service": "s", "endpoint": "/e/{id}", "method": "POST", "version": "1.8.2", "environment": "production"},
    metrics={
        "response_time_ms": 466.87,
        "status_code": 502,
        "request_size_bytes": 0,
        "response_size_bytes": 2**63 - 1,
        "cache_hit": False,
    },
    context={
        "user_id": "u",
        "session_id": "s",
        "request_id": "r",
        "ip_address": "2001:db8::1",
        "user_agent": "Mozilla/5.0",
        "referrer": "https://example.com/",
        "tags": {"city": "São Paulo", "": "nameless", "a:b": "=", "'\"\\": "\n\t\0", "ключ": "日本"},
    },
    trace={"trace_id": "t", "span_id": "s", "parent_span_id": "p"},
    error_details={"error_code": "c", "error_message": "m", "error_type": "T", "stack_trace": "a\n  b\n"},
    payload={"amount": 1},
    metadata={"note": None},
)
MINIMAL = event("minimal", severity="info")


@pytest.mark.parametrize(
    "sent",
    [
        FULL,
        MINIMAL,
        MINIMAL | {"timestamp": "1970-01-01T00:00:00Z"},
        MINIMAL | {"timestamp": "1970-01-05T00:00:00.000001Z"},
        MINIMAL | {"timestamp": "2026-05-04T12:05:00Z"},
        MINIMAL | {"title": "x" * 200, "message": "é" * 2000},
        MINIMAL | {"metrics": {"response_time_ms": 1e308, "status_code": 100}},
        MINIMAL | {"metrics": {"response_time_ms": 0.1 + 0.2, "status_code": 599, "cache_hit": True}},
        MINIMAL | {"message": "", "source": MINIMAL["source"] | {"version": "", "environment": ""}},
        MINIMAL | {"context": {"user_id": "", "referrer": "", "tags": {}}, "trace": {"span_id": ""}},
        MINIMAL | {"context": {}, "trace": {}, "error_details": {"error_code": ""}, "payload": {}, "metadata": {}},
        MINIMAL | {"position": 7, "tenant": "mine", "extra": {"a": 1}, "content_hash": -1, "x": [None, {"y": 1.0}]},
        MINIMAL | {"source": MINIMAL["source"] | {"zone": "a"}, "trace": {"flags": 1}, "context": {"tags": {}, "n": 1}},
    ],
)
def test_every_field_comes_back_as_it_was_sent(session, sent):
    session.insert_events(line(1, sent))
    assert stored(session, sent["event_id"]) == sent


def test_null_and_absent_are_one(session):
    nulls = (
        json.dumps(MINIMAL)[:-1] + ', "message": null, "metrics": null, "payload": null, "trace": {"span_id": null}}'
    )
    session.insert_events(line(1, nulls.encode()))
    back = stored(session, "minimal")
    assert back.pop("trace", {}) == {}
    assert back == MINIMAL


def test_a_time_in_another_zone_comes_back_in_utc_to_the_microsecond(session):
    session.insert_events(line(1, event("a", timestamp="2026-05-04T12:20:30.000001+02:00")))
    session.insert_events(line(2, event("b", timestamp="2026-05-04T10:20:30")))
    session.insert_events(line(3, event("c", timestamp=None)))
    times = [stored(session, name)["timestamp"] for name in "abc"]
    assert times == ["2026-05-04T10:20:30.000001Z", "2026-05-04T10:20:30Z", "2026-05-04T12:00:00Z"]


@pytest.mark.parametrize(
    "text",
    [
        '{"a" :  1.0,\n\t"b": [ ]}',
        r'{"escaped": "\u00e9\n\/\ud83d\ude00", "plain": "é"}',
        '{"same": 1, "same": 2}',
        '{"big": 123456789012345678901234567890, "small": 1e-999}',
        '{"trace_id": {"not": "text"}, "deep": ' + "[" * 499 + "]" * 499 + "}",
        '{"filler": "' + "x" * 5_000_000 + '"}',
    ],
)
def test_payload_and_metadata_keep_their_text(session, text):
    raw = json.dumps(event("a"))[:-1] + f', "payload": {text}, "metadata": {text}}}'
    session.insert_events(line(1, raw.encode()))
    assert f'"payload":{text},"metadata":{text}}}' in session.events_by_id("acme", ["a"])["a"].decode()


def test_a_trace_is_found_by_its_id_in_the_payload(session):
    session.insert_events(line(1, event("a", payload={"trace_id": "t1"}, trace={"span_id": "s"})))
    session.insert_events(line(2, event("b", payload={"trace_id": "no"}, trace={"trace_id": "t1"})))
    question = Query(tenant="acme", limit=9, where=one_of(Field("trace_id"), ("t1",)))
    assert session.ask(sql.count(question, view=View())).rows[0][0] == 2
    assert stored(session, "a")["trace"] == {"span_id": "s"}


def test_a_block_over_many_weeks_is_taken_whole(session):
    weeks = [NOW - timedelta(weeks=week) for week in range(50)]
    session.insert_events(
        b"".join(line(number, event(f"e{number}", timestamp=at.isoformat())) for number, at in enumerate(weeks, 1))
    )
    assert list(session.present(1, 50)) == list(range(1, 51))
    assert session.count(1, 50) == 50


# ---- positions and ids


def test_positions_that_are_there_are_told_in_order(session):
    assert list(session.present(1, 100)) == []
    session.insert_events(b"".join(line(number, event(f"e{number}")) for number in (9, 2, 4)))
    assert list(session.present(1, 100)) == [2, 4, 9]
    assert session.count(3, 9) == 2
    assert list(session.present(3, 8)) == [4]


def test_the_last_position_is_that_of_whatever_came_last(session):
    assert session.last_positions() == (0, 0)
    session.insert_events(line(5, event("a")))
    assert session.last_positions() == (5, 0)
    session.insert_outcomes([Outcome("acme", 60, "stored", "", 1, 6)])
    assert session.last_positions() == (6, 6)
    session.insert_tombstones([Tombstone("acme", "a", 7)])
    assert session.last_positions() == (7, 6)
    session.delete_events("acme", ["a"])
    assert session.last_positions() == (7, 6)


def test_known_ids_come_with_their_hashes_by_tenant(session):
    for position, tenant in enumerate(("acme", "zeta", "o'brien"), 1):
        session.insert_events(line(position, event("same"), tenant=tenant))
    session.insert_events(line(4, event(None, event_id=None), make_id=lambda _: "made"))
    known = {(tenant, one): digest for tenant, ids in session.known_ids() for one, digest in
             zip(ids.id_hashes.tolist(), ids.content_hashes.tolist(), strict=True)}  # fmt: skip
    same, made = hash_id("same"), hash_id("made")
    assert known.keys() == {("acme", same), ("zeta", same), ("o'brien", same), ("acme", made)}
    assert known["acme", same] == known["zeta", same] == checked(event("same")).content_hash
    assert known["acme", made] == checked(event(None), make_id=lambda _: "made").content_hash


def test_the_engine_hashes_an_id_as_the_server_does(session):
    """For each way in which the hash takes an id apart, by its length in bytes."""
    names = [
        (text * length)[: length - 1] + str(length % 10)
        for text in ("a", "é", "日", "𝄞", "\\", "'", "\0", "\n", "São ")
        for length in (1, 2, 3, 4, 5, 8, 9, 16, 17, 32, 33, 64, 65, 99, 100)
    ]
    events = {name: checked(event(name)) for name in names}
    session.insert_events(b"".join(line(position, event(name)) for position, name in enumerate(events, 1)))
    [(_, known)] = session.known_ids()
    pairs = {(hash_id(name), one.content_hash) for name, one in events.items()}
    assert set(zip(known.id_hashes.tolist(), known.content_hashes.tolist(), strict=True)) == pairs
    [ids] = session.past_ids(past(0, len(events)))
    columns = (ids.id_hashes.tolist(), ids.check_hashes.tolist(), ids.content_hashes.tolist())
    assert {name: hashes for name, *hashes in zip(ids.event_ids, *columns, strict=True)} == {
        name: [hash_id(name), xxh64_intdigest(name.encode()), one.content_hash] for name, one in events.items()
    }


def test_a_delete_takes_one_tenants_events_and_no_others(session):
    for position, (tenant, name) in enumerate(itertools.product(("acme", "zeta"), "abc"), 1):
        session.insert_events(line(position, event(name), tenant=tenant))
    session.insert_tombstones([Tombstone("acme", "a", 7), Tombstone("acme", "a", 7), Tombstone("acme", "gone", 8)])
    assert list(session.undeleted()) == [("acme", "a")]
    session.delete_events("acme", ["a", "b", "absent"])
    assert list(session.undeleted()) == []
    assert list(session.present(1, 9)) == [3, 4, 5, 6]
    assert set(session.tombstoned_ids()) == {("acme", "a"), ("acme", "gone")}
    assert set(session.events_by_id("acme", ["a", "b", "c"])) == {"c"}


def weeks_old(position, weeks, tenant="acme"):
    return line(position, event(f"e{position}", timestamp=(NOW - timedelta(weeks=weeks)).isoformat()), tenant=tenant)


def past(weeks, position, tenant="acme"):
    return Past(tenant, to_micros(NOW - timedelta(weeks=weeks)), position)


def test_what_is_past_goes_by_tenant_time_and_position(session):
    session.insert_events(b"".join(weeks_old(position, weeks) for position, weeks in enumerate((4, 3, 2, 1, 4), 1)))
    session.insert_events(weeks_old(6, 4, tenant="zeta"))
    assert sorted(name for ids in session.past_ids(past(2, 4)) for name in ids.event_ids) == ["e1", "e2"]
    for _ in range(2):
        session.delete_past(past(2, 4))
        assert list(session.present(1, 9)) == [3, 4, 5, 6]
        assert list(session.past_ids(past(2, 4))) == []


def test_a_week_in_which_all_is_past_is_dropped_unless_more_has_come(session):
    for position, (weeks, tenant) in enumerate([(4, "acme"), (4, "zeta"), (3, "acme"), (3, "zeta"), (2, "acme")], 1):
        session.insert_events(weeks_old(position, weeks, tenant))
    session.insert_events(line(6, event("late", timestamp=(NOW - timedelta(weeks=2, days=-2)).isoformat())))
    assert session.past_weeks([]) == []
    assert session.past_weeks([past(1, 9)]) == ["20260420"], "the other weeks hold events of zeta"
    assert session.past_weeks([past(2, 9), past(3.5, 9, "zeta")]) == ["20260406"]
    assert session.past_weeks([past(1, 1), past(1, 9, "zeta")]) == ["20260406"]
    weeks = session.past_weeks([past(1, 6), past(1, 6, "zeta")])
    assert weeks == ["20260406", "20260413", "20260420"]
    session.insert_events(weeks_old(7, 3))
    session.drop_weeks(weeks, 6)
    assert list(session.present(1, 9)) == [3, 4, 7]
    session.drop_weeks([], 6)


def test_a_tenant_is_removed_whole_and_the_others_stay(session):
    for tenant in ("acme", "zeta"):
        position = session.last_positions()[0]
        session.insert_events(line(position + 1, event("a"), tenant=tenant))
        session.insert_tombstones([Tombstone(tenant, "b", position + 2)])
        session.insert_outcomes([Outcome(tenant, 60, "stored", "", 1, position + 3)])
    for _ in range(2):
        session.delete_tenant("zeta")
        assert list(session.present(1, 9)) == [1]
        assert list(session.tombstoned_ids()) == [("acme", "b")]
        assert session.ask(sql.outcomes("zeta")).rows == []
        assert session.ask(sql.outcomes("acme")).rows == [("stored", "", 1)]


def test_many_long_ids_are_looked_up_and_deleted_at_once(session):
    names = [("\\'é" * 33)[:95] + f"{number:05}" for number in range(2_000)]
    session.insert_events(b"".join(line(number, event(name)) for number, name in enumerate(names[-3:], 1)))
    assert set(session.events_by_id("acme", names)) == set(names[-3:])
    session.delete_events("acme", names)
    assert count(session) == 0


@pytest.mark.parametrize("hours", [[0], [-1], [5], [0, -1, 5], [0] * 20])
def test_an_event_is_found_by_its_id_wherever_it_is_guessed_to_be(session, hours):
    session.insert_events(b"".join(line(number, event(f"e{number}")) for number in range(1, 4)))
    session.insert_events(line(4, event("later", timestamp="2026-05-04T11:00:00Z")))
    at = to_micros(datetime.fromisoformat(event("a")["timestamp"]))
    names = ["e2", "absent", "later"]
    found = session.events_by_id("acme", names, [at + hour * 3_600_000_000 for hour in hours])
    assert found == session.events_by_id("acme", names)
    assert set(found) == {"e2", "later"}


def test_nothing_to_look_up_or_delete_is_no_error(session):
    assert session.events_by_id("acme", []) == {}
    session.delete_events("acme", [])


def test_what_is_stored_takes_room_by_week_and_column(session):
    assert session.storage() == Storage([], [], 0)
    events = [event(f"e{number:05}", payload={"text": f"{number:040}" * 20}) for number in range(300)]
    old = event("old", timestamp="2026-01-04T10:20:30Z")
    session.insert_events(b"".join(line(number, one) for number, one in enumerate([*events, old], 1)))
    found = session.storage()
    assert [(week.week, week.events) for week in found.weeks] == [("2025-12-29", 1), ("2026-05-04", 300)]
    assert all(week.disk_bytes > week.compressed_bytes > 0 for week in found.weeks)
    assert found.estimated_events == 301
    compressed, uncompressed = (
        sum(getattr(one, name) for one in found.weeks) for name in ("compressed_bytes", "uncompressed_bytes")
    )
    assert sum(column.compressed_bytes for column in found.columns) == pytest.approx(compressed, abs=50)
    assert sum(column.uncompressed_bytes for column in found.columns) == pytest.approx(uncompressed, abs=50)
    columns = {column.name: column for column in found.columns}
    assert columns["payload"].uncompressed_bytes > uncompressed / 2
    assert columns["referrer"].compressed_bytes == 0
    assert {"timestamp", "tags", "tag_pairs", "country"} < columns.keys()
    session.run("ALTER TABLE events MODIFY SETTING min_bytes_for_wide_part = 0")
    session.run("OPTIMIZE TABLE events FINAL")
    known = session.storage()
    assert known.estimated_events == 0
    assert known.columns[0].name == "payload"
    assert known.columns[0].uncompressed_bytes == pytest.approx(columns["payload"].uncompressed_bytes, rel=0.2)


def test_the_engine_says_how_it_is(session):
    assert (session.engine().parts, session.engine().rows) == (0, 0)
    session.insert_events(line(1, event("a")))
    session.insert_events(line(2, event("b", timestamp="2026-01-04T10:20:30Z")))
    session.insert_events(line(3, event("c")))
    state = session.engine()
    assert state.rows == 3
    assert 2 <= state.parts <= 3, "two weeks, one of which may have been merged"
    assert 1 <= state.parts_in_partition_max <= 2
    assert state.disk_bytes == sum(week.disk_bytes for week in session.storage().weeks)
    assert state.memory_bytes > 0
    assert state.merges >= 0


# ---- outcomes


def test_outcomes_of_every_insert_are_summed(session):
    first = [Outcome("acme", 60, "stored", "", 3, 10), Outcome("acme", 120, "rejected", "invalid", 1, 10)]
    second = [Outcome("acme", 60, "stored", "", 2, 20), Outcome("zeta", 60, "stored", "", 50, 20)]
    session.insert_outcomes(first)
    session.insert_outcomes(second)
    session.run("OPTIMIZE TABLE outcomes FINAL")
    assert sorted(session.ask(sql.outcomes("acme")).rows) == [("rejected", "invalid", 1), ("stored", "", 5)]
    assert session.last_positions() == (20, 20)


def test_outcomes_are_stored_all_or_none(session):
    good = [Outcome("acme", minute * 60, "stored", "", 1, 10) for minute in range(5_000)]
    with pytest.raises(StoreRefused):
        session.insert_outcomes([*good, Outcome("acme", 0, "stored", "", -1.5, 10)])
    assert count(session, "outcomes") == 0
    session.insert_outcomes(good)
    assert count(session, "outcomes") == 5_000


# ---- errors


@pytest.mark.parametrize(
    "damage",
    [
        (b'"position":2', b'"position":"two"'),
        (b'"position":2', b'"position":-2'),
        (b'"event":{', b'"event":['),
        (b"\n", b""),
        (b'"received_at":', b'"received_at":"soon","x":'),
        (b'"status_code":200', b'"status_code":{}'),
    ],
)
def test_a_malformed_row_is_an_error_of_the_data(session, damage):
    good = line(2, event("a", metrics={"response_time_ms": 1, "status_code": 200}))
    bad = good.replace(*damage) if damage[0] != b"\n" else good[: len(good) // 2]
    assert bad != good
    with pytest.raises(StoreRefused) as refused:
        session.insert_events(line(1, event("before")) + bad)
    assert re.fullmatch(r"the engine answered with error \d+, [A-Z_]+", str(refused.value))
    assert "DB::Exception" in refused.value.text
    assert "\n" not in refused.value.text
    session.insert_events(good)
    assert 2 in session.present(1, 9)


def test_a_server_that_is_gone_is_a_cause_that_passes(opened, tmp_path):
    with pytest.raises(StoreBusy, match="cannot be used"):
        connect("http://127.0.0.1:1/", clock=StillClock(), memory_bytes_max=1 << 30).session(threads=1)
    node = Node.start(tmp_path)
    with opened(node.dsn()) as store:
        store.migrate()
        session = store.session(threads=1)
        session.insert_events(line(1, event("a")))
        node.kill()
        calls = [
            lambda: session.insert_events(line(2, event("b"))),
            lambda: session.present(1, 2),
            lambda: session.insert_outcomes([Outcome("acme", 0, "stored", "", 1, 1)]),
            lambda: session.delete_events("acme", ["a"]),
            lambda: list(session.known_ids()),
            lambda: list(session.past_ids(past(1, 9))),
            lambda: session.past_weeks([past(1, 9)]),
            lambda: session.drop_weeks(["20260406"], 9),
            lambda: session.delete_past(past(1, 9)),
            lambda: session.delete_tenant("acme"),
            session.last_positions,
        ]
        for call in calls:
            with pytest.raises(StoreBusy) as busy:
                call()
            assert not isinstance(busy.value, StoreRefused)
        session.close()


def test_a_database_that_is_not_there_is_named(opened, clickhouse_node):
    absent = clickhouse_node.dsn("no_such_database")
    with pytest.raises(StoreBusy, match="no_such_database"), opened(absent) as store:
        store.migrate()


def test_a_question_over_its_time_is_too_heavy(session):
    slow = "SELECT sum(sipHash64(number)) FROM numbers(100000000000) SETTINGS max_execution_time = 0.2"
    with pytest.raises(QueryTooHeavy, match="narrow"):
        session.ask(Statement(slow, {}))
    assert count(session) == 0


FAILING = {
    "a row": ("SELECT number, throwIf(number = 5) FROM numbers(10) SETTINGS max_block_size = 1", StoreBusy),
    "time": (
        "SELECT sleepEachRow(0.05) FROM numbers(100) SETTINGS max_block_size = 1, max_execution_time = 0.3",
        QueryTooHeavy,
    ),
    "cancel": ("SELECT sleepEachRow(0.05) FROM numbers(100) SETTINGS max_block_size = 1", Cancelled),
}


@pytest.mark.parametrize("why", FAILING)
def test_what_failed_leaves_nothing_to_the_next_question(store, session, why):
    """Half of an answer is another tenant's, when it comes with the next one's."""
    sql, error = FAILING[why]

    def cancel():
        with contextlib.closing(store.session(threads=1)) as other:
            while not other.cancel("slow"):
                pass

    leaving = threading.Thread(target=cancel if why == "cancel" else bool)
    leaving.start()
    with pytest.raises(error):
        session.ask(Statement(sql, {}), "slow")
    leaving.join()
    for _ in range(2):
        assert [*session.ask(Statement("SELECT 7 AS x", {})).rows] == [(7,)]
    with pytest.raises(StoreBusy):
        session.run("DELETE FROM nothing WHERE 1")
    assert count(session) == 0


def test_every_session_is_bound_in_time_memory_and_threads(store):
    names = ["max_execution_time", "max_memory_usage", "max_threads"]
    question = "SELECT name, value FROM system.settings WHERE name IN {names:Array(String)} ORDER BY name"
    with contextlib.closing(store.session(threads=1)) as session:
        assert [int(value) for _, value in session.ask(Statement(question, {"names": names})).rows] == [30, 1 << 30, 1]


def test_a_question_over_its_memory_is_too_heavy(dsn, opened):
    with opened(dsn, memory_bytes_max=300 << 20) as store:
        store.migrate()
        with contextlib.closing(store.session(threads=1)) as session:
            with pytest.raises(QueryTooHeavy, match="memory"):
                session.ask(Statement("SELECT length(groupArray(number)) FROM numbers(1000000000)", {}))
            assert count(session) == 0


@pytest.mark.parametrize("kind", ["http"], indirect=True)
def test_the_programs_own_questions_only_fail_for_causes_that_pass(shelf, store, session, opened):
    """The feeder goes on after these; an error that it does not know would end it."""
    session.insert_events(b"".join(line(number, event(f"e{number}")) for number in range(1, 3_000)))
    assert store.capabilities.persistent
    with opened(shelf.dsn, memory_bytes_max=1_000) as poor, contextlib.closing(poor.session(threads=1)) as starved:
        for call in (
            lambda: starved.present(1, 3_000),
            starved.last_positions,
            starved.undeleted,
            starved.tombstoned_ids,
            lambda: starved.events_by_id("acme", [f"e{number}" for number in range(3_000)]),
            lambda: list(starved.known_ids()),
            lambda: list(starved.past_ids(past(0, 9_000))),
            lambda: starved.past_weeks([past(0, 9_000)]),
            lambda: starved.delete_past(past(0, 9_000)),
        ):
            with contextlib.suppress(StoreBusy):
                call()
        with pytest.raises(StoreBusy):
            starved.present(1, 3_000)


# ---- the DSN


@pytest.mark.parametrize(
    "dsn",
    [
        "",
        "chdb",
        "chdb://",
        "chdb:///",
        "chdb://folder",
        "postgres://x/y",
        "http://",
        "http://h:port/",
        "http://h:99999/",
    ],
)
def test_a_dsn_that_names_no_store_is_refused_with_the_forms_there_are(dsn):
    with pytest.raises(ConfigError, match="chdb:///path"):
        connect(dsn, clock=StillClock(), memory_bytes_max=1 << 30)


def test_a_wrong_dsn_does_not_repeat_its_password():
    with pytest.raises(ConfigError) as refused:
        connect("htp://user:secret@host/db", clock=StillClock(), memory_bytes_max=1 << 30)
    assert "secret" not in str(refused.value)
