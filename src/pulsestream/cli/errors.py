"""`pulsestream errors`: what fails, in groups of the same failure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click
from msgspec import Raw, Struct
from rich.text import Text

from pulsestream.cli.drawing import count, trend
from pulsestream.cli.grid import print_line
from pulsestream.cli.listing import plain, status_style
from pulsestream.cli.printing import ago, print_json, print_report
from pulsestream.cli.question import Question, ask, footing, heading, piped, print_rows, question, read
from pulsestream.client.answers import Failure, Failures
from pulsestream.clock import SystemClock

if TYPE_CHECKING:
    from rich.console import Console

_BARS, _BARS_NARROW = 24, 12
_ROOMY = 100  # terminal columns
_COUNT = 5  # columns of a count


class _Rows(Struct, frozen=True):
    groups: list[Raw]


@click.command()
@question
@click.option(
    "--sort",
    default="-count",
    show_default=True,
    metavar="BY",
    help="count, users, first_seen or last_seen; with - before it the highest comes first.",
)
@click.option("-n", "--limit", type=click.IntRange(1), default=10, show_default=True, metavar="N", help="Most groups.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as one JSON object.")
def command(*, question: Question, sort: str, limit: int, as_json: bool) -> None:
    """What fails: errors in groups of the same failure, the most frequent first.

    Of each how often, since when, how many users met it, and the id of an example. NEW has not been seen in the week
    before. By default of the last 24 hours. Into a pipe it prints one JSON object a group.
    """
    raw = ask(question, "/query/errors", [("sort", sort), ("limit", str(limit))], shape=Raw)
    if as_json:
        print_json(raw)
        return
    if piped():
        print_rows(read(raw, _Rows).groups)
        return
    answer = read(raw, Failures)
    print_report(lambda console: _render(console, question, answer, SystemClock().now()))


def _render(console: Console, question: Question, answer: Failures, now: datetime) -> None:
    shown = ""
    if answer.groups:
        shown = f"  {answer.matched:,} errors, {len(answer.groups):,} of {answer.groups_total:,} groups"
    print_line(console, heading("Errors", answer.basis, question.zone, shown), indent=0)
    if not answer.groups:
        console.print("  Nothing failed in this time.", style="green")
        return
    for one in answer.groups:
        console.print()
        for line in group_lines(one, console.width, now):
            print_line(console, line)
    console.print()
    print_line(console, Text(footing(answer.basis), style="dim"))


def group_lines(one: Failure, width: int, now: datetime) -> list[Text]:
    """A group on three lines: how often and where, what it says, since when and whom it met."""
    bars = _BARS if width >= _ROOMY else _BARS_NARROW
    first = Text(f"{count(one.count):>{_COUNT}}", style="bold")
    first.append("  " + trend(one.trend, bars).ljust(bars), style="red")
    code = "-" if one.status_code is None else str(one.status_code)
    first.append(f"  {code:<3}", style=status_style(one.status_code or 0))
    first.append(f"  {plain(one.service)}", style="not bold cyan")
    first.append(f"  {plain(f'{one.method} {one.endpoint}'.strip())}", style="not bold")
    indent = " " * (_COUNT + 2)
    said = Text(indent)
    if one.new:
        said.append("NEW", style="bold black on yellow").append("  ")
    said.append(plain(one.message) or "(no message)")
    facts = [f"{one.users:,} {'user' if one.users == 1 else 'users'}"]
    if one.first_seen:
        facts.append(f"first {ago(one.first_seen, now)}")
    if one.last_seen:
        facts.append(f"last {ago(one.last_seen, now)}")
    if one.example:
        facts.append(f"example {plain(one.example)}")
    return [first, said, Text(indent + " · ".join(facts), style="dim")]
