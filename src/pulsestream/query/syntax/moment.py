"""Times, as they are written: a day, a time of day, or so long before now."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from pulsestream.clock import from_micros, to_micros
from pulsestream.query.expression import During, Order
from pulsestream.query.syntax.lexer import Word, shown
from pulsestream.query.syntax.quantity import duration

_WRITTEN = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?(Z|z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_BEGINS = re.compile(r"[0-9]{4}-[0-9]{2}(?:-|$)")  # what begins so was meant as a time
_RELATIVE = re.compile(r"(?:now)?([+-])([0-9].*)")
_DAYS = {"today": 0, "yesterday": 1}
_MICROS = 6
_LAST_US = to_micros(datetime.max.replace(tzinfo=UTC))  # nothing is after it
EXAMPLES = "2026-11-01, 2026-11-01T10:00, now-15m"


class Present(Struct, frozen=True):
    """What times are read by: when it is, and in whose zone a time without one is."""

    now: datetime
    zone: ZoneInfo


class Span(Struct, frozen=True):
    """Microseconds since 1970: of a day its beginning and that of the next one, of an instant the same twice."""

    start_us: int
    end_us: int

    @property
    def last_us(self) -> int:
        """The last one in it."""
        return max(self.start_us, self.end_us - 1)


def moment(word: Word, present: Present) -> Span | None:
    """None: it does not look like one. Raises BadQuery for one that there is not."""
    text = word.text
    try:
        if text.lower() == "now":
            return _instant(present.now)
        if text.lower() in _DAYS:
            today = present.now.astimezone(present.zone).date()
            return _day(today - timedelta(days=_DAYS[text.lower()]), present.zone)
        relative = _RELATIVE.fullmatch(text)
        if relative is not None:
            length = duration(word.part(relative.start(2)))
            if length is not None:
                return _instant(present.now - length if relative[1] == "-" else present.now + length)
        written = _WRITTEN.fullmatch(text)
        if written is not None:
            return _written(written, present.zone)
    except (ValueError, OverflowError) as error:
        raise word.wrong(f"there is no time {shown(text)}") from error
    if _BEGINS.match(text):
        raise word.wrong(f"{shown(text)} is no time: write one as {EXAMPLES}, or in quotes to search for the text")
    return None


def _written(match: re.Match[str], zone: ZoneInfo) -> Span:
    year, month, day = map(int, match.group(1, 2, 3))
    if match[4] is None:
        return _day(date(year, month, day), zone)
    micros = int((match[7] or "0").ljust(_MICROS, "0")[:_MICROS])
    offset = (match[8] or "").upper()
    found = datetime(year, month, day, int(match[4]), int(match[5]), int(match[6] or 0), micros, zone)
    return _instant(datetime.fromisoformat(found.replace(tzinfo=None).isoformat() + offset) if offset else found)


def _day(day: date, zone: ZoneInfo) -> Span:
    """Where the clocks skip midnight, it begins when they do."""
    begins = to_micros(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC))
    if day == date.max:
        return _span(begins, _LAST_US)
    following = day + timedelta(days=1)
    ends = datetime(following.year, following.month, following.day, tzinfo=zone)
    return _span(begins, to_micros(ends.astimezone(UTC)))


def _instant(moment: datetime) -> Span:
    micros = to_micros(moment.astimezone(UTC))
    return _span(micros, micros)


def _span(start_us: int, end_us: int) -> Span:
    """What ends with the last year ends a moment before: what is right after a time has to be one too."""
    return Span(min(start_us, _LAST_US - 1), min(end_us, _LAST_US - 1))


def needed(word: Word, present: Present) -> Span:
    """Raises BadQuery where there is none."""
    found = moment(word, present)
    if found is None:
        raise word.wrong(f"{shown(word.text)} is no time: write one as {EXAMPLES}")
    return found


def ends(word: Word, present: Present) -> tuple[Word, Word] | None:
    """The two sides of `A..B`, of which one may be missing. None: it is no range of times. Raises BadQuery."""
    at = word.mask.find("..")
    if at < 0:
        return None
    left, right = word.part(0, at), word.part(at + 2)
    first = left if left.given else right
    return (left, right) if first.given and moment(first, present) else None


def between(left: Word, right: Word, present: Present) -> During:
    """A day at the end is included, an instant there is not."""
    start = needed(left, present) if left.given else None
    end = needed(right, present) if right.given else None
    if start and end and start.start_us >= end.end_us:
        raise right.wrong(f"{shown(right.text)} is not after {shown(left.text)}")
    return During(start.start_us if start else None, end.end_us if end else None)


def compared(order: Order, word: Word, present: Present) -> During:
    """A day is after another one when it is over."""
    span = needed(word, present)
    match order:
        case Order.FROM:
            return During(span.start_us, None)
        case Order.OVER:
            return During(span.last_us + 1, None)
        case Order.UNDER:
            return During(None, span.start_us)
        case Order.UP_TO:
            return During(None, span.last_us + 1)


def write(micros: int) -> str:
    """In UTC, to the microsecond."""
    return from_micros(micros).isoformat().replace("+00:00", "Z")
