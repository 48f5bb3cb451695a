"""Whether a service is well is judged by what is usual for it, and few requests prove little."""

from __future__ import annotations

from datetime import timedelta
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pulsestream.query.health import Rhythm, Sample, State, judge, unusual, usual_rate, wilson

DAILY = (7200,) * 7  # a request a second within two hours, on each of seven days
ORDER = (State.HEALTHY, State.DEGRADED, State.FAILING)


def sample(requests, errors_5xx=0, p95_ms=400.0, **changes):
    """Its percentiles are those of times that are nearly all the same, unless told."""
    same = {name: p95_ms * share for name, share in (("p50_ms", 0.8), ("p75_ms", 0.9), ("p90_ms", 0.95))}
    return Sample(**({"requests": requests, "errors_5xx": errors_5xx, "p95_ms": p95_ms, "apdex": 0.9} | same | changes))


def rhythm(gap_s=1.0, of_days=DAILY, own=1.0):
    return Rhythm(None if gap_s is None else timedelta(seconds=gap_s), of_days, 2.0, own)


USUAL = sample(50_000, 400)  # 0.8 %, 400 ms
MANY = "error rate 12.4 % (68 of 548 requests failed with 5xx); usually 0.8 %"
UNKNOWN = "too little is known from before to say what is usual"
JUDGED = {
    "as usual": (
        sample(600, 5),
        [USUAL],
        State.HEALTHY,
        "error rate 0.8 % (5 of 600 requests failed with 5xx), p95 400 ms: as usual",
    ),
    "many errors": (
        sample(548, 68),
        [USUAL],
        State.DEGRADED,
        MANY,
    ),
    "most errors": (
        sample(548, 300),
        [USUAL],
        State.FAILING,
        "error rate 54.7 % (300 of 548 requests failed with 5xx); usually 0.8 %",
    ),
    "failing, of few": (
        sample(40, 16),
        [USUAL],
        State.FAILING,
        "error rate 40.0 % (16 of 40 requests failed with 5xx); usually 0.8 %",
    ),
    "one error of few is chance": (
        sample(9, 1),
        [USUAL],
        State.HEALTHY,
        "error rate 11.1 % (1 of 9 requests failed with 5xx), p95 400 ms: as usual",
    ),
    "twice of very little is little": (
        sample(100_000, 60),
        [sample(100_000, 10)],
        State.HEALTHY,
        "error rate 0.1 % (60 of 100,000 requests failed with 5xx), p95 400 ms: as usual",
    ),
    "bad for a day is not usual": (
        sample(600, 60),
        [sample(50_000, 5_000), sample(700, 4)],
        State.DEGRADED,
        "error rate 10.0 % (60 of 600 requests failed with 5xx); usually 0.6 %",
    ),
    "bad whatever is usual": (
        sample(600, 400),
        [sample(50_000, 33_000)],
        State.FAILING,
        "error rate 66.7 % (400 of 600 requests failed with 5xx)",
    ),
    "slow": (
        sample(600, 5, 1240),
        [USUAL],
        State.DEGRADED,
        "p95 1,240 ms is 3.1 times its usual 400 ms",
    ),
    "slow, of few": (
        sample(4, 0, 4000),
        [USUAL],
        State.HEALTHY,
        "error rate 0.0 % (0 of 4 requests failed with 5xx), p95 4,000 ms: as usual",
    ),
    "only the slowest of few are slow": (
        sample(40, 0, 4000, p75_ms=300),
        [USUAL],
        State.HEALTHY,
        "error rate 0.0 % (0 of 40 requests failed with 5xx), p95 4,000 ms: as usual",
    ),
    "slower by a trifle": (
        sample(600, 5, 9),
        [sample(50_000, 400, 2.5)],
        State.HEALTHY,
        "error rate 0.8 % (5 of 600 requests failed with 5xx), p95 9.0 ms: as usual",
    ),
    "slow and failing": (
        sample(548, 68, 1240),
        [USUAL],
        State.DEGRADED,
        f"{MANY}; p95 1,240 ms is 3.1 times its usual 400 ms",
    ),
    "refused": (
        sample(548, 0, errors_4xx=170),
        [sample(50_000, 400, errors_4xx=1_000)],
        State.DEGRADED,
        "31.0 % of the requests (170 of 548 requests) were refused with 4xx; usually 2.0 %",
    ),
    "new and well": (
        sample(120, 1),
        [sample(99, 99)],
        State.HEALTHY,
        f"error rate 0.8 % (1 of 120 requests failed with 5xx), p95 400 ms; {UNKNOWN}",
    ),
    "new and failing": (
        sample(120, 30),
        [],
        State.FAILING,
        f"error rate 25.0 % (30 of 120 requests failed with 5xx); {UNKNOWN}",
    ),
    "new and often failing": (
        sample(120, 8),
        [],
        State.DEGRADED,
        f"error rate 6.7 % (8 of 120 requests failed with 5xx); {UNKNOWN}",
    ),
    "new and slow": (
        sample(120, 0, 2500, apdex=0.55),
        [],
        State.DEGRADED,
        f"apdex 0.55 with a p95 of 2,500 ms; {UNKNOWN}",
    ),
    "new, slow, of few": (
        sample(1, 0, 2500, apdex=0.0),
        [],
        State.HEALTHY,
        f"error rate 0.0 % (0 of 1 request failed with 5xx), p95 2,500 ms; {UNKNOWN}",
    ),
}


@pytest.mark.parametrize("name", JUDGED)
def test_a_state_has_its_reason_in_words(name):
    now, usual, state, reason = JUDGED[name]
    found = judge(now, usual, rhythm())
    assert (found.state, found.reason) == (state, reason)


