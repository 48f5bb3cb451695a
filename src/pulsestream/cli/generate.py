"""`pulsestream generate`: realistic events to a file or stdout."""

from __future__ import annotations

import gzip
import math
import os
import secrets
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, NoReturn, cast

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from pulsestream.clock import SystemClock
from pulsestream.errors import PulseStreamError, UsageError

if TYPE_CHECKING:
    from pulsestream.generate import Generation, ServiceSummary, Summary

_STDOUT = "-"
_GZIP_LEVEL = 4  # level 6 makes 6 % less and takes twice as long on these events


@click.command("generate")
@click.option("-n", "--count", default=1_000, show_default=True, metavar="N", help="How many events.")
@click.option(
    "--hours", type=float, default=24, show_default=True, metavar="H", help="How long a time they spread over."
)
@click.option(
    "-o",
    "--output",
    default=_STDOUT,
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
    shown = not quiet and console.is_terminal and not (output == _STDOUT and sys.stdout.isatty())
    with _target(output) as file, _progress(console, count) if shown else nullcontext() as advance:
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
        written += _write_all(file, text)
        if advance is not None:
            advance(generation.events)
    if layout == "json":
        written += _write_all(file, b"\n]\n")
    return written


def _write_all(file: BinaryIO, text: bytes) -> int:
    """Stdout of an unbuffered Python (`-u`) takes only what the pipe has room for."""
    left = memoryview(text)
    while left:
        left = left[file.write(left) :]
    return len(text)


@contextmanager
def _target(output: str) -> Iterator[BinaryIO]:
    """The open output. A file appears under its name when it is complete; until then it has another one."""
    if output == _STDOUT:
        with _quiet_pipe():
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        return
    path = Path(os.path.realpath(output))  # a link stays a link
    try:
        if path.is_dir():
            raise UsageError(f"{output} is a folder; name a file in it")
        if path.exists() and not path.is_file():  # a device or a named pipe: there is nothing to rename
            with path.open("wb") as file, _compressed(file, output) as writer:
                yield writer
            return
        with _renamed(path) as partial, _compressed(partial, output) as writer:
            yield writer
    except OSError as error:
        raise PulseStreamError(f"cannot write {output}: {_reason(error, path)}") from None


@contextmanager
def _renamed(path: Path) -> Iterator[IO[bytes]]:
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    with _stopped_by_signal():
        try:
            with partial.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:  # a signal may arrive as soon as the file is there
            partial.unlink(missing_ok=True)


@contextmanager
def _stopped_by_signal() -> Iterator[None]:
    """Turn SIGTERM into an exit that cleans up."""

    def stop(number: int, _frame: object) -> NoReturn:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _compressed(file: IO[bytes], name: str) -> Iterator[BinaryIO]:
    if name.endswith(".gz"):
        # No name and no time inside, so that the same events are the same bytes.
        with gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as writer:
            yield cast("BinaryIO", writer)
    elif name.endswith(".zst"):
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
        with zstd.ZstdFile(file, "wb") as writer:
            yield cast("BinaryIO", writer)
    else:
        yield cast("BinaryIO", file)


@contextmanager
def _quiet_pipe() -> Iterator[None]:
    """A reader that has seen enough (`| head`) is no failure."""
    try:
        yield
    except BrokenPipeError:
        # Python flushes stdout once more at exit; give it somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        raise PulseStreamError(f"cannot write to stdout: {error.strerror}") from None


def _reason(error: OSError, path: Path) -> str:
    if isinstance(error, FileNotFoundError) and not path.parent.exists():
        return f"there is no folder {path.parent}; make it first"
    if isinstance(error, PermissionError):
        return "you have no permission; choose another place or ask its owner"
    return f"{error.strerror or error}; nothing was kept"


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
    say(f"{summary.events:,} events, {_size(written)}, in {seconds:.1f} s{rate}")
    say(f"{span[0]:%Y-%m-%d %H:%M} to {span[1]:%Y-%m-%d %H:%M} UTC\n")
    console.print(table)
    say("\nstatus: " + ", ".join(f"{name} {count:,}" for name, count in summary.statuses.items()))
    times = ((name, getattr(summary, f"{name}_ms")) for name in ("p50", "p95", "p99"))
    say("response time: " + ", ".join(f"{name} {value:,.0f} ms" for name, value in times))
    say(f"the same again: {again}")


def _size(count: int) -> str:
    value, unit = float(count), "bytes"
    for larger in ("kB", "MB", "GB"):
        if value < 1000:  # noqa: PLR2004 - decimal units
            break
        value, unit = value / 1000, larger
    return f"{count} bytes" if unit == "bytes" else f"{value:.1f} {unit}"
