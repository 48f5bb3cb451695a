"""Conditions as SQL. A value is always a bound parameter; names come from the catalog only."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from pulsestream.query.catalog import DIMENSIONS, Dimension, Kind
from pulsestream.query.expression import (
    All,
    Between,
    Compared,
    Either,
    Expression,
    Field,
    Has,
    Inside,
    Is,
    Not,
    Order,
    Pattern,
    Place,
    Tag,
    Text,
    Value,
)
from pulsestream.store.port import Parameter, in_pieces

_TAG_SEPARATOR = ":"  # in the column tag_pairs, between name and value
_SEARCHED = ("title", "message", "error_message")  # by free words
_NUMBER = re.compile(r"-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?", re.ASCII)
_NUMERIC = "'Int64', 'UInt64', 'Double'"  # what the engine calls a number in JSON


class Bound:
    """The parameters of one statement, each under a name of its own."""

    def __init__(self) -> None:
        self.parameters: dict[str, Parameter] = {}

    def __call__(self, value: Parameter, type_: str) -> str:
        """The placeholder that stands for it."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"{{{name}:{type_}}}"

    def text(self, value: str) -> str:
        return self(value, "String")

    def number(self, value: float) -> str:
        return self(value, "Int64") if _is_whole(value) else self(_as_float(value), "Float64")

    def any_number(self, sql: str, values: Iterable[int | float]) -> str:
        """Whether `sql` is one of the numbers. As floats, 2^53 and 2^53 + 1 would be one."""
        numbers = list(values)
        whole = [number for number in numbers if _is_whole(number)]
        others = [_as_float(number) for number in numbers if not _is_whole(number)]
        others += [0.0, -0.0] if 0 in numbers else []  # IN tells one from the other
        found = [f"{sql} IN {self(whole, 'Array(Int64)')}"] if whole else []
        return _either([*found, f"{sql} IN {self(others, 'Array(Float64)')}"] if others else found)

    def any_of(self, sql: str, values: Sequence[str]) -> str:
        """Whether `sql` is one of the texts."""
        return _either(f"{sql} IN {self(piece, 'Array(String)')}" for piece in in_pieces(values))

    def moment(self, micros: int) -> str:
        """A time, from microseconds since 1970."""
        return f"fromUnixTimestamp64Micro({self(micros, 'Int64')}, 'UTC')"


def condition(expression: Expression, bound: Bound) -> str:  # noqa: PLR0911 - a case each
    """True or false for every row, never NULL: what has no value meets no condition but `Not`."""
    match expression:
        case All(parts):
            return " AND ".join(condition(part, bound) for part in parts) if parts else "1"
        case Either(parts):
            return _either(condition(part, bound) for part in parts)
        case Not(part):
            return f"NOT ({condition(part, bound)})"
        case Text(pieces):
            return _either(_contains(column, pieces, bound) for column in _SEARCHED)
        case Has(place):
            return present(place, bound)
        case Is(place, values):
            return _is(place, values, bound)
        case Compared(place, order, limit):
            return _compared(place, [(order, limit)], bound)
        case Between(place, low, high):
            return _compared(place, [(Order.FROM, low), (Order.UP_TO, high)], bound)


def value(place: Place, bound: Bound) -> str:
    """What a group is called: a text that is empty, or a number that is NULL, where an event has none."""
    match place:
        case Field(name):
            return DIMENSIONS[name].sql
        case Tag(name):
            return f"tags[{bound.text(name)}]"
        case Inside(_, _):
            inside = _inside(place, bound)
            return (
                f"multiIf(JSONType({inside}) = 'String', JSONExtractString({inside}),"
                f" JSONType({inside}) = 'Null', '', JSONExtractRaw({inside}))"
            )


def number(place: Field | Inside, bound: Bound) -> str:
    """Of a number field, or of what may be a number inside the payload: a float, NULL where an event has none."""
    if isinstance(place, Field):
        return f"toFloat64({DIMENSIONS[place.name].sql})"
    inside = _inside(place, bound)
    return f"if(JSONType({inside}) IN ({_NUMERIC}), JSONExtractFloat({inside}), NULL)"


def present(place: Place, bound: Bound) -> str:
    """Whether an event has a value there."""
    match place:
        case Field(name):
            dimension = DIMENSIONS[name]
            if dimension.kind is Kind.GROUP:
                return dimension.sql
            if dimension.kind is Kind.TIME:
                return "1"
            if dimension.kind in (Kind.NUMBER, Kind.FLAG):
                return f"isNotNull({dimension.sql})"
            return f"{dimension.sql} != ''"
        case Tag(name):
            return f"mapContains(tags, {bound.text(name)})"
        case Inside(_, _):
            inside = _inside(place, bound)
            return f"(JSONHas({inside}) AND JSONType({inside}) != 'Null')"


def _is(place: Place, values: Sequence[Value], bound: Bound) -> str:
    match place:
        case Field(name):
            return _field_is(DIMENSIONS[name], values, bound)
        case Tag(name):
            texts = [str(one) for one in values if not isinstance(one, Pattern)]
            pairs = [_TAG_SEPARATOR.join((name, text)) for text in texts]
            equal = [f"hasAny(tag_pairs, {bound(piece, 'Array(String)')})" for piece in in_pieces(pairs)]
            # The pairs lead to few events fast; where a separator is in a name or a value, they can be of another tag.
            if equal and any(pair.count(_TAG_SEPARATOR) > 1 for pair in pairs):
                one_of_them = bound.any_of(value(place, bound), texts)
                equal = [f"({_either(equal)} AND {present(place, bound)} AND {one_of_them})"]
            # A tag that is not there is no empty one.
            alike = [
                f"({present(place, bound)} AND {_like(value(place, bound), one, bound)})" for one in _patterns(values)
            ]
            return _either([*equal, *alike])
        case Inside(_, _):
            return _inside_is(place, values, bound)


