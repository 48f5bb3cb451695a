"""`pulsestream ingest`: files of events into a server, with progress and statistics."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, get_args

import click
import msgspec
from rich.console import Console
from rich.live import Live
from rich.text import Text

from pulsestream.cli import options, progress
from pulsestream.cli.connect import connect
from pulsestream.cli.interrupt import EXIT_INTERRUPTED, interruptible
from pulsestream.cli.printing import print_report
from pulsestream.client.batch import BATCH_BYTES
from pulsestream.client.bulk import Bulk, Pace
from pulsestream.client.concurrency import LIMIT_MAX
from pulsestream.client.packing import Compress
from pulsestream.client.source import STDIN, Source
from pulsestream.client.tally import Tally
from pulsestream.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from pulsestream.client import Client

EXIT_REFUSED = 3
LINE_EVERY_S = 5.0
LOOK_EVERY_S = 0.2
CONCURRENCY_MAX = 1000

_EPILOG = """
\b
Exit codes: 0 all in (duplicates count), 3 some refused, 1 failed,
2 wrong usage or unreadable input, 130 interrupted.
"""


def _concurrency(context: click.Context, option: click.Parameter, text: str) -> int | None:
    """A number of requests; `auto` is None. Raises click.BadParameter."""
    number = click.IntRange(1, CONCURRENCY_MAX)
    return None if text == "auto" else number(text, option, context)


@click.command(epilog=_EPILOG)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@options.server
@click.option(
    "--batch-size",
    type=click.IntRange(1, 50_000),
    default=1000,
    show_default=True,
    metavar="N",
    help="Events a request. 1 sends each event as a request of its own.",
)
@click.option(
    "--batch-bytes",
    type=click.IntRange(1),
    default=BATCH_BYTES,
    show_default=True,
    metavar="BYTES",
    help="Most bytes a request; an event that is larger goes alone.",
)
@click.option(
    "--mode",
    type=click.Choice(["concurrent", "sequential"]),
    default="concurrent",
    show_default=True,
    help="Sequential waits for each answer before the next request.",
)
@click.option(
    "--concurrency",
    callback=_concurrency,
    default="auto",
    show_default=True,
    metavar="N|auto",
    help=f"Requests under way at once; auto finds out how many pay, up to {LIMIT_MAX}.",
)
@click.option(
    "--compress",
    type=click.Choice(get_args(Compress)),
    default="auto",
    show_default=True,
    help="Send batches as zstd; auto: unless the server is on this machine.",
)
@click.option(
    "--delay",
    type=click.FloatRange(0),
    default=0,
    metavar="MS",
    help="Pause after each request, in milliseconds.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Send the first N events only.")
@click.option(
    "--retry-for",
    type=click.FloatRange(0),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="Keep trying a request that failed in a way that passes (no connection, 429, 503); 0 tries once. "
    "Waiting for a rate limit is not counted while events get in.",
)
@click.option("--dry-run", is_flag=True, help="Only ask what would become of the events: nothing is stored.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def command(
    *,
    files: tuple[str, ...],
    url: str,
    api_key: str,
    batch_size: int,
    batch_bytes: int,
    mode: str,
    concurrency: int | None,
    compress: Compress,
    delay: float,
    limit: int | None,
    retry_for: float,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Send files of events to a server: one JSON event a line, a JSON array, or {"events": [...]}.

    Gzip and zstd are unpacked, whatever the name; - reads standard input. Events without an event_id get one
    from their text and line number, so the same file can be sent any number of times.
    """
    pace = Pace(
        batch_size=batch_size,
        batch_bytes=batch_bytes,
        concurrency=1 if mode == "sequential" else concurrency,
        delay_s=delay / 1000,
        limit=limit,
        dry_run=dry_run,
    )
    if files.count(STDIN) > 1:
        raise click.UsageError("Standard input (-) can be given once.")
    tally = Tally()
    console = Console(stderr=True, highlight=False)
    client = connect(
        url,
        api_key,
        retry_for_s=retry_for,
        connections=pace.concurrency or LIMIT_MAX,
        observe=tally.observe,
        compress=compress,
        tell=lambda said: console.print(f"{said}.", soft_wrap=True),
    )
    import uvloop  # half the time a batch of asyncio's own loop

    with contextlib.ExitStack() as opened:
        sources = [opened.enter_context(Source(path)) for path in files]
        run = uvloop.run(_run(client, tally, pace, sources, console))
    return _finish(run, files, pace, as_json=as_json)


async def _run(client: Client, tally: Tally, pace: Pace, sources: Sequence[Source], console: Console) -> Bulk:
    clock = SystemClock()
    async with client:
        bulk = Bulk(client, tally, pace, clock=clock)
        watch = progress.Watch(bulk, sources, limit=pace.limit, clock=clock)

        def stop() -> None:
            console.print("Stopping: waiting for the answers under way. Ctrl-C again leaves at once.")
            bulk.stop()

        with interruptible(stop):
            async with _shown(watch, console):
                await bulk.run(sources)
        return bulk


