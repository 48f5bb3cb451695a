"""The one mapping from an error to its HTTP answer: RFC 9457 problem details."""

from __future__ import annotations

import logging
import math
from http import HTTPStatus

import msgspec
from msgspec import Struct

from pulsestream.errors import BadParameters, PulseStreamError, Unauthorized
from pulsestream.ingest.validate import FieldError

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
_HELP = {
    404: "see /schema for the paths there are",
    405: "see /schema for the methods of this path",
}


class Problem(Struct, frozen=True):
    """`code` is for programs; `detail` says what to do. `retryable`: whether the same request can help later."""

    title: str
    status: int
    detail: str
    code: str
    retryable: bool
    type: str = "about:blank"
    errors: list[FieldError] | msgspec.UnsetType = msgspec.UNSET
    retry_after_s: float | msgspec.UnsetType = msgspec.UNSET  # to the millisecond; the header has whole seconds
    events_max: int | msgspec.UnsetType = msgspec.UNSET  # the most events that a request may hold


class Answer(Struct, frozen=True):
    """What goes over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


def answer(error: Exception) -> Answer:
    """The answer to a request that ended in this error. One that is not ours is logged and says nothing of itself."""
    if not isinstance(error, PulseStreamError):
        log.error("a request failed by a defect", exc_info=error)
        return _answer(_final(500, "the server has a defect here; its log has the details", "internal"))
    headers: dict[str, str] = {}
    retry_after_s: float | msgspec.UnsetType = msgspec.UNSET
    if error.retryable:
        retry_after_s = round(getattr(error, "retry_after_s", 1.0), 3)
        headers["Retry-After"] = str(max(1, math.ceil(retry_after_s)))
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = 'ApiKey header="X-API-Key"'
    errors: list[FieldError] | msgspec.UnsetType = msgspec.UNSET
    if isinstance(error, BadParameters):
        errors = [FieldError(name, what, "", "correct this parameter") for name, what in error.errors]
    events_max = getattr(error, "events_max", None)
    problem = Problem(
        title=HTTPStatus(error.http_status).phrase,
        status=error.http_status,
        detail=str(error),
        code=error.code,
        retryable=error.retryable,
        errors=errors,
        retry_after_s=retry_after_s,
        events_max=msgspec.UNSET if events_max is None else events_max,
    )
    return _answer(problem, headers)


def http_answer(status: int, detail: str) -> Answer:
    """For what the framework itself refuses: no such path, no such method."""
    code = HTTPStatus(status).name.lower()
    return _answer(_final(status, f"{detail}: {_HELP[status]}" if status in _HELP else detail, code))


def _final(status: int, detail: str, code: str) -> Problem:
    return Problem(HTTPStatus(status).phrase, status, detail, code, retryable=False)


def _answer(problem: Problem, headers: dict[str, str] | None = None) -> Answer:
    return Answer(problem.status, {"Content-Type": CONTENT_TYPE} | (headers or {}), msgspec.json.encode(problem))
