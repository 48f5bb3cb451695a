"""Exactly once: which events of a request are new, which are known already, which contradict what is known.

An id counts as known once its group is on disk. An id in an open group is not known yet: the request that
brings it again waits for that group and then looks again, so that both get the outcome of the same write.
All of this runs on the event loop, without an await between looking and joining a group.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from sys import getsizeof

from msgspec import Struct

from pulsestream.errors import Reason
from pulsestream.ingest import content
from pulsestream.ingest.validate import Admissible, Refusal, refuse

_ID_BYTES = 110  # an id of 20 to 50 characters and a hash, as objects
DELETED = -1  # in place of a content hash, which is never negative


class Doubt(Struct, frozen=True):
    """The same id with another encoding: either the same content written otherwise, or a conflict."""

    index: int
    event_id: str
    known_hash: int


class Sorted(Struct, frozen=True):
    """A request's events, told apart. Where `waits` or `doubts` is not empty, nothing is decided yet."""

    fresh: list[Admissible]
    duplicates: set[int]
    refusals: dict[int, Refusal]
    doubts: list[Doubt]
    waits: set[asyncio.Future[int]]


def find_repeats(items: Sequence[Admissible | Refusal]) -> dict[int, bool]:
    """Items whose id an earlier one has -> whether they say the same as the first of that id. For any thread.

    The first is read once, however many follow: one large event and a crowd of small ones must not cost their product.
    """
    firsts: dict[str, tuple[int, Admissible]] = {}
    read: dict[str, content.Content | None] = {}
    found: dict[int, bool] = {}
    for index, item in enumerate(items):
        if isinstance(item, Refusal):
            continue
        place, one = firsts.setdefault(item.event_id, (index, item))
        if place == index:
            continue
        if one.line == item.line:
            found[index] = True
            continue
        if item.event_id not in read:
            read[item.event_id] = content.of_line(one.line)
        found[index] = content.same(read[item.event_id], content.of_line(item.line))
    return found


class Dedup:
    def __init__(self) -> None:
        self._known: dict[str, dict[str, int]] = {}
        self._open: dict[str, dict[str, asyncio.Future[int]]] = {}
        self._doomed: dict[str, set[str]] = {}

    def entries(self) -> int:
        """How many ids are known, of all tenants."""
        return sum(map(len, self._known.values()))

    def size_bytes(self) -> int:
        """The memory that they take, about."""
        return sum(getsizeof(known) + _ID_BYTES * len(known) for known in self._known.values())

    def load(self, tenant: str, event_ids: Sequence[str], hashes: Sequence[int]) -> None:
        """Ids of the store, at start-up. The hash of a deleted event is DELETED."""
        self._known.setdefault(tenant, {}).update(zip(event_ids, hashes, strict=True))

    def sort(
        self,
        tenant: str,
        items: Sequence[Admissible | Refusal],
        verdicts: Mapping[tuple[str, int, int], bool],
        repeats: Mapping[int, bool],
    ) -> Sorted:
        """Tell one request's events apart. Within a request the first of an id wins.

        `verdicts`: (event_id, known hash, new hash) -> whether the contents are the same, of earlier doubts.
        `repeats`: of `find_repeats`.
        """
        known = self._known.get(tenant, {})
        opening = self._open.get(tenant, {})
        found = Sorted([], set(), {}, [], set())
        first: set[str] = set()
        for index, item in enumerate(items):
            if isinstance(item, Refusal):
                found.refusals[index] = item
                continue
            event_id = item.event_id
            known_hash = known.get(event_id)
            if known_hash is not None:
                _sort_known(found, index, item, known_hash, verdicts)
            elif event_id in opening:
                found.waits.add(opening[event_id])
            elif event_id not in first:
                first.add(event_id)
                found.fresh.append(item)
            elif repeats[index]:
                found.duplicates.add(index)
            else:
                found.refusals[index] = _conflict(event_id)
        return found

    def opened(self, tenant: str, event_ids: Iterable[str], group: asyncio.Future[int]) -> None:
        """These ids' outcome hangs on this group; a delete's too."""
        self._open.setdefault(tenant, {}).update(dict.fromkeys(event_ids, group))

    def settled(self, tenant: str, hashes: Mapping[str, int], *, kept: bool) -> None:
        """The group of these ids is on disk, or (`kept` False) is not and never will be."""
        opening = self._open[tenant]
        for event_id in hashes:
            del opening[event_id]
        if kept:
            self._known.setdefault(tenant, {}).update(hashes)

    def opening(self, tenant: str, event_id: str) -> asyncio.Future[int] | None:
        return self._open.get(tenant, {}).get(event_id)

    def is_stored(self, tenant: str, event_id: str) -> bool:
        known_hash = self._known.get(tenant, {}).get(event_id, DELETED)
        return known_hash != DELETED and event_id not in self._doomed.get(tenant, ())

    # ---- what is removed without a tombstone

    def doom(self, tenant: str, event_ids: Iterable[str]) -> int:
        """These events are going to be removed: no delete finds them from now on, and their ids stay known.

        Returns how many were stored until now. No delete of one of them may be under way.
        """
        doomed = self._doomed.setdefault(tenant, set())
        before = len(doomed)
        doomed.update(event_id for event_id in event_ids if self.is_stored(tenant, event_id))
        return len(doomed) - before

    def spare(self) -> None:
        """Nothing is going to be removed after all."""
        self._doomed.clear()

    def forget_doomed(self, most: int) -> bool:
        """The doomed events are removed: forget so many of their ids, which are new ones then. False: that was all."""
        for tenant, doomed in self._doomed.items():
            known = self._known[tenant]
            for _ in range(min(most, len(doomed))):
                del known[doomed.pop()]
                most -= 1
        self._doomed = {tenant: doomed for tenant, doomed in self._doomed.items() if doomed}
        return bool(self._doomed)

    def forget_tenant(self, tenant: str) -> None:
        for of_tenant in (self._known, self._open, self._doomed):
            of_tenant.pop(tenant, None)


def _sort_known(
    found: Sorted, index: int, item: Admissible, known_hash: int, verdicts: Mapping[tuple[str, int, int], bool]
) -> None:
    event_id = item.event_id
    same = known_hash == item.content_hash or verdicts.get((event_id, known_hash, item.content_hash))
    if same:
        found.duplicates.add(index)
    elif known_hash == DELETED:
        found.refusals[index] = _deleted(event_id)
    elif same is None:
        found.doubts.append(Doubt(index, event_id, known_hash))
    else:
        found.refusals[index] = _conflict(event_id)


def _conflict(event_id: str) -> Refusal:
    return refuse(
        Reason.CONFLICT,
        "event_id",
        event_id,
        rule="one id, one content: an event with this id and other content is stored already",
        help_="give the new event an id of its own; to replace the stored one is not possible",
        event_id=event_id,
    )


def _deleted(event_id: str) -> Refusal:
    return refuse(
        Reason.DELETED,
        "event_id",
        event_id,
        rule="the event with this id was deleted, and stays deleted",
        help_="do not send it again; give a new event an id of its own",
        event_id=event_id,
    )
