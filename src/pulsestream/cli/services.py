"""`pulsestream services`: rate, errors and duration of every service or endpoint, and how it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from msgspec import Raw, Struct
from msgspec.structs import replace
from rich.padding import Padding
from rich.text import Text

from pulsestream.cli.drawing import figure, percent, trend
from pulsestream.cli.filters import narrowed
from pulsestream.cli.grid import GAP, Column, print_columns, print_line
from pulsestream.cli.listing import milliseconds, plain
from pulsestream.cli.printing import print_json, print_report
from pulsestream.cli.question import Question, ask, footing, heading, piped, print_rows, question, read
from pulsestream.cli.stats import rate_style
from pulsestream.client.answers import Basis, Compared, Endpoints, Red, Services, Sparkline

if TYPE_CHECKING:
    from rich.console import Console

_HEALTH = {"healthy": ("●", "green"), "degraded": ("▲", "yellow"), "failing": ("■", "bold red"), "silent": ("○", "dim")}
_UNKNOWN = ("", "")
_CHANGED = 0.05  # a smaller change is none
_TREND_MIN, _TREND_MAX = 10, 24
_ALL = "all"


class _Rows(Struct, frozen=True):
    services: list[Raw] = []
    endpoints: list[Raw] = []


class Shown(Struct, frozen=True):
    """What is on the screen. `there_are`: how many rows there are in all."""

    title: str
    rows: list[Red]
    there_are: int
    total: Red
    basis: Basis


@click.command()
@question
@click.option("--endpoints", is_flag=True, help="One line an endpoint.")
@click.option("--service", metavar="NAME", help="With --endpoints: those of this service.")
@click.option(
    "--sort",
    default="-requests",
    show_default=True,
    metavar="MEASURE",
    help="Sort by it, such as -error_rate or -p95_ms; with - before it the highest comes first.",
)
@click.option("-n", "--limit", type=click.IntRange(1), default=100, show_default=True, metavar="N", help="Most lines.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as one JSON object.")
def command(*, question: Question, endpoints: bool, service: str | None, sort: str, limit: int, as_json: bool) -> None:
    """Rate, errors and duration of every service, how it is and why, and what changed.

    By default of the last 15 minutes, against the 15 minutes before. Into a pipe it prints one JSON object a service.
    """
    if service is not None:
        if not endpoints:
            raise click.UsageError("--service says of which service: it needs --endpoints.")
        question = replace(question, query=narrowed(question.query, (), question.zone, service=(service,)))
    more = [("sort", sort), ("limit", str(limit))]
    raw = ask(question, "/query/endpoints" if endpoints else "/query/services", more, shape=Raw)
    if as_json:
        print_json(raw)
    elif piped():
        rows = read(raw, _Rows)
        print_rows(rows.endpoints if endpoints else rows.services)
    elif endpoints:
        found = read(raw, Endpoints)
        shown = Shown("Endpoints", found.endpoints, found.endpoints_total, found.total, found.basis)
        print_report(lambda console: _render(console, question, shown))
    else:
        answer = read(raw, Services)
        shown = Shown("Services", answer.services, answer.services_total, answer.total, answer.basis)
        print_report(lambda console: _render(console, question, shown))


def _render(console: Console, question: Question, shown: Shown) -> None:
    rows, basis = shown.rows, shown.basis
    more = f"  {len(rows):,} of {shown.there_are:,}" if shown.there_are > len(rows) else ""
    print_line(console, heading(shown.title, basis, question.zone, more), indent=0)
    if not rows:
        console.print("  No request in this time. --since 24h looks further back.", style="dim")
        return
    print_columns(console, red_columns([*rows, _total(shown)]))
    unwell = [(one, one.health) for one in rows if one.health and one.health.reason and one.health.state != "healthy"]
    if unwell:
        console.print()
    for one, health in unwell:
        mark, style = _HEALTH.get(health.state, _UNKNOWN)
        line = Text.assemble((f"{mark} {health.state:<8}", style), f"  {plain(_name(one))}")
        reason = Text(plain(health.reason), style="dim")
        if line.cell_len + GAP + reason.cell_len <= console.width - GAP:
            print_line(console, line.append("  ").append_text(reason))
        else:  # why a service is not well is not cut
            print_line(console, line)
            console.print(Padding(reason, (0, 0, 0, 2 * GAP + 10)))
    console.print()
    print_line(console, Text(footing(basis), style="dim"))


def _total(shown: Shown) -> Red:
    """With the course of all requests, where all rows are here to be added up."""
    total, rows = shown.total, shown.rows
    if total.sparkline.requests or shown.there_are > len(rows):
        return total
    courses = [one.sparkline for one in rows]
    requests = _summed([course.requests for course in courses])
    return replace(total, sparkline=Sparkline(requests=requests, errors=_summed([course.errors for course in courses])))


def _summed(courses: list[list[float | None]]) -> list[float | None]:
    return [sum(value or 0.0 for value in step) for step in zip(*courses, strict=False)]


def red_columns(rows: list[Red]) -> list[Column]:
    """One row a service or endpoint; the one without a name is the total. Times in ms."""
    endpoints = any(one.endpoint for one in rows)
    names = [_name(one) for one in rows]
    health = [_HEALTH.get(one.health.state, _UNKNOWN) if one.health else _UNKNOWN for one in rows]
    times = {name: [Text(milliseconds(getattr(one, name))) for one in rows] for name in ("p50_ms", "p95_ms", "p99_ms")}
    errors = [Text(percent(one.error_rate), style=rate_style(one.error_rate)) for one in rows]
    services = [Text(plain(one.service), style="cyan") for one in rows]
    return [
        Column(title="", cells=[Text(mark, style=style) for mark, style in health]),
        Column(
            title="endpoint" if endpoints else "service",
            cells=[Text(plain(name), style="bold" if name == _ALL else "" if endpoints else "cyan") for name in names],
            least=32 if endpoints else 16,
            inside=endpoints,
        ),
        *([Column(title="service", cells=services, least=12, rank=2)] if endpoints else []),
        Column(title="requests", cells=[Text(f"{one.requests:,}") for one in rows], right=True),
        *_changes(rows, "requests", rank=6),
        Column(title="req/s", cells=[Text(figure(one.request_rate)) for one in rows], right=True, rank=7),
        Column(title="errors", cells=errors, right=True),
        *_changes(rows, "error_rate", rank=4),
        Column(title="p50 ms", cells=times["p50_ms"], right=True, rank=3),
        Column(title="p95 ms", cells=times["p95_ms"], right=True),
        *_changes(rows, "p95_ms", rank=5),
        Column(title="p99 ms", cells=times["p99_ms"], right=True, rank=1),
        Column(
            title="apdex",
            cells=[Text("-" if one.apdex is None else f"{one.apdex:.2f}") for one in rows],
            right=True,
            rank=8,
        ),
        _trends(rows, "requests", "bright_blue", rank=1),
        _trends(rows, "errors", "red", rank=9),
    ]


def _changes(rows: list[Red], measure: str, rank: int) -> list[Column]:
    """Where nothing has changed, none."""
    grown = [(one.change.previous or {}).get(measure, Compared()).change for one in rows]
    cells = [changed(growth, bad=measure != "requests") for growth in grown]
    return [Column(title="change", cells=cells, rank=rank)] if any(cell.plain for cell in cells) else []


def _trends(rows: list[Red], measure: str, style: str, rank: int) -> Column:
    def draw(width: int) -> list[Text]:
        return [Text(trend(getattr(one.sparkline, measure), width), style=style) for one in rows]

    return Column(title=measure, draw=draw, least=_TREND_MIN, most=_TREND_MAX, rank=rank)


def changed(growth: float | None, *, bad: bool) -> Text:
    """How much something has grown, as people say it. `growth`: 0.25 is a quarter more. `bad`: more is worse."""
    if growth is None or abs(growth) < _CHANGED:
        return Text("")
    style = ("red" if growth > 0 else "green") if bad else "dim"
    if growth >= 1:  # from twice as much on people count in times
        return Text(f"▲{growth + 1:,.1f}×", style=style)
    return Text(f"{'▲' if growth > 0 else '▼'}{abs(growth):.0%}", style=style)


def _name(one: Red) -> str:
    if one.endpoint:
        return f"{one.method} {one.endpoint}".strip()
    return one.service or _ALL
