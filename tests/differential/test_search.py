"""Pages of events, in any order, are those that the events themselves give; what arrives between two shifts none."""

from __future__ import annotations

import json
from datetime import timedelta
from unittest import mock

from hypothesis import strategies as st
from msgspec.structs import replace

from differential import reckoned
from differential.courses import in_one_order
from differential.oracle import field
from differential.questions import asked_in_any_order, filters, near, views
from differential.reckoned import came_back
from pulsestream.clock import from_micros
from pulsestream.query import run
from pulsestream.query import search as of_pages
from pulsestream.query.expression import EVERYTHING
from pulsestream.query.model import Query
from pulsestream.query.search import outline, search
from pulsestream.query.token import Tokens
from pulsestream.store.record import LARGE_BYTES_MIN

_TOKENS = Tokens(b"secret", lambda: b"8 bytes.")
_PAGES_MAX = 100


def _read(event):
    return json.loads(bytes(event))


def _walk(filled, query, sort, *, between=lambda: None, full=True):
    """The events of all pages. `full`: each is as long as it may be."""
    after, found, fed = None, [], filled.position
    for _ in range(_PAGES_MAX):
        page = filled.run(search(filled.questions, query, sort=sort, after=after, fed=fed))
        found.append(page)
        if page.following is None:
            return found
        assert len(page.events) == query.limit or not full
        after = _TOKENS.cursor(query.tenant, _TOKENS.of_cursor(query.tenant, page.following))
        between()
    raise AssertionError("the pages do not end")


def test_pages_in_any_order_are_those_of_the_events(filled):
    filled.agrees(30, _pages, lambda world: {"drawn": asked_in_any_order(world), "view": views(world)})


