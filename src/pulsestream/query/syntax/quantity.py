"""Numbers with units, as they are written: `1.5s`, `100ms`, `2MB`, `1h30m`."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from fractions import Fraction

from pulsestream.event import INT_MAX
from pulsestream.query.syntax.lexer import Word, shown

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_TIMES = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?[a-zµμ]+)+")
_TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)([a-zµμ]+)")
_DIGITS_MAX = 40

_MILLISECONDS = {
    "us": Fraction(1, 1000),
    "µs": Fraction(1, 1000),
    "μs": Fraction(1, 1000),  # the Greek letter, which keyboards have as well
    "ms": Fraction(1),
    "s": Fraction(1_000),
    "m": Fraction(60_000),
    "h": Fraction(3_600_000),
    "d": Fraction(86_400_000),
    "w": Fraction(7 * 86_400_000),
}
_LONG = {
    "millisecond": "ms",
    "second": "s",
    "sec": "s",
    "minute": "m",
    "min": "m",
    "hour": "h",
    "hr": "h",
    "day": "d",
    "week": "w",
}
_BYTES = {
    "b": 1,
    **{f"{letter}b": 1000**power for power, letter in enumerate("kmgt", 1)},
    **{f"{letter}ib": 1024**power for power, letter in enumerate("kmgt", 1)},
}
UNITS = {"ms": "us, ms, s, m, h, d or w", "bytes": "B, kB, MB, GB, TB, KiB, MiB, GiB or TiB"}


def is_number(word: Word) -> bool:
    return _NUMBER.fullmatch(word.text) is not None


def number(word: Word, unit: str) -> int | float:
    """In the unit: ms, bytes, or none. Raises BadQuery."""
    match = _NUMBER.match(word.text)
    found: Fraction | float | None = None
    if match is not None and len(match[0]) <= _DIGITS_MAX:
        found = _scaled(match[0], word.text[match.end() :], unit)
    if found is None and unit == "ms":
        found = _milliseconds(word.text)
    if found is None:
        units = f", or one with a unit: {UNITS[unit]}" if unit else ""
        raise word.wrong(f"{shown(word.text)} is no number{units}")
    exact = int(found) if isinstance(found, Fraction) and found.denominator == 1 else float(found)
    if not math.isfinite(exact) or (isinstance(exact, int) and abs(exact) > INT_MAX):
        raise word.wrong(f"{shown(word.text)} is too large a number")
    return exact


def _scaled(digits: str, name: str, unit: str) -> Fraction | float | None:
    if not name:
        factor: Fraction | int | None = 1
    elif unit == "bytes":
        factor = _BYTES.get(name.lower())
    else:
        factor = _MILLISECONDS.get(name) if unit == "ms" else None
    if factor is None:
        return None
    # A fraction of a number with an exponent could have as many digits as the exponent says.
    return float(digits) * float(factor) if "e" in digits.lower() else Fraction(digits) * factor


def duration(word: Word) -> timedelta | None:
    """None: it is none. Raises BadQuery for one of no length, or too long a one."""
    found = _milliseconds(word.text)
    return None if found is None else _length(word, found)


def long_duration(count: Word | None, unit: Word) -> timedelta | None:
    """`24 hours`, or `hour` for one of them. None: it is none. Raises BadQuery."""
    name = unit.text.lower()
    short = _LONG.get(name.removesuffix("s")) or (name if count is not None and name in _MILLISECONDS else None)
    digits = "1" if count is None else count.text
    if short is None or re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,10})?", digits) is None:
        return None
    return _length(unit if count is None else count, Fraction(digits) * _MILLISECONDS[short])


def _milliseconds(text: str) -> Fraction | None:
    if len(text) > _DIGITS_MAX or _TIMES.fullmatch(text) is None:
        return None
    parts = _TIME.findall(text)
    if any(unit not in _MILLISECONDS for _, unit in parts):
        return None
    return sum((Fraction(digits) * _MILLISECONDS[unit] for digits, unit in parts), Fraction(0))


def _length(word: Word, milliseconds: Fraction) -> timedelta:
    try:
        found = timedelta(microseconds=int(milliseconds * 1000))
    except OverflowError as error:
        raise word.wrong(f"{shown(word.text)} is too long a time") from error
    if not found:
        raise word.wrong(f"{shown(word.text)} is too short a time")
    return found


def write_number(value: float) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < INT_MAX else repr(value)


def write_duration(length: timedelta) -> str:
    """In the largest unit, up to days, of which it is a whole number."""
    micros = length // timedelta(microseconds=1)
    for unit in ("d", "h", "m", "s", "ms"):
        one = int(_MILLISECONDS[unit] * 1000)
        if micros % one == 0:
            return f"{micros // one}{unit}"
    return f"{micros}us"
