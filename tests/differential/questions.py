"""Conditions and questions as Hypothesis draws them, about what the worlds have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from differential import worlds
from differential.oracle import field
from differential.reckoned import MEASURED
from differential.worlds import World
from pulsestream.clock import from_micros, to_micros
from pulsestream.event import INT_MAX
from pulsestream.query.apdex import Thresholds
from pulsestream.query.catalog import DIMENSIONS, TAG_DIMENSIONS, Kind
from pulsestream.query.expression import (
    EVERYTHING,
    All,
    Between,
    Compared,
    Either,
    Expression,
    Field,
    Has,
    Inside,
    Not,
    Order,
    Pattern,
    Place,
    Tag,
    Text,
    Value,
    all_of,
    any_of,
    none_of,
    one_of,
)
from pulsestream.query.model import Query, View
from pulsestream.query.search import Sort
from pulsestream.query.steps import Step, Unit, automatic_step
from pulsestream.query.top import Sort as Ranked

_OFF = tuple(
    timedelta(**{unit: number})
    for unit, number in (
        *(("microseconds", 0), ("microseconds", 0), ("microseconds", 1), ("seconds", 1), ("minutes", 30), ("hours", 1)),
        *(("hours", 3), ("days", 1), ("days", 10), ("days", 70)),
    )
)
# What a program sends that means no beginning, or no end.
_FAR = tuple(datetime(year, 1, 1, tzinfo=UTC) for year in (1, 1900, 1969, 1970, 2106, 2200, 2299, 9999))
_MICROSECOND = timedelta(microseconds=1)
_IDS = tuple(f"e{number}" for number in range(17))
_NUMBERS: dict[str, tuple[int | float, ...]] = {
    "status_code": worlds.STATUSES,
    "response_time_ms": worlds.TIMES_MS,
    "request_size_bytes": worlds.SIZES,
    "response_size_bytes": worlds.SIZES,
}
_ENDS = (0, -1, 99.5, 499.99999, 1e18, 9.3e18, 1.7e308, -1.7e308, INT_MAX, -INT_MAX, 2**53 + 1)


def _of_kind(*kinds: Kind) -> list[str]:
    return [name for name, dimension in DIMENSIONS.items() if dimension.kind in kinds]


def texts_of(name: str) -> tuple[str, ...]:
    if name == "event_id":
        return _IDS
    if name == "status_class":
        return "2xx", "4xx", "5xx", "0xx"
    return worlds.TAGS[name] if name in TAG_DIMENSIONS else worlds.TEXTS[name]


@st.composite
def _pattern(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> Pattern:
    """Pieces of a text that there is, so that it fits something, or of two."""
    text = draw(texts)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), min_size=1, max_size=4)))
    pieces = [text[: cuts[0]]]
    for start, end in zip(cuts[1::2], cuts[2::2], strict=False):
        pieces.append(text[start:end])
    pieces.append(draw(st.sampled_from((text[cuts[-1] :], text[cuts[-1] :], "", text[cuts[-1] :].swapcase()))))
    return Pattern(tuple(pieces))


def _searched(texts: tuple[str, ...]) -> st.SearchStrategy[str]:
    whole = st.sampled_from(texts)
    part = st.builds(
        lambda text, start, length: text[start : start + length], whole, st.integers(0, 8), st.integers(0, 6)
    )
    return whole | part | whole.map(str.swapcase) | st.sampled_from(worlds.ODD)


def _values(one: st.SearchStrategy[Value]) -> st.SearchStrategy[list[Value]]:
    return st.lists(one, min_size=1, max_size=3)


@st.composite
def _about_a_field(draw: st.DrawFn) -> Expression:
    name = draw(st.sampled_from(tuple(DIMENSIONS)))
    place, dimension = Field(name), DIMENSIONS[name]
    if dimension.kind is Kind.GROUP or draw(st.integers(0, 5)) == 0:
        return Has(place)
    if dimension.kind is Kind.TIME:
        return draw(_ordered(place, (worlds.moments | worlds.moments | st.sampled_from(_FAR)).map(to_micros)))
    if dimension.kind is Kind.NUMBER:
        number = st.sampled_from(_NUMBERS[name] * 3 + _ENDS)
        return draw(_values(number).map(lambda values: one_of(place, values)) | _ordered(place, number))
    if dimension.kind is Kind.FLAG:
        return one_of(place, draw(_values(st.booleans())))
    if dimension.kind is Kind.CHOICE:
        return one_of(place, draw(_values(st.sampled_from(dimension.choices))))
    texts = _searched(texts_of(name))
    return one_of(place, draw(_values(texts | texts | _pattern(texts))))


@st.composite
def _ordered(draw: st.DrawFn, place: Place, numbers: st.SearchStrategy[int | float]) -> Expression:
    if draw(st.booleans()):
        return Compared(place, draw(st.sampled_from(Order)), draw(numbers))
    return Between(place, draw(numbers), draw(numbers))


@st.composite
def _about_a_tag(draw: st.DrawFn) -> Expression:
    name = draw(st.sampled_from((*worlds.TAGS, "nobody")))
    texts = _searched(worlds.TAGS.get(name, ("x",)))
    numbers = st.sampled_from((10, 9, -1.5, 7, 0, 0.1 + 0.2, 1000, 1e29, 2**53 + 1))
    return draw(
        st.just(Has(Tag(name)))
        | _values(texts | texts | _pattern(texts)).map(lambda values: one_of(Tag(name), values))
        | _ordered(Tag(name), numbers)
    )


_written = tuple(str(one) if isinstance(one, str) else repr(one).lower() for one in worlds.SCALARS if one is not None)
insides = st.builds(
    Inside,
    st.sampled_from(("payload", "metadata")),
    st.lists(st.sampled_from(worlds.KEYS), min_size=1, max_size=3).map(tuple),
)


@st.composite
def _about_the_payload(draw: st.DrawFn) -> Expression:
    place = draw(insides)
    texts = _searched((*_written, "1_0", "nan", "inf", " 1", "+1", "0x1", "1.", ".5", "01", "1e400", "١"))
    numbers = st.sampled_from((0, 1, -1, 1.5, 100, 2**53, 2**53 + 1, INT_MAX, 1e300, 1e19))
    return draw(
        st.just(Has(place))
        | _values(texts | texts | _pattern(texts)).map(lambda values: one_of(place, values))
        | _ordered(place, numbers)
    )


_searches = _searched((*worlds.TEXTS["title"], *worlds.TEXTS["message"], *worlds.TEXTS["error_message"]))
_leaves = (
    _about_a_field()
    | _about_a_field()
    | _about_a_tag()
    | _about_the_payload()
    | st.lists(_searches, min_size=1, max_size=3).map(tuple).map(Text)
)


def _joined(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(inner, max_size=3)
    return (
        several.map(all_of)
        | several.map(any_of)
        | inner.map(none_of)
        | several.map(tuple).map(All)
        | several.map(tuple).map(Either)
        | inner.map(Not)
    )


expressions: st.SearchStrategy[Expression] = st.recursive(_leaves, _joined, max_leaves=5)

# ---- questions

_fields = st.sampled_from([name for name, one in DIMENSIONS.items() if one.kind is not Kind.GROUP]).map(Field)
places: st.SearchStrategy[Place] = (
    st.sampled_from(("service", "endpoint", "status_class", "severity")).map(Field)
    | _fields
    | st.sampled_from((*worlds.TAGS, "nobody")).map(Tag)
    | insides
)


def near(world: World) -> st.SearchStrategy[datetime]:
    """Moments at which an event of the world was, and about them."""
    at = st.sampled_from([field(event, "timestamp") for event in world] or [0])
    off = st.sampled_from(_OFF).flatmap(lambda off: st.sampled_from((off, -off)))
    about = st.builds(lambda at, off: from_micros(max(at + off // _MICROSECOND, 0)), at, off)
    return st.integers(0, 19).flatmap(lambda one: about if one else st.sampled_from(_FAR))


def ranges(world: World) -> st.SearchStrategy[tuple[datetime | None, datetime | None]]:
    """With either end, both or none."""
    moment = st.none() | near(world)
    return st.tuples(moment, moment).filter(lambda ends: None in ends or ends[0] < ends[1])


def closed_ranges(world: World) -> st.SearchStrategy[tuple[datetime, datetime]]:
    return st.tuples(near(world), near(world)).filter(lambda ends: ends[0] != ends[1]).map(sorted)


thresholds = st.builds(
    Thresholds,
    st.sampled_from((0.001, 25.0, 100.0, 500.0, 3_600_000.0)),
    st.dictionaries(
        st.sampled_from(("*", "/orders*", "/*rders", "/or_ers", "/or%", "*{id}", "/ORDERS")),
        st.sampled_from((100.0, 125.0)),
        max_size=3,
    ).map(lambda of: tuple(of.items())),
)


def views(world: World) -> st.SearchStrategy[View]:
    """`expiring` counts positions from the world's first event on."""
    return st.builds(
        View,
        oldest=st.none() | st.none() | near(world),
        hidden=st.just(()) | st.lists(st.sampled_from(_IDS), max_size=5),
        expiring=st.none() | st.none() | st.tuples(near(world).map(to_micros), st.integers(-1, 16)),
        apdex=thresholds,
    )


