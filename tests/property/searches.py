"""Searches of any shape, and texts that look like the language. Canonical: made by the constructors of `expression`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from hostile.odd_texts import ODD_TEXTS
from pulsestream.clock import to_micros
from pulsestream.event import INT_MAX
from pulsestream.query.catalog import DIMENSIONS, NAMES, Kind
from pulsestream.query.expression import (
    Between,
    Compared,
    During,
    Field,
    Has,
    Inside,
    Last,
    Order,
    Pattern,
    Search,
    Tag,
    Text,
    all_of,
    any_of,
    none_of,
    one_of,
)

_MICROS = st.integers(to_micros(datetime(1, 1, 2, tzinfo=UTC)), to_micros(datetime(9998, 12, 31, tzinfo=UTC)))
_words = st.sampled_from(["AND", "OR", "not", "last", "15m", "since", "-", "2026-11-01", "a..b", ">5", "1..2", "a,b"])
_texts = st.text(max_size=8) | _words | st.sampled_from(sorted(ODD_TEXTS.values()))
_some = _texts.filter(bool)
_numbers = st.integers(-INT_MAX, INT_MAX) | st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 600)


def _of(*kinds):
    return st.sampled_from([Field(name) for name, each in DIMENSIONS.items() if each.kind in kinds])


def _patterns(ends):
    """`ends`: what may stand at both ends."""
    inner = st.lists(_some, max_size=2)
    pieces = st.tuples(ends, inner, ends).map(lambda parts: (parts[0], *parts[1], parts[2]))
    return pieces.filter(any).map(Pattern)


def _is(places, values):
    return st.builds(one_of, places, st.lists(values, min_size=1, max_size=3))


_loose = st.builds(Tag, _texts) | st.builds(
    Inside, st.sampled_from(["payload", "metadata"]), st.lists(_texts, min_size=1, max_size=3).map(tuple)
)
_ordered = _of(Kind.NUMBER) | _loose
_pairs = st.tuples(_numbers, _numbers).map(sorted)

conditions = st.one_of(
    _is(_of(Kind.WORD, Kind.FOLDED) | _loose, _texts | _patterns(_texts)),
    _is(_of(Kind.TEXT), _some | _patterns(_some)),
    _is(_of(Kind.NUMBER), _numbers),
    _is(_of(Kind.FLAG), st.booleans()),
    _of(Kind.CHOICE).flatmap(lambda at: _is(st.just(at), st.sampled_from(DIMENSIONS[at.name].choices))),
    st.builds(Compared, _ordered, st.sampled_from(Order), _numbers),
    st.builds(lambda at, pair: Between(at, *pair), _ordered, _pairs),
    st.builds(Compared, st.just(Field("received_at")), st.sampled_from(Order), _MICROS),
    st.builds(lambda pair: Between(Field("received_at"), *pair), st.tuples(_MICROS, _MICROS).map(sorted)),
    st.builds(Has, st.sampled_from([Field(name) for name in DIMENSIONS]) | _loose),
    st.lists(_some, min_size=1, max_size=3).map(lambda pieces: Text(tuple(pieces))),
)

expressions = st.recursive(
    conditions,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(all_of), st.lists(inner, max_size=4).map(any_of), inner.map(none_of)
    ),
    max_leaves=12,
)

times = st.one_of(
    st.none(),
    st.builds(Last, st.timedeltas(timedelta(microseconds=1), timedelta(days=36_500))),
    st.tuples(_MICROS, _MICROS).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: During(*sorted(pair))),
    _MICROS.map(lambda micros: During(micros, None)),
    _MICROS.map(lambda micros: During(None, micros)),
)


def searches():
    return st.builds(Search, expressions, times)


_FRAGMENTS = [
    *NAMES, *NAMES, "has", "tag", "tag.", "payload.", "metadata.a.", "tags.", ":", ":", ":", ":", ":(", "(", ")", ")",
    '"', '""', "\\", '\\"', "*", "**", "-", "--", "..", ">", ">=", "<", "<=", "=", "!=", ",", " ", " ", " ", " ", "\t",
    "\n", "\0", "\u202e", "\xa0", " AND ", " OR ", " NOT ", "or", "last ", "since ", "until ", "before ", "now",
    "today", "now-15m", "15m",
    "1h30m", "24 hours", "2026-11-01", "2026-11-07", "2026-02-30", "9999-12-31", "0001-01-01",
    "T10:00", "Z", "+02:00", "500", "5xx", "1.5s", "100ms", "2MiB", "1e400", "1e-9", "-5", ".5", "9" * 30, "error",
    "true", "NaN", "GET", "é", "日本",
]  # fmt: skip

language_like = st.lists(st.sampled_from(_FRAGMENTS) | st.text(max_size=3), max_size=12).map("".join)
