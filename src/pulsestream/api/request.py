"""The request that is being answered, by its name: the same in its answer, in log lines, in the report of a defect."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from contextvars import ContextVar

from msgspec import Struct

ID_LENGTH_MAX = 100
_SANE = re.compile(rb"[!-~]{1,%d}" % ID_LENGTH_MAX)
_STATE = "request_id"


class Named(Struct, frozen=True):
    """`tenant` is empty where the key is not known, or there is none."""

    request_id: str
    tenant: str


_NOBODY = Named("", "")
# Of this task: each request is answered by a task of its own.
_current: ContextVar[Named] = ContextVar("request", default=_NOBODY)


def current() -> Named:
    return _current.get()


def enter(scope: object, tenant: str) -> None:
    """From now on this task answers the request of this ASGI scope."""
    state = scope.get("state") if isinstance(scope, dict) else None
    _current.set(Named(state.get(_STATE, "") if state else "", tenant))


def tell(state: dict[str, object], request_id: bytes) -> None:
    """`state`: of an ASGI scope."""
    state[_STATE] = request_id.decode("ascii")


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
