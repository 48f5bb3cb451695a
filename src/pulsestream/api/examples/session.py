"""Examples of a session."""

from __future__ import annotations

from typing import Any

SIGN_IN = {"key": "ps_3da1bafc_8Qw0o0d9Ff2zJb6m1l5n7r3t4u6v8x0y2A4C6E8G0I2"}
_SIGNED_OUT: dict[str, Any] = {
    "signed_in": False,
    "tenant": None,
    "scopes": [],
    "key": None,
    "operator": False,
    "csrf": None,
    "demo_key": None,
    "expires_at": None,
    "version": "0.1.0",
}
_SIGNED_IN = _SIGNED_OUT | {
    "signed_in": True,
    "tenant": "acme",
    "scopes": ["read"],
    "key": {"id": "3da1bafc", "name": "on call", "prefix": "ps_3da1bafc"},
    "csrf": "kT0cWQv5m7bV1YF3oHn2dZs8uJx4rLa6eKp9tGi0BqM",
    "expires_at": "2026-05-04T22:20:30Z",
}
ANSWERS: dict[str, Any] = {"get_session": _SIGNED_IN, "open_session": _SIGNED_IN, "close_session": _SIGNED_OUT}
