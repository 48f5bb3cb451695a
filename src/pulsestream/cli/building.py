"""What `pulsestream demo` tells of the dashboard's pages: there already, or built beside it by a command."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

import aiohttp
import msgspec

import pulsestream

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from pulsestream.clock import Clock

INDEX = Path(pulsestream.__file__).parent / "pages" / "index.html"
LOOK_S = 0.25


class Step(msgspec.Struct, frozen=True):
    """A line of the command's standard output. `Steps` in scripts/web.py says what means what."""

    doing: str = ""
    download: bool = False
    began: float | None = None  # seconds since 1970
    downloads_s: float = 0.0
    ready: bool = False
    failed: str = ""


class Building(AbstractAsyncContextManager["Building"]):
    """Runs the command, and reckons how long it took until there were live charts, and how much of it were downloads.

    There are live charts when `live` was called and the server answers with the pages that were built. `tell` is called
    with what a person should read; `state` is the same for a view that is drawn again and again. What goes wrong is
    told and raises nothing: the demo goes on without its pages. On leaving, the command and all that it started end.
    """

    def __init__(self, command: str, clock: Clock, tell: Callable[[str], None]) -> None:
        """Without a command nothing is built, and the pages are there or not."""
        self.state = ""
        self._command = shlex.split(command)
        self._clock = clock
        self._tell = tell
        self._began = clock.now()
        self._downloads_s = 0.0
        self._jobs: list[asyncio.Task[None]] = []
        self._ready = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        if self._command:
            self._jobs.append(asyncio.create_task(self._build()))
        elif INDEX.is_file():
            self._ready.set()
        else:
            self._fail("its pages are not built. `make demo` in a checkout builds them")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
                await self._process.wait()
                # npm goes on for as long as it takes to undo what it began, which the next one would begin with anyway.
                os.killpg(self._process.pid, signal.SIGKILL)

    def live(self, url: str) -> None:
        """The history is in and new events come: from now on the pages at `url` have live charts."""
        self._jobs.append(asyncio.create_task(self._tell_when_served(url)))

    async def _build(self) -> None:
        try:
            # A group of its own: npm and what it starts end with it.
            self._process = process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, process_group=0
            )
        except OSError as error:
            self._fail(f"`{self._command[0]}`, which builds its pages, does not run ({error.strerror})")
            return
        assert process.stdout is not None  # noqa: S101 - it was asked for
        last = Step()
        since = self._clock.monotonic()
        async for line in process.stdout:
            try:
                step = msgspec.json.decode(line, type=Step)
            except msgspec.DecodeError:  # what another program prints by the way
                continue
            now = self._clock.monotonic()
            self._downloads_s += step.downloads_s + (now - since if last.download else 0.0)
            last, since = step, now
            if step.began is not None:
                self._began = datetime.fromtimestamp(step.began, UTC)
            if step.doing:
                self.state = f"{step.doing} …"
                self._tell(f"Dashboard: {step.doing} …")
        code = await process.wait()
        if last.ready:
            self._ready.set()
        else:
            self._fail(last.failed or f"what builds its pages ended with code {code}")

    async def _tell_when_served(self, url: str) -> None:
        await self._ready.wait()
        async with aiohttp.ClientSession() as session:
            while True:
                # The server looks for new pages once a second.
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(url) as answer:
                        if await answer.read() == INDEX.read_bytes():
                            break
                await asyncio.sleep(LOOK_S)
        total_s = (self._clock.now() - self._began).total_seconds()
        self.state = f"live charts after {total_s:.0f} s, of which {self._downloads_s:.0f} s were downloads"
        self._tell(f"Dashboard: {url} ({self.state})")

    def _fail(self, why: str) -> None:
        self.state = f"no dashboard: {why.splitlines()[0].rstrip(':')}"
        self._tell(f"No dashboard: {why}\nThe demo goes on without it.")
