"""`pulsestream tenant`: tenants and their limits, for the operator."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import click
import msgspec
from msgspec import Raw, Struct
from rich.table import Table
from rich.text import Text

from pulsestream.cli import options
from pulsestream.cli.connect import connect
from pulsestream.cli.listing import plain
from pulsestream.cli.printing import print_json, print_report
from pulsestream.control.tenants import NAME_PATTERN

if TYPE_CHECKING:
    from rich.console import Console

    from pulsestream.client import Client

_F = TypeVar("_F", bound=Callable[..., object])

_ROOMY = 120  # terminal columns from which the rules for personal data fit on a tenant's line
_DEFAULT = "default"  # the word for the server's own setting
_MIB, _KIB = 1 << 20, 1 << 10

Value = float | int | str | None


class Limits(Struct, frozen=True):
    """The limits of a tenant; None is what the server's settings leave open, or what the tenant does not set."""

    rate_events_per_s: float | None = None
    burst_events: int | None = None
    retention_days: int | None = None
    body_bytes_max: int | None = None
    batch_events_max: int | None = None
    requests_max: int | None = None
    connections_max: int | None = None
    scrub: str | None = None
    apdex: str | None = None


class Tenant(Struct, frozen=True):
    """`own`: what it sets for itself; `limits`: what holds."""

    name: str
    created_at: datetime
    own: Limits
    limits: Limits
    deleting: bool = False


class Tenants(Struct, frozen=True):
    tenants: list[Tenant]


class _Number(click.ParamType[Value]):
    """A number, or the word `default`."""

    name = "N"

    def __init__(self, *, whole: bool = True) -> None:
        self._whole = whole

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Value:  # noqa: ANN401 - click's signature
        if value == _DEFAULT:
            return _DEFAULT
        try:
            return int(value) if self._whole else float(value)
        except ValueError:
            kind = "whole number" if self._whole else "number"
            self.fail(f"{value!r} is not a {kind}, nor the word {_DEFAULT} for the server's setting.", param, ctx)


# limit -> (its option, its type, its help)
_LIMITS: dict[str, tuple[str, click.ParamType[Any], str]] = {
    "rate_events_per_s": ("--rate", _Number(whole=False), "Events a second, on average; 0 is no limit."),
    "burst_events": ("--burst", _Number(), "Most events at once, and in one request. Default: one second's."),
    "retention_days": ("--retention-days", _Number(), "Older events are refused and removed; 0 keeps all."),
    "body_bytes_max": ("--body-bytes-max", _Number(), "Largest request body, at most the server's."),
    "batch_events_max": ("--batch-events-max", _Number(), "Most events in a request, at most the server's."),
    "requests_max": ("--requests-max", _Number(), "Most requests under way at one time."),
    "connections_max": ("--connections-max", _Number(), "Most open connections."),
    "scrub": ("--scrub", click.STRING, "Rules for personal data, such as 'card:mask email:hash'."),
    "apdex": ("--apdex", click.STRING, "Response times that satisfy, such as '300ms /search*=100ms'."),
}


def _limit_options(command: _F) -> _F:
    for name, (option, kind, text) in reversed(_LIMITS.items()):
        metavar = "RULES" if kind is click.STRING else "N"
        command = click.option(option, name, type=kind, metavar=metavar, help=text)(command)
    return command


@click.group()
def command() -> None:
    """Make, list, change and delete tenants, with an admin key of the operator."""


@command.command()
@click.argument("name")
@_limit_options
@options.server
def create(*, name: str, url: str, api_key: str, **given: Value) -> None:
    """Make a tenant: somebody whose events nobody else sees. A limit that is not given is the server's setting.

    NAME has a-z, 0-9, _ and -, and stays as it is for ever.
    """
    if not re.fullmatch(NAME_PATTERN, name):
        raise click.BadParameter(
            f"{plain(name[:80])!r} cannot be a tenant's name: it has a-z, 0-9, _ and -, at most 63 of them, and begins "
            "with a letter or digit."
        )
    wanted = {"name": name, "limits": _limits(given)}
    tenant = asyncio.run(_act(connect(url, api_key), "POST", "/tenants", wanted))
    click.echo(
        f"Tenant {tenant.name} is made. It has no key yet; this makes one:\n"
        f"  pulsestream key create --tenant {tenant.name} --scope ingest --scope read"
    )


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@options.server
def list_(*, as_json: bool, url: str, api_key: str) -> None:
    """Every tenant with its limits; without the operator's key your own."""
    raw = asyncio.run(_list(connect(url, api_key)))
    if as_json:
        print_json(raw)
        return
    tenants = msgspec.json.decode(raw, type=Tenants).tenants
    print_report(lambda console: _render(console, tenants))