@contextlib.asynccontextmanager
async def _shown(watch: progress.Watch, console: Console) -> AsyncIterator[None]:
    """Progress on stderr while the block runs: a bar on a terminal, a line now and then in a log."""
    if console.is_terminal and not console.is_dumb_terminal:
        with Live(
            get_renderable=lambda: progress.bar(watch.snapshot(), console.width),
            console=console,
            refresh_per_second=8,
            transient=True,
        ):
            yield
        return
    lines = asyncio.create_task(_print_lines(watch))
    try:
        yield
    finally:
        lines.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await lines


async def _print_lines(watch: progress.Watch) -> None:
    clock = SystemClock()
    printed_s, trouble = clock.monotonic(), ""
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        snapshot = watch.snapshot()
        if clock.monotonic() - printed_s >= LINE_EVERY_S or (snapshot.trouble and not trouble):
            click.echo(progress.line(snapshot), err=True)
            printed_s = clock.monotonic()
        trouble = snapshot.trouble


def _finish(bulk: Bulk, files: Sequence[str], pace: Pace, *, as_json: bool) -> int:
    """Print the report; return the exit code, or raise what ended the run."""
    tally = bulk.tally
    seconds = max(0.0, bulk.ended_s - bulk.started_s) if bulk.started_s is not None else 0.0
    interrupted = bulk.stopped and bulk.failure is None
    if bulk.failure is not None:
        outcome, code = "failed", bulk.failure.exit_code
    elif interrupted:
        outcome, code = "interrupted", EXIT_INTERRUPTED
    elif tally.rejected or tally.limited:
        outcome, code = "refused", EXIT_REFUSED
    else:
        outcome, code = "complete", 0
    if as_json:
        report = _json_report(bulk, outcome, code, seconds, dry_run=pace.dry_run)
        click.echo(msgspec.json.format(msgspec.json.encode(report), indent=2))
    else:
        headline = _headline(tally, outcome, files, seconds, dry_run=pace.dry_run)
        print_report(
            lambda console: progress.render_report(
                console,
                tally,
                headline=headline,
                seconds=seconds,
                sending=progress.Sending(
                    batch_size=pace.batch_size,
                    dry_run=pace.dry_run,
                    concurrency=bulk.concurrency_held,
                    adaptive=pace.concurrency is None,
                    compression=_compression(bulk),
                    waited_s=bulk.waited_s,
                ),
            )
        )
    if bulk.failure is not None:
        raise bulk.failure
    return code


def _headline(tally: Tally, outcome: str, files: Sequence[str], seconds: float, *, dry_run: bool) -> Text:
    what = ("stdin" if files[0] == STDIN else files[0]) if len(files) == 1 else f"{len(files)} files"
    said, style = {
        "complete": ("all would be in" if dry_run else "all in", "bold green"),
        "refused": (f"{tally.rejected + tally.limited:,} {'would be ' if dry_run else ''}refused", "bold red"),
        "failed": ("stopped by an error before the end", "bold red"),
        "interrupted": ("interrupted before the end", "bold yellow"),
    }[outcome]
    if outcome == "complete" and not tally.sent:
        said, style = "nothing to send", "bold yellow"
    return Text.assemble(
        f"{tally.sent:,} {'event' if tally.sent == 1 else 'events'} of {what} "
        f"{'checked' if dry_run else 'sent'} in {seconds:,.2f} s: ",
        (said, style),
        ". A dry run: nothing was stored" if dry_run and outcome != "failed" else "",
    )


def _compression(bulk: Bulk) -> str:
    packing = bulk.packing
    if packing.refused:
        return "none: the server does not take zstd"
    if not packing.packed_bytes:
        return ""
    return f"zstd, {packing.plain_bytes / packing.packed_bytes:.1f} times smaller"


def _json_report(bulk: Bulk, outcome: str, code: int, seconds: float, *, dry_run: bool) -> dict[str, object]:
    tally = bulk.tally
    return {
        "outcome": outcome,
        "exit_code": code,
        "error": None if bulk.failure is None else str(bulk.failure),
        "dry_run": dry_run,
        "sent": tally.sent,
        "stored": tally.stored,
        "duplicate": tally.duplicate,
        "rejected": tally.rejected,
        "limited": tally.limited,
        "unsent": tally.unsent,
        "repeated": tally.repeated,
        "seconds": round(seconds, 6),
        "events_per_second": round(tally.sent / seconds, 1) if seconds else None,
        "bytes": tally.bytes_sent,
        "latency_ms": {
            name: None if value is None else round(value, 3)
            for name, fraction in (("p50", 0.50), ("p95", 0.95), ("p99", 0.99))
            for value in (tally.latencies.percentile_ms(fraction),)
        },
        "requests": tally.requests,
        "retries": tally.retries,
        "concurrency": bulk.concurrency_held,
        "compressed_from_bytes": bulk.packing.plain_bytes,
        "compressed_to_bytes": bulk.packing.packed_bytes,
        "rate_limited_requests": tally.over_rate,
        "waited_s": round(bulk.waited_s, 3),
        "statuses": dict(tally.statuses),
        "reasons": dict(tally.reasons),
        "scrubbed": dict(tally.scrubbed),
        "refusals": tally.refusals,
    }
