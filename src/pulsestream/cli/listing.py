"""Events as lines for people."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

import msgspec
from msgspec import Raw, Struct
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

_WIDE, _MEDIUM = 110, 75  # terminal columns from which more of an event fits
_NOTHING = "-"
_SEVERITY_STYLES = {"info": "dim", "warning": "yellow", "error": "red", "critical": "bold white on red"}
_STATUS_STYLES = {2: "green", 3: "cyan", 4: "yellow", 5: "bold red"}


class _Source(Struct, frozen=True):
    service: str = ""
    endpoint: str = ""
    method: str = ""


class _Metrics(Struct, frozen=True):
    response_time_ms: float
    status_code: int


class Row(Struct, frozen=True):
    """What of an event a line shows."""

    event_id: str
    timestamp: datetime
    title: str = ""
    severity: str = "info"
    source: _Source = _Source()
    message: str | None = None
    metrics: _Metrics | None = None

    @property
    def call(self) -> str:
        return f"{self.source.method} {self.source.endpoint}"

    @property
    def said(self) -> str:
        """The message, or a title that says more than method and path."""
        return self.message or (self.title if self.title != self.call else "")


_row = msgspec.json.Decoder(Row)


def plain(text: str) -> str:
    """Text from outside, safe for a terminal: control characters, which could steer it, are shown as dots."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "·" for letter in text)


def duration(milliseconds: float | None) -> str:
    if milliseconds is None:
        return _NOTHING
    if milliseconds >= 10_000:  # noqa: PLR2004 - from here tenths of a second say more
        return f"{milliseconds / 1000:,.1f} s"
    return f"{milliseconds:,.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"  # noqa: PLR2004 - three digits


def milliseconds(value: float | None) -> str:
    """For a column whose title has the unit."""
    return _NOTHING if value is None else f"{value:,.0f}"


def status_style(status: int) -> str:
    return _STATUS_STYLES.get(status // 100, "")


class Lines:
    """Prints events in columns that fit the terminal, with times of a zone."""

    def __init__(self, zone: tzinfo = UTC) -> None:
        self._console = Console(highlight=False)
        self._zone = zone

    def print_header(self) -> None:
        text = Text(style="bold", no_wrap=True)
        for name, width in self._columns():
            text.append("  " if text else "")
            text.append(_fit(name, width))
        self._print(text)

    def print(self, events: Iterable[Raw]) -> None:
        """Raises msgspec.DecodeError on what is no event."""
        for event in events:
            self._print(self._line(_row.decode(event)))
        sys.stdout.flush()

    def _print(self, text: Text) -> None:
        text.truncate(self._console.width, overflow="ellipsis")
        self._console.print(text, soft_wrap=True)

    def _line(self, row: Row) -> Text:
        status = row.metrics.status_code if row.metrics else None
        cells = {
            self._clock: (self._time(row.timestamp), "dim"),
            "severity": (row.severity, _SEVERITY_STYLES.get(row.severity, "")),
            "code": (_NOTHING, "dim") if status is None else (str(status), status_style(status)),
            "took": (duration(row.metrics.response_time_ms if row.metrics else None), ""),
            "service": (row.source.service, "cyan"),
            "call": (row.call, ""),
            "message": (row.said, "dim"),
        }
        text = Text(no_wrap=True)
        for name, width in self._columns():
            value, style = cells[name]
            text.append("  " if text else "")
            text.append(_fit(plain(value), width), style=style)
        return text

    def _columns(self) -> list[tuple[str, int]]:
        """Names and widths; a negative width is set to the right, 0 is whatever is left."""
        width = self._console.width
        if width >= _WIDE:
            call = min(44, width - 84)
            return [
                (self._clock, 23),
                ("severity", 8),
                ("code", 4),
                ("took", -9),
                ("service", 20),
                ("call", call),
                ("message", 0),
            ]
        if width >= _MEDIUM:
            return [(self._clock, 14), ("severity", 8), ("code", 4), ("took", -8), ("service", 16), ("call", 0)]
        return [(self._clock, 10), ("code", 4), ("took", -8), ("service", 12), ("call", 0)]

    @property
    def _clock(self) -> str:
        return f"time ({str(self._zone).rpartition('/')[2]})"

    def _time(self, moment: datetime) -> str:
        moment = moment.astimezone(self._zone)
        width = self._console.width
        if width >= _WIDE:
            return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03}"
        return moment.strftime("%m-%d %H:%M:%S" if width >= _MEDIUM else "%H:%M:%S")


def _fit(text: str, width: int) -> str:
    """Cut or padded to so many terminal cells, to the right when negative; 0 leaves it as it is."""
    if not width:
        return text
    if cell_len(text) > abs(width):
        return set_cell_size(text, abs(width) - 1) + "…"
    padding = " " * (abs(width) - cell_len(text))
    return padding + text if width < 0 else text + padding
