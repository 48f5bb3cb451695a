"""Groups and measures are those that the events themselves give."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from differential import reckoned
from differential.questions import grouped, views
from pulsestream.clock import to_micros


def test_groups_and_measures_are_those_of_the_events(filled):
    @filled.settings(250)
    @given(query=grouped(), view=views, seconds=st.sampled_from((1, 900, 86_400, 0.5)))
    def agree(query, view, seconds):
        filled.views[query.tenant] = view
        found = filled.run(filled.questions.groups(query, seconds=seconds))
        rows = filled.worlds[query.tenant]
        mine = reckoned.asked_about(rows, query, view)
        assert found.basis.events == reckoned.basis_events(rows, query, view)
        assert found.basis.exact
        expected = reckoned.groups(mine, query, view.apdex, seconds)
        names = len(query.group_by)
        assert [[_plain(one) for one in row[:names]] for row in found.rows] == [row[:names] for row in expected], mine
        for row, right in zip(found.rows, expected, strict=True):
            for measure, got, value in zip(query.measures, row[names:], right[names:], strict=True):
                assert _alike(got, value), (measure, row, right, mine)

    agree()


def _plain(value):
    """As the oracle has it. The driver gives times in UTC without saying so."""
    return to_micros(value.replace(tzinfo=UTC)) if isinstance(value, datetime) else value


def _alike(got, value):
    """Sums of floats depend on their order."""
    return got == value or (None not in (got, value) and math.isclose(got, value, rel_tol=1e-12))
