"""Reports on stdout: laid out for the terminal, or for a pipe without line breaks and trailing blanks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
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
