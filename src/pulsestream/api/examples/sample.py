"""The event that the examples are about."""

from __future__ import annotations

from typing import Any

EVENT: dict[str, Any] = {
    "event_id": "evt_9b2f6c1d",
    "event_type": "api_call",
    "timestamp": "2026-05-04T10:20:30.123456Z",
    "title": "POST /api/v1/payments/capture",
    "message": "card declined by issuer",
    "severity": "error",
    "source": {
        "service": "payment-service",
        "endpoint": "/api/v1/payments/capture",
        "method": "POST",
        "version": "1.8.2",
        "environment": "production",
    },
    "metrics": {"response_time_ms": 466.87, "status_code": 502, "request_size_bytes": 412, "cache_hit": False},
    "context": {"user_id": "user_7", "ip_address": "192.0.2.7", "tags": {"city": "São Paulo"}},
    "trace": {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"},
    "error_details": {"error_code": "card_declined", "error_type": "PaymentError"},
    "payload": {"amount": 1290, "currency": "BRL"},
}
LINE = (
    '{"event_type":"api_call","title":"GET /orders",'
    '"source":{"service":"orders","endpoint":"/orders","method":"GET"}}\n'
)
MADE_AT = "2026-05-04T10:20:31.000201Z"
STORED = EVENT | {"received_at": MADE_AT}
BASIS: dict[str, Any] = {
    "start_time": "2026-05-04T10:05:31Z",
    "end_time": "2026-05-04T10:20:31Z",
    "events": 1200,
    "exact": True,
    "estimated": {},
    "fresh": True,
    "lag_s": 0.0,
    "took_ms": 31.4,
}
