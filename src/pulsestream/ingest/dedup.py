"""Exactly once: which events of a request are new, which are known already, which contradict what is known.

An id counts as known once its group is on disk. An id in an open group is not known yet: the request that
brings it again waits for that group and then looks again, so that both get the outcome of the same write.
All of this runs on the event loop, without an await between looking and joining a group.

Ids are known by hash. Where the hash of the id and that of the content are both known, the event is: 128 bits agree.
Where only that of the id is, the engine is asked: another id may have the same hash.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from sys import getsizeof
from typing import Literal

import numpy as np
from msgspec import Struct

from pulsestream.errors import Reason
from pulsestream.ingest import content
from pulsestream.ingest.content import Content, Difference
from pulsestream.ingest.doomed import Doomed
from pulsestream.ingest.index import Index, Keys, hash_id, keys_of
from pulsestream.ingest.run import EXACT, Hashes
from pulsestream.ingest.validate import Admissible, FieldError, Refusal, refuse
from pulsestream.store.port import PastIds

Print = tuple[int, int]  # of what is known of an id hash: `Index.print_of`
Conflict = tuple[Difference, ...]  # where the contents differ, as far as that can be said
Comparison = Literal["same"] | Conflict
Verdict = Comparison | Literal["absent"]  # of an event's id and the store; "absent": another id has the same hash

_DELETED_BYTES = 90  # an id of 20 to 50 characters, as an object
_AS_STORED = "the same value as in the stored event of this id"
_AS_STORED_HELP = "send what was sent the first time, or give the new event an id of its own"


class Batch(Struct, frozen=True):
    """One request's events, as `Dedup` looks at them."""

    places: Sequence[int]  # where each of `events` stands in the request
    events: list[Admissible]
    keys: Keys
    refusals: dict[int, Refusal]
    repeats: dict[int, Comparison]  # places of events whose id an earlier one has: with the first of that id


class Doubt(Struct, frozen=True):
    """The hash of an id is known, with other contents: the same content written otherwise, a conflict, another id."""

    event: Admissible
    known: Print

    @property
    def key(self) -> tuple[str, int, Print]:
        """What a verdict holds for: when more comes to be known, it is asked for again."""
        return self.event.event_id, self.event.content_hash, self.known


Verdicts = Mapping[tuple[str, int, Print], Verdict]


class Sorted(Struct, frozen=True):
    """A request's events, told apart. Where `waits` or `doubts` is not empty, nothing is decided yet."""

    fresh: list[Admissible]
    duplicates: set[int]
    refusals: dict[int, Refusal]
    doubts: list[Doubt]
    waits: set[asyncio.Future[None]]


def batch_of(items: Sequence[Admissible | Refusal]) -> Batch:
    """For any thread."""
    refusals = {place: item for place, item in enumerate(items) if isinstance(item, Refusal)}
    places: Sequence[int] = range(len(items))
    if refusals:
        places = [place for place in places if place not in refusals]
    events = [item for item in items if isinstance(item, Admissible)]
    keys = keys_of([event.id_hash for event in events], [event.content_hash for event in events])
    repeats = {} if keys.distinct else _repeats(places, events)
    return Batch(places, events, keys, refusals, repeats)


def _repeats(places: Sequence[int], events: Sequence[Admissible]) -> dict[int, Comparison]:
    """The first of an id is read once, however many follow: a large event and many small ones must not multiply."""
    firsts: dict[str, tuple[int, Admissible]] = {}
    read: dict[str, Content | None] = {}
    found: dict[int, Comparison] = {}
    for place, event in zip(places, events, strict=True):
        begun, first = firsts.setdefault(event.event_id, (place, event))
        if begun == place:
            continue
        if first.line == event.line:
            found[place] = "same"
            continue
        if event.event_id not in read:
            read[event.event_id] = content.of_line(first.line)
        found[place] = compare(read[event.event_id], event)
    return found


def compare(known: Content | None, event: Admissible) -> Comparison:
    """An event with the content that its id has already."""
    sent = content.of_line(event.line)
    return "same" if content.same(known, sent) else content.differences(known, sent)


