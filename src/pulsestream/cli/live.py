"""The demo's view of a server: a value that is filled by polling, and its rendering for any terminal size."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct, field
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pulsestream.cli.drawing import percent, sparkline
from pulsestream.cli.listing import Row, duration, milliseconds, plain, status_style
from pulsestream.cli.stats import Service, rate_style

if TYPE_CHECKING:
    from collections.abc import Iterable

TICKS_KEPT = 240
_ROOMY, _MEDIUM = 96, 70  # terminal columns
_ERRORS_MIN = 1
_BARS_MIN, _BARS_MAX = 6, 40
_NAME, _NUMBER = 22, 9  # columns of a service's name, and of a number, with the space behind them


class View(Struct):
    """What is known now. `ticks`: requests/s of each stretch of about a second, by service; "" is all of them."""

    url: str
    api_key: str
    started_at: datetime
    now: datetime
    total: Service | None = None
    services: list[Service] = field(default_factory=list)
    stored: int = 0
    pages: str = ""  # how far the dashboard at `url` is
    errors: list[Row] = field(default_factory=list)
    trouble: str = ""
    ticks: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=TICKS_KEPT)))

    def tick(self, services: Iterable[Service], total: Service) -> None:
        """Add the rates of one more stretch. A service without requests in it has a 0 there."""
        rates = {one.service: one.requests_per_second for one in services}
        for name in {*self.ticks, *rates, ""} - {""}:
            self.ticks[name].append(rates.get(name, 0.0))
        self.ticks[""].append(total.requests_per_second)


def render(view: View, width: int, height: int) -> RenderableType:
    """The view for a terminal of so many columns and rows; the errors take the rows that are left."""
    top: list[RenderableType] = [_title(view, width), Text(), _figures(view, width), _traffic(view, width), Text()]
    services = _services(view, width)
    hints = _hints(view, width)
    used = 6 + len(view.services) + 1 + 1 + 2 + sum(_rows(hint, width) for hint in hints)
    left = max(_ERRORS_MIN, height - used)
    parts = [*top, services, Text(), *_errors(view, width, left), Text(), *hints]
    return Group(*parts)


def line(view: View) -> str:
    """The view as one line for a log."""
    total = view.total
    if total is None:
        return f"{view.stored:,} events stored · no requests yet"
    return (
        f"{total.requests_per_second:,.1f} requests/s · errors {percent(total.error_rate)} · "
        f"p50 {duration(total.p50_ms)} · p95 {duration(total.p95_ms)} · p99 {duration(total.p99_ms)} · "
        f"{view.stored:,} events stored" + (f" · {view.trouble}" if view.trouble else "")
    )


def _title(view: View, width: int) -> RenderableType:
    seconds = int((view.now - view.started_at).total_seconds())
    right = "Ctrl-C stops"
    if width >= _MEDIUM:
        right = f"up {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02} · {right}"
    left = Text.assemble(("PulseStream", "bold magenta"), "  ", (view.url, "bold"))
    if width >= _ROOMY:
        left.append(f"  key {view.api_key}", style="dim")
    if view.trouble:
        right = view.trouble
    grid = Table.grid(expand=True, padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True, overflow="ellipsis")
    grid.add_row(left, Text(right, style="bold red" if view.trouble else "dim"))
    return grid


def _figures(view: View, width: int) -> RenderableType:
    """The last minute in large; RED first."""
    total = view.total
    figures = [
        ("requests/s", "-" if total is None else f"{total.requests_per_second:,.1f}", "bold cyan"),
        (
            "errors",
            "-" if total is None else percent(total.error_rate),
            "bold" if total is None else f"bold {rate_style(total.error_rate)}",
        ),
        ("p50", duration(total.p50_ms if total else None), "bold"),
        ("p95", duration(total.p95_ms if total else None), "bold"),
        ("p99", duration(total.p99_ms if total else None), "bold"),
        ("stored", f"{view.stored:,}", "bold green"),
    ]
    if width < _MEDIUM:
        figures = [figure for figure in figures if figure[0] != "p50"]
    grid = Table.grid(expand=True, padding=(0, 1))
    for _ in figures:
        grid.add_column(justify="center", ratio=1, no_wrap=True)
    grid.add_row(*(Text(name, style="dim") for name, _, _ in figures))
    grid.add_row(*(Text(value, style=style) for _, value, style in figures))
    return grid


def _traffic(view: View, width: int) -> Text:
    ticks = view.ticks[""]
    room = max(10, width - 24)
    shown = list(ticks)[-room:]
    text = Text(no_wrap=True)
    text.append(sparkline(ticks, room).rjust(room), style="cyan")
    text.append(f"  peak {max(shown):,.0f}/s" if shown else "  waiting for events", style="dim")
    text.append(f", {len(shown)} s" if shown else "", style="dim")
    return text


def _services(view: View, width: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("service, last minute" if width >= _MEDIUM else "last minute", no_wrap=True, overflow="ellipsis")
    names = ["req/s", "errors", "p50 ms", "p95 ms", "p99 ms"]
    if width < _ROOMY:
        names.remove("p50 ms")
    if width < _MEDIUM:
        names.remove("p99 ms")
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    # What the numbers leave: a bar cut off would say less than a short one.
    room = max(_BARS_MIN, min(_BARS_MAX, width - _NAME - _NUMBER * len(names)))
    for one in view.services:
        cells = {
            "req/s": Text(f"{one.requests_per_second:,.1f}"),
            "errors": Text(percent(one.error_rate), style=rate_style(one.error_rate)),
            "p50 ms": Text(milliseconds(one.p50_ms)),
            "p95 ms": Text(milliseconds(one.p95_ms)),
            "p99 ms": Text(milliseconds(one.p99_ms)),
        }
        table.add_row(
            Text(plain(one.service)),
            *(cells[name] for name in names),
            Text(sparkline(view.ticks[one.service], room).rjust(room), style="cyan"),
        )
    return table


def _errors(view: View, width: int, room: int) -> list[RenderableType]:
    lines: list[RenderableType] = [Text("newest errors (UTC)", style="dim")]
    for row in view.errors[:room]:
        text = Text(no_wrap=True)
        text.append(row.timestamp.astimezone(UTC).strftime("%H:%M:%S"), style="dim")
        if row.metrics:
            text.append(f"  {row.metrics.status_code}", style=status_style(row.metrics.status_code))
        if width >= _MEDIUM:
            text.append(f"  {plain(row.source.service):<20}", style="cyan")
        text.append(f"  {plain(row.call)}")
        text.append(f"  {plain(row.said)}", style="dim")
        text.truncate(width, overflow="ellipsis")
        lines.append(text)
    lines += [Text()] * (room - len(view.errors[:room]))
    return lines


def _hints(view: View, width: int) -> list[Text]:
    address = view.url.removeprefix("http://")
    where = "" if address.endswith(":8000") else f" --url {view.url}"
    roomy = width >= _ROOMY
    pages = Text.assemble(("in a browser         " if roomy else "see  ", "dim"), view.url, (f"  {view.pages}", "dim"))
    pages.truncate(width, overflow="ellipsis")
    tail = Text.assemble(("in another terminal  " if roomy else "try  ", "dim"), f"pulsestream tail{where}")
    curl = Text(f"curl -H X-API-Key:{view.api_key} {address}/api/v1/ingestion/stats", overflow="fold")
    return [pages, tail, curl] if width >= _MEDIUM else [pages, curl]


def _rows(text: Text, width: int) -> int:
    return max(1, -(-text.cell_len // width))
