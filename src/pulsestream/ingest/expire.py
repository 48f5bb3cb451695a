"""What is past a tenant's retention is removed for good, and counted exactly; a deleted tenant is removed whole.

A removal is written down with its count before it begins, under a condition that takes the same events whenever it is
carried out: older than a full hour, up to a position that the engine has everything of. So one that was cut short is
carried out again, and counted once. The journal brings nothing of it back: a start feeds only what is not counted yet.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, TypeVar

from msgspec import Struct

from pulsestream.clock import Clock, to_micros
from pulsestream.control.expirations import Expiration, Expirations
from pulsestream.control.tenants import Tenants
from pulsestream.errors import StoreError
from pulsestream.ingest.dedup import Dedup
from pulsestream.ingest.purge import Purger
from pulsestream.store.port import Past, PastIds, Session

log = logging.getLogger(__name__)

T = TypeVar("T")
Hold = Callable[[], AbstractContextManager[None]]

_HOUR_US = timedelta(hours=1) // timedelta(microseconds=1)
_IDS_AT_ONCE = 32_768  # two milliseconds of the event loop
_BUSY_S = 1.0  # until a deleted tenant whose requests were under way is looked at again
_STOP_PATIENCE_S = 30.0  # for an engine that hangs; the thread ends with the process


class _Kept(Struct, frozen=True):
    """How long a tenant's events are kept: None for ever."""

    tenant: str
    retention: timedelta | None
    deleting: bool


class Sweeper:
    """Owns the thread that sweeps every `sweep_s` seconds, a tenth of that after a start, and when it is woken."""

    def __init__(
        self,
        *,
        open_session: Callable[[], Session],
        hold: Hold,
        tenants: Tenants,
        dedup: Dedup,
        expirations: Expirations,
        purger: Purger,
        clock: Clock,
        sweep_s: float,
    ) -> None:
        """`hold`: nothing is inserted within it."""
        self._open_session = open_session
        self._hold = hold
        self._tenants = tenants
        self._dedup = dedup
        self._expirations = expirations
        self._purger = purger
        self._clock = clock
        self._sweep_s = sweep_s
        self._swept: dict[str, int] = {}  # tenant -> before when, in microseconds; a tenant is swept once an hour
        self._busy = False
        self._trouble = ""
        self._session: Session | None = None
        self._sweeping = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop
        self._thread = threading.Thread(target=self._sweep_forever, name="sweeper", daemon=True)

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        if any(tenant.deleting for tenant in self._tenants.all()):
            self.wake()
        self._thread.start()

    def wake(self) -> None:
        """Sweep soon. May be called from any thread."""
        self._wake.set()

    def close(self) -> None:
        """Stop after what is under way. What is pending is carried out at the next start."""
        self._stopping = True
        self._wake.set()
        self._thread.join(_STOP_PATIENCE_S)

    def sweep(self) -> None:
        """One round: what is pending, what is past now, deleted tenants. Not on the event loop. Raises StoreError."""
        with self._sweeping:
            if self._session is None:
                self._session = self._open_session()
            self._finish(self._session)
            kept = self._on_loop(self._kept())
            self._begin(self._session, [one for one in kept if not one.deleting])
            self._finish(self._session)
            for one in kept:
                if one.deleting:
                    self._purge(self._session, one.tenant)

    # ---- on the sweeper's thread

    def _sweep_forever(self) -> None:
        self._wake.wait(self._sweep_s / 10)
        while not self._stopping:
            self._wake.clear()
            self._busy = False
            try:
                self.sweep()
                self._trouble = ""
            except Exception as error:
                # The thread's edge: whatever it was, the next sweep begins with what is pending.
                if str(error) != self._trouble:
                    log.warning(
                        "what is past its retention is in no answer, but not removed yet: %s",
                        error,
                        exc_info=not isinstance(error, StoreError),
                    )
                self._trouble = str(error)
            if not self._stopping:
                self._wake.wait(_BUSY_S if self._busy else self._sweep_s)
        if self._session is not None:
            self._session.close()

    def _begin(self, session: Session, kept: Sequence[_Kept]) -> None:
        """Write down what is past now, with its count."""
        # All events up to what is counted were stored before it was. The block that was under way may be tried again
        # until it is done with; no later one brings any of these events.
        _, position = session.last_positions()
        with self._hold():
            pass
        now_us = to_micros(self._clock.now())
        begun, swept = [], {}
        try:
            for one in kept:
                if self._stopping or one.retention is None:
                    continue
                before_us = (now_us - one.retention // timedelta(microseconds=1)) // _HOUR_US * _HOUR_US
                if before_us <= 0 or self._swept.get(one.tenant) == before_us:
                    continue
                past = Past(one.tenant, before_us, position)
                found, events = False, 0
                for ids in session.past_ids(past):
                    found = True
                    events += sum(self._on_loop(self._doom(one.tenant, some)) for some in ids.pieces(_IDS_AT_ONCE))
                if found:
                    begun.append(Expiration(one.tenant, before_us, position, events))
                swept[one.tenant] = before_us
            if begun:
                self._expirations.begin(begun)
        except BaseException:
            if not self._expirations.pending():
                self._on_loop(self._spare())
            raise
        self._swept |= swept

    def _finish(self, session: Session) -> None:
        pending = self._expirations.pending()
        carry_out(session, self._expirations, self._hold)
        for one in pending:
            log.info("removed %d events of %s, which are past its retention", one.events, one.tenant)
        while self._on_loop(self._forget_some()):
            pass

    def _purge(self, session: Session, tenant: str) -> None:
        if not self._purger.purge(session, tenant, self._loop):
            self._busy = True
            return
        self._swept.pop(tenant, None)
        log.info("removed the tenant %s", tenant)

    def _on_loop(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    # ---- on the event loop

    async def _kept(self) -> Sequence[_Kept]:
        tenants = self._tenants
        return [_Kept(one.name, tenants.limits(one.name).retention, one.deleting) for one in tenants.all()]

    async def _spare(self) -> None:
        self._dedup.spare()

    async def _doom(self, tenant: str, ids: PastIds) -> int:
        """An event is counted as deleted or as expired: whichever comes first. So a delete under way is waited for."""
        while groups := self._dedup.openings(tenant, ids):
            await asyncio.wait(groups)
        return self._dedup.doom(tenant, ids)

    async def _forget_some(self) -> bool:
        return self._dedup.forget_doomed()


def carry_out(session: Session, expirations: Expirations, hold: Hold) -> None:
    """Remove what is pending, and count it. Raises StoreError; then it is still pending."""
    pending = [Past(one.tenant, one.before_us, one.position) for one in expirations.pending()]
    if not pending:
        return
    weeks = session.past_weeks(pending)
    if weeks:
        with hold():
            session.drop_weeks(weeks, min(past.position for past in pending))
    for past in pending:
        session.delete_past(past)
    expirations.end()
