"""What is acknowledged waits until the engine has it, counted by tenant."""

from __future__ import annotations

from pulsestream.ingest.backlog import Backlog
from unit.ingest.lines import StillClock


def test_events_wait_until_the_engine_has_their_group():
    backlog = Backlog(1_000, StillClock().monotonic)
    backlog.add(10, "a", 3, 30)
    backlog.add(10, "b", 1, 10)
    backlog.add(20, "a", 2, 20)
    assert (backlog.events("a"), backlog.events("b"), backlog.events("c")) == (5, 1, 0)
    backlog.advance(9)
    assert backlog.events("a") == 5
    backlog.advance(15)
    assert (backlog.events("a"), backlog.events("b")) == (2, 0)
    backlog.advance(20)
    assert backlog.events("a") == 0


def test_a_full_backlog_has_room_again_when_it_moves_on():
    backlog = Backlog(1_000, StillClock().monotonic)
    backlog.add(1, "a", 1, 900)
    assert not backlog.has_room("a")
    assert backlog.has_room("b"), "another tenant's share is its own"
    backlog.advance(1)
    assert backlog.has_room("a")


def test_a_group_without_events_waits_for_nothing():
    backlog = Backlog(1_000, StillClock().monotonic)
    backlog.add(1, "a", 0, 0)
    assert backlog.events("a") == 0
    backlog.advance(1)


def test_the_age_of_the_oldest_event_is_known_by_tenant_and_of_all():
    clock = StillClock()
    backlog = Backlog(1_000, clock.monotonic)
    assert (backlog.lag_s(), backlog.lag_s("a")) == (0, 0)
    backlog.add(1, "a", 1, 10)
    clock.seconds = 2.0
    backlog.add(2, "b", 1, 10)
    clock.seconds = 3.0
    assert (backlog.lag_s("a"), backlog.lag_s("b"), backlog.lag_s("c"), backlog.lag_s()) == (3, 1, 0, 3)
    assert backlog.advance(1) == 3, "what the engine took had waited so long"
    assert (backlog.lag_s("a"), backlog.lag_s()) == (0, 1)
    assert backlog.advance(2) == 1
    assert backlog.lag_s() == backlog.advance(3) == 0


def test_what_the_engine_has_before_its_group_is_told_of_does_not_wait():
    backlog = Backlog(1_000, StillClock().monotonic)
    backlog.advance(5)
    backlog.add(5, "a", 1, 10)
    assert backlog.events("a") == 0
    backlog.add(6, "a", 1, 10)
    assert backlog.events("a") == 1
