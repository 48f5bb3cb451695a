"""A question is a value that cannot be built wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pulsestream.errors import BadParameters
from pulsestream.query.expression import Field, one_of
from pulsestream.query.model import LIMIT_MAX, Query

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        ({"tenant": ""}, "tenant"),
        ({"limit": 0}, "limit"),
        ({"limit": LIMIT_MAX + 1}, "limit"),
        ({"where": one_of(Field("colour"), ("red",))}, "colour"),
        ({"group_by": (Field("service"), Field("colour"))}, "by"),
        ({"measures": ("count", "p101_ms")}, "measures"),
        ({"start": NOON, "end": NOON}, "end_time"),
    ],
)
def test_a_part_that_makes_no_sense_is_named(parts, named):
    with pytest.raises(BadParameters) as refused:
        Query(**{"tenant": "acme", "limit": 1} | parts)
    assert [name for name, _ in refused.value.errors] == [named]


def test_everything_wrong_is_named_at_once():
    with pytest.raises(BadParameters) as refused:
        Query(tenant="", limit=0, group_by=(Field("colour"),), measures=("loudness",))
    assert [name for name, _ in refused.value.errors] == ["by", "measures", "limit", "tenant"]


@pytest.mark.parametrize("name", ["p0", "p0_ms", "p99.999_ms", "p100", "p100_ms", "p95"])
def test_any_percentile_is_a_measure(name):
    assert Query(tenant="acme", limit=1, measures=(name,)).measures == (name,)


@pytest.mark.parametrize("name", ["p101", "p100.5_ms", "p-1", "p99.9999", "p1e1", "p_ms", "P99", "p٣"])
def test_what_is_no_percentile_is_refused(name):
    with pytest.raises(BadParameters, match="is no measure"):
        Query(tenant="acme", limit=1, measures=(name,))


@pytest.mark.parametrize("missing", ["tenant", "limit"])
def test_no_question_without_a_tenant_and_a_limit(missing):
    parts = {"tenant": "acme", "limit": 1}
    del parts[missing]
    with pytest.raises(TypeError, match=missing):
        Query(**parts)


@pytest.mark.parametrize("limit", [1, LIMIT_MAX])
def test_a_question_at_its_limits_is_taken(limit):
    assert Query(tenant="acme", limit=limit, start=NOON).limit == limit
