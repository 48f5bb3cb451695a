"""What may follow what is being typed: names, and the values that there are, with their counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from enum import StrEnum

from msgspec import Struct

from pulsestream.query.catalog import DIMENSIONS, NAMES, Dimension, Kind
from pulsestream.query.compile import Where
from pulsestream.query.condition import Bound, like_pattern, present, value
from pulsestream.query.expression import Field, Inside, Order, Place, Tag
from pulsestream.query.model import TEXT_MAX, Query, View
from pulsestream.query.run import Questions
from pulsestream.query.syntax import place as places
from pulsestream.query.syntax import writing
from pulsestream.query.syntax.grammar import OPERATORS
from pulsestream.query.syntax.typed import Typed, What
from pulsestream.store.port import Statement

SUGGESTIONS_MAX = 20  # of what is counted; fields are all suggested
_SOME = 20_000
_VALUE_MAX = 200  # characters: nobody chooses a longer one from a list


class Sort(StrEnum):
    FIELD = "field"
    VALUE = "value"
    OPERATOR = "operator"
    TIME = "time"


class Suggestion(Struct, frozen=True):
    """`text` takes the place of what is being typed. `count`: events in the time range that have it."""

    text: str
    kind: Sort
    detail: str
    count: int | None = None


_ROOTS = {"tag.": "a tag, by its name", **{f"{root}.": f"a value in the {root}" for root in places.INSIDE_ROOTS}}
_OPERATORS = {"AND": "both must hold", "OR": "one must hold", "NOT": "must not hold"}
_LENGTHS = {
    "15m": "the last 15 minutes",
    "1h": "the last hour",
    "24h": "the last day",
    "7d": "the last week",
    "30d": "the last 30 days",
}
_MOMENTS = {"now-15m": "15 minutes ago", "now-1h": "an hour ago", "today": "midnight", "yesterday": "midnight before"}
_TIMES = {f"last {text}": detail for text, detail in _LENGTHS.items()} | {
    "since today": "since midnight",
    "since yesterday": "since midnight before",
}
_ORDERS = {
    Order.OVER: "more than",
    Order.FROM: "at least",
    Order.UNDER: "less than",
    Order.UP_TO: "at most",
}
_EXAMPLES = {
    "": {},
    "ms": {">500ms": "slower than half a second", ">1s": "slower than a second", "100ms..1s": "in this range"},
    "bytes": {">10kB": "larger than 10 kB", ">1MB": "larger than a megabyte", "1kB..10kB": "in this range"},
}


_CLASSES = {"2xx": "from 200 to 299", "3xx": "from 300 to 399", "4xx": "from 400 to 499", "5xx": "from 500 to 599"}


async def suggestions(questions: Questions, query: Query, typed: Typed) -> list[Suggestion]:  # noqa: PLR0911 - a case each
    """`query`: whose events and of what time; what else it asks about is the rest of what is typed."""
    if len(typed.text) > _VALUE_MAX or len(typed.keys) > places.KEYS_MAX or sum(map(len, typed.keys)) > TEXT_MAX:
        return []
    match typed.what:
        case What.WORD:
            return [*_words(typed)]
        case What.LENGTH:
            return [*_fixed(_LENGTHS, typed.text, Sort.TIME)]
        case What.MOMENT:
            return [*_fixed(_MOMENTS, typed.text, Sort.TIME)]
        case What.NOTHING:
            return []
        case What.VALUE if typed.place is not None and not _is_compared(typed.text):
            return await _values(questions, query, typed.place, typed.text)
        case What.TAG | What.KEY:
            view = questions.view(query.tenant)
            rows = await questions.ask(query.tenant, names(query, typed, view=view))
            return [*_named(rows, typed)]
        case _:
            return []


# ---- names


def _words(typed: Typed) -> Iterator[Suggestion]:
    text = typed.text.lower()
    found = [
        Suggestion(_as_typed(name, dimension, typed), Sort.FIELD, _detail(dimension))
        for name, dimension in DIMENSIONS.items()
        if any(each.startswith(text) for each in (name, *dimension.aliases))
    ]
    # Of fields that begin so by their own name, those with few values first.
    found.sort(key=lambda one: not one.text.startswith(text))
    if not found and text:
        near = dict.fromkeys(
            NAMES[name] for name in get_close_matches(text[:_VALUE_MAX], NAMES, n=3, cutoff=places.LIKENESS_MIN)
        )
        found = [
            Suggestion(_as_typed(name, DIMENSIONS[name], typed), Sort.FIELD, _detail(DIMENSIONS[name])) for name in near
        ]
    yield from found
    yield from _fixed(_ROOTS, typed.text, Sort.FIELD)
    if typed.has:
        return
    if places.HAS.startswith(text):
        yield Suggestion(f"{places.HAS}:", Sort.FIELD, "events that have a field, a tag or an error at all")
    for operator in OPERATORS:
        if operator.lower().startswith(text) and (operator == "NOT" or not typed.first):
            yield Suggestion(operator, Sort.OPERATOR, _OPERATORS[operator])
    if typed.rest.time is None:
        yield from _fixed(_TIMES, typed.text, Sort.TIME)


def _as_typed(name: str, dimension: Dimension, typed: Typed) -> str:
    if typed.has:
        return name
    return f"{places.HAS}:{name}" if dimension.kind is Kind.GROUP else f"{name}:"


def _detail(dimension: Dimension) -> str:
    return f"{dimension.help} ({', '.join(dimension.aliases)})" if dimension.aliases else dimension.help


def _fixed(texts: dict[str, str], typed: str, kind: Sort) -> Iterator[Suggestion]:
    return (Suggestion(text, kind, detail) for text, detail in texts.items() if text.startswith(typed.lower()))


def names(query: Query, typed: Typed, *, view: View) -> Statement:
    """Rows (name, events, whether it holds further names) of tags, or of keys inside payload or metadata.

    Tags are counted exactly. To take every payload of a month apart takes half a minute, so keys are those of some
    events.
    """
    where = Where(query, view)
    bound = where.bound
    if typed.what is What.TAG:
        found = f"SELECT arrayJoin(mapKeys(tags)) AS name, 0 AS holds FROM events WHERE {where}"
    else:
        inside = ", ".join((typed.root, *map(bound.text, typed.keys)))
        some = f"SELECT {typed.root} FROM events WHERE {where} AND {typed.root} != '' LIMIT {bound(_SOME, 'UInt64')}"
        found = (
            f"SELECT arrayJoin(JSONExtractKeys({inside})) AS name, JSONType({inside}, name) = 'Object' AS holds"
            f" FROM ({some})"
        )
    return Statement(
        f"SELECT name, count() AS events, max(holds) FROM ({found}) WHERE {_begins('name', typed.text, bound)}"
        f" GROUP BY name HAVING {_short('name', bound)} ORDER BY events DESC, name"
        f" LIMIT {bound(query.limit, 'UInt64')}",
        where.parameters,
    )


def _named(rows: Iterable[Iterable[object]], typed: Typed) -> Iterator[Suggestion]:
    for name, events, holds in rows:
        end = "" if typed.has else "." if holds else ":"
        if typed.what is What.TAG:
            yield Suggestion(places.write(Tag(str(name))) + end, Sort.FIELD, "a tag", int(str(events)))
        else:
            detail = f"an object in the {typed.root}" if holds else f"a value in the {typed.root}"
            place = Inside(typed.root, (*typed.keys, str(name)))
            yield Suggestion(places.write(place) + end, Sort.FIELD, detail)


# ---- values


async def _values(questions: Questions, query: Query, place: Place, typed: str) -> list[Suggestion]:
    dimension = DIMENSIONS[place.name] if isinstance(place, Field) else None
    if dimension is not None and dimension.kind is Kind.TIME:
        return [*_fixed(_MOMENTS, typed, Sort.TIME)]
    if dimension is not None and dimension.kind is Kind.GROUP:
        return []
    detail = dimension.help if dimension else "a value there"
    found = []
    if dimension is None or dimension.kind is not Kind.NUMBER or dimension.facet:
        rows = await questions.ask(query.tenant, values(query, place, typed, view=questions.view(query.tenant)))
        found = [Suggestion(writing.value(str(text)), Sort.VALUE, detail, int(str(events))) for text, events in rows]
    if dimension is None:
        return found
    there = {one.text for one in found}
    found += [
        Suggestion(name, Sort.VALUE, detail, 0)
        for name in dimension.choices
        if name not in there and name.startswith(typed.lower())
    ]
    if dimension.kind is Kind.NUMBER:
        found += _fixed(_CLASSES if place == Field("status_code") else {}, typed, Sort.VALUE)
        found += _fixed(_EXAMPLES[dimension.unit], typed, Sort.VALUE)
        found += [Suggestion(order.value, Sort.OPERATOR, detail) for order, detail in _ORDERS.items() if not typed]
    return found


def values(query: Query, place: Place, typed: str, *, view: View) -> Statement:
    """Rows (value as text, events) of those that begin so, in any case, the most frequent first."""
    where = Where(query, view)
    bound = where.bound
    sql = value(place, bound)
    is_text = not isinstance(place, Field) or DIMENSIONS[place.name].kind not in (Kind.NUMBER, Kind.FLAG)
    text = sql if is_text else f"toString({sql})"
    return Statement(
        f"SELECT {text} AS text, count() AS events FROM events"
        f" WHERE {where} AND {present(place, bound)} AND {_begins(text, typed, bound)}"
        f" GROUP BY text HAVING {_short('text', bound)} ORDER BY events DESC, text"
        f" LIMIT {bound(query.limit, 'UInt64')}",
        where.parameters,
    )


def _short(sql: str, bound: Bound) -> str:
    return f"lengthUTF8({sql}) <= {bound(_VALUE_MAX, 'UInt64')}"


def _begins(sql: str, text: str, bound: Bound) -> str:
    return f"{sql} ILIKE {bound.text(like_pattern((text, '')))}" if text else "1"


def _is_compared(text: str) -> bool:
    return text.startswith(("<", ">")) or ".." in text