SILENT = {
    "stopped": (600, rhythm(720), "no request for 12 minutes; usually 1 a second"),
    "stopped, of a slow one": (
        3,
        rhythm(4000, of_days=(36,) * 7),
        "no request for 67 minutes; usually one every 3.3 minutes",
    ),
    "nothing in the range": (0, rhythm(30), "no request for 30 seconds; usually 1 a second"),
    "nothing for long": (0, rhythm(None), "no request; usually 1 a second"),
    "new, and stopped": (
        600,
        rhythm(300, of_days=(0,) * 7, own=0.5),
        "no request for 5 minutes; before that one every 2 seconds",
    ),
}


@pytest.mark.parametrize("name", SILENT)
def test_silence_says_what_is_usual(name):
    requests, course, reason = SILENT[name]
    found = judge(sample(requests), [USUAL], course)
    assert (found.state, found.reason) == (State.SILENT, reason)
    assert unusual(course) == (name != "nothing for long")


def test_nothing_is_said_of_one_that_never_has_requests():
    never = judge(Sample(requests=0), [], rhythm(None, of_days=(0,) * 7, own=0.0))
    assert (never.state, never.reason) == (State.HEALTHY, "no request, now or before: nothing can be said of it")


@pytest.mark.parametrize(
    ("name", "course"),
    [
        ("a short gap", rhythm(59)),
        ("of a rare one", rhythm(720, of_days=(10,) * 7)),
        ("that rests at this time", rhythm(36_000, of_days=(0,) * 7, own=0.0)),
        ("that rests on this day of the week", rhythm(36_000, of_days=(7200, 7200, 7200, 7200, 7200, 0, 0))),
        ("that once was not there", rhythm(10, of_days=(7200, 0, 7200, 7200, 7200, 7200, 7200))),
    ],
)
def test_a_gap_of_one_that_has_gaps_is_no_silence(name, course):
    assert judge(sample(600), [USUAL], course).state is State.HEALTHY, name


def test_what_is_usual_at_this_time_is_the_lesser_of_the_week_and_its_day():
    assert usual_rate(rhythm(of_days=(7200, 7200, 7200, 14_400, 14_400, 14_400, 72_000))) == (2.0, "usually")
    assert usual_rate(rhythm(of_days=(7200, 7200, 7200, 7200, 7200, 7200, 720))) == (0.1, "usually")
    assert usual_rate(rhythm(of_days=(7200, 0, 0, 0, 0, 0, 0), own=3.0)) == (3.0, "before that")


# Newcombe, Two-sided confidence intervals for the single proportion, 1998, table I, method 4.
@pytest.mark.parametrize(
    ("found", "of", "low", "high"),
    [(81, 263, 0.2535, 0.3682), (15, 148, 0.0598, 0.1644), (0, 20, 0.0, 0.2005), (1, 29, 0.0018, 0.1963)],
)
def test_the_interval_is_newcombes(found, of, low, high):
    assert wilson(found, of, 1.959964) == pytest.approx((low, high), abs=5e-5)
    assert wilson(of - found, of, 1.959964) == pytest.approx((1 - high, 1 - low), abs=5e-5)


@pytest.mark.parametrize(("requests", "level"), [(5, 0.5), (30, 0.75), (300, 0.9)])
def test_a_percentile_proves_that_p95_has_grown_but_once_in_400_times(requests, level):
    """How likely it is that so many of them are over the usual p95 by chance."""
    over = round(requests * (1 - level) + 1e-9)
    at_least = sum(comb(requests, n) * 0.05**n * 0.95 ** (requests - n) for n in range(max(over, 1), requests + 1))
    assert at_least < 1 / 400


counts = st.integers(1, 100_000)


@st.composite
def samples(draw, least=1):
    requests = draw(st.integers(least, 100_000))
    errors = draw(st.integers(0, requests))
    p50, p75, p90, p95 = sorted(draw(st.floats(0, 60_000)) for _ in range(4))
    return Sample(
        requests=requests,
        errors_5xx=errors,
        errors_4xx=draw(st.integers(0, requests - errors)),
        apdex=draw(st.floats(0, 1)),
        p50_ms=p50,
        p75_ms=p75,
        p90_ms=p90,
        p95_ms=p95,
    )


def severity(*arguments):
    return ORDER.index(judge(*arguments, rhythm()).state)


@given(samples(), st.lists(samples(), max_size=2), st.data())
def test_more_errors_never_make_it_healthier(now, usual, data):
    more = data.draw(st.integers(now.errors_5xx, now.requests - now.errors_4xx))
    assert severity(replace(now, errors_5xx=more), usual) >= severity(now, usual)


@given(samples(), st.lists(samples(), max_size=2), st.floats(1, 100))
def test_slower_never_makes_it_healthier(now, usual, times):
    names = ("p50_ms", "p75_ms", "p90_ms", "p95_ms")
    slower = replace(now, **{name: getattr(now, name) * times for name in names})
    assert severity(slower, usual) >= severity(now, usual)


@given(samples(), st.lists(samples(least=100), min_size=1, max_size=2), st.integers(2, 50))
def test_more_of_the_same_proves_no_less(now, usual, times):
    def scaled(one):
        names = ("requests", "errors_4xx", "errors_5xx")
        return replace(one, **{name: getattr(one, name) * times for name in names})

    assert severity(scaled(now), [scaled(one) for one in usual]) >= severity(now, usual)


@given(samples(), st.lists(samples(), max_size=2), st.floats(0, 1e6), st.lists(counts, min_size=7, max_size=7))
def test_a_reason_is_a_line_of_words(now, usual, gap_s, of_days):
    found = judge(now, usual, rhythm(gap_s, tuple(of_days)))
    assert found.reason
    assert found.reason.isprintable()
    assert "nan" not in found.reason
