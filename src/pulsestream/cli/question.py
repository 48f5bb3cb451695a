"""What all verbs that ask a question have: which events, of what time, in whose zone; tables for people, JSON else."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

import click
import msgspec
from msgspec import Raw, Struct
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from pulsestream.cli import options
from pulsestream.cli.connect import connect
from pulsestream.cli.listing import plain
from pulsestream.errors import BadQuery, RemoteError

if TYPE_CHECKING:
    from pulsestream.client import Client
    from pulsestream.client.answers import Basis
    from pulsestream.client.connection import Params

T = TypeVar("T")
_F = TypeVar("_F", bound=Callable[..., object])
_SHOWN = 100  # characters of a query that are drawn around what is wrong with it

query_option = click.option(
    "-q", "--query", default="", metavar="QUERY", help="Which events, such as 'service:auth-service status:>=500'."
)


class Question(Struct, frozen=True, kw_only=True):
    """Whom to ask, and what every question has."""

    url: str
    api_key: str
    query: str = ""
    times: tuple[tuple[str, str], ...] = ()
    zone: ZoneInfo = ZoneInfo("UTC")

    @property
    def parameters(self) -> list[tuple[str, str]]:
        found = [("q", self.query)] if self.query else []
        found += self.times
        if self.zone.key != "UTC":
            found.append(("tz", self.zone.key))
        return found


def question(command: _F) -> Callable[..., object]:
    """Add -q, the time range, --tz and the server; the verb gets them as one `Question`."""

    @functools.wraps(command)
    def asked(
        *,
        url: str,
        api_key: str,
        query: str,
        since: str | None,
        start: str | None,
        end: str | None,
        zone: ZoneInfo,
        **own: object,
    ) -> object:
        times = tuple(options.range_parameters(since, start, end, zone))
        whole = Question(url=url, api_key=api_key, query=query, times=times, zone=zone)
        return command(question=whole, **own)

    return query_option(options.time_range(options.time_zone(options.server(asked))))


def ask(question: Question, path: str, more: Params = (), *, shape: type[T]) -> T:
    """One question, asked once. Raises Misunderstood, and what the client raises."""
    return asyncio.run(_ask(question, path, more, shape))


async def _ask(question: Question, path: str, more: Params, shape: type[T]) -> T:
    async with connect(question.url, question.api_key) as client:
        return await put(client, path, [*question.parameters, *more], shape=shape)


async def put(client: Client, path: str, parameters: Params, *, shape: type[T]) -> T:
    """Raises Misunderstood where the server does not understand the query."""
    try:
        return await client.get_json(path, parameters, shape=shape)
    except BadQuery as error:
        raise Misunderstood(dict(parameters).get("q", ""), error) from error


class Misunderstood(click.ClickException):
    """A query that is not understood, drawn with a mark under what is wrong, and what may stand there below that."""

    exit_code = 2

    def __init__(self, query: str, error: BadQuery) -> None:
        super().__init__(str(error))
        self._query = query
        self._error = error

    def show(self, file: object = None) -> None:  # noqa: ARG002 - click's signature
        console = Console(stderr=True, highlight=False)
        console.print(Text.assemble("pulsestream: ", plain(self.message)), soft_wrap=True)
        query, marks = marked(self._query, self._error.position, self._error.length)
        under = [marks, Text(plain(self._error.suggestion), style="green")] if self._error.suggestion else [marks]
        blanks = len(marks.plain) - len(marks.plain.lstrip())
        console.print(Text("  ").append_text(query), soft_wrap=True)
        for line in under:
            indent = "" if line is marks else " " * blanks
            console.print(Text(f"  {indent}").append_text(line), soft_wrap=True)


def marked(query: str, position: int, length: int) -> list[Text]:
    """The query around a place in it, and a line with marks under it. Positions are characters."""
    begin = max(0, min(position, len(query)))
    finish = max(begin, min(begin + max(length, 1), len(query)))
    left = max(0, begin - _SHOWN // 2) if len(query) > _SHOWN else 0
    right = min(len(query), max(finish, left + _SHOWN)) if left + _SHOWN < len(query) else len(query)
    before, wrong, after = (plain(query[a:b]) for a, b in ((left, begin), (begin, finish), (finish, right)))
    line = Text("…" if left else "")
    line.append(before).append(wrong, style="bold red").append(after).append("…" if right < len(query) else "")
    blanks = " " * (cell_len(before) + bool(left))
    return [line, Text.assemble(blanks, ("^" * max(1, cell_len(wrong)), "bold red"))]


def read(raw: Raw, shape: type[T]) -> T:
    """An answer that was taken as it came. Raises RemoteError."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RemoteError(
            f"the server's answer is not as this program knows it: {error}; are they of one version?"
        ) from error


def piped() -> bool:
    """Whether nobody looks: then rows are JSON, one a line."""
    return not Console().is_terminal


def print_rows(rows: list[Raw] | list[dict[str, object]]) -> None:
    """One JSON object a line."""
    sys.stdout.write("".join(msgspec.json.encode(row).decode() + "\n" for row in rows))
    sys.stdout.flush()


def heading(name: str, basis: Basis, zone: tzinfo, more: str = "") -> Text:
    """What a table shows, and of when."""
    text = Text(name, style="bold")
    return text.append(f"  {span(basis.start_time, basis.end_time, zone)}{more}", style="not bold dim")


def span(start: datetime | None, end: datetime | None, zone: tzinfo) -> str:
    """A time range; a second time on the same day goes without its date."""
    if start is None:
        return "all of the time" if end is None else f"until {_minute(end, zone)} {_name(zone)}"
    if end is None:
        return f"since {_minute(start, zone)} {_name(zone)}"
    first, last = _minute(start, zone), _minute(end, zone)
    return f"{first} to {last.removeprefix(first[:11])} {_name(zone)}"


def _minute(moment: datetime, zone: tzinfo) -> str:
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M}" + (f"{local:%S}"[:0] if not local.second else f":{local:%S}")


def _name(zone: tzinfo) -> str:
    return "UTC" if zone is UTC else str(zone)


def footing(basis: Basis) -> str:
    """What the answer rests on, in a sentence."""
    said = f"Of {basis.events:,} {'event' if basis.events == 1 else 'events'}"
    if basis.exact:
        said += ", exact"
    else:
        bounds = dict.fromkeys(basis.estimated.values())
        named = (
            (", ".join(name for name in basis.estimated if basis.estimated[name] == bound), bound) for bound in bounds
        )
        said += ", estimated: " + "; ".join(f"{names} {bound}" for names, bound in named)
    said += f", in {basis.took_ms:,.0f} ms."
    if not basis.fresh:
        said += " The newest may be missing: the server is still filing them."
    return said
