"""What `place:value` means, by the kind of the place."""

from __future__ import annotations

import re
from difflib import get_close_matches

from pulsestream.query.catalog import DIMENSIONS, Dimension, Kind
from pulsestream.query.expression import (
    Between,
    Compared,
    During,
    Expression,
    Field,
    Has,
    Order,
    Pattern,
    Place,
    Text,
    Value,
    all_of,
    none_of,
    one_of,
)
from pulsestream.query.syntax import moment, quantity
from pulsestream.query.syntax.lexer import Word, shown
from pulsestream.query.syntax.moment import Present
from pulsestream.query.syntax.place import write as write_place

_ORDERS = sorted(Order, key=len, reverse=True)  # >= before >
_CLASS = re.compile(r"([1-5])xx", re.IGNORECASE)
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def condition(place: Place, word: Word, present: Present) -> Expression:
    """Raises BadQuery."""
    if word.mask and not word.mask.strip("*"):
        return Has(place)
    order, rest = ordered(word)
    if order and not rest.given:
        raise word.wrong(f"a value is missing after {order.value}")
    if not isinstance(place, Field):
        return _loose(place, order, rest)
    dimension = DIMENSIONS[place.name]
    match dimension.kind:
        case Kind.NUMBER:
            return _number(place, order, rest, dimension.unit)
        case Kind.TIME:
            return _time(place, order, rest, present)
        case _:
            if order:
                raise word.wrong(f"{place.name} has no order: only numbers and times can be compared", f'"{word.text}"')
            return _named(place, dimension, word)


def text(word: Word) -> Expression:
    """A free word, to be found in title or messages."""
    pieces = _within(word)
    return Text(pieces) if pieces else all_of(())


def ordered(word: Word) -> tuple[Order | None, Word]:
    """What a value begins with, and the rest of it."""
    for order in _ORDERS:
        if word.mask.startswith(order.value):
            return order, word.part(len(order.value))
    return None, word


def sides(word: Word) -> tuple[Word, Word] | None:
    """Of `A..B`; one of them may be missing."""
    at = word.mask.find("..")
    left, right = (word.part(0, at), word.part(at + 2)) if at >= 0 else (word, word)
    return (left, right) if at >= 0 and (left.given or right.given) else None


def _loose(place: Place, order: Order | None, word: Word) -> Expression:
    """Of a tag, or of a value in the payload: a number where it is compared with one."""
    if order:
        return Compared(place, order, quantity.number(word, ""))
    between = sides(word)
    if between and all(quantity.is_number(side) for side in between if side.given):
        return _range(place, *between, unit="")
    return one_of(place, (_value(word),))


def _number(place: Field, order: Order | None, word: Word, unit: str) -> Expression:
    if order:
        return Compared(place, order, quantity.number(word, unit))
    between = sides(word)
    if between:
        return _range(place, *between, unit=unit)
    status = _CLASS.fullmatch(word.text)
    if status and place.name == "status_code":
        return Between(place, int(status[1]) * 100, int(status[1]) * 100 + 99)
    if "," in word.mask:
        raise word.wrong("several values stand in parentheses, with OR between", _listed(word))
    if "*" in word.mask:
        raise word.wrong("a number has no wildcards: write a range, such as 500..599")
    return one_of(place, (quantity.number(word, unit),))


def _range(place: Place, left: Word, right: Word, *, unit: str) -> Expression:
    if not right.given:
        return Compared(place, Order.FROM, quantity.number(left, unit))
    high = quantity.number(right, unit)
    if not left.given:
        return Compared(place, Order.UP_TO, high)
    low = quantity.number(left, unit)
    if low > high:
        raise right.wrong(f"{shown(right.text)} is less than {shown(left.text)}")
    return Between(place, low, high)


def _time(place: Field, order: Order | None, word: Word, present: Present) -> Expression:
    if order:
        span = moment.needed(word, present)
        late = order in (Order.OVER, Order.UP_TO)
        return Compared(place, order, span.last_us if late else span.start_us)
    found = span_of(word, None, present)
    if found.start_us is None:
        assert found.end_us is not None  # noqa: S101 - a range has one end at least
        return Compared(place, Order.UNDER, found.end_us)
    if found.end_us is None:
        return Compared(place, Order.FROM, found.start_us)
    return Between(place, found.start_us, found.end_us - 1)


def span_of(word: Word, order: Order | None, present: Present) -> During:
    """The time that a value of a time means. Raises BadQuery."""
    if order:
        return moment.compared(order, word, present)
    between = sides(word)
    if between:
        return moment.between(*between, present)
    span = moment.needed(word, present)
    return During(span.start_us, span.last_us + 1)


def _named(place: Field, dimension: Dimension, word: Word) -> Expression:
    match dimension.kind:
        case Kind.GROUP:
            raise word.wrong(f"{place.name} has no single value: write has:{place.name}")
        case Kind.FLAG:
            return one_of(place, (_flag(word),))
        case Kind.CHOICE:
            return one_of(place, _choices(place, dimension, word))
        case Kind.TEXT:
            pieces = _within(word)
            # Every text contains an empty one: who asks for it wants those that are empty.
            if not pieces:
                return none_of(Has(place))
            return one_of(place, (pieces[0] if len(pieces) == 1 else Pattern(pieces),))
        case _:
            return one_of(place, (_value(word),))


def _value(word: Word) -> Value:
    pieces = word.pieces()
    return pieces[0] if len(pieces) == 1 else Pattern(pieces)


def _within(word: Word) -> tuple[str, ...]:
    """Pieces to be found within a text: stars at its ends say nothing."""
    return tuple(piece for piece in word.pieces() if piece)


def _flag(word: Word) -> bool:
    found = _FLAGS.get(word.text.lower())
    if found is None:
        raise word.wrong(f"{shown(word.text)} is neither true nor false")
    return found


def _choices(place: Field, dimension: Dimension, word: Word) -> tuple[str, ...]:
    name = word.text.lower()
    pattern = ".*".join(re.escape(piece.lower()) for piece in word.pieces())
    found = tuple(choice for choice in dimension.choices if re.fullmatch(pattern, choice))
    if not found:
        near = get_close_matches(name[:40], dimension.choices, n=1)
        meant = f": did you mean {near[0]}?" if near else f": there are {', '.join(dimension.choices)}"
        raise word.wrong(f"{shown(word.text)} is no {write_place(place)}{meant}", near[0] if near else "")
    return found


def _listed(word: Word) -> str:
    return f"({' OR '.join(part.text for part in word.split(',') if part.given)})" if len(word.text) <= 100 else ""  # noqa: PLR2004 - what fits into a message
