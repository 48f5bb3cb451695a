"""What a handler's signature does not say: whose key may call it, and how it can refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar.handlers.base import BaseRouteHandler
from msgspec import Struct

from pulsestream.control.keys import Scope
from pulsestream.errors import (
    BadParameters,
    BadQuery,
    BadRequest,
    Cancelled,
    Forbidden,
    Overloaded,
    PulseStreamError,
    QueryTooHeavy,
    RequestTimeout,
    StoreError,
    TooLarge,
    TooManyRequests,
    Unauthorized,
)

Errors = Sequence[type[PulseStreamError]]

ASKING: Errors = (BadQuery, QueryTooHeavy, Cancelled, StoreError)
# Any request can be unreadable, stop in the middle, or be one too many.
_ALWAYS: Errors = (BadRequest, BadParameters, RequestTimeout, TooManyRequests, Overloaded)


class Terms(Struct, frozen=True):
    """Of one operation. `scope` None with `key`: a key of any scope.

    `answer`, `body`: what stands for them in the document, where the handler passes bytes or a dict on. `media`: the
    media types of an answer that is no JSON, and the headers that it has, with what they say. Of such a one `answer` is
    what each of its messages holds.
    """

    scope: Scope | None
    key: bool
    raises: Errors
    answer: Any
    body: Any
    media: Sequence[str]
    headers: Mapping[str, str]

    def errors(self, *, has_body: bool) -> Errors:
        """Every way in which this operation can refuse."""
        found = {*_ALWAYS, *self.raises}
        if self.key:
            found.add(Unauthorized)
        if self.scope:
            found.add(Forbidden)
        if has_body:
            found.add(TooLarge)
        return tuple(found)


def terms(
    scope: Scope | None = None,
    *,
    key: bool = True,
    raises: Errors = (),
    answer: object = None,
    body: object = None,
    media: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A handler's `opt`: the guard and the document go by it."""
    return {"terms": Terms(scope, key, tuple(raises), answer, body, tuple(media), headers or {})}


def terms_of(handler: BaseRouteHandler) -> Terms:
    """A handler that says nothing, such as the framework's own for OPTIONS, needs a key."""
    found: Terms = handler.opt.get("terms") or terms()["terms"]
    return found
