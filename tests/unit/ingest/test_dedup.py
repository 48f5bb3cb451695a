"""The first of an id wins; what is on its way is waited for; another encoding is looked at before it is judged."""

from __future__ import annotations

import asyncio
import json

import pytest

from pulsestream.errors import Reason
from pulsestream.ingest import content
from pulsestream.ingest.dedup import DELETED, Dedup, Doubt, find_repeats
from unit.ingest.lines import checked, event

A = checked(event("a"))
A_OTHERWISE = checked(event("a", timestamp="2026-05-04T12:20:30.123456+02:00"))
A_OTHER = checked(event("a", title="other"))
B = checked(event("b"))
BAD = checked(event("bad", title=""))


@pytest.fixture
def dedup():
    return Dedup()


def known(dedup, *items, tenant="acme"):
    dedup.load(tenant, [item.event_id for item in items], [item.content_hash for item in items])


def sort(dedup, tenant, items, verdicts):
    return dedup.sort(tenant, items, verdicts, find_repeats(items))


def test_new_events_are_fresh(dedup):
    found = sort(dedup, "acme", [A, BAD, B], {})
    assert found.fresh == [A, B]
    assert found.refusals == {1: BAD}
    assert (found.duplicates, found.doubts, found.waits) == (set(), [], set())


def test_within_a_request_the_first_wins(dedup):
    found = sort(dedup, "acme", [A, A, A_OTHERWISE, A_OTHER, B], {})
    assert found.fresh == [A, B]
    assert found.duplicates == {1, 2}
    assert [(index, refusal.reason) for index, refusal in found.refusals.items()] == [(3, Reason.CONFLICT)]


def test_what_is_known_is_a_duplicate_for_its_tenant_only(dedup):
    known(dedup, A)
    assert sort(dedup, "acme", [A], {}).duplicates == {0}
    assert sort(dedup, "zeta", [A], {}).fresh == [A]
    assert dedup.is_stored("acme", "a")
    assert not dedup.is_stored("zeta", "a")


def test_another_encoding_of_a_known_id_is_a_doubt_until_it_is_judged(dedup):
    known(dedup, A)
    found = sort(dedup, "acme", [B, A_OTHERWISE], {})
    assert found.doubts == [Doubt(1, "a", A.content_hash)]
    key = ("a", A.content_hash, A_OTHERWISE.content_hash)
    assert sort(dedup, "acme", [B, A_OTHERWISE], {key: True}).duplicates == {1}
    refused = sort(dedup, "acme", [B, A_OTHERWISE], {key: False}).refusals[1]
    assert (refused.reason, refused.event_id) == (Reason.CONFLICT, "a")


def test_a_verdict_on_another_content_decides_nothing(dedup):
    known(dedup, A)
    verdicts = {("a", B.content_hash, A_OTHERWISE.content_hash): True}
    assert len(sort(dedup, "acme", [A_OTHERWISE], verdicts).doubts) == 1


def test_what_was_deleted_stays_deleted(dedup):
    known(dedup, A)
    dedup.load("acme", ["a"], [DELETED])
    assert not dedup.is_stored("acme", "a")
    for item in (A, A_OTHERWISE, A_OTHER):
        found = sort(dedup, "acme", [item], {("a", DELETED, item.content_hash): False})
        assert [refusal.reason for refusal in found.refusals.values()] == [Reason.DELETED]
        assert found.fresh == []


@pytest.mark.parametrize(("kept", "outcome"), [(True, "duplicate"), (False, "fresh")])
def test_an_id_on_its_way_is_waited_for_and_then_has_the_outcome_of_that_write(dedup, kept, outcome):
    async def run():
        group = asyncio.get_running_loop().create_future()
        dedup.opened("acme", ["a"], group)
        assert dedup.opening("acme", "a") is group
        assert dedup.opening("zeta", "a") is None
        found = sort(dedup, "acme", [A, A_OTHER, B], {})
        assert found.waits == {group}
        assert not dedup.is_stored("acme", "a")
        dedup.settled("acme", {"a": A.content_hash}, kept=kept)
        assert dedup.opening("acme", "a") is None
        found = sort(dedup, "acme", [A], {})
        assert found.waits == set()
        assert (found.duplicates, found.fresh) == (({0}, []) if outcome == "duplicate" else (set(), [A]))
        group.cancel()

    asyncio.run(run())


def test_every_refusal_says_what_to_do(dedup):
    known(dedup, A)
    key = ("a", A.content_hash, A_OTHER.content_hash)
    [refused] = sort(dedup, "acme", [A_OTHER], {key: False}).refusals.values()
    [error] = refused.errors
    assert (error.field, error.value) == ("event_id", "a")
    assert error.rule
    assert error.help


def test_a_doomed_event_is_known_and_cannot_be_deleted_until_it_is_forgotten(dedup):
    known(dedup, A, B)
    dedup.load("acme", ["gone"], [DELETED])
    assert dedup.doom("acme", ["a", "gone", "never seen"]) == 1
    assert dedup.doom("acme", ["a"]) == 0
    assert not dedup.is_stored("acme", "a")
    assert sort(dedup, "acme", [A, B], {}).duplicates == {0, 1}
    assert dedup.forget_doomed(10) is False
    assert sort(dedup, "acme", [A], {}).fresh == [A]
    assert dedup.is_stored("acme", "b")
    assert dedup.forget_doomed(10) is False


def test_what_was_doomed_may_be_spared(dedup):
    known(dedup, A)
    dedup.doom("acme", ["a"])
    dedup.spare()
    assert dedup.is_stored("acme", "a")
    assert dedup.forget_doomed(10) is False
    assert sort(dedup, "acme", [A], {}).duplicates == {0}


def test_many_are_forgotten_some_at_a_time(dedup):
    for tenant in ("acme", "zeta"):
        dedup.load(tenant, [f"e{number}" for number in range(3)], [1, 2, 3])
        assert dedup.doom(tenant, ["e0", "e1", "e2"]) == 3
    assert [dedup.forget_doomed(2) for _ in range(3)] == [True, True, False]


def test_a_tenant_is_forgotten_whole(dedup):
    known(dedup, A)
    known(dedup, A, tenant="zeta")
    dedup.doom("acme", ["a"])
    dedup.forget_tenant("acme")
    assert sort(dedup, "acme", [A], {}).fresh == [A]
    assert dedup.is_stored("zeta", "a")


def test_the_first_of_an_id_is_read_once_however_many_follow(monkeypatch):
    read = []
    real = content.of_line
    monkeypatch.setattr(content, "of_line", lambda line: read.append(line) or real(line))
    crowd = [checked(event("a", message=f"other {number}")) for number in range(50)]
    assert find_repeats([A, BAD, *crowd, A]) == dict.fromkeys(range(2, 52), False) | {52: True}
    assert read.count(A.line) == 1


def test_the_very_same_bytes_are_the_same_also_where_they_cannot_be_read():
    raw = json.dumps(event("a"))[:-1] + ', "payload": {"a": 1e9999999999999999999}}'
    assert find_repeats([checked(raw.encode()) for _ in range(2)]) == {1: True}
