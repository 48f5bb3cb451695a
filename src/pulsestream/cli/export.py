"""`pulsestream export`: all events that match, as a file."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from pulsestream.cli.connect import connect
from pulsestream.cli.output import STDOUT, packing, size, target, write_all
from pulsestream.cli.question import Misunderstood, Question, question
from pulsestream.client.download import download
from pulsestream.clock import SystemClock
from pulsestream.errors import BadQuery, UsageError

if TYPE_CHECKING:
    from pulsestream.clock import Clock

# extension -> format
_FORMATS = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".csv": "csv",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
}
_LINES = {"ndjson": b"\n", "csv": b"\r\n"}  # what ends an event, as far as can be seen without reading the texts


@click.command("export")
@question
@click.option(
    "-o",
    "--output",
    default=STDOUT,
    metavar="FILE",
    help="Where to write; - is stdout, the default. Lines into a name that ends in .gz or .zst are compressed.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["ndjson", "csv", "parquet", "arrow"]),
    help="Default: by the name of the file; ndjson for stdout.",
)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@click.option("--quiet", is_flag=True, help="No progress and no summary.")
def command(*, question: Question, output: str, form: str | None, force: bool, quiet: bool) -> None:
    """All events that match, as a file: NDJSON, CSV, Parquet or Arrow.

    By default all there are, of all of the time. The file appears under its name when it is whole; what is broken off
    leaves nothing.
    """
    form = form or _format(output)
    if packing(output) and form not in _LINES:
        raise UsageError(f"{output}: {form} is compressed in itself; leave {packing(output)} off the name")
    if output == STDOUT:
        if form not in _LINES and sys.stdout.isatty():
            raise UsageError(f"{form} is not for a terminal: name a file with -o, or write into a pipe")
    elif Path(output).is_file() and not force:
        raise UsageError(f"{output} is there already: choose another name, or overwrite it with --force")
    console = Console(stderr=True, highlight=False)
    said = asyncio.run(_export(question, output, form, console, SystemClock(), quiet=quiet))
    if not quiet:
        console.print(said, style="dim", soft_wrap=True, markup=False)


def _format(output: str) -> str:
    """By the name. Raises UsageError where that says none."""
    packed = packing(output)
    path = Path(output.removesuffix(packed))
    if output == STDOUT or (Path(output).exists() and not Path(output).is_file()):  # a device or a pipe
        return "ndjson"
    extension = path.suffix.lower()
    if extension in _FORMATS:
        return _FORMATS[extension]
    if extension == ".json":
        other = path.with_suffix(".ndjson")
        raise UsageError(f"{output}: an export is one event a line, no JSON document: name it {other}{packed}")
    what = f"no format has the extension {extension}" if extension else "the name says no format"
    raise UsageError(f"{output}: {what}: end it in {', '.join(_FORMATS)}, or say which with --format")


async def _export(question: Question, output: str, form: str, console: Console, clock: Clock, *, quiet: bool) -> str:
    """Returns what a person should know of it."""
    began = clock.monotonic()
    shown = not quiet and console.is_terminal and not (output == STDOUT and sys.stdout.isatty())
    async with connect(question.url, question.api_key) as client:
        try:
            # The file is not begun before the server has answered.
            async with download(client, "/export", [*question.parameters, ("format", form)]) as file:
                matched = int(file.headers.get("X-Events-Matched", 0))
                progress = _progress(console, matched, form) if shown else nullcontext()
                with target(output) as writer, progress as advance:
                    async for chunk in file.chunks():
                        write_all(writer, chunk)
                        if advance is not None:
                            advance(chunk)
        except BadQuery as error:
            raise Misunderstood(question.query, error) from error
    seconds = clock.monotonic() - began
    rate = f" ({matched / seconds:,.0f} events/s)" if seconds >= 1 else ""
    said = f"{_events(matched)}, {size(file.bytes)} of {form}, in {seconds:.1f} s{rate}."
    if file.headers.get("X-Fresh") == "false":
        said += " The newest may be missing: the server is still filing them."
    return said


def _events(count: int) -> str:
    return f"{count:,} {'event' if count == 1 else 'events'}"


@contextmanager
def _progress(console: Console, matched: int, form: str) -> Iterator[Callable[[bytes], None]]:
    """Takes each chunk. Of lines it knows how many events there were; of other forms how many bytes."""
    end = _LINES.get(form)
    columns = (BarColumn(), TextColumn("{task.fields[said]}"), *((TimeRemainingColumn(),) if end else ()))
    with Progress(TextColumn("exporting"), *columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=matched if end else None, said="")
        events = written = 0

        def advance(chunk: bytes) -> None:
            nonlocal events, written
            written += len(chunk)
            events = min(matched, events + (chunk.count(end) if end else 0))
            elapsed = progress.tasks[task].elapsed or 0.0
            rate = f" · {size(int(written / elapsed))}/s" if elapsed > 1 else ""
            count = f"{events:,} of {_events(matched)}" if end else _events(matched)
            progress.update(task, completed=events, said=f"{count} · {size(written)}{rate}")

        yield advance
