"""How services and endpoints are doing."""

from __future__ import annotations

from typing import Any

from pulsestream.api.examples.sample import BASIS, MADE_AT

_CHANGE = {
    "requests": {"before": 1000.0, "change": 0.2},
    "request_rate": {"before": 1.111, "change": 0.2},
    "errors": {"before": 10.0, "change": 0.2},
    "error_rate": {"before": 0.01, "change": 0.0},
    "rate_5xx": {"before": 0.004, "change": -0.168},
    "p50_ms": {"before": 40.0, "change": 0.03},
    "p95_ms": {"before": 200.0, "change": 0.05},
    "p99_ms": {"before": 450.0, "change": 0.037},
    "apdex": {"before": 0.97, "change": -0.01},
}
_RED = {
    "requests": 1200,
    "request_rate": 1.333,
    "requests_per_second": 1.333,
    "errors": 12,
    "error_rate": 0.01,
    "errors_5xx": 4,
    "rate_5xx": 0.00333,
    "p50_ms": 41.2,
    "p95_ms": 210.0,
    "p99_ms": 466.87,
    "apdex": 0.96,
    "apdex_threshold_ms": 300.0,
    "last_seen": MADE_AT,
    "change": {"previous": _CHANGE, "last_week": None},
}
_HEALTH = {
    "state": "degraded",
    "reason": "p95 1,240 ms is 3.1 times its usual 400 ms",
}
_SPARKLINE = {
    "step": "5m",
    "times": ["2026-05-04T10:05:00Z", "2026-05-04T10:10:00Z", "2026-05-04T10:15:00Z"],
    "requests": [410, 395, 395],
    "errors": [4, 3, 5],
    "p95_ms": [208.0, 212.5, 209.9],
}
_WITH = {
    "previous": {"start_time": "2026-05-04T09:50:31Z", "end_time": "2026-05-04T10:05:31Z"},
    "last_week": {"start_time": "2026-04-27T10:05:31Z", "end_time": "2026-04-27T10:20:31Z"},
    "basis": BASIS,
}

ANSWERS: dict[str, Any] = {
    "services": {
        "start_time": "2026-05-04T10:05:31Z",
        "end_time": "2026-05-04T10:20:31Z",
        "total": _RED,
        "services": [{"service": "payment-service"} | _RED | {"health": _HEALTH, "sparkline": _SPARKLINE}],
        "services_total": 1,
        "fresh": True,
        **_WITH,
    },
    "endpoints": {
        "total": _RED,
        "endpoints": [
            {"service": "payment-service", "endpoint": "/api/v1/payments/capture", "method": "POST"}
            | _RED
            | {"health": _HEALTH, "sparkline": _SPARKLINE}
        ],
        "endpoints_total": 1,
        **_WITH,
    },
}