def _field_is(dimension: Dimension, values: Sequence[Value], bound: Bound) -> str:
    sql = dimension.sql
    if dimension.kind is Kind.TEXT:
        return _either(_contains(sql, one.pieces if isinstance(one, Pattern) else (str(one),), bound) for one in values)
    if dimension.kind is Kind.NUMBER:
        return f"ifNull({bound.any_number(sql, (one for one in values if isinstance(one, int | float)))}, 0)"
    if dimension.kind is Kind.FLAG:
        return _either(f"ifNull({sql} = {'true' if one else 'false'}, 0)" for one in values)
    texts = [str(one) for one in values if not isinstance(one, Pattern)]
    patterns = _patterns(values)
    if dimension.kind is Kind.FOLDED:
        sql = f"upper({sql})"
        texts = [_upper(text) for text in texts]
        patterns = [Pattern(tuple(map(_upper, one.pieces))) for one in patterns]
    return _either([*([bound.any_of(sql, texts)] if texts else []), *(_like(sql, one, bound) for one in patterns)])


def _inside_is(place: Inside, values: Sequence[Value], bound: Bound) -> str:
    """A text is compared as a text, a number as a number, true and false by their names."""
    inside = _inside(place, bound)
    texts = [str(one) for one in values if not isinstance(one, Pattern)]
    numbers = [number for number in map(_as_number, texts) if number is not None]
    found = (
        [f"(JSONType({inside}) = 'String' AND {bound.any_of(f'JSONExtractString({inside})', texts)})"] if texts else []
    )
    if numbers:
        same = bound.any_number(f"JSONExtractFloat({inside})", numbers)
        found.append(f"(JSONType({inside}) IN ({_NUMERIC}) AND {same})")
    flags = [text for text in texts if text in ("true", "false")]
    if flags:
        found.append(f"(JSONType({inside}) = 'Bool' AND {bound.any_of(f'JSONExtractRaw({inside})', flags)})")
    found += [
        f"(JSONType({inside}) = 'String' AND {_like(f'JSONExtractString({inside})', one, bound)})"
        for one in _patterns(values)
    ]
    return _either(found)


def _compared(place: Place, limits: Sequence[tuple[Order, int | float]], bound: Bound) -> str:
    match place:
        case Field(name) if DIMENSIONS[name].kind is Kind.TIME:
            sql = DIMENSIONS[name].sql
            return _both(f"{sql} {order.value} {bound.moment(int(limit))}" for order, limit in limits)
        case Field(name):
            sql = DIMENSIONS[name].sql
            return f"ifNull({_both(f'{sql} {order.value} {bound.number(limit)}' for order, limit in limits)}, 0)"
        case Tag(_):
            text = value(place, bound)
            number = f"toFloat64OrZero({text})"
            held = [f"{number} {order.value} {bound.number(limit)}" for order, limit in limits]
            return _both([f"match({text}, '^-?[0-9]+([.][0-9]+)?$')", *held])
        case Inside(_, _):
            inside = _inside(place, bound)
            held = [f"JSONExtractFloat({inside}) {order.value} {bound.number(limit)}" for order, limit in limits]
            return _both([f"JSONType({inside}) IN ({_NUMERIC})", *held])


def _inside(place: Inside, bound: Bound) -> str:
    """The arguments of a JSON function. The root is one of two names."""
    return ", ".join((DIMENSIONS[place.root].sql.partition(" ")[0], *map(bound.text, place.keys)))


def _contains(column: str, pieces: Sequence[str], bound: Bound) -> str:
    """In any case. One piece is found faster than a pattern."""
    if len(pieces) == 1:
        return f"positionCaseInsensitiveUTF8({column}, {bound.text(pieces[0])}) > 0"
    return f"{column} ILIKE {bound.text('%' + like_pattern(pieces) + '%')}"


def _like(sql: str, pattern: Pattern, bound: Bound) -> str:
    return f"{sql} LIKE {bound.text(like_pattern(pattern.pieces))}"


def like_pattern(pieces: Sequence[str]) -> str:
    """As LIKE reads it, where a backslash takes its meaning from the next character."""
    return "%".join(piece.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for piece in pieces)


def _patterns(values: Sequence[Value]) -> list[Pattern]:
    return [one for one in values if isinstance(one, Pattern)]


def _upper(text: str) -> str:
    """Of the letters a to z only, as the engine does it."""
    return text.encode().upper().decode()


def _as_number(text: str) -> float | None:
    """Of what JSON writes a number as; Python reads more as one."""
    return float(text) if _NUMBER.fullmatch(text) else None


def _is_whole(number: float) -> bool:
    """And one that the engine takes as it is: beyond 64 bits it would be another."""
    return isinstance(number, int) and -(2**63) <= number < 2**63


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _either(parts: Iterable[str]) -> str:
    found = list(parts)
    return f"({' OR '.join(found)})" if found else "0"


def _both(parts: Iterable[str]) -> str:
    return f"({' AND '.join(parts)})"
