"""`pulsestream tail`: follow new events as they arrive."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import click
from msgspec import Raw, Struct
from rich.console import Console

from pulsestream.cli import options
from pulsestream.cli.connect import connect
from pulsestream.cli.filters import filters, parameters
from pulsestream.cli.listing import Lines
from pulsestream.cli.question import piped
from pulsestream.errors import Overloaded, ServerUnreachable, TooManyRequests

if TYPE_CHECKING:
    from pulsestream.client import Client

POLL_S_MIN, POLL_S_MAX = 0.25, 2.0
POLL_EVENTS = 1000


class Arrivals(Struct, frozen=True):
    events: list[Raw]
    next: str
    has_more: bool = False


@click.command()
@click.argument("text", nargs=-1, metavar="[TEXT]")
@options.server
@filters
@click.option(
    "-n",
    "--lines",
    "count",
    type=click.IntRange(0, 1000),
    default=10,
    show_default=True,
    metavar="N",
    help="Begin with the newest N events.",
)
@click.option("--json", "as_json", is_flag=True, help="Print whole events, one JSON object a line, as into a pipe.")
def command(
    *,
    text: tuple[str, ...],
    url: str,
    api_key: str,
    count: int,
    as_json: bool,
    **given: tuple[str, ...],
) -> None:
    """Follow new events in the order of their arrival, until Ctrl-C; a restart of the server is waited out.

    The filters are those of `pulsestream search`.
    """
    asyncio.run(_follow(connect(url, api_key), parameters(text, **given), count, as_json=as_json))


async def _follow(client: Client, asked: list[tuple[str, str]], count: int, *, as_json: bool) -> None:
    printer = _Printer(as_json=as_json or piped())
    async with client:
        # Without `after` the newest come: at least one is asked for, to learn where the end is.
        page = await _ask(client, asked, limit=max(count, 1))
        printer.print(page.events if count else [])
        pause = POLL_S_MIN
        lost = False
        while True:
            if not page.has_more or lost:
                await asyncio.sleep(pause)
            try:
                following = await _ask(client, asked, limit=POLL_EVENTS, after=page.next)
            except (ServerUnreachable, Overloaded, TooManyRequests) as error:
                if not lost:
                    printer.notice(f"Lost {client.url} ({error.__cause__ or error}); waiting for it to come back.")
                lost, pause = True, POLL_S_MAX
                continue
            if lost:
                printer.notice(f"{client.url} is back.")
            lost = False
            printer.print(following.events)
            pause = POLL_S_MIN if following.events else min(POLL_S_MAX, pause * 1.5)
            page = following


async def _ask(client: Client, asked: list[tuple[str, str]], *, limit: int, after: str | None = None) -> Arrivals:
    more = [("limit", str(limit))] + ([("after", after)] if after is not None else [])
    return await client.get_json("/ingestion/events/tail", asked + more, shape=Arrivals)


class _Printer:
    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._lines = Lines()
        if not as_json:
            self._lines.print_header()

    def print(self, events: list[Raw]) -> None:
        if self._as_json:
            sys.stdout.write("".join(bytes(event).decode() + "\n" for event in events))
            sys.stdout.flush()
        else:
            self._lines.print(events)

    def notice(self, text: str) -> None:
        Console(stderr=True, highlight=False).print(text, style="yellow", soft_wrap=True)
