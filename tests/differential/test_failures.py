"""Groups of errors, sizes and places are those that the events themselves give."""

from __future__ import annotations

import re
from bisect import bisect_right
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from differential import courses, reckoned, worlds
from differential.oracle import field, holds
from differential.questions import in_a_range, views
from pulsestream.clock import EPOCH, to_micros
from pulsestream.query.condition import Bound
from pulsestream.query.expression import EVERYTHING
from pulsestream.query.failures import BACK, SORTS, STEPS, failures
from pulsestream.query.message import LENGTH_MAX, PLACEHOLDERS, normalised
from pulsestream.query.steps import automatic_step
from pulsestream.store.port import Statement


def test_errors_are_grouped_as_they_say(filled):
    def asked(world):
        return {
            "query": in_a_range(world, by=0),
            "zone": st.sampled_from(worlds.ZONES).map(ZoneInfo),
            "sort": st.sampled_from(list(SORTS)),
            "descending": st.booleans(),
            "view": views(world),
        }

    filled.agrees(30, _failures, asked)


def _failures(filled, tenant, *, query, zone, sort, descending, view):
    query = replace(query, tenant=tenant, group_by=(), measures=())
    view, rows = filled.seen(tenant, view), filled.worlds[tenant]
    found = filled.run(failures(filled.questions, query, sort=sort, descending=descending, zone=zone))
    mine = [row.event for row in reckoned.asked_about(rows, query, view) if _failed(row.event)]
    assert found.basis.events == reckoned.basis_events(rows, query, view)
    assert found.matched == len(mine)
    groups = {}
    for event in mine:
        groups.setdefault(_key(event), []).append(event)
    assert found.groups_total == len(groups)

    def rank(key):
        value = _of_group(groups[key])[sort]
        return -value if descending else value, -len(groups[key]), [reckoned.in_order(one) for one in key]

    listed = sorted(groups, key=rank)[: query.limit]
    assert [
        (one.service, one.endpoint, one.method, one.status_code or 0, one.message) for one in found.groups
    ] == listed

    since, week = found.compared_since, max(query.start, EPOCH + BACK) - BACK
    before = _before(rows, query, view)
    assert (since is not None) == bool(listed and before)
    seen = [
        row.event
        for row in before
        if to_micros(week) <= field(row.event, "timestamp") and holds(row.event, query.where)
    ]
    old = {_key(event) for event in seen if _failed(event)}
    if since is not None:
        assert week <= since < query.start
        looked_at_all = all(field(event, "timestamp") >= to_micros(since) for event in seen)
        assert looked_at_all or all(key in old for key in listed)
    step = automatic_step(query.start, query.end, points=STEPS)
    begun = courses.starts(step.count, step.unit.value, query.start, query.end, zone)
    assert [to_micros(at) for at in found.grid.times] == begun
    for one, key in zip(found.groups, listed, strict=True):
        events = groups[key]
        told = {"count": one.count, "users": one.users} | {
            name: to_micros(getattr(one, name)) for name in ("first_seen", "last_seen")
        }
        assert told == _of_group(events)
        assert one.new == (since is not None and key not in old)
        trend = [0] * len(begun)
        for event in events:
            trend[bisect_right(begun, field(event, "timestamp")) - 1] += 1
        assert one.trend == trend
        newest = [event for event in events if field(event, "timestamp") == to_micros(one.last_seen)]
        assert (one.example, one.example_message) in [(event["event_id"], _said(event)) for event in newest]
    assert len({one.id for one in found.groups}) == len(found.groups)


# ---- what they say

_PIECES = (
    *(
        " ",
        " ",
        "'",
        '"',
        "`",
        "é",
        "_",
        "-",
        ":",
        "/",
        ".",
        ",",
        "%",
        "\n",
        "user",
        "can't",
        "ms",
        "s",
        "MiB",
        "0x1f",
        "7",
    ),
    *(
        "4711",
        "3.5",
        "1,000",
        "30s",
        "10.0.0.1",
        "256.1.1.1.1",
        "::1",
        "fe80::1:2",
        "1:2:3:4:5:6:7:8",
        "a@b.de",
        "é@b.de",
    ),
    *(
        "550e8400-e29b-41d4-a716-446655440000",
        "a1b2c3d4",
        "abcdefg1",
        "1a",
        "deadbeef",
        "日本4",
        "𝄞",
        "'x y'",
        '"z"',
        "٣",
    ),
)


def test_messages_are_made_alike_by_their_patterns(filled):
    @filled.settings(8)
    @given(texts=st.lists(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join), min_size=20, max_size=40))
    def agree(texts):
        texts = [*texts, "x" * 499 + "12", "é" * 501, "1" * 600]
        bound = Bound()
        given_ = bound(texts, "Array(String)")
        every = f"SELECT text, {normalised('text', bound)} FROM (SELECT arrayJoin({given_}) AS text)"  # noqa: S608 - bound
        for text, said in filled.session.ask(Statement(every, bound.parameters)).rows:
            assert said == _normalised(text), text

    agree()


def _normalised(text):
    text = text[:LENGTH_MAX]
    for pattern, placeholder in PLACEHOLDERS:
        text = re.sub(pattern, placeholder, text, flags=re.ASCII)
    return text


# ---- what is expected


def _failed(event):
    status = field(event, "status_code") or 0
    return status >= 400 or field(event, "severity") in ("error", "critical") or bool(field(event, "error_code"))


def _said(event):
    return field(event, "message") or field(event, "error_message") or field(event, "title")


def _key(event):
    place = [field(event, name) for name in ("service", "endpoint", "method")]
    return (*place, field(event, "status_code") or 0, _normalised(_said(event)))


def _of_group(events):
    times = [field(event, "timestamp") for event in events]
    users = {field(event, "user_id") for event in events} - {""}
    return {"count": len(events), "users": len(users), "first_seen": min(times), "last_seen": max(times)}


def _before(rows, query, view):
    """All that is to be seen before the range."""
    before = replace(query, start=None, end=query.start, where=EVERYTHING)
    return reckoned.asked_about(rows, before, view)
