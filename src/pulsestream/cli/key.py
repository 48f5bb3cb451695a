"""`pulsestream key`: API keys, made, listed and revoked."""

from __future__ import annotations

import asyncio
import contextlib
import re
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
from pulsestream.cli.printing import ago, date, print_json, print_report, to_the_second
from pulsestream.clock import SystemClock
from pulsestream.control.keys import Scope

if TYPE_CHECKING:
    from rich.console import Console

    from pulsestream.client import Client
    from pulsestream.clock import Clock

_ROOMY = 100  # terminal columns from which all of a key fits on a line
# A key's id, what `key list` shows; also its prefix or the key itself, whose secret part we do not send on.
_ID = re.compile(r"(?:ps_)?([0-9a-f]{8})(?:_.*)?")


class Key(Struct, frozen=True):
    """What the server shows of a key; `key` only of one that was just made."""

    id: str
    prefix: str
    tenant: str
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    key: str = ""


class Keys(Struct, frozen=True):
    keys: list[Key]


@click.group()
def command() -> None:
    """Make, list and revoke API keys, with an admin key."""


@command.command()
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    help="What the key may do; may be given several times.",
)
@click.option("--tenant", metavar="NAME", help="Whose key it is. Default: your own tenant.")
@click.option("--name", default="", metavar="TEXT", help="What the key is for, so that you know it in the list.")
@click.option(
    "--expires", metavar="TIME", help="When it stops working: 90d from now, 2027-01-31, or RFC 3339. Default: never."
)
@options.server
def create(
    *, scopes: tuple[str, ...], tenant: str | None, name: str, expires: str | None, url: str, api_key: str
) -> None:
    """Make a key and print it, this once.

    The key alone goes to stdout, so KEY=$(pulsestream key create --scope ingest) keeps it.
    """
    if not scopes:
        raise click.UsageError(
            "say what the key may do: --scope ingest (send events), --scope read (ask), --scope admin (keys, tenants, "
            "deleting); several may be given"
        )
    wanted: dict[str, object] = {"scopes": list(dict.fromkeys(scopes)), "name": name}
    if tenant is not None:
        wanted["tenant"] = tenant
    if expires is not None:
        wanted["expires_at"] = expiry(expires, SystemClock())
    made = asyncio.run(_act(connect(url, api_key), "POST", "/keys", wanted))
    click.echo(made.key)
    until = f"until {to_the_second(made.expires_at)}" if made.expires_at else "until it is revoked"
    click.echo(f"{_described(made)}: {', '.join(made.scopes)}; good {until}.", err=True)
    click.echo(
        "It is shown this once and kept nowhere: put it away now.\n"
        "Programs send it in the header X-API-Key; these commands read PULSESTREAM_API_KEY.",
        err=True,
    )


@command.command("list")
@click.option("--tenant", metavar="NAME", help="Whose keys. Default: your own tenant's.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@options.server
def list_(*, tenant: str | None, as_json: bool, url: str, api_key: str) -> None:
    """All keys of a tenant, revoked and expired ones too, oldest first."""
    params = [] if tenant is None else [("tenant", tenant)]
    raw = asyncio.run(_list(connect(url, api_key), params))
    if as_json:
        print_json(raw)
        return
    keys, now = msgspec.json.decode(raw, type=Keys).keys, SystemClock().now()
    print_report(lambda console: _render(console, keys, now))


@command.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@options.server
def revoke(*, ids: tuple[str, ...], url: str, api_key: str) -> None:
    """End keys: from the next request on they open nothing. ID is what `pulsestream key list` shows."""
    asyncio.run(_revoke(connect(url, api_key), [_id(text) for text in ids]))


async def _act(client: Client, method: str, path: str, body: object = None) -> Key:
    async with client:
        return await client.act(method, path, body, shape=Key)


async def _list(client: Client, params: list[tuple[str, str]]) -> Raw:
    async with client:
        return await client.get_json("/keys", params, shape=Raw)


async def _revoke(client: Client, ids: list[str]) -> None:
    async with client:
        for key_id in ids:
            key = await client.act("DELETE", f"/keys/{key_id}", shape=Key)
            assert key.revoked_at is not None  # noqa: S101 - the server has just done it
            click.echo(f"{_described(key)} is revoked since {to_the_second(key.revoked_at)}.")


def expiry(text: str, clock: Clock) -> datetime:
    """A length of time from now, a date or a time. Raises click.BadParameter."""
    with contextlib.suppress(click.BadParameter, OverflowError):
        return clock.now() + options.duration(text)
    try:
        moment = options.moment(text, clock)
    except click.BadParameter:
        raise _bad_expiry(f"{text!r} is not a time to come: write 90d, 2027-01-31 or 2027-01-31T12:00:00Z.") from None
    if moment <= clock.now():
        raise _bad_expiry(f"{text!r} is over: a key expires at a time to come.")
    return moment


def _bad_expiry(message: str) -> click.BadParameter:
    return click.BadParameter(message, param_hint="--expires")


def _id(text: str) -> str:
    match = _ID.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{plain(text[:40])!r} is not a key's id: `pulsestream key list` shows them.")
    return match[1]


def _described(key: Key) -> str:
    name = f' "{plain(key.name)}"' if key.name else ""
    return f"Key {key.id}{name} of tenant {key.tenant}"


def _render(console: Console, keys: list[Key], now: datetime) -> None:
    roomy = console.width >= _ROOMY
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("id", no_wrap=True)
    table.add_column("name", overflow="fold")
    table.add_column("scopes", no_wrap=True)
    if roomy:
        table.add_column("created", no_wrap=True)
    table.add_column("expires", no_wrap=True)
    table.add_column("last used", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for key in keys:
        state = _state(key, now)
        row = [
            Text(key.id, style="cyan"),
            Text(plain(key.name) or "-"),
            Text(" ".join(key.scopes)),
            *([Text(date(key.created_at))] if roomy else []),
            Text(date(key.expires_at) if key.expires_at else "never"),
            Text(ago(key.last_used_at, now) if key.last_used_at else "never"),
            Text(state, style="green" if state == "good" else "red"),
        ]
        table.add_row(*row, style="" if state == "good" else "dim")
    if keys:
        console.print(table)
    else:
        console.print(Text("No key was made yet. `pulsestream key create` makes one.", style="dim"))


def _state(key: Key, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "good"