class _Known:
    """Of one tenant."""

    def __init__(self) -> None:
        self.index = Index()
        self.opening: dict[int, asyncio.Future[None]] = {}  # by id hash
        self.deleted: set[str] = set()
        self.doomed = Doomed()
        self.gone = 0  # deleted ones that the index still has
        self.going = 0  # of these, how many are doomed

    @property
    def size_bytes(self) -> int:
        return self.index.size_bytes + getsizeof(self.deleted) + _DELETED_BYTES * len(self.deleted)

    def is_all_new(self, batch: Batch) -> bool:
        """The common case, in a few calls for all of them."""
        keys = batch.keys
        return (
            keys.distinct
            and self.opening.keys().isdisjoint(keys.ids)
            and (not self.deleted or self.deleted.isdisjoint([event.event_id for event in batch.events]))
            and not self.index.holds_any(keys)
        )

    def look(
        self, event: Admissible, flags: int, verdicts: Verdicts
    ) -> Verdict | Literal["deleted"] | Doubt | asyncio.Future[None]:
        """What there is of an event's id, or what has to be found out first. `flags`: of its look into the index."""
        if event.event_id in self.deleted:
            return "deleted"
        if flags & EXACT:
            return "same"
        if event.id_hash in self.opening:
            return self.opening[event.id_hash]
        if not flags:
            return "absent"
        doubt = Doubt(event, self.index.print_of(event.id_hash))
        verdict = verdicts.get(doubt.key)
        if verdict == "absent" and self.doomed.has(event.event_id, event.id_hash):
            verdict = ()  # it was removed, and is forgotten soon
        return doubt if verdict is None else verdict


