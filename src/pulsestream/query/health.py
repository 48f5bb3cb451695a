"""Whether a service is well, and why: its requests now against what is usual for it.

Pure functions. What is usual comes from the service itself; few requests prove little, so a rate is compared by the
interval that it can really have.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from math import sqrt
from statistics import median

from msgspec import Struct

# Of the interval that a rate is in, with 99 % confidence.
_Z = 2.576
# Fewer requests say nothing of what is usual.
USUAL_REQUESTS_MIN = 100
# A change must be this much of what is usual, and more than a trifle.
_TIMES_5XX, _RATE_5XX_MIN = 2.0, 0.01
_TIMES_4XX, _RATE_4XX_MIN = 3.0, 0.05
_TIMES_P95, _SLOWER_MS_MIN = 2.0, 20.0
# From here on it is failing, when it is not usual; and from here on it is, usual or not.
_FAILING, _ALWAYS_FAILING = 0.10, 0.50
# Of a service of which nothing usual is known.
_NEW_DEGRADED, _NEW_APDEX, _NEW_APDEX_REQUESTS_MIN = 0.02, 0.70, 30  # apdex.org calls less than 0.70 poor
# Where traffic comes by chance (Poisson), no request where 14 were expected happens once in a million times: e^-14.
_EXPECTED_MIN = 14.0
_GAP_MIN = timedelta(minutes=1)
_PEAK = 2.0
_DAYS_KNOWN_MIN = 2

# Of so many requests, this share is slower than usual by chance once in 400 times or less (binomial: each is slower
# than the usual 95th percentile with a chance of 5 %). So the percentile at its other end tells whether p95 has grown.
_PROVEN_BY = ((300, 0.90), (30, 0.75), (5, 0.50))


class State(StrEnum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    FAILING = "failing"
    SILENT = "silent"


class Standing(Struct, frozen=True):
    """`reason`: in words, with the figures that decided."""

    state: State
    reason: str


class Sample(Struct, frozen=True, kw_only=True):
    """Requests of some time. Response times in ms, None where there were none."""

    requests: int
    errors_4xx: int = 0
    errors_5xx: int = 0
    apdex: float | None = None
    p50_ms: float | None = None
    p75_ms: float | None = None
    p90_ms: float | None = None
    p95_ms: float | None = None


class Rhythm(Struct, frozen=True):
    """`since_last`: since the newest request, None if none is known. `of_days`: how many requests came within
    `hours` hours at this time of day, yesterday first, seven days.

    `own`: requests a second in this range, up to the newest.
    """

    since_last: timedelta | None
    of_days: list[int]
    hours: float
    own: float


def judge(now: Sample, usual: Sequence[Sample], rhythm: Rhythm) -> Standing:
    """`usual`: the service's own earlier times to be compared with; those with too few requests are passed over."""
    silent = _silent(now, rhythm)
    if silent is not None:
        return silent
    known = [sample for sample in usual if sample.requests >= USUAL_REQUESTS_MIN]
    found = [*_failed(now, known), *_refused(now, known), *_slow(now, known)]
    for state in (State.FAILING, State.DEGRADED):
        reasons = [reason for one, reason in found if one is state]
        if reasons:
            return Standing(state, "; ".join(reasons))
    return Standing(State.HEALTHY, _well(now, known))


# ---- silence


def _silent(now: Sample, rhythm: Rhythm) -> Standing | None:
    """A gap is unusual when so many requests were to be expected in it; without any request it is one anyway."""
    gap = rhythm.since_last
    rate, words = usual_rate(rhythm)
    if now.requests and (gap is None or gap < _GAP_MIN or gap.total_seconds() * rate < _EXPECTED_MIN):
        return None
    if gap is None and not rate:
        return Standing(State.HEALTHY, "no request, now or before: nothing can be said of it")
    said = f"no request for {_duration(gap.total_seconds())}" if gap is not None else "no request"
    return Standing(State.SILENT, said + (f"; {words} {_pace(rate)}" if rate else ""))


def unusual(rhythm: Rhythm) -> bool:
    """Whether so long without a request is more than chance."""
    rate, _ = usual_rate(rhythm)
    return rhythm.since_last is not None and rhythm.since_last.total_seconds() * rate >= _EXPECTED_MIN


def may_be_unusual(gap_s: float, rate: float) -> bool:
    """Whether to ask what is usual at this time of day, given the mean of a day: its peak can be twice that."""
    return gap_s >= _GAP_MIN.total_seconds() and gap_s * rate * _PEAK >= _EXPECTED_MIN


def usual_rate(rhythm: Rhythm) -> tuple[float, str]:
    """Requests a second at this time of day, and how sure that is, in words.

    The lesser of the middle of the last seven days and the same day last week: who rests at night or on Sundays is
    not missed then. Of a service that is new, what it had in this range.
    """
    days = rhythm.of_days
    if sum(map(bool, days)) < _DAYS_KNOWN_MIN:
        return rhythm.own, "before that"
    return min(median(days), days[-1]) / (rhythm.hours * 3600), "usually"


# ---- errors


