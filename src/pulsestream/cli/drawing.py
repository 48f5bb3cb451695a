"""Small charts of block characters for a terminal, and numbers as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEVELS = "▁▂▃▄▅▆▇█"
_EIGHTHS = " ▏▎▍▌▋▊▉"
_FULL = "█"
_NOTHING = "-"
_SMALL, _TENTHS = 10, 100  # from which a number needs fewer decimals
_STEPS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k"))
_BYTES = ("B", "kB", "MB", "GB", "TB", "PB")
_KILO = 1000


def sparkline(values: Sequence[float], width: int) -> str:
    """The last `width` values as bars from 0 to their highest."""
    shown = list(values)[-width:]
    top = max(shown, default=0.0)
    if top <= 0:
        return _LEVELS[0] * len(shown)
    return "".join(_LEVELS[min(len(_LEVELS) - 1, int(value / top * len(_LEVELS)))] for value in shown)


def trend(values: Sequence[float | None], width: int) -> str:
    """All values in at most `width` bars, each the mean of its stretch.

    What there is no value of is a blank; what is above zero is never drawn as zero.
    """
    stretches = _stretches(values, width)
    top = max((value for value in stretches if value is not None), default=0.0)
    return "".join(_level(value, top) for value in stretches)


def _stretches(values: Sequence[float | None], width: int) -> list[float | None]:
    bars = min(width, len(values))
    found: list[float | None] = []
    for number in range(bars):
        part = values[number * len(values) // bars : (number + 1) * len(values) // bars]
        known = [value for value in part if value is not None]
        found.append(sum(known) / len(known) if known else None)
    return found


def _level(value: float | None, top: float) -> str:
    if value is None:
        return " "
    if value <= 0 or top <= 0:
        return _LEVELS[0]
    return _LEVELS[max(1, min(len(_LEVELS) - 1, int(value / top * len(_LEVELS))))]


def bar(value: float | None, top: float, width: int) -> str:
    """From nothing to `width` cells at `top`, in eighths; what is above zero shows."""
    if not value or value < 0 or top <= 0:
        return ""
    eighths = max(1, round(min(value / top, 1.0) * width * 8))
    return _FULL * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def count(value: float) -> str:
    """A number of things, short: 950, 9,950, 12.4k, 3.1M."""
    for size, letter in _STEPS:
        if abs(value) >= size:
            scaled = value / (1000 if letter == "k" else size)
            return f"{scaled:,.1f}{letter}" if abs(scaled) < _TENTHS else f"{scaled:,.0f}{letter}"
    return f"{value:,.0f}"


def figure(value: float | None, unit: str = "") -> str:
    """A measure for a column whose title has its name. `unit`: as the catalog has it."""
    if value is None:
        return _NOTHING
    if unit == "ratio":
        return percent(value)
    if unit.startswith("bytes"):
        return size(value)
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.0f}" if abs(value) >= _TENTHS else f"{value:,.1f}" if abs(value) >= _SMALL else f"{value:,.2f}"


def percent(ratio: float | None) -> str:
    return _NOTHING if ratio is None else f"{ratio:.1%}"


def size(value: float) -> str:
    """Bytes, decimal: 950 B, 1.5 MB."""
    for unit in _BYTES:
        if abs(value) < _KILO or unit == _BYTES[-1]:
            break
        value /= _KILO
    return f"{value:,.0f} {unit}" if unit == "B" or abs(value) >= _TENTHS else f"{value:,.1f} {unit}"
