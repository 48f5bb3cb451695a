"""`pulsestream search`: find events."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace
from rich.console import Console

from pulsestream.cli.connect import connect
from pulsestream.cli.filters import filters, narrowed
from pulsestream.cli.listing import Lines
from pulsestream.cli.question import Question, piped, put, question
from pulsestream.client.answers import Page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pulsestream.client import Client

PAGE = 1000  # the server's most
_NEWEST = "-timestamp"


@click.command()
@click.argument("text", nargs=-1, metavar="[TEXT]")
@question
@filters
@click.option(
    "--sort",
    default=_NEWEST,
    show_default=True,
    metavar="FIELD",
    help="Sort by this field; -FIELD has the highest first.",
)
@click.option(
    "--limit", type=click.IntRange(1), default=100, show_default=True, metavar="N", help="Most events to show."
)
@click.option("--json", "as_json", is_flag=True, help="Print whole events, one JSON object a line, as into a pipe.")
def command(
    *, question: Question, text: tuple[str, ...], sort: str, limit: int, as_json: bool, **given: tuple[str, ...]
) -> None:
    """Find events, newest first. TEXT is looked for in title, message and error message.

    QUERY, TEXT and filters must all hold; a filter given twice means either. Into a pipe it prints whole events, one
    JSON object a line.
    """
    asked = replace(question, query=narrowed(question.query, text, question.zone, **given))
    asyncio.run(_print(asked, sort, limit, as_json=as_json))


async def _print(question: Question, sort: str, limit: int, *, as_json: bool) -> None:
    lines = None if as_json or piped() else Lines(question.zone)
    shown = 0
    async with connect(question.url, question.api_key) as client:
        async for page in _pages(client, question, sort, limit):
            if lines is None:
                sys.stdout.write("".join(bytes(event).decode() + "\n" for event in page.events))
            else:
                if not shown and page.events:
                    lines.print_header()
                lines.print(page.events)
            shown += len(page.events)
            last = page
    if not as_json:
        _print_footer(last, shown, sort)


async def _pages(client: Client, question: Question, sort: str, limit: int) -> AsyncIterator[Page]:
    asked = question.parameters + ([("sort", sort)] if sort != _NEWEST else [])
    cursor: str | None = None
    while True:
        more = [("limit", str(min(limit, PAGE)))] + ([("cursor", cursor)] if cursor else [])
        page = await put(client, "/query/events", asked + more, shape=Page)
        yield page
        limit -= len(page.events)
        cursor = page.next_cursor
        if limit <= 0 or cursor is None or not page.events:
            return


def _print_footer(page: Page, shown: int, sort: str) -> None:
    """On stderr: it is about the answer, not part of it."""
    order = "newest first" if sort == _NEWEST else f"sorted by {sort}"
    if not page.matched:
        said = "No event matches."
    elif shown < page.matched:
        said = f"{shown:,} of {page.matched:,} events that match, {order}. More with --limit."
    else:
        said = "The only event that matches." if shown == 1 else f"All {shown:,} events that match, {order}."
    if not page.basis.fresh:
        said += " The newest may be missing: the server is still filing them."
    Console(stderr=True, highlight=False).print(said, style="dim")
