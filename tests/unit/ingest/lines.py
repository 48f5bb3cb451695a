"""Events as the journal keeps them, made by the real steps: decoded, checked, encoded."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from pulsestream.event import TIMESTAMP_MIN
from pulsestream.ingest.decode import decode_one
from pulsestream.ingest.validate import Terms, check, check_irregular

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
# Two ids of one hash. xxh3 multiplies the two halves of a block, each first xored with a constant; this exchanges them.
TWINS = ("$PPa$0P0$PPa$0P00123456789abcdef", "௽t𵶒௽t𵶒0123456789abcdef")


class StillClock:
    """Holds the time of day still; the other clock moves when a test moves it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self):
        return NOW

    def monotonic(self):
        return self.seconds


def terms(**changes):
    given = {
        "tenant": "acme",
        "received_at": NOW,
        "oldest": TIMESTAMP_MIN,
        "make_id": lambda index: f"made_{index}",
    } | changes
    return Terms(**given)


def event(name, **changes):
    """A valid event as a sender writes it; `changes` replace top-level fields, None leaves one out."""
    whole = {
        "event_id": name,
        "event_type": "api_call",
        "timestamp": "2026-05-04T10:20:30.123456Z",
        "title": "GET /orders",
        "source": {"service": "orders", "endpoint": "/orders", "method": "GET"},
    } | changes
    return {key: value for key, value in whole.items() if value is not None}


def checked(sent, **changes):
    """What became of one event, a dict or its JSON: an Admissible or a Refusal."""
    raw = sent if isinstance(sent, bytes) else json.dumps(sent, ensure_ascii=False).encode()
    [item] = decode_one(raw).items
    step = check_irregular if type(item).__name__ == "Raw" else check
    return step(item, 0, terms(**changes))


def line(position, sent, **changes):
    """A whole journal line."""
    return b'{"position":%d%b' % (position, checked(sent, **changes).line)
