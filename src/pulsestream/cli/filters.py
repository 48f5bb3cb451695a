"""Which events: the filter options of `search` and `tail`, and the query that they become."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar
from zoneinfo import ZoneInfo

import click
from msgspec.structs import replace

from pulsestream.cli.question import Misunderstood
from pulsestream.clock import SystemClock
from pulsestream.errors import BadQuery
from pulsestream.event import EVENT_TYPES, SEVERITIES
from pulsestream.query import language
from pulsestream.query.expression import Expression, Field, Tag, Text, all_of, any_of, one_of

_F = TypeVar("_F", bound=Callable[..., object])
_CLASS = re.compile(r"([1-5])xx", re.IGNORECASE)

# option -> (query parameter, help)
_WORDS = {
    "--service": ("service", "Service that was called."),
    "--endpoint": ("endpoint", "Route template, such as /api/v1/orders/{id}."),
    "--method": ("method", "HTTP method."),
    "--environment": ("environment", "Environment, such as production."),
    "--version": ("version", "Version of the service."),
    "--user-id": ("user_id", "User."),
    "--session-id": ("session_id", "Session."),
    "--request-id": ("request_id", "Request."),
    "--trace-id": ("trace_id", "Trace."),
    "--ip-address": ("ip_address", "Address of the caller."),
}


def filters(command: _F) -> _F:
    """Add the filters. The verb gets them as keywords, for `narrowed`."""
    decorators = [
        click.option("--tag", multiple=True, metavar="NAME=VALUE", help="Tag; all that are given must hold."),
        *(
            click.option(option, name, multiple=True, metavar="TEXT", help=text)
            for option, (name, text) in reversed(_WORDS.items())
        ),
        click.option(
            "--event-type", "event_type", multiple=True, type=click.Choice(EVENT_TYPES), help="Kind of event."
        ),
        click.option("--severity", multiple=True, type=click.Choice(SEVERITIES), help="Severity."),
        click.option("--status-code", "status_code", multiple=True, metavar="CODE", help="HTTP status: 404, or 5xx."),
    ]
    for decorator in decorators:
        command = decorator(command)
    return command


def narrowed(query: str, text: tuple[str, ...], zone: ZoneInfo, **given: tuple[str, ...]) -> str:
    """The query with what the options and the text leave of it. Raises click.BadParameter, Misunderstood."""
    wanted = list(_conditions(given))
    if text:
        wanted.append(Text((" ".join(text),)))
    if not wanted:
        return query  # as it was written: the server may know more of the language than we do
    try:
        search = language.read(query, now=SystemClock().now(), zone=zone)
    except BadQuery as error:
        raise Misunderstood(query, error) from error
    return language.write(replace(search, where=all_of([search.where, *wanted])))


def _conditions(given: Mapping[str, tuple[str, ...]]) -> Iterator[Expression]:
    for name, values in given.items():
        if name == "tag":
            yield from (_tagged(value) for value in values)
        elif name == "status_code" and values:
            yield any_of(_status(value) for value in values)
        elif values:
            yield one_of(Field(name), values)


def _status(value: str) -> Expression:
    if _CLASS.fullmatch(value):
        return one_of(Field("status_class"), (value.lower(),))
    if not (value.isascii() and value.isdigit()):
        raise click.BadParameter(f"--status-code: {value!r} is neither a status such as 404 nor a class such as 5xx.")
    return one_of(Field("status_code"), (int(value),))


def _tagged(value: str) -> Expression:
    key, equals, text = value.partition("=")
    if not key or not equals:
        raise click.BadParameter(f"--tag: {value!r} is not of the form NAME=VALUE.")
    return one_of(Tag(key), (text,))
