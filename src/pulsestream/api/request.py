"""The request that is being answered, by its name: the same in its answer, in log lines, in the report of a defect."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from msgspec import Struct

ID_LENGTH_MAX = 100
_SANE = re.compile(rb"[!-~]{1,%d}" % ID_LENGTH_MAX)
_ID, _TENANT = "request_id", "tenant"


class Named(Struct, frozen=True):
    """`tenant` is empty where the key is not known, or there is none."""

    request_id: str
    tenant: str


State = dict[str, Any]  # of an ASGI scope

# Of this task: each request is answered by a task of its own. Its names are read only when a line is written.
_current: ContextVar[State | None] = ContextVar("request", default=None)


def current() -> Named:
    state = _current.get() or {}
    return Named(state.get(_ID, b"").decode("ascii"), state.get(_TENANT, ""))


def name(state: State, request_id: bytes) -> None:
    state[_ID] = request_id


def enter(state: State, tenant: str) -> None:
    """From now on this task answers the request of this scope."""
    state[_TENANT] = tenant
    _current.set(state)


def namer(rng: random.Random) -> Callable[[bytes | None], bytes]:
    """Names requests: as the sender did, where that is short and plain; else by 64 bits that were drawn.

    They are no secret, only different from each other, so no system call is due. A number that counts up would tell
    each tenant how many requests the others send.
    """
    draw = rng.getrandbits

    def name(given: bytes | None) -> bytes:
        if given is not None and _SANE.fullmatch(given):
            return given
        return b"%016x" % draw(64)

    return name
