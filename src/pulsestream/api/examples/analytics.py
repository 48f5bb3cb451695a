"""Answers to questions that count and measure."""

from __future__ import annotations

from typing import Any

_BASIS = {
    "start_time": "2026-05-04T10:00:00Z",
    "end_time": "2026-05-04T11:00:00Z",
    "events": 48210,
    "exact": True,
    "estimated": {},
    "fresh": True,
    "lag_s": 0.0,
    "took_ms": 12.7,
}

ANSWERS: dict[str, Any] = {
    "timeseries": {
        "step": "30m",
        "times": ["2026-05-04T10:00:00Z", "2026-05-04T10:30:00Z"],
        "series": [
            {
                "group": {"service": "payment-service"},
                "other": False,
                "values": {"count": [1210, 1187], "p99_ms": [466.87, 512.4]},
            },
            {"group": {}, "other": True, "values": {"count": [0, 3], "p99_ms": [None, 80.1]}},
        ],
        "groups_total": 8,
        "basis": _BASIS,
    },
    "top": {
        "groups": [
            {
                "group": {"service": "payment-service", "endpoint": "/api/v1/payments/capture"},
                "values": {"count": 1210, "p99_ms": 466.87},
                "share": 0.0251,
            }
        ],
        "groups_total": 64,
        "matched": 48210,
        "other": {"values": {"count": 47000, "p99_ms": 391.2}, "share": 0.9749},
        "basis": _BASIS,
    },
    "histogram": {
        "field": "response_time_ms",
        "unit": "ms",
        "scale": "log",
        "bounds": [10.0, 100.0, 1000.0],
        "series": [{"group": {"service": "payment-service"}, "other": False, "counts": [46310, 1787]}],
        "missing": 113,
        "matched": 48210,
        "basis": _BASIS,
    },
    "heatmap": {
        "field": "response_time_ms",
        "unit": "ms",
        "scale": "log",
        "step": "30m",
        "times": ["2026-05-04T10:00:00Z", "2026-05-04T10:30:00Z"],
        "bounds": [10.0, 100.0, 1000.0],
        "counts": [[23110, 890], [23200, 897]],
        "missing": 113,
        "matched": 48210,
        "basis": _BASIS,
    },
    "geo": {
        "places": [
            {
                "country": "BR",
                "region": "LATAM",
                "city": "São Paulo",
                "values": {"count": 1210, "p99_ms": 466.87},
                "share": 0.0251,
            }
        ],
        "places_total": 12,
        "matched": 48210,
        "basis": _BASIS,
    },
    "facets": {
        "facets": [
            {
                "field": "status_code",
                "values": [{"value": 200, "count": 46310}, {"value": 502, "count": 120}],
                "distinct": 9,
                "missing": 1200,
            }
        ],
        "matched": 48210,
        "basis": _BASIS,
    },
}
