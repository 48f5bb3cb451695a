"""What is acknowledged waits until the engine has it, counted by tenant."""

from __future__ import annotations

from pulsestream.ingest.backlog import Backlog


def test_events_wait_until_the_engine_has_their_group():
    backlog = Backlog(1_000)
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
    backlog = Backlog(1_000)
    backlog.add(1, "a", 1, 900)
    assert not backlog.has_room("a")
    assert backlog.has_room("b"), "another tenant's share is its own"
    backlog.advance(1)
    assert backlog.has_room("a")


def test_a_group_without_events_waits_for_nothing():
    backlog = Backlog(1_000)
    backlog.add(1, "a", 0, 0)
    assert backlog.events("a") == 0
    backlog.advance(1)
