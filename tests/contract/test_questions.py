"""Questions have the same answers on every store, and they are those that the events themselves give."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from pulsestream.query import compile as sql
from pulsestream.query import search, tail
from pulsestream.query.expression import All, Field, Tag, Text, one_of
from pulsestream.query.model import Cursor, Query, View
from pulsestream.store.record import event_id, event_json, place
from unit.ingest.lines import NOW, event, line


def _filled():
    """Two tenants, six hours, four services; every second event has metrics, every third a tag."""
    for number in range(1, 121):
        yield line(
            number,
            event(
                f"e{number}",
                timestamp=(NOW - timedelta(minutes=3 * (number % 40), microseconds=number)).isoformat(),
                title=f"GET /things/{number % 7}",
                severity=("info", "warning", "error", "critical")[number % 4],
                source={"service": "abcd"[number % 4], "endpoint": "/", "method": "GET"},
                metrics={"response_time_ms": number, "status_code": (200, 404, 500)[number % 3]}
                if number % 2
                else None,
                context={"tags": {"plan": "gold"}} if number % 3 == 0 else None,
            ),
            tenant="acme" if number <= 100 else "zeta",
        )


def _metrics(number):
    return {"response_time_ms": number, "status_code": (200, 404, 500)[number % 3]}


def _number(row):
    return int(event_id(row)[1:])


def _at(minutes):
    return datetime(2026, 5, 4, 12, tzinfo=UTC) - timedelta(minutes=minutes)


def _is(name, *values):
    return one_of(Field(name), values)


def _after(row, *, snapshot):
    timestamp_us, position = place(row)
    return Cursor(timestamp_us=timestamp_us, position=position, snapshot=snapshot, matched=0)


NEWEST = search.Sort()
HELD = [
    ({}, lambda _: True),
    ({"start": _at(60)}, lambda n: 3 * (n % 40) * 60_000_000 + n <= 60 * 60_000_000),
    ({"start": _at(90), "end": _at(30)}, lambda n: 30 * 60_000_000 < 3 * (n % 40) * 60_000_000 + n <= 90 * 60_000_000),
    ({"start": datetime(1, 1, 1, tzinfo=UTC), "end": datetime(9999, 12, 31, tzinfo=UTC)}, lambda _: True),
    ({"where": _is("service", "a", "c")}, lambda n: n % 4 in (0, 2)),
    (
        {"where": All((_is("status_code", 404, 500), _is("service", "b")))},
        lambda n: n % 2 and n % 3 and n % 4 == 1,
    ),
    (
        {"where": All((_is("severity", "critical"), one_of(Tag("plan"), ("gold",))))},
        lambda n: n % 4 == 3 and n % 3 == 0,
    ),
    ({"where": Text(("THINGS/3",))}, lambda n: n % 7 == 3),
    ({"where": _is("service", "nobody")}, lambda _: False),
]


@pytest.fixture
def filled(session):
    session.insert_events(b"".join(_filled()))
    return session


def test_counts_hours_and_pages_agree_with_the_events(filled):
    hidden = ["e50", "e101"]
    for parts, holds in HELD:
        expected = [number for number in range(1, 101) if holds(number) and number != 50]
        expected.sort(key=lambda number: (-(number % 40), -number), reverse=True)
        question = Query(tenant="acme", limit=7, **parts)
        assert filled.ask(sql.count(question, view=View(hidden=hidden))).rows[0][0] == len(expected), parts
        hours = filled.ask(search.hours(question, NEWEST, view=View(hidden=hidden))).rows
        assert sum(events for _, events in hours) == len(expected)
        assert [hour for hour, _ in hours] == sorted({hour for hour, _ in hours}, reverse=True)
        seen, after = [], None
        while rows := filled.ask(search.page(question, NEWEST, after=after, limit=7, view=View(hidden=hidden))).rows:
            seen += map(_number, rows)
            after = _after(rows[-1], snapshot=100)
            ahead = filled.ask(search.hours(question, NEWEST, after=after, view=View(hidden=hidden))).rows
            assert sum(events for _, events in ahead) == len(expected) - len(seen)
        assert seen == expected, parts
        offset = filled.ask(search.page(question, NEWEST, limit=7, offset=5, view=View(hidden=hidden))).rows
        assert [_number(row) for row in offset] == expected[5:12]
        arrived = filled.ask(sql.arrivals(question, after=30, view=View(hidden=hidden))).rows
        assert [_number(row) for row in arrived] == [number for number in sorted(expected) if number > 30][:8]
        newest = filled.ask(sql.last_arrivals(question, view=View(hidden=hidden))).rows
        assert [_number(row) for row in newest] == sorted(expected, reverse=True)[:7]
        between = {"after": 30, "upto": 90, "view": View(hidden=hidden)}
        arrived = filled.ask(tail.arrived(question, limit=7, **between)).rows
        mine = [number for number in sorted(expected, reverse=True) if 30 < number <= 90]
        assert [_number(row) for row in arrived] == mine[:7]
        assert filled.ask(tail.counted(question, **between)).rows[0][0] == len(mine)
        assert all(json.loads(event_json(row))["event_id"] == event_id(row) for row in rows)


def test_measures_agree_with_the_events(filled):
    names = ("count", "requests", "errors", "error_rate", "p50_ms", "p95_ms")
    groups = filled.ask(
        sql.groups(
            Query(tenant="acme", limit=9, group_by=(Field("service"),), measures=names), view=View(hidden=["e3"])
        )
    ).rows
    for service, events, requests, errors, rate, p50, p95 in groups:
        mine = [number for number in range(1, 101) if "abcd"[number % 4] == service and number != 3]
        with_status = [number for number in mine if number % 2]
        failed = [number for number in with_status if number % 3]
        assert (events, requests, errors) == (len(mine), len(with_status), len(failed))
        assert rate == (pytest.approx(len(failed) / len(with_status)) if with_status else None)
        if with_status:
            assert p50 == sorted(with_status)[len(with_status) // 2]
            assert p50 < p95 <= max(with_status)
        else:
            assert (p50, p95) == (None, None)
    assert [group[0] for group in groups] == ["a", "b", "c", "d"]
    [total] = filled.ask(sql.groups(Query(tenant="nobody", limit=1, measures=names), view=View())).rows
    assert list(total) == [0, 0, 0, None, None, None]


def test_recency_counts_since_each_moment(filled):
    def micros(minutes):
        return int(_at(minutes).timestamp()) * 1_000_000

    [row] = filled.ask(
        sql.recency("acme", day_us=micros(720), hour_us=micros(60), minute_us=micros(1), view=View(hidden=["e40"]))
    ).rows
    counts = [sum(3 * (n % 40) * 60_000_000 + n <= m * 60_000_000 for n in range(1, 101) if n != 40) for m in (60, 1)]
    assert row[:4] == (99, 99, *counts)
    assert row[4] == micros(0) - 80
    [nothing] = filled.ask(sql.recency("nobody", day_us=0, hour_us=0, minute_us=0, view=View())).rows
    assert nothing[0] == 0


ODD = [
    "'",
    "''",
    "\\",
    "\\'",
    "') OR 1=1 --",
    "a\0b",
    "\n",
    "\t",
    "{x:String}",
    "日本",
    "%",
    "'; DROP TABLE events; --",
    "",
]


@pytest.mark.parametrize("text", ODD)
def test_a_bound_value_means_itself_only(session, text):
    session.insert_events(line(1, event(text or "id", title=text or "t", message=text, context={"tags": {text: text}})))
    session.insert_events(line(2, event("other", title="something else")))

    def found(**parts):
        return session.ask(sql.count(Query(tenant="acme", limit=9, **parts), view=View())).rows[0][0]

    assert found(where=one_of(Tag(text), (text,))) == 1
    assert found(where=Text((text,))) == (1 if text else 2)
    assert found(where=_is("service", text)) == 0
    assert session.ask(sql.count(Query(tenant=text or " ", limit=1), view=View())).rows[0][0] == 0
    assert session.ask(sql.count(Query(tenant="acme", limit=1), view=View(hidden=[text or "id"]))).rows[0][0] == 1
    assert list(session.events_by_id("acme", [text or "id"])) == [text or "id"]
    [row] = session.ask(sql.one_event("acme", text or "id", view=View())).rows
    assert event_id(row) == (text or "id")
    session.delete_events("acme", [text or "id"])
    assert list(session.present(1, 2)) == [2]


def test_a_tag_with_a_colon_is_told_from_another(session):
    tags = {1: {"a": "b:c"}, 2: {"a:b": "c"}, 3: {"a": "b:"}}
    for number, of_event in tags.items():
        session.insert_events(line(number, event(f"e{number}", context={"tags": of_event})))
    for (name, value), found in {("a", "b:c"): [1], ("a:b", "c"): [2], ("a", "b:"): [3], ("a:b", ""): []}.items():
        where = one_of(Tag(name), (value,))
        rows = session.ask(sql.arrivals(Query(tenant="acme", limit=9, where=where), after=0, view=View())).rows
        assert [_number(row) for row in rows] == found


def test_more_deleted_ids_than_fit_one_parameter_are_hidden(session):
    events = [line(number, event(f"e{number}")) for number in range(1, 4)]
    session.insert_events(b"".join(events))
    hidden = [f"{number:05d}-é'\\" * 4 for number in range(5_000)] + ["e2"]
    everything = Query(tenant="acme", limit=9)
    assert session.ask(sql.count(everything, view=View(hidden=hidden))).rows[0][0] == 2
    rows = session.ask(sql.last_arrivals(everything, view=View(hidden=hidden))).rows
    assert [event_id(row) for row in rows] == ["e3", "e1"]
