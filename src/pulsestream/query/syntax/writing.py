"""Searches as text: what is written is read as the same value."""

from __future__ import annotations

import re

from pulsestream.query.catalog import DIMENSIONS, Kind
from pulsestream.query.expression import (
    EVERYTHING,
    NOTHING,
    All,
    Between,
    Compared,
    During,
    Either,
    Expression,
    Field,
    Has,
    Is,
    Last,
    Not,
    Pattern,
    Place,
    Search,
    Text,
    Value,
)
from pulsestream.query.syntax import moment, place, quantity
from pulsestream.query.syntax.grammar import LAST, OPERATORS, SINCE
from pulsestream.query.syntax.lexer import quoted

_ANYTHING = "*"
_BARE_WORD = re.compile(r"[^\W\d]\w*")
_BARE_VALUE = re.compile(r"[\w/](?:[\w/{}@+-]|\.(?!\.))*")
_RESERVED = frozenset((*OPERATORS, *(name.upper() for name in (LAST, *SINCE))))


def write(search: Search) -> str:
    """One line, the conditions first; nothing where everything is meant."""
    where = "" if search.where == EVERYTHING else _written(search.where, joined=search.time is not None)
    return " ".join(part for part in (where, _time(search.time)) if part)


def _written(expression: Expression, *, joined: bool = False) -> str:  # noqa: PLR0911 - a case each
    """`joined`: other conditions stand beside it."""
    if expression in (EVERYTHING, NOTHING):
        return _ANYTHING if expression == EVERYTHING else f"-{_ANYTHING}"
    match expression:
        case All(parts):
            return " ".join(_written(part, joined=True) for part in parts)
        case Either(parts):
            either = " OR ".join(_alone(part) if isinstance(part, All) else _written(part) for part in parts)
            return f"({either})" if joined else either
        case Not(part):
            return f"-{_alone(part)}"
        case Text(pieces):
            return _ANYTHING.join(map(_word, pieces))
        case Has(at):
            return f"{place.HAS}:{place.write(at)}"
        case _:
            return _condition(expression)


def _alone(part: Expression) -> str:
    """As one operand."""
    written = _written(part)
    return f"({written})" if isinstance(part, All | Either) and part not in (EVERYTHING, NOTHING) else written


def _condition(one: Is | Compared | Between) -> str:
    name = place.write(one.place)
    match one:
        case Is(_, values):
            written = " OR ".join(map(value, values))
            return f"{name}:{written}" if len(values) == 1 else f"{name}:({written})"
        case Compared(at, order, bound):
            return f"{name}:{order.value}{_bound(at, bound)}"
        case Between(at, low, high):
            # The end of a range of times is not included.
            return f"{name}:{_bound(at, low)}..{_bound(at, high + 1 if _is_time(at) else high)}"


def _is_time(at: Place) -> bool:
    return isinstance(at, Field) and DIMENSIONS[at.name].kind is Kind.TIME


def _bound(at: Place, value: float) -> str:
    return moment.write(int(value)) if _is_time(at) else quantity.write_number(value)


def value(one: Value) -> str:
    """As it stands behind a colon: quoted, where it would be read as something else."""
    match one:
        case bool():
            return "true" if one else "false"
        case int() | float():
            return quantity.write_number(one)
        case str():
            return _bare(one) or quoted(one)
        case Pattern(pieces):
            return _ANYTHING.join((_bare(piece) or quoted(piece)) if piece else "" for piece in pieces)


def _bare(text: str) -> str:
    return text if _BARE_VALUE.fullmatch(text) and text not in OPERATORS else ""


def _word(text: str) -> str:
    return text if _BARE_WORD.fullmatch(text) and text.upper() not in _RESERVED else quoted(text)


def _time(time: Last | During | None) -> str:
    match time:
        case None:
            return ""
        case Last(length):
            return f"{LAST} {quantity.write_duration(length)}"
        case During(start_us, end_us):
            return "..".join("" if end is None else moment.write(end) for end in (start_us, end_us))
