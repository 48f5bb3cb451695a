"""A version is new where its service was there before without it, however long ago, on every store."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

import pytest

from pulsestream.query import versions as module
from pulsestream.query.expression import Field, one_of
from pulsestream.query.model import Query, View
from pulsestream.query.run import Questions
from pulsestream.query.versions import versions
from unit.ingest.lines import NOW, event, line

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def of(number, before, version="1.0", *, service="orders", status=200, environment="production", **changes):
    source = {"service": service, "endpoint": "/", "method": "GET", "version": version, "environment": environment}
    metrics = {"response_time_ms": 1, "status_code": status} if status else None
    when = (NOW - before).isoformat()
    return line(number, event(f"e{number}", timestamp=when, source=source, metrics=metrics, **changes))


@pytest.fixture
def ask(store):
    with contextlib.ExitStack() as stack:

        def ask(view=None, **parts):
            query = Query(**({"tenant": "acme", "limit": 1, "start": NOW - DAY, "end": NOW} | parts))
            questions = Questions(
                open_session=lambda: store.session(threads=1), view=lambda _: view or View(), threads=2, mark="t"
            )
            stack.callback(questions.close)
            return asyncio.run(versions(questions, query))

        yield ask


def new(found):
    return {(one.service, one.version) for one in found.versions if one.new}


def test_a_version_has_its_times_its_requests_and_its_errors(ask, session):
    early = [of(1, 3 * HOUR), of(2, 2 * HOUR, status=404), of(3, HOUR, status=500), of(4, HOUR, status=None)]
    others = [of(5, 2 * HOUR, "1.1"), of(6, HOUR, "", service="mail"), of(7, DAY + HOUR, "0.9"), of(8, 0 * HOUR)]
    session.insert_events(b"".join(early + others))
    found = ask()
    assert [(one.service, one.version, one.requests, one.errors) for one in found.versions] == [
        ("orders", "1.1", 1, 0),
        ("orders", "1.0", 3, 2),
    ]
    last = found.versions[1]
    assert (last.first_seen, last.last_seen) == (NOW - 3 * HOUR, NOW - HOUR)
    assert (found.total, found.basis.events) == (2, 6)


@pytest.mark.parametrize("length", [timedelta(minutes=7), DAY, 9 * DAY])
@pytest.mark.parametrize("ago", [timedelta(microseconds=1), HOUR + timedelta(seconds=1), 8 * DAY, 400 * DAY])
def test_what_was_there_before_is_found_however_long_ago(ask, session, length, ago):
    session.insert_events(
        b"".join(
            [of(n, timedelta(minutes=n), version) for n, version in enumerate(("1.0", "1.1", "1.2"), 1)]
            + [of(4, timedelta(minutes=1), "1.0", service="fresh"), of(5, timedelta(minutes=1), "1.0", service="mail")]
            + [of(6, length + ago, "1.0"), of(7, length + ago, "1.1", service="mail"), of(8, length + ago, "")]
        )
    )
    found = ask(start=NOW - length)
    assert new(found) == {("orders", "1.1"), ("orders", "1.2"), ("mail", "1.0")}, "a fresh service has no old version"
    assert found.total == 5
    assert new(ask(start=NOW - length, view=View(oldest=NOW - length - ago / 2))) == set(), "nothing before is seen"
    assert new(ask(start=NOW - length, view=View(hidden=["e6", "e7", "e8"]))) == set()


def test_the_service_alone_is_known_by_events_without_a_version(ask, session):
    session.insert_events(of(1, HOUR) + of(2, 3 * DAY, ""))
    assert new(ask()) == {("orders", "1.0")}


def test_all_goes_by_the_events_that_match(ask, session):
    session.insert_events(
        of(1, HOUR, "1.1") + of(2, 2 * DAY, "1.1", environment="staging") + of(3, 2 * DAY, "1.0")
    )  # fmt: skip
    assert new(ask()) == set()
    assert new(ask(where=one_of(Field("environment"), ("production",)))) == {("orders", "1.1")}
    assert ask(where=one_of(Field("environment"), ("none",))).versions == []


def test_in_a_long_range_the_times_are_exact_too(ask, session):
    odd = timedelta(minutes=17, microseconds=3)
    session.insert_events(b"".join(of(n, n * 5 * HOUR + odd, f"1.{n % 3}") for n in range(1, 40)))
    long = ask(start=NOW - 9 * DAY)
    assert [(one.version, one.first_seen, one.last_seen) for one in long.versions] == [
        ("1.1", NOW - 37 * 5 * HOUR - odd, NOW - 5 * HOUR - odd),
        ("1.2", NOW - 38 * 5 * HOUR - odd, NOW - 10 * HOUR - odd),
        ("1.0", NOW - 39 * 5 * HOUR - odd, NOW - 15 * HOUR - odd),
    ]


def test_of_too_many_the_newest_are_told(ask, session, monkeypatch):
    monkeypatch.setattr(module, "VERSIONS_MAX", 2)
    session.insert_events(b"".join(of(n, n * timedelta(minutes=1), f"1.{n}") for n in range(1, 6)))
    found = ask()
    assert ([one.version for one in found.versions], found.total) == (["1.1", "1.2"], 5)
    nothing = ask(tenant="zeta")
    assert (nothing.versions, nothing.total) == ([], 0)
