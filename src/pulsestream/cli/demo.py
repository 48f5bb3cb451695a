"""`pulsestream demo`: a server, a day of history, live traffic and a live view, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console
from rich.live import Live

from pulsestream.cli import live, options
from pulsestream.cli.building import Building
from pulsestream.cli.child import Server
from pulsestream.cli.connect import connect
from pulsestream.cli.interrupt import interruptible
from pulsestream.cli.listing import Row
from pulsestream.cli.stats import Services, Stats
from pulsestream.clock import SystemClock, to_micros
from pulsestream.control.keys import DEMO_KEY
from pulsestream.errors import Overloaded, PulseStreamError, ServerUnreachable, TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from pulsestream.client import Client
    from pulsestream.client.receipt import Receipt

HISTORY = timedelta(hours=24)
HISTORY_EVENTS = 500_000  # some six a second: enough to be alive, and there in ten seconds or so
HISTORY_BLOCK = 2_000  # events a request
HISTORY_SENDERS = 3
BUSY_FOR = timedelta(minutes=5)  # until it is another time of the day
SLICE_S = 0.25  # live traffic goes out this often
POLL_S = 1.0
WINDOW = timedelta(seconds=60)  # of the figures and the services
LAG = timedelta(seconds=1.5)  # until what was sent can be found, so that a tick is complete
LINE_EVERY_S = 5.0
ERRORS_SHOWN = 50
RETRY_S = 10.0


class _Errors(msgspec.Struct, frozen=True):
    events: list[Row]


class Plan(msgspec.Struct, frozen=True):
    """What the demo was asked to do."""

    rate: float | None  # None: as the history
    history: int
    seed: int
    api_key: str
    on_screen: bool
    build: str


@click.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the events in this folder and go on there next time. Default: a temporary one, removed at the end.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, metavar="PORT", help="0 takes a free one."
)
@click.option(
    "--rate",
    type=click.FloatRange(0, 20_000),
    metavar="N",
    help="Live events a second, on average. Default: as many as the history has at this time of the day.",
)
@click.option(
    "--history",
    type=click.IntRange(0, 100_000_000),
    default=HISTORY_EVENTS,
    show_default=True,
    metavar="N",
    help="Events of the past 24 hours to begin with, in a folder without any.",
)
@click.option("--seed", type=click.IntRange(0), metavar="S", help="For the same traffic again. Default: random.")
@click.option("--live/--no-live", "live_view", default=None, help="Default: the live view on a terminal, else lines.")
@click.option(
    "--api-key",
    envvar="PULSESTREAM_API_KEY",
    default=DEMO_KEY,
    show_default=True,
    show_envvar=True,
    metavar="KEY",
    help="The key that the server takes.",
)
@click.option(
    "--build",
    default="",
    metavar="COMMAND",
    help="Run this beside it: it builds the dashboard's pages, and prints its steps as JSON lines. `make demo` does.",
)
def command(
    *,
    data: Path | None,
    port: int,
    rate: float | None,
    history: int,
    seed: int | None,
    live_view: bool | None,
    api_key: str,
    build: str,
) -> None:
    """A server, a day of history, live traffic and a live view, until Ctrl-C.

    Everything goes the way of any client: over HTTP, with the key that is shown. Try the other verbs beside it.
    """
    console = Console(highlight=False)
    terminal = console.is_terminal and not console.is_dumb_terminal
    plan = Plan(
        rate=rate,
        history=history,
        seed=random.SystemRandom().randrange(2**31) if seed is None else seed,
        api_key=api_key,
        on_screen=terminal if live_view is None else live_view and terminal,
        build=build,
    )
    with _folder(data) as folder:
        asyncio.run(_Demo(plan, console).run(folder, port))
    if data is None:
        console.print("The temporary folder is removed.")
    else:
        console.print(f"The events are kept: `pulsestream demo --data {data}` goes on with them.", soft_wrap=True)


@contextlib.contextmanager
def _folder(named: Path | None) -> Iterator[Path]:
    if named is not None:
        yield named
        return
    with tempfile.TemporaryDirectory(prefix="pulsestream-demo-", ignore_cleanup_errors=True) as made:
        yield Path(made)


class _Stopped(Exception):
    """Ctrl-C, or another polite request to end."""


class _Demo:
    """One run, from the start of the server to its end."""

    def __init__(self, plan: Plan, console: Console) -> None:
        self._plan = plan
        self._console = console
        self._clock = SystemClock()
        self._stop = asyncio.Event()
        self._server: Server | None = None
        self._sent = 0
        self._until = self._clock.now()  # what there is goes so far
        self._busy: tuple[datetime, float] | None = None  # since when, and how busy it is
        self._pages = Building(plan.build, self._clock, self._tell)
        self._on_screen = False
        self._told: list[str] = []  # while the view had the screen: printed when it leaves it
        self._view = live.View("", plan.api_key, self._clock.now(), self._clock.now())

    async def run(self, folder: Path, port: int) -> None:
        with interruptible(self._stop.set, also=(signal.SIGTERM, signal.SIGHUP)):
            async with contextlib.AsyncExitStack() as stack:
                with contextlib.suppress(_Stopped):
                    self._console.print("Starting the server …")
                    await stack.enter_async_context(self._pages)
                    # It listens on this machine only, and what it shows is made up: nobody needs to sign in.
                    server = Server(folder, port, self._plan.api_key, sign_in="open")
                    opening = stack.enter_async_context(server)
                    await self._until_stopped(self._open(opening))
                    await self._use(stack)
                self._console.print("Stopping …")

    async def _open(self, opening: Coroutine[None, None, Server]) -> None:
        self._server = await opening

    async def _use(self, stack: contextlib.AsyncExitStack) -> None:
        assert self._server is not None  # noqa: S101 - opened before
        self._view.url = url = self._server.url
        sender = await stack.enter_async_context(connect(url, self._plan.api_key, retry_for_s=RETRY_S))
        # The one who looks does not wait: what is not there now is asked for again in a second.
        watcher = await stack.enter_async_context(connect(url, self._plan.api_key))
        try:
            await self._until_stopped(self._ready(watcher))
            takes = f"takes the key {self._plan.api_key}; a browser of this machine needs none"
            self._console.print(f"It listens on {url} and {takes}.", soft_wrap=True)
            await self._until_stopped(self._fill(sender))
            self._pages.live(url)
            await self._until_stopped(self._send_live(sender), self._watch(watcher), self._show())
        finally:
            with contextlib.suppress(PulseStreamError):
                stats = await watcher.get_json("/ingestion/stats", shape=Stats)
                self._console.print(f"{stats.total_events:,} events are stored.")

    async def _until_stopped(self, *jobs: Coroutine[None, None, None]) -> None:
        """Run jobs side by side until one ends. Raises its error, the server's end, or _Stopped."""
        tasks = [asyncio.create_task(job) for job in jobs]
        if self._server is not None:
            tasks.append(asyncio.create_task(self._server.ended()))
        stop = asyncio.create_task(self._wait_for_stop())
        try:
            await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
            for task in [stop, *tasks]:
                if task.done():
                    await task
        finally:
            for task in [stop, *tasks]:
                task.cancel()
            await asyncio.gather(stop, *tasks, return_exceptions=True)

    async def _wait_for_stop(self) -> None:
        await self._stop.wait()
        raise _Stopped

    async def _ready(self, client: Client) -> None:
        while True:
            with contextlib.suppress(ServerUnreachable, Overloaded, TooManyRequests):
                await client.get_json("/ingestion/health", shape=msgspec.Raw)
                return
            await asyncio.sleep(0.1)

    async def _fill(self, client: Client) -> None:
        """A day of history, into a store that has none."""
        stats = await client.get_json("/ingestion/stats", shape=Stats)
        self._view.stored = stats.total_events
        if stats.total_events:
            self._console.print(f"It has {stats.total_events:,} events already: no history is added.")
            return
        if not self._plan.history:
            return
        from pulsestream.cli.progress import Snapshot, bar
        from pulsestream.generate import generate

        now = self._clock.now()
        blocks = generate(self._plan.history, start=now - HISTORY, end=now, seed=self._plan.seed, chunk=HISTORY_BLOCK)
        self._console.print(f"Sending {self._plan.history:,} events of the past 24 hours …")
        began = self._clock.monotonic()

        def progress() -> Snapshot:
            passed = self._clock.monotonic() - began
            return Snapshot(self._sent, self._sent / self._plan.history, passed, HISTORY_SENDERS, 0, "")

        async def send() -> None:
            for block in blocks:
                self._count(await client.send(block))

        with contextlib.ExitStack() as shown:
            if self._plan.on_screen:
                console = self._console
                shown.enter_context(
                    Live(get_renderable=lambda: bar(progress(), console.width), console=console, transient=True)
                )
            try:
                async with asyncio.TaskGroup() as senders:
                    for _ in range(HISTORY_SENDERS):
                        senders.create_task(send())
            except ExceptionGroup as group:
                raise group.exceptions[0] from None
        self._view.stored = self._sent
        self._until = now

    async def _send_live(self, client: Client) -> None:
        from numpy.random import default_rng

        from pulsestream.generate import Traffic

        traffic, rng = Traffic(self._plan.seed), default_rng(self._plan.seed)
        last = self._until  # from there, not from now: to send the history took a while, and no chart may have a gap
        while True:
            await asyncio.sleep(SLICE_S)
            now = self._clock.now()
            # Requests come independently of each other, so their number in a stretch of time is Poisson's.
            count = int(rng.poisson(self._rate(now) * (now - last).total_seconds()))
            if count:
                block = await asyncio.to_thread(traffic.slice, last, now, count)
                try:
                    self._count(await client.send(block))
                except (ServerUnreachable, Overloaded, TooManyRequests) as error:
                    self._view.trouble = str(error)
            last = now

    def _rate(self, now: datetime) -> float:
        """Live events a second."""
        if self._plan.rate is not None:
            return self._plan.rate
        from pulsestream.generate import busyness

        if self._busy is None or now - self._busy[0] > BUSY_FOR:
            self._busy = now, busyness(to_micros(now), to_micros(now - HISTORY))
        return (self._plan.history or HISTORY_EVENTS) / HISTORY.total_seconds() * self._busy[1]

    def _count(self, receipt: Receipt) -> None:
        self._sent += receipt.sent
        if receipt.limited:
            self._view.trouble = f"the server refused {receipt.limited:,} events for the moment"

    async def _watch(self, client: Client) -> None:
        began = self._clock.now()
        ticked = began - LAG
        while True:
            # First: a stretch of no length cannot be asked about.
            await asyncio.sleep(POLL_S)
            try:
                ticked = await self._look(client, began, ticked)
                self._view.trouble = ""
            except (ServerUnreachable, Overloaded, TooManyRequests) as error:
                self._view.trouble = str(error.__cause__ or error)

    async def _look(self, client: Client, began: datetime, ticked: datetime) -> datetime:
        """Ask for everything that is shown. Returns the end of the stretch that the tick covers.

        Before live traffic there was the history's, much thinner: a window over both has the rate of neither.
        """
        view, end = self._view, self._clock.now() - LAG
        start = max(end - WINDOW, min(began, end - timedelta(seconds=POLL_S)))
        minute, tick, errors, stats = await asyncio.gather(
            client.get_json("/query/services", _range(start, end), shape=Services),
            client.get_json("/query/services", _range(ticked, end), shape=Services),
            client.get_json("/ingestion/events/search", _NEWEST_ERRORS, shape=_Errors),
            client.get_json("/ingestion/stats", _AS_IT_IS, shape=Stats),
        )
        view.total, view.services = minute.total, sorted(minute.services, key=lambda one: one.service)
        view.tick(tick.services, tick.total)
        view.errors = errors.events
        view.stored = stats.total_events
        return end

    async def _show(self) -> None:
        if not self._plan.on_screen:
            while True:
                await asyncio.sleep(LINE_EVERY_S)
                self._console.print(live.line(self._view), soft_wrap=True)
        self._on_screen = True
        try:
            with Live(console=self._console, screen=True, auto_refresh=False) as screen:
                while True:
                    self._view.now, self._view.pages = self._clock.now(), self._pages.state
                    size = self._console.size
                    screen.update(live.render(self._view, size.width, size.height), refresh=True)
                    await asyncio.sleep(0.5)
        finally:
            self._on_screen = False
            for text in self._told:
                self._tell(text)

    def _tell(self, text: str) -> None:
        if self._on_screen:
            self._told.append(text)
        else:
            self._console.print(text, soft_wrap=True, markup=False)


_AS_IT_IS = [("fresh", "false")]
_NEWEST_ERRORS = [
    ("severity", "error"),
    ("severity", "critical"),
    ("limit", str(ERRORS_SHOWN)),
    *_AS_IT_IS,
]


def _range(start: datetime, end: datetime) -> list[tuple[str, str]]:
    times = [("start_time", options.rfc3339(start)), ("end_time", options.rfc3339(end))]
    return [*times, ("compare", "false"), *_AS_IT_IS]
