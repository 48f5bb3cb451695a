"""What fails is grouped as it is said to be, on every store."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from pulsestream.query.condition import Bound
from pulsestream.query.expression import Field, one_of
from pulsestream.query.failures import SORTS, failures
from pulsestream.query.message import normalised
from pulsestream.query.model import Query, View
from pulsestream.query.run import Questions
from pulsestream.store.port import Statement
from unit.ingest.lines import NOW, event, line

DAY = timedelta(days=1)
SEEN_ALIKE = [
    ("Timed out after 3000 ms", "Timed out after <n> ms"),
    ("took 12.5s, 1,234 rows, -7 left", "took <n>s, <n> rows, -<n> left"),
    ("order 0b0a3f6e-1c7e-4f3a-9f1d-2f5c3f9d7a10 not found", "order <uuid> not found"),
    ("order evt_9998956_e9d8f2fa8520 and ch_3Nabc12345x", "order evt_<n>_<id> and ch_<id>"),
    ("commit deadbeef1 at 0xFF in v2", "commit <id> at <id> in v<n>"),
    ("no route from 10.0.0.7 to 2001:db8::1", "no route from <ip> to <ip>"),
    ("ann.lee+x@example.co.uk is taken", "<email> is taken"),
    ("""field "name" can't be 'x y' or `z`""", "field <text> can't be <text> or <text>"),
    ("Überweisung 7 an 日本 fehlgeschlagen", "Überweisung <n> an 日本 fehlgeschlagen"),
    ("HTTP/2 stream 1234567890 reset", "HTTP/<n> stream <n> reset"),
    ("nothing to take out", "nothing to take out"),
]


def failed(number, before, *, status=500, message="it broke", service="orders", user=None, **changes):
    return line(
        number,
        event(
            f"e{number}",
            timestamp=(NOW - before).isoformat(),
            message=message,
            source={"service": service, "endpoint": "/orders", "method": "GET"},
            metrics={"response_time_ms": 1, "status_code": status} if status else None,
            context={"user_id": user} if user else None,
            **changes,
        ),
    )


@pytest.fixture
def ask(store):
    with contextlib.ExitStack() as stack:

        def ask(view=None, *, sort="count", descending=True, zone="UTC", **parts):
            query = Query(**({"tenant": "acme", "limit": 50, "start": NOW - DAY, "end": NOW} | parts))
            questions = Questions(
                open_session=lambda: store.session(threads=1), view=lambda _: view or View(), threads=2, mark="t"
            )
            stack.callback(questions.close)
            return asyncio.run(failures(questions, query, sort=sort, descending=descending, zone=ZoneInfo(zone)))

        yield ask


def minutes(number):
    return timedelta(minutes=number)


def test_what_differs_from_call_to_call_is_taken_out_of_a_message(session):
    bound = Bound()
    texts = bound([raw for raw, _ in SEEN_ALIKE], "Array(String)")
    rows = session.ask(Statement(f"SELECT {normalised(f'arrayJoin({texts})', bound)}", bound.parameters)).rows
    assert [said for (said,) in rows] == [said for _, said in SEEN_ALIKE]


def test_events_that_failed_in_the_same_way_are_one_group(ask, session):
    coded = {"error_code": "E1", "error_message": "no 1"}
    session.insert_events(
        b"".join(
            [failed(n, minutes(n), message=f"no answer in {n} ms", user=f"u{n % 3}") for n in range(1, 8)]
            + [failed(10, minutes(1), status=404, message="no answer in 1 ms"), failed(11, minutes(2), service="mail")]
            + [failed(12, minutes(3), status=200, message="fine"), failed(13, minutes(3), status=0, message="fine")]
            + [failed(14, minutes(4), status=0, message="", severity="critical", title="backup 7 failed")]
            + [failed(15, minutes(4), status=200, message="", error_details=coded)]
            + [failed(16, minutes(0)), failed(17, DAY + minutes(1), message="long ago")]
        )
    )  # fmt: skip
    found = ask()
    assert (found.groups_total, found.matched, found.basis.events) == (5, 11, 13)
    first, *others = found.groups
    assert (first.service, first.endpoint, first.method, first.status_code) == ("orders", "/orders", "GET", 500)
    assert (first.message, first.count, first.users) == ("no answer in <n> ms", 7, 3)
    assert (first.first_seen, first.last_seen) == (NOW - minutes(7), NOW - minutes(1))
    assert (first.example, first.example_message) == ("e1", "no answer in 1 ms")
    assert [(one.service, one.status_code, one.message, one.count) for one in others] == [
        ("mail", 500, "it broke", 1),
        ("orders", None, "backup <n> failed", 1),
        ("orders", 200, "no <n>", 1),
        ("orders", 404, "no answer in <n> ms", 1),
    ]
    assert {one.users for one in others} == {0}
    assert len({one.id for one in found.groups}) == 5
    assert [one.id for one in ask(start=NOW - minutes(7)).groups] == [one.id for one in found.groups]


