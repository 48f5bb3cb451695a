"""One example for everything in the document: a test holds each against its schema.

The answers to questions are beside this, a file for each file of handlers.
"""

from __future__ import annotations

from typing import Any

from pulsestream.api.examples import analytics, exports, failures, language, red, search, session, versions
from pulsestream.api.examples.sample import EVENT, MADE_AT, STORED
from pulsestream.errors import (
    BadParameters,
    BadQuery,
    BadRequest,
    Cancelled,
    Exists,
    Forbidden,
    NotFound,
    Overloaded,
    PulseStreamError,
    QueryTooHeavy,
    RateLimited,
    RequestTimeout,
    StoreBusy,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    UnsupportedEncoding,
)

_KEY = {
    "id": "3da1bafc",
    "prefix": "ps_3da1bafc",
    "tenant": "acme",
    "name": "checkout service",
    "scopes": ["ingest"],
    "created_at": MADE_AT,
    "expires_at": "2027-01-31T00:00:00Z",
    "last_used_at": None,
    "revoked_at": None,
}
_TENANT = {
    "name": "acme",
    "created_at": MADE_AT,
    "own": {"rate_events_per_s": 1000.0, "retention_days": 30},
    "limits": {
        "rate_events_per_s": 1000.0,
        "burst_events": 1000,
        "retention_days": 30,
        "body_bytes_max": 67108864,
        "batch_events_max": 50000,
        "requests_max": 1000,
        "connections_max": 2000,
        "scrub": "",
        "apdex": "300ms /api/v1/search*=100ms",
    },
    "deleting": False,
}
_MINUTE = {
    "minute": "2026-05-04T10:20:00Z",
    "received": 1010,
    "stored": 1000,
    "duplicate": 0,
    "rejected": 10,
    "rate_limited": 0,
    "overloaded": 0,
    "reasons": {"invalid": 10},
    "cost": {
        "requests": 2,
        "seconds": {
            "read": 0.0002,
            "turn": 0.0,
            "decode": 0.0021,
            "scrub": 0.0,
            "check": 0.0038,
            "dedup": 0.0012,
            "journal_wait": 0.0032,
            "answer": 0.0014,
        },
        "p50_ms": 6.31,
        "p99_ms": 7.943,
    },
}
# By the name of the operation.
BODIES: dict[str, Any] = {
    "send_event": EVENT,
    "send_batch": {"events": [EVENT], "batch_id": "nightly-7"},
    "open_session": session.SIGN_IN,
    "create_key": {"scopes": ["ingest"], "name": "checkout service", "expires_at": "2127-01-31T00:00:00Z"},
    "create_tenant": {"name": "acme", "limits": {"rate_events_per_s": 1000, "retention_days": 30}},
    "update_tenant": {"burst_events": 5000, "retention_days": None},
}
ANSWERS: dict[str, Any] = {
    **analytics.ANSWERS,
    **red.ANSWERS,
    **search.ANSWERS,
    **exports.ANSWERS,
    **language.ANSWERS,
    **failures.ANSWERS,
    **session.ANSWERS,
    **versions.ANSWERS,
    "openapi": {"openapi": "3.1.0"},
    "send_event": {
        "success": True,
        "event_id": "evt_9b2f6c1d",
        "ingested_at": MADE_AT,
        "processing_status": "stored",
        "message": "stored",
        "errors": [],
        "ack": "durable",
    },
    "send_batch": {
        "batch_id": "nightly-7",
        "total_events": 2,
        "successful_events": 1,
        "failed_events": 1,
        "stored": 1,
        "duplicate": 0,
        "rejected": 1,
        "ingested_at": MADE_AT,
        "processing_status": "partial",
        "ack": "durable",
        "dry_run": False,
        "results": [
            {"index": 0, "event_id": "evt_9b2f6c1d", "status": "stored"},
            {
                "index": 1,
                "event_id": "evt_2",
                "status": "rejected",
                "line": 2,
                "reason": "invalid",
                "errors": [
                    {
                        "field": "severity",
                        "rule": "one of info, warning, error, critical",
                        "value": '"loud"',
                        "help": "send one of these words, or leave it out for info",
                    }
                ],
            },
        ],
    },
    "search": {
        "events": [STORED],
        "total_count": 120000,
        "filtered_count": 243,
        "has_more": True,
        "next_cursor": "q8sYl1o0m3Jr3bW7cJ0h4y5cM1yq0S0n",
        "search_id": "search_51f0c2d3a4b59687",
        "execution_time_ms": 12.4,
        "fresh": True,
    },
    "tail": {"events": [STORED], "next": "q8sYl1o0m3Jr3bW7cJ0h4y5cM1yq0S0n", "has_more": False},
    "types": ["api_call", "user_action", "system_event", "error_event", "custom_event"],
    "severities": ["info", "warning", "error", "critical"],
    "event": STORED,
    "delete_event": {"success": True, "event_id": "evt_9b2f6c1d", "message": "deleted"},
    "stats": {
        "total_events": 119990,
        "events_today": 9000,
        "events_this_hour": 700,
        "events_this_minute": 11,
        "last_event_at": MADE_AT,
        "processing_queue_size": 0,
        "error_rate": 0.01,
        "received": 120030,
        "outcomes": {"stored": 120000, "duplicate": 20, "rejected": 10, "rate_limited": 0, "overloaded": 0},
        "reasons": {"invalid": 10},
        "requests_refused": {"unsupported_encoding": 1},
        "deleted_events": 10,
        "expired_events": 0,
        "quarantined_events": 0,
        "fresh": True,
        "searchable_lag_s": 0.0,
        "minutes": [_MINUTE],
    },
    "query_stats": {
        "received": 1010,
        "outcomes": {"stored": 1000, "duplicate": 0, "rejected": 10, "rate_limited": 0, "overloaded": 0},
        "minutes": [_MINUTE],
        "weeks": [{"week": "2026-05-04", "events": 119990}],
        "store": {
            "weeks": [
                {
                    "week": "2026-05-04",
                    "events": 119990,
                    "disk_bytes": 18401234,
                    "compressed_bytes": 17920113,
                    "uncompressed_bytes": 62710288,
                }
            ],
            "columns": [{"name": "payload", "compressed_bytes": 4216003, "uncompressed_bytes": 19870451}],
            "estimated_events": 119990,
        },
        "fresh": True,
    },
    "health": {"status": "healthy", "version": "0.1.0", "uptime_seconds": 3600.5},
    "rate_limit": {
        "limit": 1000,
        "remaining": 958,
        "reset_time": MADE_AT,
        "window_size_seconds": 1.0,
        "exceeded": False,
    },
    "refusals": {
        "events": [
            {
                "reason": "in_future",
                "counted_as": "rejected",
                "http_status": 422,
                "retryable": True,
                "meaning": "more than 5 minutes ahead of the server's clock",
                "help": "check the sender's clock and zone",
            }
        ],
        "requests": [
            {
                "code": "unsupported_encoding",
                "http_status": 415,
                "retryable": False,
                "meaning": "a Content-Encoding that is not known",
                "help": "send gzip, zstd or plain",
            }
        ],
    },
    "list_keys": {"keys": [_KEY]},
    "create_key": _KEY | {"key": "ps_3da1bafc_8Qw0o0d9Ff2zJb6m1l5n7r3t4u6v8x0y2A4C6E8G0I2"},
    "revoke_key": _KEY | {"revoked_at": "2026-06-01T08:00:00Z"},
    "list_tenants": {"tenants": [_TENANT]},
    "create_tenant": _TENANT,
    "update_tenant": _TENANT,
    "delete_tenant": _TENANT | {"deleting": True},
    "audit": {
        "lines": [
            {
                "at": MADE_AT,
                "tenant": "acme",
                "actor": "3da1bafc@default",
                "act": "create key",
                "subject": "5e2b77c0",
                "detail": "ingest",
            }
        ]
    },
}
# By name: a parameter means the same wherever it is taken.
PARAMETERS: dict[str, Any] = {
    "event_id": "evt_9b2f6c1d",
    "trace": "4bf92f3577b34da6a3ce929d0e0e4736",
    "session": "sess_7",
    "key_id": "3da1bafc",
    "name": "acme",
    "tenant": "acme",
    "event_type": ["api_call", "error_event"],
    "severity": ["error"],
    "service": ["payment-service"],
    "endpoint": ["/api/v1/payments/capture"],
    "method": ["POST"],
    "version": ["1.8.2"],
    "environment": ["production"],
    "status_code": ["502", "503"],
    "user_id": ["user_7"],
    "session_id": ["sess_7"],
    "request_id": ["req_7"],
    "ip_address": ["192.0.2.7"],
    "trace_id": ["4bf92f3577b34da6a3ce929d0e0e4736"],
    "error_code": ["card_declined"],
    "error_type": ["PaymentError"],
    "tag": ["city:São Paulo"],
    "q": "service:payment-service status:>=500",
    "at": 25,
    "tz": "Europe/Berlin",
    "start_time": "2026-05-04T10:00:00Z",
    "end_time": "2026-05-04T11:00:00Z",
    "by": "country",
    "measures": "count,p99_ms",
    "sort": "-p99_ms",
    "step": "30m",
    "field": "response_time_ms",
    "buckets": 30,
    "scale": "log",
    "fields": "service,status_code,tag.plan",
    "other": True,
    "format": "parquet",
    "limit": 20,
    "offset": 0,
    "cursor": "q8sYl1o0m3Jr3bW7cJ0h4y5cM1yq0S0n",
    "after": "q8sYl1o0m3Jr3bW7cJ0h4y5cM1yq0S0n",
    "fresh": True,
    "minutes": 60,
    "last": 10,
    "compare": True,
    "detail": "errors",
    "ack": "durable",
    "dry_run": "false",
    "Idempotency-Key": "nightly-7",
    "Content-Encoding": "gzip",
}
# One of each code that can be an answer.
ERRORS: tuple[PulseStreamError, ...] = (
    BadRequest("the gzip body ends too soon: send it whole"),
    Unauthorized("this needs a key: send it in the header X-API-Key"),
    Forbidden(
        "this needs a key with the scope 'admin'; yours has read: "
        "ask an administrator for one (`pulsestream key create --scope admin`)"
    ),
    NotFound("there is no event with the id 'evt_9b2f6c1d'"),
    RequestTimeout("the request stopped in the middle: send it again, whole"),
    Exists("there is a tenant 'acme' already"),
    TooLarge("a batch may hold 50000 events, this one holds 60000: send smaller batches", 50_000),
    UnsupportedEncoding("Content-Encoding 'br' is not supported: send gzip, zstd or plain"),
    BadParameters([("limit", "must be 1000 at most")]),
    BadQuery("there is no field 'sevice': did you mean service?", position=0, length=6, suggestion="service"),
    QueryTooHeavy("the question needs more time than one may take: narrow its time range or its filters"),
    Cancelled("the question was cancelled"),
    RateLimited("over this tenant's rate of 1000 events/s: this fits in 0.042 s", 0.042),
    TooManyRequests("this tenant has 1000 requests under way, as many as it may: send fewer at one time"),
    Overloaded("too many large requests at one time: send this again in a moment", 1),
    StoreBusy("the store has no room on its disk"),
)
