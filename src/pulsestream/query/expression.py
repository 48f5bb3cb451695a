"""What events a question is about, as a value: conditions on fields, joined by all, either and not.

A value is canonical when it was made by `all_of`, `any_of`, `none_of` and `one_of`: what means the same by their rules
is the same value. The language reads and prints these; `condition` makes SQL of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

from msgspec import Struct

# ---- what a condition looks at


class Field(Struct, frozen=True, tag=True):
    """A dimension of the catalog, by its long name."""

    name: str


class Tag(Struct, frozen=True, tag=True):
    name: str


class Inside(Struct, frozen=True, tag=True):
    """A value in the payload or the metadata: the keys of the objects on the way to it."""

    root: str  # payload or metadata
    keys: tuple[str, ...]


Place = Field | Tag | Inside

# ---- what it is compared with


class Pattern(Struct, frozen=True, tag=True):
    """The pieces of a text between any number of any characters: `/api/*/items` is ("/api/", "/items").

    In a canonical one they are two at least, and only the first and the last may be empty, not both of two; none is
    empty where it is looked for within a text.
    """

    pieces: tuple[str, ...]


# A number has the field's own unit: milliseconds, bytes, microseconds since 1970 for times.
Scalar = str | int | float | bool
Value = Scalar | Pattern


class Order(StrEnum):
    OVER = ">"
    FROM = ">="
    UNDER = "<"
    UP_TO = "<="


# ---- conditions


class Is(Struct, frozen=True, tag=True):
    """The place has any of these values, two at least or one, none twice."""

    place: Place
    values: tuple[Value, ...]


class Compared(Struct, frozen=True, tag=True):
    place: Place
    order: Order
    bound: int | float


class Between(Struct, frozen=True, tag=True):
    """Both ends are included."""

    place: Place
    low: int | float
    high: int | float


class Has(Struct, frozen=True, tag=True):
    """The place has a value at all; of a text, one that is not empty."""

    place: Place


class Text(Struct, frozen=True, tag=True):
    """Title, message or the error's message contains the pieces in this order, in any case."""

    pieces: tuple[str, ...]


class All(Struct, frozen=True, tag=True):
    parts: tuple[Expression, ...]


class Either(Struct, frozen=True, tag=True):
    parts: tuple[Expression, ...]


class Not(Struct, frozen=True, tag=True):
    part: Expression


Condition = Is | Compared | Between | Has | Text
Expression = Is | Compared | Between | Has | Text | All | Either | Not

EVERYTHING = All(())
NOTHING = Either(())


def all_of(parts: Iterable[Expression]) -> Expression:
    """Nested alls are one; what is said twice is said once; one alone stands for itself."""
    found: dict[Expression, None] = {}
    for part in parts:
        found |= dict.fromkeys(part.parts if isinstance(part, All) else (part,))
    return next(iter(found)) if len(found) == 1 else All(tuple(found))


def any_of(parts: Iterable[Expression]) -> Expression:
    """As `all_of`; values of one place are one condition, where the first of them stood."""
    found: dict[Expression, None] = {}
    values: dict[Place, tuple[Value, ...]] = {}
    for part in parts:
        for one in part.parts if isinstance(part, Either) else (part,):
            if isinstance(one, Is):
                known = values.get(one.place)
                values[one.place] = (known or ()) + one.values
                if known is not None:
                    continue
                found[Is(one.place, ())] = None  # filled below
            else:
                found[one] = None
    whole = [one_of(one.place, values[one.place]) if isinstance(one, Is) else one for one in found]
    return whole[0] if len(whole) == 1 else Either(tuple(whole))


def none_of(part: Expression) -> Expression:
    """Twice not is nothing; not everything is nothing at all."""
    if part in (EVERYTHING, NOTHING):
        return NOTHING if part == EVERYTHING else EVERYTHING
    return part.part if isinstance(part, Not) else Not(part)


def one_of(place: Place, values: Iterable[Value]) -> Is:
    """Values that are equal and of one type are one; 1 and 1.0 are one too, and neither is True."""
    return Is(place, tuple({(isinstance(value, bool), value): value for value in values}.values()))


# ---- when


class Last(Struct, frozen=True, tag=True):
    """From so long ago until now."""

    length: timedelta


class During(Struct, frozen=True, tag=True):
    """Microseconds since 1970; the start is included, the end is not. None: without end."""

    start_us: int | None
    end_us: int | None


class Search(Struct, frozen=True):
    """What a text of the language means."""

    where: Expression = EVERYTHING
    time: Last | During | None = None
