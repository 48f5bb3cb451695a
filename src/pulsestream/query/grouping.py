"""What groups are called, and which of some groups an event is in."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import cast

from pulsestream.clock import from_micros
from pulsestream.query.catalog import DIMENSIONS, Kind
from pulsestream.query.condition import Bound, present, value
from pulsestream.query.expression import Field, Inside, Place, Tag
from pulsestream.query.syntax.place import write
from pulsestream.store.port import in_pieces

# What the engine calls a group, and what we do: None is the group of the events that have no value there.
Key = str | int | float | bool | None
Label = str | int | float | bool | None

_TEXT_MAX = 4_000  # characters
_NUMBERS = "Array(UInt64)"
_NONE = "toUInt64(0)"


def key(place: Place, bound: Bound) -> str:
    """The value of an event there; NULL or, of a field, the empty text where it has none."""
    match place:
        case Field("status_class"):
            return "toUInt8(intDiv(status_code, 100))"  # a text for each event would take a quarter longer
        case Field(name) if DIMENSIONS[name].kind is Kind.TIME:
            return f"toUnixTimestamp64Micro({DIMENSIONS[name].sql})"
        case Field(_):
            return value(place, bound)
        case Tag(_) | Inside(_, _):  # a tag can be there and empty
            return f"if({present(place, bound)}, {value(place, bound)}, NULL)"


def has_value(place: Place, key: str) -> str:
    """SQL: whether this key, which is NULL or the empty text else, stands for a value."""
    if not isinstance(place, Field):
        return f"isNotNull({key})"
    if place.name == "status_class":
        return f"{key} != 0"
    kind = DIMENSIONS[place.name].kind
    if kind is Kind.TIME:
        return "1"
    return f"isNotNull({key})" if kind in (Kind.NUMBER, Kind.FLAG) else f"{key} != ''"


def label(place: Place, key: Key) -> Label:
    """What an answer calls it: null where an event has no value there."""
    if not isinstance(place, Field):
        return key
    if place.name == "status_class":
        return f"{key}xx" if key else None
    if DIMENSIONS[place.name].kind is Kind.TIME:
        return from_micros(cast("int", key)).isoformat().replace("+00:00", "Z")
    return None if key == "" else key


def labels(places: Sequence[Place], keys: Sequence[Key]) -> dict[str, Label]:
    """By place, as it is written in the language, with a field's long name."""
    return {write(place): label(place, key) for place, key in zip(places, keys, strict=True)}


def number(places: Sequence[Place], groups: Sequence[Sequence[Key]], bound: Bound) -> str:
    """SQL: which of these groups, all different, an event is in: from 1 on, and 0 where it is in none.

    Each place's values are numbered by themselves: of a dictionary's column only the distinct ones are looked at.
    """
    sql = ""
    ids = [0] * len(groups)  # of each group, as far as the places so far tell it from others
    for at, place in enumerate(places):
        keys = sorted(dict.fromkeys(group[at] for group in groups), key=lambda one: one is None)
        numbers = {key: number for number, key in enumerate(keys, 1)}
        mine = _numbered(place, keys, bound)
        if not sql:
            sql, ids = mine, [numbers[group[at]] for group in groups]
            continue
        radix = len(keys) + 1
        codes = [before * radix + numbers[group[at]] for before, group in zip(ids, groups, strict=True)]
        known = {code: number for number, code in enumerate(dict.fromkeys(codes), 1)}
        sql = _transformed(f"{sql} * {bound(radix, 'UInt64')} + {mine}", bound([*known], _NUMBERS), [*known], bound)
        ids = [known[code] for code in codes]
    return _transformed(sql, bound(ids, _NUMBERS), ids, bound)


def _numbered(place: Place, keys: Sequence[Key], bound: Bound) -> str:
    """From 1 on in this order, in which None is the last, and 0 for any other value."""
    sql = key(place, bound)
    given = [one for one in keys if one is not None]
    if given and isinstance(given[0], str):
        texts = cast("list[str]", given)
        if max(map(len, texts)) > _TEXT_MAX:  # a bound value has a limit, on the way to a server
            sql, texts = f"hex(SHA256({sql}))", [sha256(text.encode()).hexdigest().upper() for text in texts]
        found = _transformed(f"assumeNotNull({sql})", _texts(texts, bound), given, bound)
    elif given and isinstance(given[0], float):
        floats = bound(cast("list[float]", given), "Array(Float64)")
        found = _transformed(f"assumeNotNull({sql})", floats, given, bound)
    elif given:
        whole = bound([int(cast("int", one)) for one in given], "Array(Int64)")
        found = _transformed(f"toInt64(assumeNotNull({sql}))", whole, given, bound)
    else:
        found = _NONE
    absent = bound(len(keys), "UInt64") if None in keys else _NONE
    return f"if(isNull({sql}), {absent}, {found})"


def _transformed(sql: str, array: str, keys: Sequence[object], bound: Bound) -> str:
    """1 for the first of the array, 2 for the second, …, and 0 for what is not in it."""
    if not keys:
        return _NONE
    return f"transform({sql}, {array}, {bound([*range(1, len(keys) + 1)], _NUMBERS)}, {_NONE})"


def _texts(keys: Sequence[str], bound: Bound) -> str:
    pieces = [bound(piece, "Array(String)") for piece in in_pieces(keys)]
    return pieces[0] if len(pieces) == 1 else f"arrayConcat({', '.join(pieces)})"
