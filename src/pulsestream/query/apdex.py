"""From which response time on a request is too slow, by endpoint: the threshold of apdex."""

from __future__ import annotations

import re

from msgspec import Struct

from pulsestream.errors import ConfigError

DEFAULT_MS = 500.0
RULES_MAX = 200

_RULE = re.compile(r"(?:(?P<endpoint>\S+)=)?(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|s)")


class Thresholds(Struct, frozen=True):
    """`of`: endpoints, where * stands for anything, with their milliseconds; the first that fits holds."""

    default_ms: float = DEFAULT_MS
    of: tuple[tuple[str, float], ...] = ()


def parse_thresholds(text: str) -> Thresholds:
    """Rules such as `300ms /api/v1/search*=100ms /api/v1/reports=2s`, with blanks between. Raises ConfigError."""
    default, of = DEFAULT_MS, []
    for rule in text.split():
        match = _RULE.fullmatch(rule)
        if match is None or float(match["number"]) == 0:
            raise ConfigError(
                f"apdex: {rule!r} is no threshold: write 300ms for all endpoints, or /api/v1/search*=100ms for some"
            )
        ms = float(match["number"]) * (1000 if match["unit"] == "s" else 1)
        if match["endpoint"]:
            of.append((match["endpoint"], ms))
        else:
            default = ms
    if len(of) > RULES_MAX:
        raise ConfigError(f"apdex: at most {RULES_MAX} endpoints can have a threshold of their own")
    return Thresholds(default, tuple(of))
