"""An example of versions."""

from __future__ import annotations

from typing import Any

from pulsestream.api.examples.sample import BASIS

ANSWERS: dict[str, Any] = {
    "versions": {
        "versions": [
            {
                "service": "payment-service",
                "version": "1.8.3",
                "first_seen": "2026-05-04T10:14:09.551Z",
                "last_seen": "2026-05-04T10:59:59.2Z",
                "requests": 41208,
                "errors": 2140,
                "new": True,
            },
            {
                "service": "payment-service",
                "version": "1.8.2",
                "first_seen": "2026-05-04T10:00:00.112Z",
                "last_seen": "2026-05-04T10:16:30.123456Z",
                "requests": 11930,
                "errors": 301,
                "new": False,
            },
        ],
        "versions_total": 2,
        "basis": BASIS,
    }
}
