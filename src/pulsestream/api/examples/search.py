"""Examples of what events found again look like."""

from __future__ import annotations

import json
from typing import Any

from pulsestream.api.examples.sample import STORED

_BASIS = {
    "start_time": "2026-05-04T10:00:00Z",
    "end_time": "2026-05-04T11:00:00Z",
    "events": 120000,
    "exact": True,
    "estimated": {},
    "fresh": True,
    "lag_s": 0.0,
    "took_ms": 18.4,
}
_FOUND = {
    "events": [STORED],
    "matched": 243,
    "has_more": True,
    "next_cursor": "q8sYl1o0m3Jr3bW7cJ0h4y5cM1yq0S0n",
    "basis": _BASIS,
}
_STORY = _FOUND | {
    "matched": 1,
    "has_more": False,
    "next_cursor": None,
    "start_time": "2026-05-04T10:20:30.123456Z",
    "end_time": "2026-05-04T10:20:30.590326Z",
    "duration_ms": 466.87,
    "services": ["payment-service"],
    "errors": 1,
}
_PULSE = {
    "at": "2026-05-04T10:20:31.000123Z",
    "position": 1000,
    "events": 119990,
    "lag_s": 0.0,
    "received": 1010,
    "outcomes": {"stored": 1000, "duplicate": 0, "rejected": 10, "rate_limited": 0, "overloaded": 0},
}
ANSWERS: dict[str, Any] = {
    "query_events": _FOUND,
    "query_event": STORED,
    "query_trace": _STORY,
    "query_session": _STORY,
    "query_pulse": {"text/event-stream": f"event: pulse\ndata: {json.dumps(_PULSE)}\n\n"},
    "query_tail": {
        "text/event-stream": (
            'event: dropped\ndata: {"count":12}\n\n'
            f"id: {_FOUND['next_cursor']}\nevent: events\ndata: {json.dumps({'events': [STORED]})}\n\n"
        )
    },
}
