"""Deleted events: hidden as soon as their tombstone is on disk, removed from the engine in batches behind it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from pulsestream.errors import StoreError
from pulsestream.store.port import Session

log = logging.getLogger(__name__)

# One delete costs the engine about as much as a thousand; so they are collected for this long.
_COLLECT_S = 2.0
_BATCH = 1_000
_STOP_PATIENCE_S = 30.0  # for an engine that hangs; the thread ends with the process
# Each hidden id is part of every question; that many fit one.
HIDDEN_MAX = 10_000


class Eraser:
    """Owns the thread that deletes. `hide` and `hidden` may be called from any thread."""

    def __init__(self, *, open_session: Callable[[], Session], fed: Callable[[], int]) -> None:
        """`fed`: the position up to which the engine has everything; an event may be on its way there still."""
        self._open_session = open_session
        self._fed = fed
        self._condition = threading.Condition()
        self._hidden: dict[str, dict[str, int]] = {}  # tenant -> event id -> position of its tombstone
        self._stopping = False
        self._thread = threading.Thread(target=self._erase_forever, name="eraser", daemon=True)

    def start(self, undeleted: Sequence[tuple[str, str]]) -> None:
        """`undeleted`: events that have a tombstone and are still in the engine."""
        for tenant, event_id in undeleted:
            self._hidden.setdefault(tenant, {})[event_id] = 0
        self._thread.start()

    def hide(self, tenant: str, event_id: str, position: int) -> None:
        with self._condition:
            self._hidden.setdefault(tenant, {})[event_id] = position
            self._condition.notify()

    def is_full(self, tenant: str) -> bool:
        """Whether no more may be hidden until some are removed."""
        with self._condition:
            return len(self._hidden.get(tenant, ())) >= HIDDEN_MAX

    def hidden(self, tenant: str) -> list[str]:
        """Ids of events that are deleted and may still be in the engine."""
        with self._condition:
            return list(self._hidden.get(tenant, ()))

    def forget(self, tenant: str) -> None:
        """It is removed with all of its events."""
        with self._condition:
            self._hidden.pop(tenant, None)

    def close(self) -> None:
        """Stop after the batch under way. The rest is found again at the next start."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        self._thread.join(_STOP_PATIENCE_S)

    def _erase_forever(self) -> None:
        session: Session | None = None
        while self._collect():
            try:
                session = session or self._open_session()
                self._erase(session)
            except StoreError as error:
                log.warning("deleted events are hidden, but not removed yet: %s", error)
        if session is not None:
            session.close()

    def _collect(self) -> bool:
        """Wait until there is something to delete and a moment longer. False when it is time to stop."""
        with self._condition:
            self._condition.wait_for(lambda: self._stopping or any(self._hidden.values()))
            self._condition.wait_for(lambda: self._stopping, _COLLECT_S)
            return not self._stopping

    def _erase(self, session: Session) -> None:
        fed = self._fed()
        for tenant in list(self._hidden):
            with self._condition:
                hidden = self._hidden.get(tenant, {})
                ready = [event_id for event_id, position in hidden.items() if position <= fed][:_BATCH]
            if ready:
                session.delete_events(tenant, ready)
                with self._condition:
                    for event_id in ready:
                        hidden.pop(event_id, None)
