"""How figures went over a time range: some thirty steps of one length."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from pulsestream.clock import EPOCH, from_micros, to_micros

_STEPS_MAX = 36
# In seconds; all but the shortest ranges have 12 steps at least.
_LENGTHS = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800),
)
_HOUR_S = 3600
LAST = datetime(2106, 1, 1, tzinfo=UTC)  # the engine's hours end there


class Steps(Struct, frozen=True):
    """Each begins on a multiple of its length. `first`: the number of the first since 1970."""

    step_s: int
    first: int
    count: int

    def times(self) -> list[datetime]:
        return [from_micros((self.first + number) * self.step_s * 1_000_000) for number in range(self.count)]

    @property
    def is_of_hours(self) -> bool:
        return self.step_s >= _HOUR_S

    @property
    def sql(self) -> str:
        """The number of an event's step. The hour is in the sorting key, and cheaper to read."""
        moment = "hour" if self.is_of_hours else "timestamp"
        return f"intDiv(toUnixTimestamp({moment}), {self.step_s})"

    def counts(self, numbers: Sequence[int], values: Sequence[int]) -> list[int]:
        """By step: the values of those that have one, else 0."""
        found = [0] * self.count
        for number, value in zip(numbers, values, strict=True):
            found[number - self.first] = value
        return found


def steps(start: datetime, end: datetime) -> Steps:
    """Of a range; the first and the last may reach beyond it. None before 1970 or after 2105."""
    since, until = max(start, EPOCH), min(end, LAST)
    if since >= until:
        return Steps(_LENGTHS[0], 0, 0)
    seconds = (until - since).total_seconds()
    step_s = next((length for length in _LENGTHS if seconds <= length * _STEPS_MAX), 0)
    if not step_s:
        step_s = int(-(-seconds // (_LENGTHS[-1] * _STEPS_MAX))) * _LENGTHS[-1]
    first = to_micros(since) // (step_s * 1_000_000)
    last = (to_micros(until) - 1) // (step_s * 1_000_000)
    return Steps(step_s, first, last - first + 1)
