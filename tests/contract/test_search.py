"""Pages of events in any order: every match once, in its place, whatever arrives between two pages."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from msgspec.json import decode
from msgspec.structs import replace

from pulsestream.errors import BadParameters
from pulsestream.query.expression import Field, one_of
from pulsestream.query.model import Query, View
from pulsestream.query.run import Questions
from pulsestream.query.search import Sort, outline, read_sort, search
from unit.ingest.lines import NOW, event, line

TIMES = (0.1, 1 / 3, 1e-9, 123456.789, 7.0, 2**53 + 1.0)
SEVERITIES = ("info", "warning", "error", "critical")
COUNT = 90


def made(number):
    """Events of three days, in the order of neither time nor value; many have the same value, some have none."""
    has = number % 5 != 0
    return event(
        f"e{number}",
        timestamp=(NOW - timedelta(minutes=49 * (number * 37 % 90), microseconds=number)).isoformat(),
        severity=SEVERITIES[number % 4],
        source={"service": "abcd"[number % 4], "endpoint": "/", "method": "GET"},
        metrics={
            "response_time_ms": TIMES[number % 6] * (number % 7 + 1),
            "status_code": (200, 404, 500)[number % 3],
            "request_size_bytes": number % 11 if number % 2 else None,
            "cache_hit": (True, False, None)[number % 3],
        }
        if has
        else None,
        context={"user_id": f"ü'\\{number % 13}" if number % 3 else None},
    )


def value(one, name):
    metrics = one.get("metrics") or {}
    return {
        "timestamp": one["timestamp"],
        "received_at": one.get("received_at"),
        "severity": SEVERITIES.index(one["severity"]),
        "service": one["source"]["service"],
        "user_id": (one.get("context") or {}).get("user_id"),
    }.get(name, metrics.get(name))


def in_order(events, name, *, descending):
    """What has no value last; what has the same is the newest first."""
    newest = sorted(events, key=lambda one: one["timestamp"], reverse=True)
    having = [one for one in newest if value(one, name) is not None]
    having.sort(key=lambda one: value(one, name), reverse=descending)
    return having + [one for one in newest if value(one, name) is None]


@pytest.fixture
def ask(session, store):
    """Runs one call with Questions on a store of so many events."""
    session.insert_events(b"".join(line(number, made(number)) for number in range(1, COUNT + 1)))
    session.insert_events(line(COUNT + 1, made(COUNT + 1), tenant="zeta"))

    def call(asked):
        async def answered():
            questions = Questions(
                open_session=lambda: store.session(threads=1), view=lambda _: View(), threads=1, mark="test"
            )
            try:
                return await asked(questions)
            finally:
                await asyncio.to_thread(questions.close)

        return asyncio.run(answered())

    return call


def pages(query, sort, between=lambda _: None, offset=0):
    async def asked(questions):
        after, seen, matched = None, [], set()
        while True:
            page = await search(questions, query, sort=sort, after=after, fed=COUNT, offset=offset)
            seen += [decode(one) for one in page.events]
            matched.add(page.matched)
            after = page.following
            if after is None:
                return seen, matched
            assert len(page.events) == query.limit
            between(len(seen))

    return asked


NAMES = ("timestamp", "response_time_ms", "status_code", "request_size_bytes", "cache_hit", "user_id", "severity")
EVERYTHING = [made(number) for number in range(1, COUNT + 1)]


# What the statements give is compared on every store above; what is made of it need not be.
in_memory = pytest.mark.parametrize("kind", ["memory"], indirect=True, scope="module")


def ids(events):
    return [one["event_id"] for one in events]


def test_pages_have_every_match_once_in_its_place(ask):
    for name, descending in ((name, descending) for name in NAMES for descending in (True, False)):
        query = Query(tenant="acme", limit=17, where=one_of(Field("service"), ("a", "c")))
        mine = [one for one in EVERYTHING if one["source"]["service"] in "ac"]
        seen, matched = ask(pages(query, Sort(name, descending)))
        assert ids(seen) == ids(in_order(mine, name, descending=descending))
        assert matched == {len(mine)}


@in_memory
def test_what_arrives_between_two_pages_shifts_none(ask, session):
    arrivals, arrived = iter(range(COUNT + 10, COUNT + 1000)), []

    def arrive(_):
        number = next(arrivals)
        arrived.append(number)
        session.insert_events(line(number, made(number % 90) | {"event_id": f"late{number}"}))

    for name in ("timestamp", "response_time_ms", "user_id"):
        query = Query(tenant="acme", limit=23)
        seen, matched = ask(pages(query, Sort(name), arrive))
        assert ids(seen) == ids(in_order(EVERYTHING, name, descending=True))
        assert matched == {COUNT}
        session.run("DELETE FROM events WHERE position > 91")
    assert len(arrived) == 3 * (COUNT // 23)


@in_memory
def test_many_matches_are_paged_as_few_are(ask, monkeypatch):
    monkeypatch.setattr("pulsestream.query.search._DENSE", 1)
    monkeypatch.setattr("pulsestream.query.search._HOURS_MAX", 2)
    for descending in (True, False):
        expected = ids(sorted(EVERYTHING, key=lambda one: one["timestamp"], reverse=descending))
        seen, _ = ask(pages(Query(tenant="acme", limit=8), Sort("timestamp", descending)))
        assert ids(seen) == expected
        where = one_of(Field("severity"), ("info", "error"))
        seen, _ = ask(pages(Query(tenant="acme", limit=4, where=where), Sort("timestamp", descending)))
        assert ids(seen) == [name for name in expected if int(name[1:]) % 2 == 0]


@in_memory
def test_offset_leaves_out_the_first(ask):
    newest = ids(in_order(EVERYTHING, "timestamp", descending=True))
    query = Query(tenant="acme", limit=5)

    async def asked(questions):
        return [await search(questions, query, sort=Sort(), after=None, fed=COUNT, offset=n) for n in (0, 83, 85, 90)]

    found = ask(asked)
    assert [ids(map(decode, page.events)) for page in found] == [newest[at : at + 5] for at in (0, 83, 85, 90)]
    assert [page.following is None for page in found] == [False, False, True, True]


LARGE = one_of(Field("service"), ("large",))


@pytest.fixture
def large(session, monkeypatch):
    """Events of 20 kB, of which a page takes two, and one that is larger than a page."""
    for module in ("run", "search"):
        monkeypatch.setattr(f"pulsestream.query.{module}.PAGE_BYTES_MAX", 50_000)
    source = {"service": "large", "endpoint": "/", "method": "GET"}
    events = [
        made(number) | {"event_id": f"large{number}", "source": source, "payload": {"text": "é" * length}}
        for number, length in [*((number, 10_000) for number in range(20)), (20, 50_000)]
    ]
    session.insert_events(b"".join(line(200 + number, one) for number, one in enumerate(events)))
    return events


@pytest.mark.slow
def test_a_page_ends_where_it_would_get_too_large(ask, large):
    for name, descending in ((name, descending) for name in ("timestamp", "user_id") for descending in (True, False)):
        sort, after, seen, sizes = Sort(name, descending), None, [], []

        async def asked(questions, sort=sort):
            return await search(questions, Query(tenant="acme", limit=9, where=LARGE), sort=sort, after=after, fed=999)  # noqa: B023 - it is called at once

        while not seen or after is not None:
            page = ask(asked)
            seen += [decode(one) for one in page.events]
            sizes.append(len(page.events))
            after = page.following
            assert page.matched == len(large)
        ordered = in_order(large, name, descending=descending)
        assert [(one["event_id"], one["payload"]) for one in seen] == [
            (one["event_id"], one["payload"]) for one in ordered
        ]
        assert max(sizes) <= 3  # where those with a value end on a page, one without may come with them


@in_memory
def test_arrivals_end_where_they_would_get_too_large(ask, large):
    query = Query(tenant="acme", limit=9, where=LARGE)

    async def asked(questions):
        newest = await questions.arrivals(query, after=None, fed=999)
        assert [ids(map(decode, newest.events)), newest.has_more] == [["large20"], False]
        seen, position, more = [], 0, True
        while more:
            found = await questions.arrivals(query, after=position, fed=999)
            assert len(found.events) in (1, 2)
            seen += ids(map(decode, found.events))
            position, more = found.position, found.has_more
        assert seen == [one["event_id"] for one in large]
        assert position == 999

    ask(asked)


@in_memory
def test_a_page_that_ends_with_a_long_text_says_so(ask, session):
    for number in (500, 501):
        session.insert_events(line(number, event(f"long{number}", context={"user_id": "日" * 2_000})))

    async def asked(questions):
        await search(questions, Query(tenant="acme", limit=1), sort=Sort("user_id"), after=None, fed=501)

    with pytest.raises(BadParameters, match="sort by another field"):
        ask(asked)


@in_memory
def test_an_outline_is_of_all_that_match(ask):
    query = Query(tenant="acme", limit=1, where=one_of(Field("service"), ("c", "b")))
    found = ask(lambda questions: outline(questions, query))
    mine = [made(number) for number in range(1, COUNT + 1) if number % 4 in (1, 2)]
    mine.sort(key=lambda one: one["timestamp"])
    assert found.first.isoformat() == mine[0]["timestamp"]
    assert (found.past - timedelta(microseconds=1)).isoformat() == mine[-1]["timestamp"]
    assert found.end >= found.past - timedelta(microseconds=1)
    assert found.errors == sum(one.get("metrics", {"status_code": 0})["status_code"] >= 400 for one in mine)
    services = [one["source"]["service"] for one in mine]
    assert found.services == sorted({"b", "c"}, key=services.index)
    nobody = replace(query, where=one_of(Field("service"), ("nobody",)))
    assert ask(lambda questions: outline(questions, nobody)) is None


def test_a_sort_is_named_as_fields_are():
    assert read_sort("-timestamp") == Sort()
    assert read_sort("latency") == Sort("response_time_ms", descending=False)
    assert read_sort("-svc") == Sort("service", descending=True)
    for wrong in ("", "-", "--timestamp", "nothing", "payload", "title", "tag.city", "timestamp desc", "+service"):
        with pytest.raises(BadParameters, match="must be one of timestamp"):
            read_sort(wrong)
