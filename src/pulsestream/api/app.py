"""The HTTP application: the pages, then the gate, the ingest door, and the framework behind it."""

from __future__ import annotations

from functools import partial

from litestar import Litestar, Response, Router, get, route
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect
from litestar.types import ASGIApp, ExceptionHandlersMap

from pulsestream.api import (
    analytics,
    document,
    events,
    export,
    failures,
    health,
    keys,
    language,
    metrics,
    problems,
    pulse,
    rate,
    red,
    refusals,
    search,
    session,
    stats,
    tail,
    tenants,
    versions,
)
from pulsestream.api.auth import guard
from pulsestream.api.gate import Gate
from pulsestream.api.ingest import IngestDoor
from pulsestream.api.leaving import Leaving
from pulsestream.api.pages import FOLDER, Pages
from pulsestream.api.parameters import AnyRequest, server_of
from pulsestream.api.rules import stated
from pulsestream.errors import BadParameters, Unauthorized
from pulsestream.metrics import REQUESTS_REFUSED
from pulsestream.wiring import Server

HANDLERS = (
    events.search,
    events.tail,
    events.types,
    events.severities,
    events.event,
    events.delete_event,
    search.query_events,
    search.query_event,
    search.query_trace,
    search.query_session,
    tail.query_tail,
    pulse.query_pulse,
    stats.stats,
    stats.query_stats,
    analytics.timeseries,
    analytics.top,
    analytics.facets,
    analytics.histogram,
    analytics.heatmap,
    analytics.geo,
    red.services,
    red.endpoints,
    failures.errors,
    versions.versions,
    export.export,
    language.fields,
    language.complete_query,
    health.health,
    rate.rate_limit,
    refusals.refusals,
    session.get_session,
    session.open_session,
    session.close_session,
    keys.list_keys,
    keys.create_key,
    keys.revoke_key,
    tenants.list_tenants,
    tenants.create_tenant,
    tenants.update_tenant,
    tenants.delete_tenant,
    tenants.audit,
    document.openapi,
)

_BODY_BYTES_MAX = 64 * 1024  # of what is no event: a key, a tenant


def build(server: Server) -> ASGIApp:
    """The application of a server that runs."""
    exceptions: ExceptionHandlersMap = {Exception: _on_error, HTTPException: _on_http_error}
    framework = Litestar(
        [
            Router(document.PREFIX, route_handlers=[_options(), *HANDLERS], guards=[guard]),
            old_document,
            metrics.prometheus,
        ],
        state=State({"server": server, "document": partial(document.encode, HANDLERS)}),
        exception_handlers=exceptions,
        openapi_config=None,  # its pages load scripts from elsewhere, and it knows neither our errors nor our scopes
        logging_config=None,
        request_max_body_size=_BODY_BYTES_MAX,
    )
    gate = Gate(server, IngestDoor(server, Leaving(server.meters, framework)))
    return Pages(FOLDER, server.clock, gate)


@get("/schema/openapi.json", status_code=308)
async def old_document() -> Redirect:
    """Where the document was."""
    return Redirect(document.PATH, status_code=308)


def _options() -> HTTPRouteHandler:
    """The framework's own answer names the methods of one of a path's handlers only."""
    methods: dict[str, set[str]] = {}
    for handler in HANDLERS:
        for path in handler.paths:
            methods.setdefault(path, {"OPTIONS"}).update(map(str, handler.http_methods))

    @route([*methods], http_method="OPTIONS", status_code=204)
    async def options(request: AnyRequest) -> Response[None]:
        path = request.scope["path_template"].removeprefix(document.PREFIX)
        return Response(None, status_code=204, headers={"Allow": ", ".join(sorted(allowed[path]))})

    allowed = {document.written(path): names for path, names in methods.items()}
    return options


def _on_error(request: AnyRequest, error: Exception) -> Response[bytes]:
    if isinstance(error, Unauthorized):
        server_of(request).meters.add(REQUESTS_REFUSED, "", error.code)
    return _response(problems.answer(error))


def _on_http_error(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    if isinstance(error, ValidationException):
        extra = error.extra if isinstance(error.extra, list) else []
        named = [_named(request, part) for part in extra if isinstance(part, dict)]
        return _on_error(request, BadParameters(named or [("request", error.detail)]))
    return _response(problems.http_answer(error.status_code, error.detail, error.headers))


def _named(request: AnyRequest, part: dict[str, object]) -> tuple[str, str]:
    """The parameter, and what is wrong with it."""
    name, what = str(part.get("key")), str(part.get("message"))
    if part.get("source") != "query":
        return name, what
    return name, stated(what, request.route_handler.parsed_fn_signature.parameters.get(name))


def _response(answer: problems.Answer) -> Response[bytes]:
    headers = dict(answer.headers)
    return Response(answer.body, status_code=answer.status, media_type=headers.pop("Content-Type"), headers=headers)