def test_the_trend_counts_by_step_in_the_zone(ask, session):
    session.insert_events(b"".join(failed(n, minutes(60 * n)) for n in (1, 2, 2, 23)))
    found = ask()
    assert (str(found.grid.step), len(found.grid.times), found.grid.times[0]) == ("1h", 24, NOW - DAY)
    assert [(n, count) for n, count in enumerate(found.groups[0].trend) if count] == [(1, 1), (22, 2), (23, 1)]
    # Of ten days in Kolkata, where midnight is at 18:30 UTC.
    long = ask(start=NOW - 10 * DAY, zone="Asia/Kolkata")
    assert (str(long.grid.step), sum(long.groups[0].trend)) == ("12h", 4)
    assert long.grid.times[1] == (NOW - 10 * DAY).replace(hour=18, minute=30)


def test_a_group_is_new_where_it_was_not_there_in_the_week_before(ask, session):
    session.insert_events(
        b"".join(
            [failed(n, minutes(n), message=text) for n, text in enumerate(("near", "far", "fresh", "old", "later"), 1)]
            + [failed(11, DAY + minutes(5), message="near"), failed(12, 7 * DAY, message="far")]
            + [failed(13, 8 * DAY + minutes(1), message="old")]
            + [failed(14, DAY + minutes(1), message="fresh", status=404)]
            + [failed(15, 3 * DAY, message="later", service="mail")]
        )
    )  # fmt: skip
    found = ask()
    assert found.compared_since == NOW - 8 * DAY
    assert {one.message: one.new for one in found.groups} == {
        "near": False, "far": False, "fresh": True, "old": True, "later": True,
    }  # fmt: skip
    short = ask(view=View(oldest=NOW - 2 * DAY))
    assert short.compared_since == NOW - 2 * DAY
    assert [one.message for one in short.groups if not one.new] == ["near"]
    first = ask(start=NOW - 10 * DAY)
    assert (first.compared_since, {one.new for one in first.groups}) == (None, {False})


def test_groups_are_sorted_cut_and_filtered_and_what_is_hidden_counts_nowhere(ask, session):
    session.insert_events(
        b"".join(
            [failed(n, minutes(10 + n), message="often", user="one") for n in range(1, 5)]
            + [failed(n, minutes(30 + n), message="wide", user=f"u{n}") for n in range(11, 14)]
            + [failed(21, minutes(1), message="late", service="mail")]
        )
    )
    orders = {
        "count": ["often", "wide", "late"],
        "users": ["wide", "often", "late"],
        "last_seen": ["late", "often", "wide"],
        "first_seen": ["late", "often", "wide"],
    }
    assert orders.keys() == SORTS.keys()
    for sort, names in orders.items():
        assert [one.message for one in ask(sort=sort).groups] == names, sort
        assert [one.message for one in ask(sort=sort, descending=False).groups] == names[::-1], sort
    cut = ask(limit=1)
    assert ([one.message for one in cut.groups], cut.groups_total, cut.matched) == (["often"], 3, 8)
    assert [one.message for one in ask(where=one_of(Field("service"), ("mail",))).groups] == ["late"]
    [late, wide, often] = ask(view=View(hidden=["e1", "e2", "e3"]), sort="count", descending=False).groups
    assert (often.message, often.count, wide.message, late.message) == ("wide", 3, "often", "late")
    nothing = ask(tenant="zeta")
    assert (nothing.groups, nothing.groups_total, nothing.matched, nothing.compared_since) == ([], 0, 0, None)