def _pages(filled, tenant, drawn, view):
    query, sort = replace(drawn[0], tenant=tenant), drawn[1]
    view, rows = filled.seen(tenant, view), filled.worlds[tenant]
    mine = reckoned.asked_about(rows, query, view)
    pages = _walk(filled, query, sort)
    told = [_read(event) for page in pages for event in page.events]
    expected = [came_back(row.event) for row in in_one_order(mine, sort.name, descending=sort.descending)]
    assert [one["event_id"] for one in told] == [one["event_id"] for one in expected]
    assert told == expected
    assert {page.matched for page in pages} == {len(mine)}
    assert len(pages) == max(1, -(-len(mine) // query.limit))


def test_pages_of_large_events_end_sooner_and_lose_none(filled):
    def asked(world):
        return {
            "drawn": asked_in_any_order(world),
            "large": st.sets(st.integers(0, 15)),
            "bytes_max": st.sampled_from((1, 20_000, 40_000)),
        }

    filled.agrees(8, _large, asked)


def _large(filled, tenant, drawn, large, bytes_max):
    """Those of these numbers have a text that a page is made without until it is known to be on it."""
    events = [row.event for row in filled.worlds[tenant]]
    for number in large & set(range(len(events))):
        details = events[number].get("error_details", {}) | {"stack_trace": "x" * LARGE_BYTES_MIN}
        events[number] = events[number] | {"error_details": details}
    [tenant] = filled.fill([tuple(events)])
    rows = filled.worlds.pop(tenant)
    query, sort = replace(drawn[0], tenant=tenant), drawn[1]
    mine = reckoned.asked_about(rows, query, reckoned.EVERYTHING_SEEN)
    with mock.patch.object(run, "PAGE_BYTES_MAX", bytes_max), mock.patch.object(of_pages, "PAGE_BYTES_MAX", bytes_max):
        pages = _walk(filled, query, sort, full=False)
    told = [_read(event) for page in pages for event in page.events]
    assert told == [came_back(row.event) for row in in_one_order(mine, sort.name, descending=sort.descending)]
    assert all(page.events for page in pages) or not mine
    # One that has the value and one that has none, where that is sorted by.
    assert bytes_max > 1 or all(len(page.events) <= 2 for page in pages)


def test_an_offset_leaves_out_so_many(filled):
    def asked(world):
        return {"drawn": asked_in_any_order(world), "offset": st.integers(0, 18), "descending": st.booleans()}

    filled.agrees(12, _offset, asked)


def _offset(filled, tenant, drawn, offset, descending):
    query, sort = replace(drawn[0], tenant=tenant), replace(drawn[1], name="timestamp", descending=descending)
    view = filled.seen(tenant, reckoned.EVERYTHING_SEEN)
    mine = in_one_order(reckoned.asked_about(filled.worlds[tenant], query, view), "timestamp", descending=descending)
    page = filled.run(search(filled.questions, query, sort=sort, after=None, fed=filled.position, offset=offset))
    told = [_read(event)["event_id"] for event in page.events]
    assert told == [row.event["event_id"] for row in mine[offset : offset + query.limit]]
    assert page.matched == len(mine)


def test_what_arrives_between_two_pages_shifts_none(filled):
    filled.agrees(3, _between, lambda world: {"drawn": asked_in_any_order(world)})


def _between(filled, tenant, drawn):
    [tenant] = filled.fill([tuple(row.event for row in filled.worlds[tenant])])  # others are asked about the first
    rows = filled.worlds.pop(tenant)
    query, sort = replace(drawn[0], tenant=tenant, limit=6, where=EVERYTHING), drawn[1]
    source = {"service": "between", "endpoint": "/", "method": "GET"}

    def arrives():
        times = {row.event["timestamp"] for row in rows[:3]}
        filled.arrive(
            tenant, [{"event_type": "api_call", "timestamp": at, "title": "-", "source": source} for at in times]
        )

    pages = _walk(filled, query, sort, between=arrives)
    told = [_read(event)["event_id"] for page in pages for event in page.events]
    mine = reckoned.asked_about(rows, query, reckoned.EVERYTHING_SEEN)
    expected = [row.event["event_id"] for row in in_one_order(mine, sort.name, descending=sort.descending)]
    assert told == expected
    assert {page.matched for page in pages} == {len(mine)}


# ---- as they arrived, by id, what they come to


def test_arrivals_are_in_the_order_in_which_they_came(filled):
    def asked(world):
        return {
            "where": filters,
            "limit": st.integers(1, 6),
            "after": st.none() | st.integers(-1, 17),
            "view": views(world),
        }

    filled.agrees(15, _arrivals, asked)


def _arrivals(filled, tenant, *, where, limit, after, view):
    view, rows = filled.seen(tenant, view), filled.worlds[tenant]
    query, fed = Query(tenant=tenant, limit=limit, where=where), filled.position
    mine = reckoned.asked_about(rows, query, view)
    if after is None:
        found = filled.run(filled.questions.arrivals(query, after=None, fed=fed))
        assert [_read(event) for event in found.events] == [came_back(row.event) for row in mine[-limit:]]
        assert (found.position, found.has_more) == (fed, False)
        return
    after = max(after + min((row.position for row in rows), default=1), 0)
    ahead = [row for row in mine if row.position > after]
    found = filled.run(filled.questions.arrivals(query, after=after, fed=fed))
    assert [_read(event) for event in found.events] == [came_back(row.event) for row in ahead[:limit]]
    assert found.has_more == (len(ahead) > limit)
    assert found.position == (ahead[limit - 1].position if found.has_more else fed)


def test_one_event_is_found_by_its_id_and_recent_ones_are_counted(filled):
    filled.agrees(12, _one, lambda world: {"number": st.integers(0, 17), "now": near(world), "view": views(world)})


def _one(filled, tenant, number, now, view):
    view, rows = filled.seen(tenant, view), filled.worlds[tenant]
    name = f"e{number}"
    seen = reckoned.asked_about(rows, Query(tenant=tenant, limit=1), view)
    told = filled.run(filled.questions.event(tenant, name))
    assert (told and _read(told)) == next((came_back(row.event) for row in seen if row.event["event_id"] == name), None)

    found = filled.run(filled.questions.recency(tenant, now))
    minute = now.replace(second=0, microsecond=0)
    since = [minute.replace(hour=0, minute=0), minute.replace(minute=0), minute]
    counts = [len(reckoned.asked_about(rows, Query(tenant=tenant, limit=1, start=one), view)) for one in since]
    assert [found.total, found.today, found.this_hour, found.this_minute] == [len(seen), *counts]
    last = max((field(row.event, "timestamp") for row in seen), default=None)
    assert found.last_event_at == (None if last is None else from_micros(last))
    whole = [row.event for row in seen]
    assert found.error_rate == (reckoned.measured("error_rate", whole, view.apdex, 1) or 0)
    past = reckoned.asked_about(rows, Query(tenant=tenant, limit=1), replace(view, oldest=None))
    assert found.expired == len(past) - len(seen)


def test_what_events_come_to_is_what_they_say(filled):
    filled.agrees(12, _outline, lambda world: {"drawn": asked_in_any_order(world), "view": views(world)})


def _outline(filled, tenant, drawn, view):
    query = replace(drawn[0], tenant=tenant)
    view, rows = filled.seen(tenant, view), filled.worlds[tenant]
    mine = reckoned.asked_about(rows, query, view)
    found = filled.run(outline(filled.questions, query))
    if not mine:
        assert found is None
        return
    times = [field(row.event, "timestamp") for row in mine]
    ends = [
        at + min(field(row.event, "response_time_ms") or 0, 86_400_000) * 1000
        for at, row in zip(times, mine, strict=True)
    ]
    assert (found.first, found.past) == (from_micros(min(times)), from_micros(max(times) + 1))
    assert abs(found.end - from_micros(0) - timedelta(microseconds=max(ends))) <= timedelta(microseconds=1)
    first = {}
    for row in mine:
        service, at = field(row.event, "service"), field(row.event, "timestamp")
        first[service] = min(first.get(service, at), at)
    assert found.services == sorted(first, key=lambda one: (first[one], one.encode()))
    assert found.errors == reckoned.measured("errors", [row.event for row in mine], view.apdex, 1)
