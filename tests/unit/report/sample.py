"""Answers for a report, as a server gives them, and the report's facts made of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from pulsestream.client.answers import Endpoints, Failures, Services, Timeseries, Top
from pulsestream.report.facts import Facts

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
START = END - timedelta(hours=24)
BASIS = {"start_time": START, "end_time": END, "events": 40_000, "took_ms": 20.5}
HOURS = [START + timedelta(hours=number) for number in range(24)]


def red(name, **more):
    changed = {"requests": (30_000, 0.2), "error_rate": (0.02, 1.5), "rate_5xx": (0.01, 0.1), "p95_ms": (500.0, -0.2)}
    return {
        "service": name,
        "requests": 36_000,
        "errors": 1_800,
        "error_rate": 0.05,
        "errors_5xx": 600,
        "rate_5xx": 0.0167,
        "p50_ms": 80.4,
        "p95_ms": 400.0,
        "p99_ms": 1_234.0,
        "apdex": 0.93,
        "apdex_threshold_ms": 500.0,
        "health": {"state": "healthy"},
        "sparkline": {"step": "1h", "requests": [1, 2, 3], "errors": [0, 0, 1]},
        "change": {"previous": {name: {"before": was, "change": by} for name, (was, by) in changed.items()}},
        **more,
    }


ANSWERS = {
    "services": {
        "total": red(""),
        "services": [
            red("auth-service"),
            red("payment-service", health={"state": "failing", "reason": "5xx of 12 %, ten times the usual"}),
        ],
        "services_total": 2,
        "previous": {"start_time": START - timedelta(hours=24), "end_time": START},
        "basis": BASIS,
    },
    "course": {
        "step": "1h",
        "times": HOURS,
        "series": [
            {
                "values": {
                    "requests": [1_500] * 23 + [3_000],
                    "rate_4xx": [0.03] * 23 + [None],
                    "rate_5xx": [0.01] * 23 + [None],
                    "p50_ms": [80.0] * 24,
                    "p95_ms": [400.0] * 24,
                    "p99_ms": [None, *[1_200.0] * 23],
                }
            }
        ],
    },
    "most_used": {"total": red(""), "endpoints": [red("a", endpoint="/api/v1/orders/{order_id}", method="GET")]},
    "slowest": {"total": red(""), "endpoints": [red("b", endpoint="/api/v1/exports", method="POST", p95_ms=9_800.0)]},
    "failing": {"total": red(""), "endpoints": [red("c", endpoint="/api/v1/payments", method="POST", health=None)]},
    "countries": {
        "groups": [
            {"group": {"country": "US"}, "values": {"requests": 20_000, "error_rate": 0.02}, "share": 0.5},
            {"group": {"country": None}, "values": {"requests": 10_000, "error_rate": 0.02}, "share": 0.25},
        ],
        "other": {"values": {"requests": 6_000}, "share": 0.25},
    },
    "cities": {"groups": [{"group": {"country": "BR", "city": "São Paulo"}, "values": {"requests": 100}}]},
    "failures": {
        "groups": [
            {
                "id": "a1",
                "service": "payment-service",
                "endpoint": "/api/v1/payments",
                "method": "POST",
                "status_code": 502,
                "message": "Card declined by issuer <n>",
                "count": 321,
                "users": 80,
                "first_seen": END - timedelta(days=2),
                "last_seen": END - timedelta(minutes=3),
                "new": True,
                "trend": [0, 3, 9],
                "example": "evt_8f3a",
            }
        ],
        "groups_total": 31,
        "compared_since": START - timedelta(days=7),
    },
}
_TYPES = {
    "services": Services,
    "course": Timeseries,
    "most_used": Endpoints,
    "slowest": Endpoints,
    "failing": Endpoints,
    "countries": Top,
    "cities": Top,
    "failures": Failures,
}


def facts(answers=None, **more):
    given = {"title": "API report", "query": "", "made_at": END, "zone": ZoneInfo("UTC"), **more}
    encoded = {name: msgspec.json.encode(answer) for name, answer in (ANSWERS | (answers or {})).items()}
    return Facts(**given, **{name: msgspec.json.decode(text, type=_TYPES[name]) for name, text in encoded.items()})
