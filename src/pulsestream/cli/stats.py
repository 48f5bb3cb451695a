"""`pulsestream stats`: what the server received, stored and refused; services at a glance."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import click
import msgspec
from msgspec import Raw, Struct
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pulsestream.cli.connect import connect
from pulsestream.cli.drawing import percent
from pulsestream.cli.listing import milliseconds, plain
from pulsestream.cli.printing import print_report
from pulsestream.cli.question import Question, put, question

if TYPE_CHECKING:
    from rich.console import Console

S = TypeVar("S")
T = TypeVar("T")

# Error rates from which a number turns yellow and red.
_WARN, _ALARM = 0.03, 0.10
_ROOMY = 80  # terminal columns from which all of a service's numbers fit
_OUTCOME_STYLES = {
    "stored": "green",
    "duplicate": "cyan",
    "rejected": "red",
    "rate_limited": "yellow",
    "overloaded": "yellow",
}


class Stats(Struct, frozen=True):
    total_events: int
    events_today: int
    events_this_hour: int
    events_this_minute: int
    processing_queue_size: int
    error_rate: float
    received: int
    outcomes: dict[str, int]
    reasons: dict[str, int]
    requests_refused: dict[str, int]
    deleted_events: int = 0
    expired_events: int = 0
    quarantined_events: int = 0
    last_event_at: datetime | None = None
    fresh: bool = True


class Service(Struct, frozen=True):
    """Rate, errors, duration of one service, or of all when `service` is empty."""

    requests: int
    requests_per_second: float
    errors: int
    error_rate: float | None = None  # of no requests
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    service: str = ""


class Services(Struct, frozen=True):
    start_time: datetime
    end_time: datetime
    total: Service
    services: list[Service]


@click.command()
@question
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(*, question: Question, as_json: bool) -> None:
    """What the server received, stored and refused, and its services: rate, errors, duration.

    The services are those of the last 15 minutes, or of the time and query given; the counts above are of all events.
    """
    if as_json:
        stats_json, services_json = asyncio.run(_ask(question, [], Raw, Raw))
        together = {"stats": stats_json, "services": services_json}
        click.echo(msgspec.json.format(msgspec.json.encode(together), indent=2))
        return
    stats, services = asyncio.run(_ask(question, [("compare", "false")], Stats, Services))  # how it was is not shown
    print_report(lambda console: _render(console, stats, services))


async def _ask(question: Question, more: list[tuple[str, str]], stats_as: type[S], services_as: type[T]) -> tuple[S, T]:
    async with connect(question.url, question.api_key) as client:
        stats = await client.get_json("/ingestion/stats", shape=stats_as)
        return stats, await put(client, "/query/services", [*question.parameters, *more], shape=services_as)


def _render(console: Console, stats: Stats, services: Services) -> None:
    _print_counts(console, stats)
    console.print()
    _print_services(console, services)


def _print_counts(console: Console, stats: Stats) -> None:
    console.print(Text("Events", style="bold"))
    facts = _grid()
    facts.add_row("present", f"{stats.total_events:,}", _newest(stats))
    facts.add_row("today", f"{stats.events_today:,}", "since 00:00 UTC")
    facts.add_row("this hour", f"{stats.events_this_hour:,}", "")
    facts.add_row("this minute", f"{stats.events_this_minute:,}", "")
    if stats.processing_queue_size:
        facts.add_row("waiting", f"{stats.processing_queue_size:,}", "acknowledged, not yet searchable")
    # With `present`, these are all that was ever stored.
    for name, count, note in (
        ("deleted", stats.deleted_events, ""),
        ("expired", stats.expired_events, "past the retention"),
        ("quarantined", stats.quarantined_events, "the store refused them; they are in aside.jsonl"),
    ):
        if count:
            facts.add_row(name, f"{count:,}", note)
    console.print(Padding(facts, (0, 0, 0, 2), expand=False))
    console.print()
    console.print(Text("Received", style="bold"))
    outcomes = _grid()
    for name, count in stats.outcomes.items():
        share = f"{count / stats.received:.1%}" if stats.received else ""
        outcomes.add_row(
            name.replace("_", " "), Text(f"{count:,}", style=_OUTCOME_STYLES.get(name, "") if count else "dim"), share
        )
    outcomes.add_row(Text("received", style="bold"), Text(f"{stats.received:,}", style="bold"), "a retry counts again")
    console.print(Padding(outcomes, (0, 0, 0, 2), expand=False))
    for title, counts in (
        ("Reasons of refused events", stats.reasons),
        ("Refused requests, since the server started", stats.requests_refused),
    ):
        if counts:
            console.print()
            console.print(Text(title, style="bold"))
            reasons = _grid()
            for name, count in sorted(counts.items(), key=lambda item: -item[1]):
                reasons.add_row(name.replace("_", " "), f"{count:,}", "")
            console.print(Padding(reasons, (0, 0, 0, 2), expand=False))


def _print_services(console: Console, answer: Services) -> None:
    title = Text.assemble(
        ("Services", "bold"), (f"  {_moment(answer.start_time)} to {_moment(answer.end_time)} UTC", "dim")
    )
    console.print(title)
    if not answer.services:
        console.print("  No event with a status code in this time. --since 24h looks further back.", style="dim")
        return
    table = services_table([*answer.services, answer.total], console.width)
    console.print(Padding(table, (0, 0, 0, 2), expand=False))


def services_table(services: list[Service], width: int) -> Table:
    """Rate, errors, duration, one line a service; the one without a name is the total. Times in ms."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    roomy = width >= _ROOMY
    table.add_column("service", overflow="ellipsis", no_wrap=True, max_width=None if roomy else 16)
    columns = ("requests", "req/s", "errors", "error %", "p50 ms", "p95 ms", "p99 ms")
    shown = [name for name in columns if roomy or name not in ("req/s", "errors")]
    for name in shown:
        table.add_column(name if roomy else name.removesuffix(" ms"), justify="right", no_wrap=True)
    for one in services:
        cells: dict[str, str | Text] = {
            "requests": f"{one.requests:,}",
            "req/s": f"{one.requests_per_second:,.2f}",
            "errors": f"{one.errors:,}",
            "error %": Text(percent(one.error_rate), style=rate_style(one.error_rate)),
            "p50 ms": milliseconds(one.p50_ms),
            "p95 ms": milliseconds(one.p95_ms),
            "p99 ms": milliseconds(one.p99_ms),
        }
        first = Text(plain(one.service), style="cyan") if one.service else Text("all")
        table.add_row(first, *(cells[column] for column in shown), style="" if one.service else "bold")
    return table


def rate_style(error_rate: float | None) -> str:
    if error_rate is None:
        return "dim"
    if error_rate >= _ALARM:
        return "bold red"
    return "yellow" if error_rate >= _WARN else "green"


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(min_width=12)
    grid.add_column(justify="right", min_width=9)
    grid.add_column(style="dim")
    return grid


def _newest(stats: Stats) -> str:
    return "" if stats.last_event_at is None else f"newest {_moment(stats.last_event_at)} UTC"


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