def _failed(now: Sample, known: Sequence[Sample]) -> list[tuple[State, str]]:
    rate = now.errors_5xx / now.requests if now.requests else 0.0
    low = wilson(now.errors_5xx, now.requests)[0]
    said = f"error rate {_percent(rate)} ({_of(now.errors_5xx, now.requests)} failed with 5xx)"
    if low >= _ALWAYS_FAILING:
        return [(State.FAILING, said)]
    if not known:
        if low < _NEW_DEGRADED:
            return []
        state = State.FAILING if low >= _FAILING else State.DEGRADED
        return [(state, f"{said}; too little is known from before to say what is usual")]
    before, high = _least([(sample.errors_5xx, sample.requests) for sample in known])
    if low <= high or rate < max(_TIMES_5XX * before, _RATE_5XX_MIN):
        return []
    return [(State.FAILING if low >= _FAILING else State.DEGRADED, f"{said}; usually {_percent(before)}")]


def _refused(now: Sample, known: Sequence[Sample]) -> list[tuple[State, str]]:
    """Many 4xx are the callers' fault, unless they come at once."""
    if not known:
        return []
    rate = now.errors_4xx / now.requests
    before, high = _least([(sample.errors_4xx, sample.requests) for sample in known])
    if wilson(now.errors_4xx, now.requests)[0] <= high or rate < max(_TIMES_4XX * before, _RATE_4XX_MIN):
        return []
    said = f"{_percent(rate)} of the requests ({_of(now.errors_4xx, now.requests)}) were refused with 4xx"
    return [(State.DEGRADED, f"{said}; usually {_percent(before)}")]


def wilson(found: int, of: int, z: float = _Z) -> tuple[float, float]:
    """The interval that a share is in: Wilson's, with a correction because counts are whole (Newcombe 1998, method 4).

    Right for few, for none and for all; without the correction one failure of nine would prove something.
    """
    if not of:
        return 0.0, 1.0
    share, scale = found / of, 2 * (of + z * z)
    middle = 2 * found + z * z
    spread = 4 * found * (1 - share)
    low = (middle - 1 - z * sqrt(z * z - 2 - 1 / of + spread + 4 * share)) / scale if found else 0.0
    high = (middle + 1 + z * sqrt(z * z + 2 - 1 / of + spread - 4 * share)) / scale if found < of else 1.0
    return max(0.0, low), min(1.0, high)


def _least(counts: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """The lowest of these shares, and how high it can really be: what has been bad for a day is not usual yet."""
    found, of = min(counts, key=lambda pair: pair[0] / pair[1])
    return found / of, wilson(found, of)[1]


# ---- duration


def _slow(now: Sample, known: Sequence[Sample]) -> list[tuple[State, str]]:
    if now.p95_ms is None:
        return []
    before = min((sample.p95_ms for sample in known if sample.p95_ms is not None), default=None)
    if before is None:
        if now.apdex is None or now.apdex >= _NEW_APDEX or now.requests < _NEW_APDEX_REQUESTS_MIN:
            return []
        said = f"apdex {now.apdex:.2f} with a p95 of {_ms(now.p95_ms)}"
        return [(State.DEGRADED, f"{said}; too little is known from before to say what is usual")]
    proof = _proof(now)
    if proof is None or proof <= before:
        return []
    if now.p95_ms < _TIMES_P95 * before or now.p95_ms - before < _SLOWER_MS_MIN:
        return []
    times = f"{now.p95_ms / before:.1f} times its usual" if before else "over its usual"
    return [(State.DEGRADED, f"p95 {_ms(now.p95_ms)} is {times} {_ms(before)}")]


def _proof(now: Sample) -> float | None:
    """The percentile that has to be over the usual p95 too, for so many requests."""
    level = next((level for requests, level in _PROVEN_BY if now.requests >= requests), None)
    return {0.90: now.p90_ms, 0.75: now.p75_ms, 0.50: now.p50_ms}[level] if level else None


# ---- words


def _well(now: Sample, known: Sequence[Sample]) -> str:
    rate = now.errors_5xx / now.requests if now.requests else 0.0
    said = f"error rate {_percent(rate)} ({_of(now.errors_5xx, now.requests)} failed with 5xx)"
    if now.p95_ms is not None:
        said += f", p95 {_ms(now.p95_ms)}"
    return said + (": as usual" if known else "; too little is known from before to say what is usual")


def _of(found: int, of: int) -> str:
    return f"{found:,} of {of:,} request{'' if of == 1 else 's'}"


def _percent(share: float) -> str:
    return f"{share * 100:.{1 if share >= 0.0005 or not share else 2}f} %"  # noqa: PLR2004 - else it reads 0.0


def _ms(ms: float) -> str:
    return f"{ms:,.0f} ms" if ms >= 10 else f"{ms:.1f} ms"  # noqa: PLR2004 - two digits are enough


def _pace(rate: float) -> str:
    return f"{rate:,.0f} a second" if rate >= 1 else f"one every {_duration(1 / rate)}"


def _duration(seconds: float) -> str:
    """In seconds up to two minutes, in minutes up to two hours, in hours up to two days."""
    for unit, length, longest in (("second", 1, 120), ("minute", 60, 7_200), ("hour", 3_600, 172_800)):
        if seconds < longest:
            return _counted(seconds / length, unit)
    return _counted(seconds / 86_400, "day")


def _counted(number: float, unit: str) -> str:
    text = f"{number:,.0f}" if number >= 10 else f"{number:.1f}".removesuffix(".0")  # noqa: PLR2004 - two digits
    return f"{text} {unit}{'' if text == '1' else 's'}"
