"""Exports under way: each has a thread that takes what the engine writes and waits for who reads it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import cast

from pulsestream.errors import Cancelled, Overloaded, StoreError
from pulsestream.query import export
from pulsestream.query.export import Format
from pulsestream.query.model import Query, View
from pulsestream.store.port import Session
from pulsestream.turns import Turns

Pack = Callable[[Iterator[bytes]], Iterator[bytes]]

_WAITING_MAX = 20  # exports of one tenant that may wait for a thread
_TURN_PATIENCE_S = 20.0  # less than what proxies wait for the first byte of an answer
_RETRY_S = 5.0
_CHUNKS_MAX = 4  # of a megabyte at most, between the engine and who reads
_CANCEL_PAUSE_S = 0.05  # a statement that is just beginning is not known to the engine yet
_CANCELS_MAX = 200


class Outflow:
    """What one export gives: chunks from a thread, for the event loop. `leave` ends it, at any time."""

    def __init__(self, name: str, cancel: Callable[[Outflow], None]) -> None:
        self.name = name
        self.matched = 0  # how many events; known with the first chunk
        self.stopped: Callable[[], None] = lambda: None  # told when a server that stops ends it
        self.begun = False
        self.left = False
        self.ended = threading.Event()  # its thread is done with it
        self._loop = asyncio.get_running_loop()
        self._cancel = cancel
        self._room = threading.Semaphore(_CHUNKS_MAX)
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._turn = asyncio.Event()
        self._failure: BaseException | None = None

    # On its thread.

    def pour(self, chunks: Iterator[bytes]) -> None:
        """Waits while there is no room. Raises Cancelled where nobody reads any more."""
        for chunk in chunks:
            self._room.acquire()
            if self.left:
                raise Cancelled("nobody reads this export any more")
            self._loop.call_soon_threadsafe(self._chunks.put_nowait, chunk)

    def begin(self) -> bool:
        """False where nobody waits for it any more."""
        self.begun = True
        self._loop.call_soon_threadsafe(self._turn.set)
        return not self.left

    # On the event loop.

    def end(self, failure: BaseException | None) -> None:
        """There is nothing more to come."""
        self._failure = failure
        self._turn.set()
        self._chunks.put_nowait(None)

    async def first(self) -> bytes | None:
        """As `next`. Raises Overloaded where other exports take all threads."""
        try:
            async with asyncio.timeout(_TURN_PATIENCE_S):
                await self._turn.wait()
        except TimeoutError as error:
            self.leave()
            raise Overloaded(
                "as many exports as can be are under way: send this again when one has ended", 5
            ) from error
        return await self.next()

    async def next(self) -> bytes | None:
        """None at the end. Raises what the export failed by: QueryTooHeavy, StoreError, Cancelled, TooManyRequests."""
        chunk = await self._chunks.get()
        if chunk is None and self._failure is not None:
            raise self._failure
        self._room.release()
        return chunk

    def leave(self) -> None:
        """Nobody reads on: the engine ends the statement, and the thread comes free."""
        if not self.left:
            self.left = True
            self._room.release()
            self._cancel(self)


class Exports:
    """Threads of their own: an export takes as long as its reader does, and no question must wait for that.

    `view` says what a tenant may see; `mark` is in no other process's names of statements.
    """

    def __init__(
        self,
        *,
        open_session: Callable[[], Session],
        view: Callable[[str], View],
        threads: int,
        mark: str,
    ) -> None:
        self._open_session = open_session
        self._view = view
        self._turns = Turns(threads, name="export", waiting_max=_WAITING_MAX, spare=1)
        self._names = (f"{mark}-export-{number}" for number in count())
        self._canceller = ThreadPoolExecutor(1, thread_name_prefix="export-cancel")
        self._under_way: dict[Outflow, asyncio.Task[None]] = {}

    def end(self) -> None:
        """Those that are under way break off: they may take minutes, and a server that stops has seconds."""
        for outflow in [*self._under_way]:
            outflow.leave()
            outflow.stopped()

    async def close(self) -> None:
        self.end()
        await asyncio.to_thread(self._turns.close)
        await asyncio.to_thread(self._canceller.shutdown, wait=True)

    def begin(self, query: Query, form: Format, *, fed: int, pack: Pack) -> Outflow:
        """All that matches. `fed`: the last position that is there to be asked about. `pack`: packs the chunks."""
        outflow = Outflow(next(self._names), self._leave)
        view = self._view(query.tenant)
        size = export.size(query, fed=fed, view=view)
        statement = export.statement(query, form, fed=fed, view=view)

        def answer() -> None:
            try:
                if outflow.begin():
                    with contextlib.closing(self._open_session()) as session:
                        [[matched, largest]] = session.ask(size, outflow.name).rows
                        outflow.matched = cast("int", matched)
                        rows = export.block_rows(cast("int", largest))
                        stream = session.stream(statement, export.FORMS[form], outflow.name, block_rows=rows)
                        with contextlib.closing(stream):
                            outflow.pour(pack(export.finished(form, stream)))
            finally:
                outflow.ended.set()

        def ended(task: asyncio.Task[None]) -> None:
            self._under_way.pop(outflow, None)
            outflow.end(Cancelled("the export was ended") if task.cancelled() else task.exception())

        task = asyncio.ensure_future(self._turns.run(query.tenant, answer))
        self._under_way[outflow] = task
        task.add_done_callback(ended)
        return outflow

    def _leave(self, outflow: Outflow) -> None:
        task = self._under_way.get(outflow)
        if task is not None:
            task.cancel()  # where it waits for its turn yet
            if outflow.begun:
                self._canceller.submit(self._cancel, outflow)

    def _cancel(self, outflow: Outflow) -> None:
        if outflow.ended.wait(_CANCEL_PAUSE_S):  # what it writes next, it cannot
            return
        with contextlib.suppress(StoreError), contextlib.closing(self._open_session()) as session:
            for _ in range(_CANCELS_MAX):  # then its limit of time ends it
                session.cancel(outflow.name)
                if outflow.ended.wait(_CANCEL_PAUSE_S):
                    return
