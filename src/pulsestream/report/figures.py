"""Numbers and times as the report says them."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

NOTHING = "–"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHORT = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
_SECOND_MS = 1_000
_SMALL = 10
_TIMES = 2  # from which a growth is said as so many times
_ALIKE = 0.005


def count(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.0f}"


def short(value: float) -> str:
    """For an axis: 0, 250, 1.5k, 2M."""
    for size, letter in _SHORT:
        if abs(value) >= size:
            return f"{value / size:.2f}".rstrip("0").rstrip(".") + letter
    return f"{value:.2f}".rstrip("0").rstrip(".")


def percent(ratio: float | None) -> str:
    """Two digits where they say something: 0.04 %, 2.8 %, 97 %."""
    if ratio is None:
        return NOTHING
    value = ratio * 100
    if 0 < value < 0.1:  # noqa: PLR2004 - less than one digit would show
        return f"{value:.2f} %" if value >= 0.005 else "< 0.01 %"  # noqa: PLR2004 - nor two
    return f"{value:.1f} %"


def milliseconds(value: float | None) -> str:
    if value is None:
        return NOTHING
    if value >= _SECOND_MS:
        return f"{value / _SECOND_MS:,.2f} s" if value < _SMALL * _SECOND_MS else f"{value / _SECOND_MS:,.1f} s"
    return f"{value:.0f} ms" if value >= _SMALL else f"{value:.1f} ms"


def axis_percent(ratio: float) -> str:
    return f"{ratio * 100:.2f}".rstrip("0").rstrip(".") + " %"


def axis_milliseconds(value: float) -> str:
    number, unit = (value / _SECOND_MS, "s") if value >= _SECOND_MS else (value, "ms")
    return f"{number:,.2f}".rstrip("0").rstrip(".") + f" {unit}" if value else "0"


def ratio(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


def growth(change: float | None) -> str:
    """0.25 is +25 %; from twice as much on it is said as times."""
    if change is None:
        return NOTHING
    if abs(change) < _ALIKE:
        return "the same"
    if change + 1 >= _TIMES:
        return f"{change + 1:,.1f} times"
    return f"{'+' if change > 0 else '−'}{abs(change) * 100:.{0 if abs(change) >= 0.1 else 1}f} %"  # noqa: PLR2004 - a digit


def day(moment: datetime) -> str:
    return f"{_MONTHS[moment.month - 1]} {moment.day}"


def minute(moment: datetime, zone: tzinfo) -> str:
    local = moment.astimezone(zone)
    return f"{day(local)}, {local.year}, {local:%H:%M}"


def instant(moment: datetime, zone: tzinfo) -> str:
    """For a label beside others of the same year."""
    local = moment.astimezone(zone)
    return f"{day(local)}, {local:%H:%M}"


def span(start: datetime, end: datetime, zone: tzinfo) -> str:
    """Nov 19, 2026, 12:00 to Nov 20, 2026, 12:00; on one day the day is said once."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    if first.date() == last.date():
        return f"{day(first)}, {first.year}, {first:%H:%M} to {last:%H:%M}"
    return f"{minute(start, zone)} to {minute(end, zone)}"


def length(span: timedelta) -> str:
    """24 hours, 7 days, 90 minutes: in the largest unit that it is whole in."""
    seconds = round(span.total_seconds())
    for name, unit in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        number, rest = divmod(seconds, unit)
        if not rest and (number > 1 or name != "day"):
            return f"{number:,} {name}{'' if number == 1 else 's'}"
    return f"{seconds:,} seconds"


def ago(moment: datetime, now: datetime) -> str:
    seconds = max(0, int((now - moment).total_seconds()))
    for name, unit in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        number = seconds // unit
        if number:
            return f"{number:,} {name}{'' if number == 1 else 's'} ago"
    return "just now"
