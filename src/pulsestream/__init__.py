"""PulseStream: takes API-call events over HTTP, keeps each one exactly once, and finds them again."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pulsestream.tables import query

__all__ = ["query"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module that can be called
    """`pulsestream.query(…)`: what it needs is imported when it is called."""
    if name == "query":
        return importlib.import_module("pulsestream.query")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
