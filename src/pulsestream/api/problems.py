"""The one mapping from an error to its HTTP answer: RFC 9457 problem details."""

from __future__ import annotations

import logging
from http import HTTPStatus

import msgspec
from msgspec import Struct

from pulsestream.errors import BadParameters, Overloaded, PulseStreamError, Unauthorized
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


class Answer(Struct, frozen=True):
    """What goes over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


def answer(error: Exception) -> Answer:
    """The answer to a request that ended in this error. One that is not ours is logged and says nothing of itself."""
    if not isinstance(error, PulseStreamError):
        log.error("a request failed by a defect", exc_info=error)
        return _answer(_problem(500, "the server has a defect here; its log has the details", "internal"))
    headers: dict[str, str] = {}
    if error.retryable:
        headers["Retry-After"] = str(error.retry_after_s if isinstance(error, Overloaded) else 1)
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = 'ApiKey header="X-API-Key"'
    errors: list[FieldError] | msgspec.UnsetType = msgspec.UNSET
    if isinstance(error, BadParameters):
        errors = [FieldError(name, what, "", "correct this parameter") for name, what in error.errors]
    problem = _problem(error.http_status, str(error), error.code, retryable=error.retryable, errors=errors)
    return _answer(problem, headers)


def http_answer(status: int, detail: str) -> Answer:
    """For what the framework itself refuses: no such path, no such method."""
    code = HTTPStatus(status).name.lower()
    return _answer(_problem(status, f"{detail}: {_HELP[status]}" if status in _HELP else detail, code))


def _problem(
    status: int,
    detail: str,
    code: str,
    *,
    retryable: bool = False,
    errors: list[FieldError] | msgspec.UnsetType = msgspec.UNSET,
) -> Problem:
    return Problem(HTTPStatus(status).phrase, status, detail, code, retryable, errors=errors)


def _answer(problem: Problem, headers: dict[str, str] | None = None) -> Answer:
    return Answer(problem.status, {"Content-Type": CONTENT_TYPE} | (headers or {}), msgspec.json.encode(problem))
