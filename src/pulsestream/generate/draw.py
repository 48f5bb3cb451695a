"""Random bits and a plan become the columns of a block of events: numbers only, no text yet."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from pulsestream.generate import odds
from pulsestream.generate.plan import CITY_TABLE, Plan
from pulsestream.generate.world import USERS

TIME_MAX_CENTI = 6_000_000  # hundredths of a millisecond: nobody waits longer than 60 s
_TIME_MIN_CENTI = 20
_CITY_SHIFT = 16 - (CITY_TABLE.bit_length() - 1)

# Rows of `Columns.words`: what each 64 random bits of an event are used for, here and in `render`.
EVENT_ID, REQUEST_ID, CORRELATION_ID, TRACE_ID = 0, slice(1, 3), 3, slice(4, 6)
WHAT, TEXTS, OUTCOME, EXTENT, WHO = 6, 7, 8, 9, 10
_WORDS = 11


class Columns(Struct, frozen=True):
    """One entry an event, in time order. `words` are (rows, 64 random bits) that ids and texts draw on."""

    time_us: NDArray[np.int64]
    call: NDArray[np.int32]
    service: NDArray[np.uint8]
    city: NDArray[np.uint8]
    user: NDArray[np.int64]
    device: NDArray[np.uint8]
    release: NDArray[np.int32]
    time_centi: NDArray[np.int32]
    cached: NDArray[np.bool_]
    words: NDArray[np.uint64]


def draw(plan: Plan, rng: np.random.Generator, low: float, high: float, count: int) -> Columns:
    """`count` events in the part of the plan from `low` to `high` (of `Plan.passed`), the last at `high`."""
    time_us, bins = _times(plan, rng, low, high, count)
    words = rng.bit_generator.random_raw(_WORDS * count).reshape(_WORDS, count)
    what_bits, luck = words[WHAT].view(np.uint16).reshape(count, 4).T, words[WHO].view(np.uint16)[2::4]
    time_bits, fail_bits = words[OUTCOME].view(np.uint32)[::2], words[OUTCOME].view(np.uint32)[1::2]
    slow_bits, user_bits = words[EXTENT].view(np.uint32)[::2], words[WHO].view(np.uint32)[::2]

    operation = odds.OPERATION[what_bits[0]]
    service = odds.SERVICE_OF[operation]
    city = plan.cities[plan.city_row[bins], what_bits[1] >> _CITY_SHIFT]

    place = bins * plan.moods.shape[1] + service
    failed = np.flatnonzero(fail_bits < plan.fails_below.reshape(-1)[place])
    slow = np.flatnonzero(slow_bits < plan.slow_below.reshape(-1)[place])

    unchanged = luck < odds.NOT_MODIFIED_BELOW
    call = np.where(unchanged, odds.NOT_MODIFIED_CALL[operation], odds.SUCCESS_CALL[operation])
    cached = (luck < odds.CACHED_BELOW) & odds.IS_GET[operation]
    cached[failed] = False
    call[failed] = _failures(operation[failed], plan.moods.reshape(-1)[place[failed]], rng)

    step = (time_bits & ((1 << odds.TIME_SHIFT) - 1)).astype(np.float32) * np.float32(2.0**-odds.TIME_SHIFT)
    at = time_bits >> odds.TIME_SHIFT
    time_ms = (odds.TIME_AT[at] + odds.TIME_STEP[at] * step) * plan.time_ms[operation]
    time_ms[cached] *= np.float32(odds.CACHED_SPEED)
    time_ms[failed] *= odds.SLOWNESS_OF[call[failed]]
    spike = rng.random(len(slow), dtype=np.float32)
    time_ms[slow] *= odds.SPIKE_MIN + odds.SPIKE_RANGE * spike * spike
    time_centi = np.rint(time_ms * np.float32(100)).astype(np.int32)

    return Columns(
        time_us=time_us,
        call=call,
        service=service,
        city=city,
        user=_users(city, user_bits),
        device=odds.DEVICE[what_bits[2]],
        release=plan.releases.current.reshape(-1)[place] + odds.RELEASE_OFF[what_bits[3]],
        time_centi=np.clip(time_centi, _TIME_MIN_CENTI, TIME_MAX_CENTI),
        cached=cached,
        words=words,
    )


def _times(
    plan: Plan, rng: np.random.Generator, low: float, high: float, count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Times in microseconds, ascending, and the bin each is in.

    Gaps drawn as exponentials and scaled to the room there is are those of sorted uniform draws, without
    the sorting (Devroye 1986, V.2.1).
    """
    reached = np.cumsum(rng.standard_exponential(count))
    share = low + (high - low) * (reached / reached[-1])
    first, last = np.searchsorted(plan.passed, (share[0], share[-1]), side="right") - 1
    last = min(last, len(plan.passed) - 2)
    ends = np.searchsorted(share, plan.passed[first + 1 : last + 1])
    bins = np.repeat(np.arange(first, last + 1), np.diff(ends, prepend=0, append=count))
    within = (share - plan.passed[bins]) / np.diff(plan.passed)[bins] * np.diff(plan.edges_us)[bins]
    return np.minimum(plan.edges_us[bins] + within.astype(np.int64), plan.edges_us[-1] - 1), bins


def _failures(operation: NDArray[np.uint8], mood: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.int32]:
    chance = rng.random(len(operation))
    index = (odds.FAILURE_CDF[mood, operation] <= chance[:, None]).sum(axis=1)
    # The last sums may miss 1.0 by a rounding; a draw above them is the last failure there is.
    index = np.minimum(index, odds.LAST_FAILURE[operation])
    calls: NDArray[np.int32] = odds.FIRST_FAILURE[operation] + index.astype(np.int32)
    return calls


def _users(city: NDArray[np.uint8], bits: NDArray[np.uint32]) -> NDArray[np.int64]:
    """User numbers from 0: each city has its own, and a fifth of them make half of its calls (u^2.5)."""
    chance = bits * 2.0**-32
    rank = (chance * chance * np.sqrt(chance) * odds.USERS_IN[city]).astype(np.int64)
    # Spread over the numbers, so that busy users and cities are not told by them; 48271 shares no factor.
    users: NDArray[np.int64] = (odds.FIRST_USER_IN[city] + rank) * 48_271 % USERS
    return users
