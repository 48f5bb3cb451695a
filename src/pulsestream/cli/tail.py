"""`pulsestream tail`: follow new events as they arrive."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

import click
import msgspec
from msgspec import Raw, Struct
from rich.console import Console

from pulsestream.cli import options
from pulsestream.cli.connect import connect
from pulsestream.cli.filters import filters, narrowed
from pulsestream.cli.listing import Lines
from pulsestream.cli.question import Misunderstood, Question, piped, query_option
from pulsestream.errors import BadQuery, Overloaded, ServerUnreachable, TooManyRequests

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from pulsestream.client import Client
    from pulsestream.client.frames import Frame

RETRY_S = 1.0


class _Events(Struct, frozen=True):
    events: list[Raw]


class _Dropped(Struct, frozen=True):
    count: int


@click.command()
@click.argument("text", nargs=-1, metavar="[TEXT]")
@query_option
@options.time_zone
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
    query: str,
    zone: ZoneInfo,
    url: str,
    api_key: str,
    count: int,
    as_json: bool,
    **given: tuple[str, ...],
) -> None:
    """Follow new events in the order of their arrival, until Ctrl-C; a restart of the server is waited out.

    QUERY, TEXT and filters are those of `pulsestream search`. Into a pipe it prints whole events, one JSON object a
    line.
    """
    asked = Question(url=url, api_key=api_key, query=narrowed(query, text, zone, **given), zone=zone)
    asyncio.run(_follow(asked, count, as_json=as_json or piped()))


async def _follow(question: Question, count: int, *, as_json: bool) -> None:
    printer = _Printer(question.zone, as_json=as_json)
    place = ""  # behind the last event that was shown
    lost, connected = False, False
    async with connect(question.url, question.api_key) as client:
        while True:
            trouble = "it ended the answer"
            try:
                async with aclosing(_frames(client, question, count, place)) as arriving:
                    async for frame in arriving:
                        if lost:
                            printer.notice(f"{client.url} is back.")
                        lost, connected = False, True
                        printer.show(frame)
                        place = frame.id or place
            except (ServerUnreachable, Overloaded, TooManyRequests) as error:
                if not connected:
                    raise
                trouble = str(error.__cause__ or error)
            if not lost:
                printer.notice(f"Lost {client.url} ({trouble}); waiting for it to come back.")
            lost = True
            await asyncio.sleep(RETRY_S)


async def _frames(client: Client, question: Question, count: int, place: str) -> AsyncGenerator[Frame, None]:
    more = [("after", place)] if place else [("last", str(count))]
    try:
        async for frame in client.listen_to("/query/tail", [*question.parameters, *more]):
            yield frame
    except BadQuery as error:
        raise Misunderstood(question.query, error) from error


class _Printer:
    def __init__(self, zone: ZoneInfo, *, as_json: bool) -> None:
        self._lines = None if as_json else Lines(zone)
        if self._lines is not None:
            self._lines.print_header()

    def show(self, frame: Frame) -> None:
        """Events of a kind that is not known here say nothing to us."""
        if frame.name == "dropped":
            count = msgspec.json.decode(frame.data, type=_Dropped).count
            self.notice(
                f"{count:,} {'event is' if count == 1 else 'events are'} not shown: they came faster than they could be"
                " sent. A narrower query leaves fewer."
            )
        elif frame.name == "events":
            self._print(msgspec.json.decode(frame.data, type=_Events).events)

    def _print(self, events: list[Raw]) -> None:
        if self._lines is not None:
            self._lines.print(events)
            return
        sys.stdout.write("".join(bytes(event).decode() + "\n" for event in events))
        sys.stdout.flush()

    def notice(self, text: str) -> None:
        Console(stderr=True, highlight=False).print(text, style="yellow", soft_wrap=True)
