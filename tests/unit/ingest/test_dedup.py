"""The first of an id wins; what is on its way is waited for; another encoding is looked at before it is judged."""

from __future__ import annotations

import asyncio
import json

import numpy as np
import pytest
from msgspec.structs import replace
from xxhash import xxh64_intdigest

from pulsestream.errors import Reason
from pulsestream.ingest import content
from pulsestream.ingest.content import Difference
from pulsestream.ingest.dedup import Dedup, batch_of
from pulsestream.ingest.index import hash_id
from pulsestream.store.port import PastIds
from unit.ingest.lines import TWINS, checked, event

A = checked(event("a"))
A_OTHERWISE = checked(event("a", timestamp="2026-05-04T12:20:30.123456+02:00"))
A_OTHER = checked(event("a", title="other"))
B = checked(event("b"))
C = checked(event("c"))
BAD = checked(event("bad", title=""))
ONE, TWIN = (checked(event(name)) for name in TWINS)


@pytest.fixture
def dedup():
    return Dedup()


def known(dedup, *items, tenant="acme"):
    for item in items:
        dedup.load_one(tenant, item.event_id, item.content_hash)


def sort(dedup, items, verdicts=None, tenant="acme"):
    return dedup.sort(tenant, batch_of(items), verdicts or {})


def judged(dedup, items, verdict):
    """As sorted once every doubt is judged so."""
    return sort(dedup, items, {doubt.key: verdict for doubt in sort(dedup, items).doubts})


def exists(dedup, item, tenant="acme"):
    return dedup.print_of(tenant, item.event_id, item.id_hash) is not None


def past(*items):
    ids = [item.event_id for item in items]
    columns = (
        [item.id_hash for item in items],
        [item.content_hash for item in items],
        [xxh64_intdigest(one.encode()) for one in ids],
    )
    return PastIds(ids, *(np.array(column, np.uint64) for column in columns))


def forget(dedup):
    steps = 0
    while dedup.forget_doomed():
        steps += 1
    return steps


def test_new_events_are_fresh(dedup):
    found = sort(dedup, [A, BAD, B])
    assert found.fresh == [A, B]
    assert found.refusals == {1: BAD}
    assert (found.duplicates, found.doubts, found.waits) == (set(), [], set())


@pytest.mark.parametrize("more", [0, 40])
def test_within_a_request_the_first_wins(dedup, more):
    crowd = [checked(event(f"e{number}")) for number in range(more)]
    found = sort(dedup, [A, A, A_OTHERWISE, A_OTHER, B, *crowd])
    assert found.fresh == [A, B, *crowd]
    assert found.duplicates == {1, 2}
    assert [(index, refusal.reason) for index, refusal in found.refusals.items()] == [(3, Reason.CONFLICT)]


@pytest.mark.parametrize("more", [0, 40])
def test_what_is_known_is_a_duplicate_for_its_tenant_only(dedup, more):
    crowd = [checked(event(f"e{number}")) for number in range(more)]
    known(dedup, A)
    found = sort(dedup, [BAD, *crowd, A])
    assert (found.fresh, found.duplicates) == (crowd, {more + 1})
    assert sort(dedup, [A], tenant="zeta").fresh == [A]
    assert exists(dedup, A)
    assert not exists(dedup, A, "zeta")


def test_another_encoding_of_a_known_id_is_a_doubt_until_it_is_judged(dedup):
    known(dedup, A)
    [doubt] = sort(dedup, [B, A_OTHERWISE]).doubts
    assert doubt.event == A_OTHERWISE
    assert judged(dedup, [B, A_OTHERWISE], "same").duplicates == {1}
    refused = judged(dedup, [B, A_OTHERWISE], ()).refusals[1]
    assert (refused.reason, refused.event_id) == (Reason.CONFLICT, "a")


def test_a_verdict_holds_for_what_was_known_then(dedup):
    known(dedup, ONE)
    [doubt] = sort(dedup, [TWIN]).doubts
    verdicts = {doubt.key: "absent"}
    assert sort(dedup, [TWIN], verdicts).fresh == [TWIN]
    known(dedup, checked(event(TWINS[1], title="other")))
    assert len(sort(dedup, [TWIN], verdicts).doubts) == 1, "it may be this one by now"


def test_another_id_of_the_same_hash_is_new(dedup):
    assert ONE.id_hash == TWIN.id_hash
    assert sort(dedup, [ONE, TWIN]).fresh == [ONE, TWIN]
    known(dedup, ONE)
    assert judged(dedup, [ONE, TWIN, A], "absent").fresh == [TWIN, A]
    known(dedup, TWIN)
    assert sort(dedup, [ONE, TWIN]).duplicates == {0, 1}


