"""`pulsestream search`: find events."""

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

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pulsestream.client import Client

PAGE = 1000  # the server's most


class Page(Struct, frozen=True):
    events: list[Raw]
    filtered_count: int
    next_cursor: str | None = None
    fresh: bool = True


@click.command()
@click.argument("text", nargs=-1, metavar="[TEXT]")
@options.server
@filters
@options.time_range
@click.option(
    "--limit", type=click.IntRange(1), default=100, show_default=True, metavar="N", help="Most events to show."
)
@click.option("--json", "as_json", is_flag=True, help="Print whole events, one JSON object a line.")
def command(
    *,
    text: tuple[str, ...],
    url: str,
    api_key: str,
    since: str | None,
    start: str | None,
    end: str | None,
    limit: int,
    as_json: bool,
    **given: tuple[str, ...],
) -> None:
    """Find events, newest first. TEXT is looked for in title and message, in any case.

    A filter given twice means either; different filters must all hold. Into a pipe it prints tab-separated
    columns: time, severity, status, milliseconds, service, method, endpoint, id, message.
    """
    asked = parameters(text, **given) + options.range_parameters(since, start, end)
    asyncio.run(_print(connect(url, api_key), asked, limit, as_json=as_json))


async def _print(client: Client, asked: list[tuple[str, str]], limit: int, *, as_json: bool) -> None:
    lines = Lines()
    shown = 0
    async with client:
        async for page in _pages(client, asked, limit):
            if as_json:
                sys.stdout.write("".join(bytes(event).decode() + "\n" for event in page.events))
                continue
            if not shown and page.events:
                lines.print_header()
            lines.print(page.events)
            shown += len(page.events)
            last = page
    if not as_json:
        _print_footer(last, shown)


async def _pages(client: Client, asked: list[tuple[str, str]], limit: int) -> AsyncIterator[Page]:
    cursor: str | None = None
    while True:
        more = [("limit", str(min(limit, PAGE)))] + ([("cursor", cursor)] if cursor else [])
        page = await client.get_json("/ingestion/events/search", asked + more, shape=Page)
        yield page
        limit -= len(page.events)
        cursor = page.next_cursor
        if limit <= 0 or cursor is None or not page.events:
            return


def _print_footer(page: Page, shown: int) -> None:
    """On stderr: it is about the answer, not part of it."""
    if not page.filtered_count:
        said = "No event matches."
    elif shown < page.filtered_count:
        said = f"{shown:,} of {page.filtered_count:,} events that match, newest first. More with --limit."
    else:
        said = "The only event that matches." if shown == 1 else f"All {shown:,} events that match, newest first."
    if not page.fresh:
        said += " The newest may be missing: the server is still filing them."
    Console(stderr=True, highlight=False).print(said, style="dim")
