"""Reports on stdout: laid out for the terminal, or for a pipe without line breaks and trailing blanks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
import msgspec
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable

_UNBROKEN = 10_000  # columns: nothing that we print is as wide


def print_report(render: Callable[[Console], None]) -> None:
    """Print what `render` puts on the console it is given."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _UNBROKEN
    with console.capture() as captured:
        render(console)
    for line in captured.get().splitlines():
        # Rich has decided about colours; click must not decide again.
        click.echo(line.rstrip(), color=True)


def print_json(answer: bytes) -> None:
    """A server's answer, for programs and for reading."""
    click.echo(msgspec.json.format(bytes(answer), indent=2).decode())


def to_the_second(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def date(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in its largest unit."""
    seconds = max(0, int((now - moment).total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit} ago"
    return "just now"