def test_what_was_deleted_stays_deleted_and_another_id_of_its_hash_does_not(dedup):
    known(dedup, ONE, TWIN)
    dedup.load_deleted("acme", TWINS[0])
    assert dedup.is_deleted("acme", TWINS[0])
    assert not exists(dedup, ONE)
    other = checked(event(TWINS[0], title="other"))
    found = sort(dedup, [ONE, other, TWIN])
    assert {place: refusal.reason for place, refusal in found.refusals.items()} == dict.fromkeys((0, 1), Reason.DELETED)
    assert found.duplicates == {2}
    assert sort(dedup, [ONE], tenant="zeta").fresh == [ONE]


@pytest.mark.parametrize(("kept", "outcome"), [(True, "duplicate"), (False, "fresh")])
def test_an_id_on_its_way_is_waited_for_and_then_has_the_outcome_of_that_write(dedup, kept, outcome):
    async def run():
        group = asyncio.get_running_loop().create_future()
        dedup.opened("acme", [A.id_hash], group)
        assert dedup.opening("acme", A.id_hash) is group
        assert dedup.opening("zeta", A.id_hash) is None
        assert sort(dedup, [A, A_OTHER, B]).waits == {group}
        assert not exists(dedup, A)
        dedup.settled("acme", [A], kept=kept)
        assert dedup.opening("acme", A.id_hash) is None
        found = sort(dedup, [A])
        assert found.waits == set()
        assert (found.duplicates, found.fresh) == (({0}, []) if outcome == "duplicate" else (set(), [A]))
        group.cancel()

    asyncio.run(run())


def test_a_batch_with_two_ids_of_one_hash_is_settled_as_a_whole(dedup):
    async def run():
        group = asyncio.get_running_loop().create_future()
        dedup.opened("acme", [ONE.id_hash, TWIN.id_hash], group)
        dedup.settled("acme", [ONE, TWIN], kept=True)
        assert sort(dedup, [ONE, TWIN]).duplicates == {0, 1}
        group.cancel()

    asyncio.run(run())


def test_every_refusal_says_what_differs_and_what_to_do(dedup):
    known(dedup, A)
    [refused] = judged(dedup, [A_OTHER], (Difference("title", '"other"'),)).refusals.values()
    assert [(error.field, error.value) for error in refused.errors] == [("event_id", "a"), ("title", '"other"')]
    assert all(error.rule and error.help for error in refused.errors)


def test_a_conflict_within_a_request_says_what_differs(dedup):
    [refused] = sort(dedup, [A, A_OTHER]).refusals.values()
    assert [error.field for error in refused.errors] == ["event_id", "title"]


def test_as_many_events_are_present_as_are_known_and_not_deleted(dedup):
    known(dedup, A, B)
    known(dedup, A, tenant="zeta")
    dedup.load_deleted("acme", "b")
    dedup.load_deleted("acme", "removed before the start")
    assert (dedup.present("acme"), dedup.present("zeta"), dedup.present("nobody")) == (1, 1, 0)
    dedup.settled("acme", [C, ONE], kept=True)
    dedup.settled("acme", [TWIN], kept=False)
    dedup.settled_delete("acme", "a", A.id_hash, kept=False)
    assert dedup.present("acme") == 3
    dedup.settled_delete("acme", "a", A.id_hash, kept=True)
    assert dedup.present("acme") == 2
    dedup.doom("acme", past(A, B, C))
    dedup.spare()
    dedup.doom("acme", past(B, C))
    forget(dedup)
    assert dedup.present("acme") == 1, "B was deleted before; only ONE is left"
    dedup.doom("acme", past(A))
    forget(dedup)
    assert dedup.present("acme") == 1


# ---- what is removed without a tombstone


def test_a_doomed_event_is_known_and_cannot_be_deleted_until_it_is_forgotten(dedup):
    known(dedup, A, B, C)
    dedup.load_deleted("acme", "c")
    assert dedup.doom("acme", past(A, C)) == 1, "c was counted when it was deleted"
    assert not exists(dedup, A)
    assert exists(dedup, B)
    assert sort(dedup, [A, B]).duplicates == {0, 1}
    assert [refusal.reason for refusal in judged(dedup, [A_OTHER], "absent").refusals.values()] == [Reason.CONFLICT]
    assert forget(dedup) >= 1
    assert sort(dedup, [A]).fresh == [A]
    assert sort(dedup, [B]).duplicates == {0}
    assert [refusal.reason for refusal in sort(dedup, [C]).refusals.values()] == [Reason.DELETED]
    assert forget(dedup) == 0


