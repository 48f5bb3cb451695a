"""The HTTP application: the ingest door in front, the framework behind it."""

from __future__ import annotations

from importlib.metadata import version

from litestar import Litestar, Response, Router
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi import OpenAPIConfig
from litestar.types import ASGIApp, ExceptionHandlersMap

from pulsestream.api import events, health, keys, problems, rate, stats, tenants
from pulsestream.api.gate import Gate
from pulsestream.api.ingest import IngestDoor
from pulsestream.api.parameters import AnyRequest
from pulsestream.errors import BadParameters
from pulsestream.wiring import Server

HANDLERS = (
    events.search,
    events.tail,
    events.types,
    events.severities,
    events.event,
    events.delete_event,
    stats.stats,
    stats.services,
    health.health,
    rate.rate_limit,
    keys.list_keys,
    keys.create_key,
    keys.revoke_key,
    tenants.list_tenants,
    tenants.create_tenant,
    tenants.update_tenant,
    tenants.delete_tenant,
    tenants.audit,
)

_BODY_BYTES_MAX = 64 * 1024  # of what is no event: a key, a tenant


def build(server: Server) -> ASGIApp:
    """The application of a server that runs."""
    exceptions: ExceptionHandlersMap = {Exception: _on_error, HTTPException: _on_http_error}
    framework = Litestar(
        [Router("/api/v1", route_handlers=HANDLERS)],
        state=State({"server": server}),
        exception_handlers=exceptions,
        openapi_config=OpenAPIConfig(title="PulseStream", version=version("pulsestream")),
        logging_config=None,
        request_max_body_size=_BODY_BYTES_MAX,
    )
    return Gate(server, IngestDoor(server, framework))


def _on_error(_request: AnyRequest, error: Exception) -> Response[bytes]:
    return _response(problems.answer(error))


def _on_http_error(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    if isinstance(error, ValidationException):
        extra = error.extra if isinstance(error.extra, list) else []
        named = [(str(part.get("key")), str(part.get("message"))) for part in extra if isinstance(part, dict)]
        return _on_error(request, BadParameters(named or [("request", error.detail)]))
    return _response(problems.http_answer(error.status_code, error.detail))


def _response(answer: problems.Answer) -> Response[bytes]:
    headers = dict(answer.headers)
    return Response(answer.body, status_code=answer.status, media_type=headers.pop("Content-Type"), headers=headers)