@command.command(epilog="The word `default` in place of a value puts the server's setting back.")
@click.argument("name")
@_limit_options
@options.server
def update(*, name: str, url: str, api_key: str, **given: Value) -> None:
    """Change limits of a tenant, from its next request on. Those that are not given stay."""
    changes = _limits(given)
    if not changes:
        raise click.UsageError("say what changes, such as --rate 1000, or --rate default for the server's setting.")
    tenant = asyncio.run(_act(connect(url, api_key), "PATCH", f"/tenants/{_quoted(name)}", changes))
    print_report(lambda console: _render(console, [tenant]))


@command.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask. Needed where nobody sits at a terminal.")
@options.server
def delete(*, name: str, yes: bool, url: str, api_key: str) -> None:
    """Delete a tenant with its keys and all its events, for good.

    Its keys open nothing from that moment; its events are removed behind it.
    """
    if not yes:
        _ask_for_the_name(name)
    tenant = asyncio.run(_act(connect(url, api_key), "DELETE", f"/tenants/{_quoted(name)}"))
    click.echo(
        f"The keys of {tenant.name} open nothing from now on. Its events are being removed;\n"
        "`pulsestream tenant list` shows it until none is left, then its name is free."
    )


async def _act(client: Client, method: str, path: str, body: object = None) -> Tenant:
    async with client:
        return await client.act(method, path, body, shape=Tenant)


async def _list(client: Client) -> Raw:
    async with client:
        return await client.get_json("/tenants", shape=Raw)


def _limits(given: dict[str, Value]) -> dict[str, Value]:
    """What goes over the wire: null is the server's setting."""
    return {name: None if value == _DEFAULT else value for name, value in given.items() if value is not None}


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _ask_for_the_name(name: str) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError(f"this deletes every event of {plain(name)} for good: say --yes to do it unasked.")
    click.echo(f"This ends the keys of {plain(name)} and deletes its events, for good.", err=True)
    if click.prompt("Type its name again to do it", err=True, default="", show_default=False) != name:
        raise click.ClickException("that is another name: nothing was deleted.")


def _render(console: Console, tenants: list[Tenant]) -> None:
    roomy = console.width >= _ROOMY
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("tenant", overflow="fold")
    for title in ("events/s", "burst", "days kept", "body", "batch", "requests", "connections"):
        table.add_column(title.replace(" ", "\n") if not roomy else title, justify="right", no_wrap=True)
    if roomy:
        for title in ("scrub", "apdex"):
            table.add_column(title, no_wrap=True, overflow="ellipsis")
    for tenant in tenants:
        table.add_row(*_cells(tenant, roomy=roomy))
    console.print(table)
    if any(tenant.own != Limits() for tenant in tenants):
        console.print(Text("* set for this tenant; the others are the server's settings", style="dim"))


def _cells(tenant: Tenant, *, roomy: bool) -> list[Text]:
    own, limits = tenant.own, tenant.limits
    cells: list[tuple[Value, str]] = [
        (own.rate_events_per_s, _number(limits.rate_events_per_s, "no limit")),
        (own.burst_events, _number(limits.burst_events or own.burst_events, "-")),
        (own.retention_days, _number(limits.retention_days, "all")),
        (own.body_bytes_max, _size(limits.body_bytes_max or 0)),
        (own.batch_events_max, _number(limits.batch_events_max, "-")),
        (own.requests_max, _number(limits.requests_max, "-")),
        (own.connections_max, _number(limits.connections_max, "-")),
    ]
    if roomy:
        cells.append((own.scrub, plain(limits.scrub or "-")))
        cells.append((own.apdex, plain(limits.apdex or "-")))
    name = Text(tenant.name, style="cyan")
    if tenant.deleting:
        name.append(" (being deleted)", style="red")
    return [name, *(Text(shown + "*") if value is not None else Text(shown, style="dim") for value, shown in cells)]


def _number(value: float | None, otherwise: str) -> str:
    return otherwise if value is None else f"{value:,.10g}"


def _size(count: int) -> str:
    if count >= _MIB:
        return f"{count / _MIB:.3g} MiB"
    return f"{count / _KIB:.3g} KiB"