filters = st.just(EVERYTHING) | expressions
measures = (
    st.just(MEASURED) | st.just(MEASURED) | st.lists(st.sampled_from(MEASURED), min_size=1, max_size=5, unique=True)
).map(tuple)
limits = st.sampled_from((1_000, 1_000, 1, 2, 3))


def groups(least: int) -> st.SearchStrategy[tuple[Place, ...]]:
    return st.lists(places, min_size=least, max_size=3, unique=True).map(tuple)


@st.composite
def grouped(draw: st.DrawFn, world: World) -> Query:
    start, end = draw(ranges(world))
    return Query(
        tenant="-",
        limit=draw(limits),
        start=start,
        end=end,
        where=draw(filters),
        group_by=draw(groups(0)),
        measures=draw(measures),
    )


@st.composite
def in_a_range(draw: st.DrawFn, world: World, *, by: int, most: int = 5) -> Query:
    """Grouped by at least so many places, into at most so many groups."""
    start, end = draw(closed_ranges(world))
    return Query(
        tenant="-",
        limit=draw(st.integers(1, most)),
        start=start,
        end=end,
        where=draw(filters),
        group_by=draw(groups(by)),
        measures=draw(measures),
    )


_SORTED = tuple(name for name, one in DIMENSIONS.items() if one.kind not in (Kind.GROUP, Kind.TEXT))


