"""`pulsestream generate`: realistic events to a file or stdout."""

from __future__ import annotations

import math
import secrets
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from pulsestream.cli.output import STDOUT, size, target, write_all
from pulsestream.clock import SystemClock
from pulsestream.errors import UsageError

if TYPE_CHECKING:
    from pulsestream.generate import Generation, ServiceSummary, Summary


@click.command("generate")
@click.option("-n", "--count", default=1_000, show_default=True, metavar="N", help="How many events.")
@click.option(
    "--hours", type=float, default=24, show_default=True, metavar="H", help="How long a time they spread over."
)
@click.option(
    "-o",
    "--output",
    default=STDOUT,
    metavar="FILE",
    help="Where to write; - is stdout, the default. A name that ends in .gz or .zst is compressed.",
)
@click.option(
    "--format",
    "layout",
    type=click.Choice(["jsonl", "json"]),
    help="One event a line, or one JSON array. Default: json for names like x.json or x.json.gz, else jsonl.",
)
@click.option("--seed", type=int, metavar="S", help="The same seed and --end give the same bytes. Default: random.")
@click.option(
    "--end",
    metavar="TIME",
    help="Where the time range ends, such as 2026-11-20T12:00:00Z (UTC without a zone). Default: now.",
)
@click.option("-q", "--quiet", is_flag=True, help="No progress bar and no summary.")
def command(
    *, count: int, hours: float, output: str, layout: str | None, seed: int | None, end: str | None, quiet: bool
) -> None:
    """Write realistic API-call events: 8 services, 62 routes, 12 cities, with their errors and rush hours.

    The summary on stderr says how to make the same events again.
    """
    clock = SystemClock()
    until = _moment(end, clock.now())
    start = _start(until, hours)
    if count < 1:
        raise UsageError(f"--count must be 1 or more, not {count}")
    if seed is None:
        seed = secrets.randbelow(2**32)
    elif seed < 0:
        raise UsageError(f"--seed must be 0 or more, not {seed}")
    usual_layout = "json" if output.removesuffix(".gz").removesuffix(".zst").endswith(".json") else "jsonl"
    layout = layout or usual_layout

    from pulsestream.generate import generate

    generation = generate(count, start=start, end=until, seed=seed)
    began = clock.monotonic()
    console = Console(stderr=True)
    # A bar over lines that scroll by on the same terminal would only tear them.
    shown = not quiet and console.is_terminal and not (output == STDOUT and sys.stdout.isatty())
    with target(output) as file, _progress(console, count) if shown else nullcontext() as advance:
        written = _write(generation, file, layout, advance)
    if quiet:
        return
    again = f"pulsestream generate --count {count} --hours {repr(hours).removesuffix('.0')} --seed {seed}"
    again += f" --end {_rfc3339(until)} --output {shlex.quote(output)}"
    if layout != usual_layout:
        again += f" --format {layout}"
    _print_summary(
        console,
        generation.summary,
        written=written,
        seconds=clock.monotonic() - began,
        span=(start, until),
        again=again,
    )


def _moment(text: str | None, now: datetime) -> datetime:
    if text is None:
        return now.replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f'--end: "{text}" is not a time; write it like 2026-11-20T12:00:00Z') from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if moment > now:
        raise UsageError(
            f"--end: {_rfc3339(moment)} is in the future, and so would be its events; now is {_rfc3339(now)[:19]}Z"
        )
    return moment.astimezone(UTC)


def _start(end: datetime, hours: float) -> datetime:
    if not (math.isfinite(hours) and hours > 0):
        raise UsageError(f"--hours must be more than 0, not {hours:g}")
    try:
        start = end - timedelta(hours=hours)
    except OverflowError:
        start = datetime.min.replace(tzinfo=UTC)
    if start.year < 1970:  # noqa: PLR2004 - the first year an event may have
        raise UsageError(f"--hours: {hours:g} hours before {_rfc3339(end)} is before 1970; ask for fewer")
    if start == end:
        raise UsageError(f"--hours: {hours:g} hours are less than a microsecond; ask for more")
    return start


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _write(generation: Generation, file: BinaryIO, layout: str, advance: Callable[[int], None] | None) -> int:
    """Write every block; returns how many bytes they had, before any compression."""
    written = 0
    for index, block in enumerate(generation):
        text = block
        if layout == "json":
            text = (b",\n" if index else b"[\n") + block[:-1].replace(b"\n", b",\n")
        written += write_all(file, text)
        if advance is not None:
            advance(generation.events)
    if layout == "json":
        written += write_all(file, b"\n]\n")
    return written


@contextmanager
def _progress(console: Console, count: int) -> Iterator[Callable[[int], None]]:
    with Progress(
        TextColumn("generating"),
        BarColumn(),
        TextColumn("{task.completed:,}/{task.total:,}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as progress:
        task = progress.add_task("", total=count)
        yield lambda done: progress.update(task, completed=done)


def _print_summary(
    console: Console,
    summary: Summary,
    *,
    written: int,
    seconds: float,
    span: tuple[datetime, datetime],
    again: str,
) -> None:
    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("service", no_wrap=True)
    for heading in ("events", "errors", "error %", "mean ms"):
        table.add_column(heading, justify="right")
    rows: list[tuple[str, ServiceSummary | Summary]] = [(row.service, row) for row in summary.services]
    for name, row in (*rows, ("all", summary)):
        table.add_row(
            name,
            f"{row.events:,}",
            f"{row.errors:,}",
            f"{row.error_rate * 100:.2f}",
            f"{row.mean_ms:,.0f}",
            style="bold" if row is summary else "",
        )
    rate = f" ({summary.events / seconds:,.0f} events/s)" if seconds >= 1 else ""
    say(f"{summary.events:,} events, {size(written)}, in {seconds:.1f} s{rate}")
    say(f"{span[0]:%Y-%m-%d %H:%M} to {span[1]:%Y-%m-%d %H:%M} UTC\n")
    console.print(table)
    say("\nstatus: " + ", ".join(f"{name} {count:,}" for name, count in summary.statuses.items()))
    times = ((name, getattr(summary, f"{name}_ms")) for name in ("p50", "p95", "p99"))
    say("response time: " + ", ".join(f"{name} {value:,.0f} ms" for name, value in times))
    say(f"the same again: {again}")
