"""Answers about the query language."""

from __future__ import annotations

from typing import Any

from pulsestream.api.examples.sample import BASIS

ANSWERS: dict[str, Any] = {
    "fields": {
        "fields": [
            {
                "name": "response_time_ms",
                "kind": "number",
                "unit": "ms",
                "help": "how long the call took",
                "aliases": ["latency", "duration", "response_time"],
                "choices": [],
                "facet": False,
            },
            {
                "name": "severity",
                "kind": "choice",
                "unit": "",
                "help": "info, warning, error or critical",
                "aliases": ["level", "sev"],
                "choices": ["info", "warning", "error", "critical"],
                "facet": True,
            },
        ],
        "measures": [{"name": "error_rate", "unit": "ratio", "help": "errors / requests", "bound": ""}],
        "percentiles": {
            "name": "p95_ms",
            "unit": "ms",
            "help": "response time that 95 % of the requests stay under",
            "bound": "within 0.5 % of the value",
        },
        "exact_events_max": 20000000,
    },
    "complete_query": {
        "start": 22,
        "end": 25,
        "suggestions": [
            {"text": "payment-service", "kind": "value", "detail": "name of the service", "count": 1210},
            {"text": '"pay later"', "kind": "value", "detail": "name of the service", "count": 3},
        ],
        "basis": BASIS,
    },
}