@st.composite
def asked_in_any_order(draw: st.DrawFn, world: World) -> tuple[Query, Sort]:
    start, end = draw(ranges(world))
    limit = draw(st.integers(2, 9))
    query = Query(tenant="-", limit=limit, start=start, end=end, where=draw(filters))
    name = draw(st.just("timestamp") | st.sampled_from(_SORTED))
    return query, Sort(name, descending=draw(st.booleans()))


# Sums of floats depend on their order, so groups are not ranked by them.
sorts = st.builds(
    Ranked,
    st.sampled_from([one for one in MEASURED if "bytes" not in one and one not in ("mean_ms", "throughput")]),
    st.booleans(),
)
STEPS = [
    Step(count, unit)
    for unit, counts in {
        Unit.SECOND: (1, 15),
        Unit.MINUTE: (1, 5, 20, 30, 60),
        Unit.HOUR: (1, 2, 3, 4, 8, 12),
        Unit.DAY: (1,),
        Unit.WEEK: (1,),
        Unit.MONTH: (1, 2, 3, 12, 24),
    }.items()
    for count in counts
]
zones = st.sampled_from(worlds.ZONES).map(ZoneInfo)


def steps_of(query: Query) -> st.SearchStrategy[Step]:
    """Not too many, and not much longer than the range."""
    seconds = (query.end - query.start).total_seconds()
    few = [step for step in STEPS if 1 / 40 <= seconds / step.nominal_s <= 200]
    return st.sampled_from([*few, automatic_step(query.start, query.end)])
