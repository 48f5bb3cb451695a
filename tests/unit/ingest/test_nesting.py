"""The limit of nesting: exact, whatever stands between the brackets."""

from __future__ import annotations

import sys

import pytest

from pulsestream.errors import Reason
from pulsestream.ingest.nesting import NESTING_MAX, is_too_deep
from pulsestream.ingest.validate import Admissible
from unit.ingest.lines import checked, event


def nested(levels):
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize("fill", [b"", b" " * 2_000, rb'"[[\"[[{{{"', b'"\\\\",' + nested(3) + b"," + nested(5)])
def test_levels_are_counted_and_nothing_else(fill):
    inside = b"[" + fill + b"]" if fill.strip() else nested(1) + fill
    assert not is_too_deep(b'{"a":' * 499 + inside + b"}" * 499, levels_max=505)
    assert not is_too_deep(nested(500), levels_max=500)
    assert is_too_deep(b'{"a":' * 500 + inside + b"}" * 500, levels_max=500)


def test_many_brackets_beside_each_other_are_no_levels():
    assert not is_too_deep(b"[" + b",".join([nested(400)] * 1_000) + b"]")
    assert not is_too_deep(b'{"a":"' + b"[" * 10_000 + b'"}')


@pytest.mark.parametrize(("name", "outside"), [("payload", 1), ("metadata", 1), ("unknown", 0), ("context", 1)])
def test_a_field_may_have_so_many_levels(name, outside):
    def sent(levels):
        value = []
        for _ in range(levels - 1):
            value = [value]
        return event("a", **{name: {"x": value} if outside else value})

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)  # the test's own writer needs more than the limit under test
    try:
        texts = [sent(NESTING_MAX - outside), sent(NESTING_MAX - outside + 1)]
        taken, refused = map(checked, texts)
    finally:
        sys.setrecursionlimit(limit)
    assert isinstance(taken, Admissible)
    assert (refused.reason, refused.errors[0].field, refused.event_id) == (Reason.MALFORMED, "$", "a")
    assert str(NESTING_MAX) in refused.errors[0].rule
