"""`pulsestream audit`: what administrators did."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

import click
import msgspec
from msgspec import Raw, Struct
from rich.table import Table
from rich.text import Text

from pulsestream.cli import options
from pulsestream.cli.connect import connect
from pulsestream.cli.listing import plain
from pulsestream.cli.printing import print_json, print_report, to_the_second

if TYPE_CHECKING:
    from rich.console import Console

    from pulsestream.client import Client

_ROOMY = 100  # terminal columns from which all of a line fits
_TENANT_WIDTH = 14  # where it does not
_LINES_MAX = 1000  # the server gives no more at once


class Line(Struct, frozen=True):
    at: datetime
    tenant: str
    actor: str
    act: str
    subject: str
    detail: str = ""


class Lines(Struct, frozen=True):
    lines: list[Line]


@click.command()
@click.option(
    "--limit",
    type=click.IntRange(1, _LINES_MAX),
    default=100,
    show_default=True,
    metavar="N",
    help="Most lines to show.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@options.server
def command(*, limit: int, as_json: bool, url: str, api_key: str) -> None:
    """What administrators did, newest first: keys, tenants, deleted events. Needs an admin key.

    BY is the id of the key that did it and its tenant; `server` did what nobody asked for, such as the first key.
    """
    raw = asyncio.run(_ask(connect(url, api_key), limit))
    if as_json:
        print_json(raw)
        return
    lines = msgspec.json.decode(raw, type=Lines).lines
    print_report(lambda console: _render(console, lines))


async def _ask(client: Client, limit: int) -> Raw:
    async with client:
        return await client.get_json("/audit", [("limit", str(limit))], shape=Raw)


def _readable(detail: str) -> str:
    """Limits are JSON there; on a terminal they are words, which break where they may."""
    if not detail.startswith("{"):
        return detail
    return ", ".join(f"{name} {value}" for name, value in msgspec.json.decode(detail, type=dict[str, object]).items())


def _render(console: Console, lines: list[Line]) -> None:
    roomy = console.width >= _ROOMY
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("time (UTC)", no_wrap=True)
    table.add_column("act", no_wrap=True)
    table.add_column("what", overflow="fold")
    table.add_column("tenant", overflow="fold", max_width=None if roomy else _TENANT_WIDTH)
    table.add_column("by", overflow="fold")
    for line in lines:
        what = Text(plain(line.subject))
        what.append(f" {plain(_readable(line.detail))}", style="dim")
        when = to_the_second(line.at).removesuffix(" UTC")
        # On a narrow terminal without the year, and without the tenant of the key that did it.
        short = Text(when if roomy else when[5:], style="dim")
        table.add_row(short, line.act, what, line.tenant, line.actor if roomy else line.actor.partition("@")[0])
    console.print(table)
