"""What fails."""

from __future__ import annotations

from typing import Any

from pulsestream.api.examples.sample import BASIS

ANSWERS: dict[str, Any] = {
    "errors": {
        "groups": [
            {
                "id": "d8b422ad0d7123d7",
                "service": "payment-service",
                "endpoint": "/api/v1/payments/capture",
                "method": "POST",
                "status_code": 502,
                "message": "card <text> declined by issuer after <n> ms",
                "count": 12,
                "users": 9,
                "first_seen": "2026-05-04T10:06:02.112Z",
                "last_seen": "2026-05-04T10:20:30.123456Z",
                "new": True,
                "trend": [4, 5, 3],
                "example": "evt_9b2f6c1d",
                "example_message": 'card "4000 0000" declined by issuer after 466 ms',
            }
        ],
        "groups_total": 1,
        "matched": 12,
        "step": "5m",
        "times": ["2026-05-04T10:05:00Z", "2026-05-04T10:10:00Z", "2026-05-04T10:15:00Z"],
        "compared_since": "2026-04-27T10:05:31Z",
        "basis": BASIS,
    }
}
