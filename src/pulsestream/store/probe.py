"""How the engine is, asked on a thread of its own: an engine that is busy delays nobody who wants to know."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable

from msgspec import Struct

from pulsestream.errors import StoreError
from pulsestream.store.port import EngineState, Session

log = logging.getLogger(__name__)

PATIENCE_S = 1.0
FRESH_S = 5.0  # so long an answer is as good as new


class Seen(Struct, frozen=True):
    """`up`: whether the engine answered just now. `state`: its last answer; None where there never was one."""

    up: bool
    state: EngineState | None


class Probe:
    """For the event loop. `tick`: seconds since some fixed moment."""

    def __init__(self, *, open_session: Callable[[], Session], tick: Callable[[], float]) -> None:
        self._open_session = open_session
        self._session: Session | None = None
        self._tick = tick
        self._state: EngineState | None = None
        self._seen_at = 0.0
        self._asking: asyncio.Future[EngineState | None] | None = None
        self._thread: threading.Thread | None = None

    async def look(self, patience_s: float = PATIENCE_S) -> Seen:
        """At most FRESH_S old, or older and not `up`. Never raises, never takes longer than `patience_s`."""
        if self._state is not None and self._tick() - self._seen_at < FRESH_S:
            return Seen(up=True, state=self._state)
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_future()
            # A daemon: an engine that never answers must not keep the process from ending.
            self._thread = threading.Thread(target=self._ask, args=(self._asking,), name="probe", daemon=True)
            self._thread.start()
        asking = self._asking
        done, _ = await asyncio.wait([asking], timeout=patience_s)
        return Seen(up=bool(done) and asking.result() is not None, state=self._state)

    def close(self, *, patience_s: float) -> None:
        """Not on the event loop."""
        if self._thread is not None:
            self._thread.join(patience_s)
            if self._thread.is_alive():
                return
        if self._session is not None:
            self._session.close()

    def _told(self, asking: asyncio.Future[EngineState | None], state: EngineState | None) -> None:
        self._asking = None
        if state is not None:
            self._state, self._seen_at = state, self._tick()
        asking.set_result(state)

    # ---- on the probe's thread

    def _ask(self, asking: asyncio.Future[EngineState | None]) -> None:
        state = None
        try:
            if self._session is None:
                self._session = self._open_session()
            state = self._session.engine()
        except StoreError as error:
            log.debug("the engine does not say how it is: %s", error)
        except Exception:
            log.exception("asking the engine how it is failed by a defect")
        with contextlib.suppress(RuntimeError):  # the loop ended meanwhile: nobody wants to know any more
            asking.get_loop().call_soon_threadsafe(self._told, asking, state)
