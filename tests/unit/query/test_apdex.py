"""Thresholds of apdex as text: what is meant, and what is refused by name."""

import pytest

from pulsestream.errors import BadParameters
from pulsestream.query.apdex import DEFAULT_MS, RULES_MAX, Thresholds, parse_thresholds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Thresholds(DEFAULT_MS)),
        ("  \n", Thresholds(DEFAULT_MS)),
        ("300ms", Thresholds(300)),
        ("1.5s", Thresholds(1500)),
        ("0.25ms", Thresholds(0.25)),
        ("3600s", Thresholds(3_600_000)),
        ("/a=2s", Thresholds(DEFAULT_MS, (("/a", 2000),))),
        ("/b*=100ms 300ms\t/a=2s", Thresholds(300, (("/b*", 100), ("/a", 2000)))),
        ("/a?x=1=50ms", Thresholds(DEFAULT_MS, (("/a?x=1", 50),))),
        ("/pays/{id}/é=50ms", Thresholds(DEFAULT_MS, (("/pays/{id}/é", 50),))),
        ("300ms 300ms /a=1s /a=1000ms", Thresholds(300, (("/a", 1000),))),
    ],
)
def test_rules_are_read_in_their_order(text, expected):
    assert parse_thresholds(text) == expected


@pytest.mark.parametrize(
    "rule", ["fast", "300", "-1ms", "0ms", "/a=0.0s", "=100ms", "/a=", "1m", "3601s", "9" * 400 + "ms", "٣ms", "1e3ms"]
)
def test_a_rule_that_is_none_is_named_with_what_is_allowed(rule):
    with pytest.raises(BadParameters) as refused:
        parse_thresholds(f"300ms {rule} /ok=1s worse")
    assert refused.value.errors == [
        ("apdex", f"{wrong}: write 300ms or 1.5s for all endpoints, /api/v1/search*=100ms for some, up to an hour")
        for wrong in (rule, "worse")
    ]


def test_two_thresholds_for_one_thing_are_refused():
    with pytest.raises(BadParameters, match="500ms: there is another threshold for this already"):
        parse_thresholds("300ms 500ms")
    with pytest.raises(BadParameters, match="/a=500ms: there is another"):
        parse_thresholds("/a=300ms /a=500ms")


def test_there_is_a_most_of_rules():
    rules = " ".join(f"/{number}=1s" for number in range(RULES_MAX))
    assert len(parse_thresholds(rules).of) == RULES_MAX
    with pytest.raises(BadParameters, match="at most 200 endpoints"):
        parse_thresholds(rules + " /more=1s")
