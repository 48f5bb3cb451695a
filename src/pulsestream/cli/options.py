"""Options and values that several verbs share: where the server is, and how a time is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

import click

from pulsestream.clock import SystemClock
from pulsestream.control.keys import DEMO_KEY
from pulsestream.errors import BadParameters
from pulsestream.query import language
from pulsestream.query.syntax.moment import Present

if TYPE_CHECKING:
    from pulsestream.clock import Clock

DEFAULT_URL = "http://127.0.0.1:8000"

_F = TypeVar("_F", bound=Callable[..., object])
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")

url = click.option(
    "--url",
    envvar="PULSESTREAM_URL",
    default=DEFAULT_URL,
    show_default=True,
    show_envvar=True,
    metavar="URL",
    help="Address of the server.",
)
api_key = click.option(
    "--api-key",
    envvar="PULSESTREAM_API_KEY",
    default=DEMO_KEY,
    show_envvar=True,
    metavar="KEY",
    help="Your key; on a shared machine better in the environment, where others cannot read it.  "
    "[default: the demo server's]",
)


def server(command: _F) -> _F:
    """Add --url and --api-key."""
    return url(api_key(command))


def duration(text: str) -> timedelta:
    """`90s`, `15m`, `1.5h`, `7d`, `2w`. Raises click.BadParameter."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise click.BadParameter(f"{text!r} is not a length of time: write 90s, 15m, 1.5h, 7d or 2w.")
    try:
        return timedelta(**{_UNITS[match[2]]: float(match[1])})
    except OverflowError:
        raise click.BadParameter(f"{text!r} is too long.") from None


def moment(text: str, clock: Clock, zone: tzinfo = UTC) -> datetime:
    """A time of day in RFC 3339, a date, `now`, or a length of time ago such as `15m`. `zone`: of times without one.

    Raises click.BadParameter.
    """
    text = text.strip()
    if text == "now":
        return clock.now()
    try:
        if _DURATION.fullmatch(text):
            return clock.now() - duration(text)
        parsed = datetime.fromisoformat(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is not a time: write 2026-05-04T10:20:30Z, 2026-05-04, now, or 15m for 15 minutes ago."
        ) from None


def _zone(_context: click.Context, _option: click.Parameter, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone; no name; a name too long for a file, or a folder
        raise click.BadParameter(
            f"{name!r} is no time zone: write a name such as Europe/Berlin, or leave it out for UTC."
        ) from None


time_zone = click.option(
    "--tz",
    "zone",
    default="UTC",
    show_default=True,
    metavar="ZONE",
    callback=_zone,
    help="Zone of days, of times without one, and of the times that are shown, such as Europe/Berlin.",
)


def rfc3339(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def time_range(command: _F) -> _F:
    """Add --since, --from and --to; `range_parameters` reads them."""
    decorators = [
        click.option(
            "--to",
            "end",
            metavar="TIME",
            help="Before this time; a day is included: --to 2026-05-31 is until the end of that day in --tz.",
        ),
        click.option(
            "--from",
            "start",
            metavar="TIME",
            help="At or after this time: 2026-05-04T10:20:30Z, 2026-05-04, yesterday, 2h for 2 hours ago.",
        ),
        click.option("--since", metavar="LENGTH", help="The last 90s, 15m, 1.5h, 7d or 2w."),
    ]
    for decorator in decorators:
        command = decorator(command)
    return command


def range_parameters(
    since: str | None, start: str | None, end: str | None, zone: ZoneInfo, *, now: datetime | None = None
) -> list[tuple[str, str]]:
    """start_time and end_time as query parameters. A time is what it is in the query language: a day at the end is in.

    `now`: that of the clock. Raises click.UsageError.
    """
    present = Present(now or SystemClock().now(), zone)
    if since is not None and start is not None:
        raise click.UsageError("--since and --from both say where to begin: give one of them.")
    begins = ends = None
    if since is not None:
        length = duration(since)
        if not length:
            raise click.UsageError(f"--since {since} is no time: write 90s, 15m, 1.5h, 7d or 2w.")
        begins, said = _ago(length, present.now), f"the beginning of --since {since}"
    elif start is not None:
        begins, said = _asked_for("--from", start, present), f"--from {start}"
    if end is not None:
        ends = _asked_for("--to", end, present, ends=True)
    if begins and ends and begins >= ends:
        raise click.UsageError(f"--to {end} is not after {said}: there is no time between them.")
    named = (("start_time", begins), ("end_time", ends))
    return [(name, rfc3339(time)) for name, time in named if time is not None]


def _asked_for(option: str, text: str, present: Present, *, ends: bool = False) -> datetime:
    """Also a bare length, such as `15m`: so long ago."""
    try:
        if _DURATION.fullmatch(text.strip()):
            return _ago(duration(text), present.now)
        return language.moment(option, text.strip(), present, ends=ends)
    except (BadParameters, click.BadParameter) as error:
        raise click.UsageError(str(error)) from None


def _ago(length: timedelta, now: datetime) -> datetime:
    """Nothing is before the year 1."""
    return now - min(length, now - datetime.min.replace(tzinfo=UTC))
