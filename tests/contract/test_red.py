"""Rate, errors, duration: the figures are those that the events themselves give, on every store."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pulsestream.query import red
from pulsestream.query.apdex import parse_thresholds
from pulsestream.query.expression import Field, one_of
from pulsestream.query.model import Query, View
from pulsestream.query.red_sql import Asking, Window
from pulsestream.query.run import Questions
from unit.ingest.lines import NOW, event, line

END = NOW - timedelta(seconds=20)  # within an hour, a minute and a step
MINUTES_15 = timedelta(minutes=15)
WEEK = timedelta(days=7)


def call(number, before_end, *, service="orders", endpoint="/orders", ms=100.0, status=200, **changes):
    """A journal line of a request, so long before END."""
    return line(
        number,
        event(
            f"e{number}",
            timestamp=(END - before_end).isoformat(),
            source={"service": service, "endpoint": endpoint, "method": "GET"},
            metrics={"response_time_ms": ms, "status_code": status} if status else None,
            **changes,
        ),
    )


@pytest.fixture
def ask(store):
    """A table of the events that are there, for a view of them."""
    with contextlib.ExitStack() as stack:

        def ask(view=None, by=red.BY_SERVICE, zone="UTC", **parts):
            asking = {"sort": "requests", "descending": True, "compare": True} | {
                name: parts.pop(name) for name in ("sort", "descending", "compare") if name in parts
            }
            query = Query(**({"tenant": "acme", "limit": 50, "start": END - MINUTES_15, "end": END} | parts))
            questions = Questions(
                open_session=lambda: store.session(threads=1), view=lambda _: view or View(), threads=2, mark="t"
            )
            stack.callback(questions.close)
            return asyncio.run(red.table(questions, Asking(query, by, **asking), now=NOW, zone=ZoneInfo(zone)))

        yield ask


def seconds(number):
    return timedelta(seconds=number)


def test_a_row_has_the_figures_of_its_events(ask, session):
    session.insert_events(
        b"".join(
            [call(n, seconds(n), ms=n * 10, status=500 if n <= 4 else 404 if n <= 10 else 200) for n in range(1, 101)]
            + [call(101, seconds(5), service="mail", ms=7), call(102, seconds(6), service="quiet", status=0)]
            + [call(103, MINUTES_15 + seconds(1), service="gone"), call(104, -seconds(0), service="late")]
        )
    )
    table = ask(view=View(apdex=parse_thresholds("200ms")))
    expected = [(("orders",), 100), (("mail",), 1), (("quiet",), 0), (("gone",), 0)]
    assert [(row.key, row.now.requests) for row in table.rows] == expected
    assert table.groups == 3
    orders = table.rows[0]
    assert (orders.now.errors, orders.now.errors_5xx, orders.now.error_rate) == (10, 4, 0.1)
    # 10 to 1,000 ms in tens: the exact percentile is the element at that share of the sorted ones.
    assert (orders.now.p50_ms, orders.now.p95_ms, orders.now.p99_ms) == (510, 960, 1000)
    # Up to 200 ms without the four of 5xx: 16; up to 800 ms: 60 halves.
    assert orders.now.apdex == (16 + 60 / 2) / 100
    assert orders.last_seen == END - seconds(1)
    assert table.rows[2].now.p95_ms is table.rows[2].now.apdex is table.rows[2].now.error_rate is None
    assert (table.total.now.requests, table.total.now.errors, table.total.now.p50_ms) == (101, 10, 500)
    assert table.basis.events == 102


def test_the_course_has_every_event_in_its_step(ask, session):
    session.insert_events(
        b"".join(
            (
                call(1, seconds(1), ms=10),
                call(2, seconds(9), ms=20, status=500),
                call(3, seconds(11), ms=30),
                call(4, seconds(895), ms=40, status=400),
            )
        )
    )
    table = ask()
    assert str(table.steps.step) == "30s"
    # 11:44:40 to 11:59:40: 31 steps of half a minute, the first and the last of them cut.
    times = table.steps.times
    assert (times[0], times[-1], len(times)) == (at("11:44:30"), at("11:59:30"), 31)
    course = table.rows[0].course
    assert [(n, requests) for n, requests in enumerate(course.requests) if requests] == [(0, 1), (29, 1), (30, 2)]
    assert [(n, errors) for n, errors in enumerate(course.errors) if errors] == [(0, 1), (30, 1)]
    assert [p95 for p95 in course.p95_ms if p95 is not None] == [40, 30, 20]


def test_days_of_the_course_are_those_of_the_zone(ask, session):
    session.insert_events(b"".join(call(n, timedelta(hours=n), ms=n) for n in range(1, 73)))
    table = ask(start=NOW - 21 * timedelta(days=1), end=NOW, zone="Asia/Kolkata")
    assert str(table.steps.step) == "1d"
    assert {time.strftime("%H:%M") for time in table.steps.times} == {"18:30"}  # midnight there
    assert sum(table.rows[0].course.requests) == 72
    assert table.rows[0].course.requests[-2] == 24


def at(time):
    return datetime.fromisoformat(f"2026-05-04T{time}+00:00")


def test_a_row_says_how_it_was_before_and_a_week_ago(ask, session):
    session.insert_events(
        b"".join(
            [call(n, seconds(n), ms=200) for n in range(1, 13)]
            + [call(n, MINUTES_15 + seconds(n), ms=100, status=500 if n < 103 else 200) for n in range(101, 109)]
            + [call(n, WEEK + seconds(n - 200), ms=50) for n in range(201, 204)]
            + [call(300, WEEK, ms=1), call(301, WEEK + MINUTES_15 + seconds(1), ms=1)]
            + [call(302, seconds(3), service="new", ms=9)]
        )
    )
    table = ask()
    assert table.previous == Window(END - 2 * MINUTES_15, END - MINUTES_15)
    assert table.last_week == Window(END - WEEK - MINUTES_15, END - WEEK)
    orders, new = table.rows
    assert (orders.previous.requests, orders.previous.error_rate, orders.previous.p95_ms) == (8, 0.25, 100)
    assert (orders.last_week.requests, orders.last_week.errors, orders.last_week.p50_ms) == (3, 0, 50)
    assert (new.previous, new.last_week) == (None, None)
    assert (table.total.now.requests, table.total.previous.requests, table.total.last_week.requests) == (13, 8, 3)
    alone = ask(compare=False)
    assert (alone.rows[0].now, alone.rows[0].previous, alone.previous) == (orders.now, None, None)


def test_a_week_ago_is_a_week_of_hours_ago_whatever_the_clocks_did(ask, session):
    """Berlin put its clocks forward in the night to 2026-03-29."""
    end = datetime.fromisoformat("2026-04-01T12:00:00+02:00")
    offset = END - end.astimezone(UTC)
    session.insert_events(call(1, offset + seconds(60)) + call(2, offset + WEEK + seconds(60)))
    table = ask(start=end - MINUTES_15, end=end)
    assert table.last_week.end_time == datetime.fromisoformat("2026-03-25T11:00:00+01:00")
    assert (table.rows[0].now.requests, table.rows[0].last_week.requests) == (1, 1)


def test_what_may_not_be_seen_counts_nowhere(ask, session):
    session.insert_events(b"".join([call(1, seconds(1)), call(2, seconds(2)), call(3, MINUTES_15 + seconds(3))]))
    table = ask(view=View(hidden=["e2", "e3"]))
    assert (table.rows[0].now.requests, table.rows[0].previous) == (1, None)
    kept = ask(view=View(oldest=END - MINUTES_15 - seconds(60)))
    assert (kept.previous, kept.last_week, kept.rows[0].previous) == (None, None, None)
    assert ask(tenant="zeta").rows == []


def test_a_range_without_events_has_a_total_of_nothing(ask):
    table = ask()
    assert (table.rows, table.groups, table.total.now.requests, table.total.now.apdex) == ([], 0, 0, None)
    assert len(table.steps.times) == 31
    everything = ask(start=datetime.min.replace(tzinfo=UTC), end=datetime.max.replace(tzinfo=UTC))
    assert (everything.previous, everything.last_week, everything.rows) == (None, None, [])
    before = ask(start=datetime(1899, 1, 1, tzinfo=UTC), end=datetime(1900, 1, 1, tzinfo=UTC))
    assert (before.steps.times, before.rows) == ([], [])


def test_a_range_of_full_hours_has_its_start_and_not_its_end(ask, session):
    hour, moment = timedelta(hours=1), timedelta(microseconds=1)
    ends = [END - (NOW - hour * 2), END - (NOW - hour)]  # how long before END
    session.insert_events(
        b"".join(call(4 * n + m, ends[n] + moment * m) for n in (0, 1) for m in (0, 1))  # on it, and just before
    )
    table = ask(start=NOW - 2 * hour, end=NOW - hour)
    assert (table.total.now.requests, table.rows[0].last_seen) == (2, NOW - hour - moment)
    assert ask(start=NOW - 2 * hour, end=NOW - hour, view=View(oldest=NOW - 2 * hour)).total.now.requests == 2
    assert ask(start=NOW - 3 * hour, end=NOW - hour, view=View(oldest=NOW - hour - moment)).total.now.requests == 1


def test_the_newest_of_a_long_range_is_known_to_the_microsecond(ask, session):
    hour, moment = timedelta(hours=1), timedelta(microseconds=1)
    session.insert_events(
        b"".join(
            [call(n, hour * n + moment * n) for n in range(3, 30)]
            + [call(50, hour * 5 + moment, service="mail"), call(51, hour * 2 + moment, service="mail", status=0)]
            + [call(52, 29 * hour, service="early"), call(53, 40 * hour, service="gone")]
        )
    )
    table = ask(start=END - 30 * hour)
    assert table.steps.of_hours
    assert {row.key[0]: (END - row.last_seen, END - row.last_request) for row in table.rows} == {
        "orders": (hour * 3 + moment * 3, hour * 3 + moment * 3),
        "mail": (hour * 2 + moment, hour * 5 + moment),
        "early": (29 * hour, 29 * hour),
        "gone": (40 * hour, 40 * hour),
    }
    assert table.total.last_seen == END - hour * 2 - moment
    assert (table.total.now.requests, sum(table.rows[0].course.requests)) == (29, 27)


def test_endpoints_are_sorted_cut_and_filtered(ask, session):
    events = [
        *(call(n, seconds(n), endpoint=f"/{n % 4}", ms=100 * (n % 4), status=500 if n % 4 == 2 else 200)
          for n in range(1, 42)),
        call(50, seconds(1), service="mail", endpoint="/1", ms=1),
        call(51, seconds(1), service="mail", endpoint="/9", status=0),
    ]  # fmt: skip
    session.insert_events(b"".join(events))
    table = ask(by=red.BY_ENDPOINT, sort="p95_ms", limit=2)
    assert [row.key for row in table.rows] == [("orders", "/3", "GET"), ("orders", "/2", "GET")]
    assert (table.groups, table.total.now.requests) == (6, 42)
    assert [row.now.requests for row in table.rows] == [10, 10]
    fastest = ask(by=red.BY_ENDPOINT, sort="p95_ms", descending=False)
    assert [row.key[1] for row in fastest.rows] == ["/0", "/1", "/1", "/2", "/3", "/9"]
    failing = ask(by=red.BY_ENDPOINT, sort="error_rate", limit=1)
    assert (failing.rows[0].key[1], failing.rows[0].now.error_rate) == ("/2", 1.0)
    of_mail = ask(by=red.BY_ENDPOINT, where=one_of(Field("service"), ("mail",)))
    assert (of_mail.groups, of_mail.total.now.requests, of_mail.basis.events) == (2, 1, 43)


def test_health_is_by_what_the_service_itself_had_before(ask, session):
    session.insert_events(
        b"".join(
            [call(n, 4 * seconds(n), status=500 if n <= 40 else 200) for n in range(1, 101)]
            + [call(n, 2 * MINUTES_15 + seconds(n)) for n in range(201, 401)]
            + [call(n, seconds(n - 500), service="new", ms=3000) for n in range(501, 601)]
            + [call(n, seconds(60 * (n - 700)), service="well", ms=100 + n % 7) for n in range(701, 1_000)]
        )
    )
    table = ask()
    assert {row.key[0]: (row.health.state, row.health.reason) for row in table.rows} == {
        "orders": ("failing", "error rate 40.0 % (40 of 100 requests failed with 5xx); usually 0.0 %"),
        "new": (
            "degraded",
            "apdex 0.00 with a p95 of 3,000 ms; too little is known from before to say what is usual",
        ),
        "well": ("healthy", "error rate 0.0 % (0 of 15 requests failed with 5xx), p95 106 ms: as usual"),
    }
    assert table.total.health is None
    assert {row.health for row in ask(compare=False).rows} == {None}


def test_what_is_silent_now_is_listed_with_when_it_was_last_asked(ask, session):
    day = timedelta(days=1)
    session.insert_events(
        b"".join(
            # Every minute of the last day, until twenty minutes ago; on the days before at this time of day.
            [call(n, timedelta(minutes=20 + n)) for n in range(1_420)]
            + [call(1_500 + n, day * (1 + n % 7) + timedelta(minutes=n // 7)) for n in range(7 * 110)]
            + [call(n, WEEK + seconds(n - 9_000), service="weekly") for n in range(9_001, 9_003)]
            + [call(n, day + seconds(n), service="orders", endpoint="/rare") for n in range(9_101, 9_103)]
            + [call(9_200, seconds(100), service="mail")]
        )
    )
    mail, orders, weekly = ask().rows
    assert (mail.key, mail.health.state) == (("mail",), "healthy")
    assert (orders.key, orders.now.requests, orders.health.state) == (("orders",), 0, "silent")
    assert orders.last_seen == orders.last_request == END - timedelta(minutes=20)
    assert orders.health.reason == "no request for 20 minutes; usually one every 65 seconds"
    assert orders.course.requests == [0] * 31
    assert (weekly.key, weekly.health.state) == (("weekly",), "silent")
    assert weekly.health.reason == "no request for 7 days"
    assert [row.key for row in ask(limit=2).rows] == [("mail",), ("orders",)]
    # Of endpoints only where it is unusual.
    assert [row.key[:2] for row in ask(by=red.BY_ENDPOINT).rows] == [("mail", "/orders"), ("orders", "/orders")]
    assert [row.key[0] for row in ask(where=one_of(Field("service"), ("orders",))).rows] == ["orders"]
    # In the middle of a longer range it has stopped too.
    long = ask(start=END - timedelta(hours=2))
    assert {row.key[0]: row.health.state for row in long.rows} == {
        "mail": "healthy", "orders": "silent", "weekly": "silent",
    }  # fmt: skip


def test_a_sort_is_by_the_figure_of_its_name(ask, session):
    session.insert_events(
        b"".join(
            [call(n, seconds(10 * n), service="a", ms=10, status=200) for n in range(1, 4)]
            + [call(n, seconds(n), service="b", ms=900, status=500) for n in range(11, 18)]
        )
    )
    for sort in red.SORTS:
        names = [row.key[0] for row in ask(sort=sort, compare=False).rows]
        assert names == (["a", "b"] if sort in ("apdex", "last_seen") else ["b", "a"]), sort