class Dedup:
    """Of all tenants. A tenant's ids are its own."""

    def __init__(self) -> None:
        self._tenants: dict[str, _Known] = {}

    def _of(self, tenant: str) -> _Known:
        known = self._tenants.get(tenant)
        if known is None:
            known = self._tenants[tenant] = _Known()
        return known

    def entries(self) -> int:
        """How many ids are known, of all tenants."""
        return sum(len(known.index) + len(known.deleted) for known in self._tenants.values())

    def present(self, tenant: str) -> int:
        """How many events of this tenant are known, and not deleted."""
        known = self._tenants.get(tenant)
        return 0 if known is None else len(known.index) - known.gone

    def size_bytes(self) -> int:
        """The memory that they take, about."""
        return sum(known.size_bytes for known in self._tenants.values())

    # ---- at start-up

    def load(self, tenant: str, ids: Hashes, contents: Hashes) -> None:
        """Hashes of the store's events."""
        self._of(tenant).index.load(ids, contents)

    def loaded(self) -> None:
        """That was all."""
        for known in self._tenants.values():
            known.index.loaded()

    def load_one(self, tenant: str, event_id: str, content_hash: int) -> None:
        """An event that was set aside."""
        self._of(tenant).index.add([hash_id(event_id)], [content_hash])

    def load_deleted(self, tenant: str, event_id: str) -> None:
        """When the ids of all events are loaded: most of the deleted ones are not among them any more."""
        known = self._of(tenant)
        known.deleted.add(event_id)
        known.gone += bool(known.index.contents(hash_id(event_id)))

    # ---- for each request

    def sort(self, tenant: str, batch: Batch, verdicts: Verdicts) -> Sorted:
        """Tell one request's events apart. Within a request the first of an id wins. `verdicts`: on earlier doubts."""
        known = self._of(tenant)
        if known.is_all_new(batch):
            return Sorted(batch.events, set(), dict(batch.refusals), [], set())
        found = Sorted([], set(), dict(batch.refusals), [], set())
        first: set[str] = set()
        looks = known.index.looks(batch.keys)
        for place, event, flags in zip(batch.places, batch.events, looks, strict=True):
            state = known.look(event, flags, verdicts)
            if state == "absent" and event.event_id in first:
                state = batch.repeats[place]
            if isinstance(state, Doubt):
                found.doubts.append(state)
            elif isinstance(state, asyncio.Future):
                found.waits.add(state)
            elif state == "absent":
                first.add(event.event_id)
                found.fresh.append(event)
            elif state == "same":
                found.duplicates.add(place)
            elif state == "deleted":
                found.refusals[place] = _deleted(event.event_id)
            else:
                found.refusals[place] = _conflict(event.event_id, state)
        return found

    def opened(self, tenant: str, ids: Sequence[int], group: asyncio.Future[None]) -> None:
        """The outcome of the ids with these hashes hangs on this group; a delete's too."""
        self._of(tenant).opening.update(dict.fromkeys(ids, group))

    def settled(self, tenant: str, events: Sequence[Admissible], *, kept: bool) -> None:
        """The group of these events is on disk, or (`kept` False) is not and never will be."""
        known = self._of(tenant)
        ids = [event.id_hash for event in events]
        _close(known, ids)
        if kept:
            known.index.add(ids, [event.content_hash for event in events])

    def settled_delete(self, tenant: str, event_id: str, id_hash: int, *, kept: bool) -> None:
        known = self._of(tenant)
        _close(known, (id_hash,))
        if kept:
            known.deleted.add(event_id)
            known.gone += 1

    @property
    def behind(self) -> bool:
        """Whether there is `work` to do."""
        return any(known.index.behind for known in self._tenants.values())

    def work(self) -> None:
        """Half a millisecond of what additions left to do."""
        for known in self._tenants.values():
            if known.index.behind:
                known.index.work()
                return

    # ---- deletes

    def opening(self, tenant: str, id_hash: int) -> asyncio.Future[None] | None:
        return self._of(tenant).opening.get(id_hash)

    def print_of(self, tenant: str, event_id: str, id_hash: int) -> Print | None:
        """What is known of this id's hash; None where there is no such event, or it is gone or going."""
        known = self._of(tenant)
        if event_id in known.deleted or known.doomed.has(event_id, id_hash):
            return None
        events, contents = known.index.print_of(id_hash)
        return (events, contents) if events else None

    def is_deleted(self, tenant: str, event_id: str) -> bool:
        return event_id in self._of(tenant).deleted

    # ---- what is removed without a tombstone

    def openings(self, tenant: str, past: PastIds) -> set[asyncio.Future[None]]:
        """The groups under way that one of these ids' hashes is in."""
        opening = self._of(tenant).opening
        if not opening:
            return set()
        there = np.isin(np.array(list(opening), np.uint64), past.id_hashes)
        return {group for group, found in zip(opening.values(), there, strict=True) if found}

    def doom(self, tenant: str, past: PastIds) -> int:
        """These events are going to be removed: no delete finds them from now on, and their ids stay known.

        Returns how many of them were not deleted before. None of them may be in an open group.
        """
        known = self._of(tenant)
        known.doomed.add(past)
        deleted = sum(event_id in known.deleted for event_id in past.event_ids) if known.deleted else 0
        known.going += deleted
        return len(past.event_ids) - deleted

    def spare(self) -> None:
        """Nothing is going to be removed after all."""
        for known in self._tenants.values():
            known.doomed.clear()
            known.going = 0

    def forget_doomed(self) -> bool:
        """The doomed events are removed: forget some of their ids, which are new ones then. False: that was all."""
        for known in self._tenants.values():
            if known.doomed:
                if not known.index.forget(known.doomed):
                    known.doomed.clear()
                    known.gone, known.going = known.gone - known.going, 0
                return True
        return False

    def forget_tenant(self, tenant: str) -> None:
        self._tenants.pop(tenant, None)


def _close(known: _Known, ids: Sequence[int]) -> None:
    for id_hash in ids:
        known.opening.pop(id_hash, None)  # two ids of one batch may have one hash


def _conflict(event_id: str, differences: Conflict) -> Refusal:
    refusal = refuse(
        Reason.CONFLICT,
        "event_id",
        event_id,
        rule="one id, one content: an event with this id and other content is stored already",
        help_="give the new event an id of its own; to replace the stored one is not possible",
        event_id=event_id,
    )
    differing = tuple(FieldError(one.path, _AS_STORED, one.value, _AS_STORED_HELP) for one in differences)
    return Refusal(refusal.reason, refusal.errors + differing, event_id)


def _deleted(event_id: str) -> Refusal:
    return refuse(
        Reason.DELETED,
        "event_id",
        event_id,
        rule="the event with this id was deleted, and stays deleted",
        help_="do not send it again; give a new event an id of its own",
        event_id=event_id,
    )
