"""The one mapping from an error to its HTTP answer: RFC 9457 problem details."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from litestar.types import Send
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from pulsestream.api import request
from pulsestream.errors import BadParameters, BadQuery, PulseStreamError, Unauthorized
from pulsestream.ingest.validate import FieldError
from pulsestream.query import language

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
# On every answer. Nothing here is a page, and nothing may be kept by what lies between.
SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_DOCUMENT = "/api/v1/openapi.json"
_HELP = {
    404: f"{_DOCUMENT} has the paths there are",
    405: f"{_DOCUMENT} has the methods of this path",
}
# What the framework and the wire refuse before anything of ours is asked, by status.
FRAMEWORK_CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    431: "request_header_fields_too_large",
}


class Problem(Struct, frozen=True):
    """`code` is for programs; `detail` says what to do. `retryable`: whether the same request can help later."""

    title: str
    status: int
    detail: str
    code: str
    retryable: bool
    type: str = "about:blank"
    errors: list[FieldError] | UnsetType = UNSET
    retry_after_s: float | UnsetType = UNSET  # to the millisecond; the header has whole seconds
    events_max: int | UnsetType = UNSET  # the most events that a request may hold
    # Of a text of the query language: what of it is wrong, in characters, and what may stand there instead.
    position: int | UnsetType = UNSET
    length: int | UnsetType = UNSET
    suggestion: str | UnsetType = UNSET
    request_id: str | UnsetType = UNSET  # of a defect: its log lines have it too


class Answer(Struct, frozen=True):
    """What goes over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


def answer(error: Exception) -> Answer:
    """The answer to a request that ended in this error. One that is not ours is logged and says nothing of itself."""
    if not isinstance(error, PulseStreamError):
        log.error("a request failed by a defect", exc_info=error)
        detail = "the server has a defect here; its log has the details, under the request's id"
        return _answer(replace(_final(500, detail, "internal"), request_id=request.current().request_id or UNSET))
    headers: dict[str, str] = {}
    retry_after_s: float | UnsetType = UNSET
    if error.retryable:
        # Rounded up: who comes a moment early is refused again.
        retry_after_s = math.ceil(getattr(error, "retry_after_s", 1.0) * 1000) / 1000
        headers["Retry-After"] = str(max(1, math.ceil(retry_after_s)))
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = 'ApiKey header="X-API-Key", Bearer'
    errors: list[FieldError] | UnsetType = UNSET
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
        events_max=UNSET if events_max is None else events_max,
    )
    if isinstance(error, BadQuery):
        problem = replace(
            problem,
            errors=[FieldError("q", str(error), "", _help(error))],
            position=error.position,
            length=error.length,
            suggestion=error.suggestion or UNSET,
        )
    return _answer(problem, headers)


def _help(error: BadQuery) -> str:
    position = error.position
    where = f"character at position {position}"
    if error.length != 1:
        where = f"{error.length} characters from position {position} on"
    if position >= language.LENGTH_MAX:
        return f"leave out the {where}"
    if error.suggestion:
        return f"write {error.suggestion} instead of the {where}"
    known = f"/api/v1/query/complete with at={position} says"
    return f"change the {where}: {known} to what" if error.length else f"go on at position {position}: {known} how"


async def send(to: Send, answer: Answer) -> None:
    """The whole answer, over ASGI."""
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await to({"type": "http.response.start", "status": answer.status, "headers": headers})
    await to({"type": "http.response.body", "body": answer.body, "more_body": False})


def http_answer(status: int, detail: str, headers: Mapping[str, str] | None = None) -> Answer:
    """For what the framework itself refuses: no such path, no such method, a body that cannot be read."""
    code = FRAMEWORK_CODES.get(status, "bad_request" if status < 500 else "internal")  # noqa: PLR2004 - RFC 9110
    return _answer(_final(status, f"{detail}: {_HELP[status]}" if status in _HELP else detail, code), headers)


def _final(status: int, detail: str, code: str) -> Problem:
    return Problem(HTTPStatus(status).phrase, status, detail, code, retryable=False)


def _answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(problem.status, {"Content-Type": CONTENT_TYPE, **(headers or {})}, msgspec.json.encode(problem))
