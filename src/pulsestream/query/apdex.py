"""From which response time on a request is too slow, by endpoint: the threshold of apdex."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from pulsestream.errors import BadParameters

DEFAULT_MS = 500.0
LONGEST_MS = 3_600_000.0
RULES_MAX = 200

_RULE = re.compile(r"(?:(?P<endpoint>\S+)=)?(?P<number>[0-9]{1,9}(?:\.[0-9]{1,6})?)(?P<unit>ms|s)")
_ALLOWED = "write 300ms or 1.5s for all endpoints, /api/v1/search*=100ms for some, up to an hour"


class Thresholds(Struct, frozen=True):
    """`of`: endpoints, where * stands for anything, with their milliseconds; the first that fits holds."""

    default_ms: float = DEFAULT_MS
    of: tuple[tuple[str, float], ...] = ()

    def of_endpoint(self, endpoint: str) -> float:
        """In milliseconds."""
        return next((ms for pattern, ms in self.of if _fits(pattern, endpoint)), self.default_ms)


@lru_cache(maxsize=1_000)  # of each tenant's text, for every question
def parse_thresholds(text: str) -> Thresholds:
    """Rules such as `300ms /api/v1/search*=100ms /api/v1/reports=2s`, with blanks between.

    Raises BadParameters, which names every rule that is wrong.
    """
    found: dict[str, float] = {}  # by endpoint; "" is all others
    wrong: list[tuple[str, str]] = []
    for rule in text.split():
        match = _RULE.fullmatch(rule)
        ms = float(match["number"]) * (1000 if match["unit"] == "s" else 1) if match else 0
        if match is None or not 0 < ms <= LONGEST_MS:
            wrong.append(("apdex", f"{rule}: {_ALLOWED}"))
        elif found.setdefault(match["endpoint"] or "", ms) != ms:
            wrong.append(("apdex", f"{rule}: there is another threshold for this already; give one"))
    default = found.pop("", DEFAULT_MS)
    if len(found) > RULES_MAX:
        wrong.append(("apdex", f"at most {RULES_MAX} endpoints can have a threshold of their own"))
    if wrong:
        raise BadParameters(wrong)
    return Thresholds(default, tuple(found.items()))


def _fits(pattern: str, endpoint: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), endpoint, re.DOTALL) is not None