def test_of_two_ids_of_one_hash_one_may_be_doomed(dedup):
    known(dedup, ONE, TWIN)
    dedup.doom("acme", past(ONE))
    assert exists(dedup, TWIN)
    assert judged(dedup, [checked(event(TWINS[1], title="x"))], ()).refusals[0].reason == Reason.CONFLICT
    forget(dedup)
    assert sort(dedup, [TWIN]).duplicates == {0}
    assert len(sort(dedup, [ONE]).doubts) == 1
    third = checked(event(TWINS[0], title="third"))
    assert judged(dedup, [third], "absent").fresh == [third]


def test_what_was_doomed_may_be_spared(dedup):
    known(dedup, A)
    dedup.doom("acme", past(A))
    dedup.spare()
    assert exists(dedup, A)
    assert forget(dedup) == 0
    assert sort(dedup, [A]).duplicates == {0}


def test_what_comes_while_others_are_forgotten_stays(dedup):
    """Also an event that is forgotten and sent again before the last one is."""
    many = [checked(event(f"e{number}")) for number in range(100)]
    known(dedup, *many)
    dedup.doom("acme", past(*many))
    while sort(dedup, many[:1]).duplicates:
        assert dedup.forget_doomed()
    dedup.settled("acme", [many[0], A], kept=True)
    forget(dedup)
    assert sort(dedup, [many[0], A]).duplicates == {0, 1}
    assert sort(dedup, many[1:]).fresh == many[1:]


def test_all_tenants_are_forgotten_in(dedup):
    for tenant in ("acme", "zeta"):
        known(dedup, A, B, tenant=tenant)
        assert dedup.doom(tenant, past(A, B)) == 2
    forget(dedup)
    assert [sort(dedup, [A, B], tenant=tenant).fresh for tenant in ("acme", "zeta")] == [[A, B], [A, B]]


def test_an_open_group_is_found_by_what_is_past(dedup):
    async def run():
        group = asyncio.get_running_loop().create_future()
        assert dedup.openings("acme", past(A, B)) == set()
        dedup.opened("acme", [hash_id("b")], group)
        assert dedup.openings("acme", past(A, B)) == {group}
        assert dedup.openings("acme", past(A)) == dedup.openings("zeta", past(B)) == set()
        group.cancel()

    asyncio.run(run())


def test_a_tenant_is_forgotten_whole(dedup):
    known(dedup, A)
    known(dedup, A, tenant="zeta")
    dedup.load_deleted("acme", "b")
    dedup.doom("acme", past(A))
    dedup.forget_tenant("acme")
    assert sort(dedup, [A, B]).fresh == [A, B]
    assert exists(dedup, A, "zeta")
    assert forget(dedup) == 0


# ---- repeats within a request


def test_the_first_of_an_id_is_read_once_however_many_follow(monkeypatch):
    read = []
    real = content.of_line
    monkeypatch.setattr(content, "of_line", lambda line: read.append(line) or real(line))
    crowd = [checked(event("a", message=f"other {number}")) for number in range(50)]
    repeats = batch_of([A, BAD, *crowd, A]).repeats
    assert repeats.pop(52) == "same"
    assert repeats.keys() == set(range(2, 52))
    assert {conflict[0].path for conflict in repeats.values()} == {"message"}
    assert read.count(A.line) == 1


def test_the_very_same_bytes_are_the_same_also_where_they_cannot_be_read():
    raw = json.dumps(event("a"))[:-1] + ', "payload": {"a": 1e9999999999999999999}}'
    assert batch_of([checked(raw.encode()) for _ in range(2)]).repeats == {1: "same"}


def test_a_batch_of_refusals_has_nothing_to_sort(dedup):
    found = sort(dedup, [BAD] * 3)
    assert (found.fresh, set(found.refusals)) == ([], {0, 1, 2})
    assert sort(dedup, []).fresh == []


def test_work_is_done_some_at_a_time(dedup):
    dedup.load("acme", *np.random.default_rng(1).integers(0, 2**63, (2, 40_000), np.uint64))
    dedup.loaded()
    assert not dedup.behind
    for start in range(0, 20_000, 4_000):
        events = [replace(A, id_hash=hash_id(str(number))) for number in range(start, start + 4_000)]
        dedup.settled("acme", events, kept=True)
    steps = 0
    while dedup.behind:
        dedup.work()
        steps += 1
    assert steps > 1
    assert dedup.entries() == 60_000
    assert dedup.size_bytes() < 60_000 * 100
