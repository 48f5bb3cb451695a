"""The OpenAPI document, made from the handlers, their Structs and the examples; served without a key."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, get_type_hints

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from pulsestream.api import examples, ingest
from pulsestream.api.examples import sample
from pulsestream.api.operation import Errors, Terms, terms, terms_of
from pulsestream.api.parameters import AnyRequest, only
from pulsestream.api.problems import CONTENT_TYPE, FRAMEWORK_CODES, Answer, Problem, answer, http_answer
from pulsestream.api.schema import Schemas, ref
from pulsestream.control.keys import Scope
from pulsestream.errors import (
    PulseStreamError,
    RateLimited,
    Reason,
    StoreError,
    Unauthorized,
    UnsupportedEncoding,
)
from pulsestream.event import RULES, Event
from pulsestream.ingest.validate import refuse

PREFIX = "/api/v1"
PATH = PREFIX + "/openapi.json"
Json = dict[str, Any]

_ABOUT = """\
API-call events over HTTP, each kept exactly once, and found again.

Every operation needs a key in `X-API-Key`, but for those that say so; the scopes that it needs are in its `security`.
`Authorization: Bearer KEY` means the same. Every answer has the request's id in `X-Request-Id`: the one that was sent,
or one that is made.
An error is a problem document (RFC 9457); `code` is for programs. A path that there is not is answered 404, a method
that a path has not 405, a defect of the server 500 with the code `internal`.
"""
_TAGS = {
    "ingest": "Send events: one, or many at a time.",
    "events": "Find events again.",
    "analytics": "Events counted and measured: over time, and by what they have in common.",
    "stats": "Counts of what was received.",
    "language": "What can be asked for, and what may follow in a query that is being typed.",
    "red": "How services and endpoints are doing: rate, errors, duration.",
    "search": "Find events with the query language, in any order; by id, by trace, by session.",
    "tail": "Events as they arrive.",
    "pulse": "How events come in, once a second.",
    "export": "All events that match, as a file.",
    "failures": "What fails, in groups of the same failure.",
    "versions": "Which versions of services there are, and which of them are new.",
    "rate": "Where a tenant stands with its rate.",
    "refusals": "What a refusal means.",
    "session": "The session of a person at the pages of this server, in a cookie.",
    "keys": "Keys of a tenant.",
    "tenants": "Tenants and their limits, for the operator; what administrators did.",
    "health": "Whether the server is well.",
    "document": "What this is.",
}
_INGEST: Terms = terms(Scope.INGEST, raises=(RateLimited, StoreError, UnsupportedEncoding))["terms"]
_QUOTA_HEADERS = {
    "RateLimit": "what is left of the tenant's burst, in events, and the seconds until all of it is free again",
    "RateLimit-Policy": "the tenant's burst, in events, and the seconds in which its rate fills it",
}


@get("/openapi.json", opt=terms(key=False, answer=dict))
async def openapi(request: AnyRequest) -> Response[bytes]:
    """The OpenAPI document.

    Needs no key.
    """
    only(request, ())
    # Made when it is first asked for: it takes a tenth of a second, which no start and no other request waits for.
    body = await asyncio.to_thread(request.app.state.document)
    return Response(body, media_type="application/json")


def written(path: str) -> str:
    """A handler's path without the types of its parts."""
    return re.sub(r":\w+}", "}", path)


@cache
def encode(handlers: tuple[HTTPRouteHandler, ...]) -> bytes:
    return msgspec.json.encode(document(handlers))


def document(handlers: Iterable[HTTPRouteHandler]) -> Json:
    """OpenAPI 3.1 of these handlers and of the two ingest paths."""
    schemas = Schemas()
    for struct in (Problem, ingest.RefusedAnswer):
        schemas.of(struct)
    paths: Json = {
        ingest.SINGLE_PATH: {"post": _send_event(schemas)},
        ingest.BATCH_PATH: {"post": _send_batch(schemas)},
    }
    for handler in handlers:
        [path], [method] = handler.paths, handler.http_methods
        paths.setdefault(PREFIX + written(path), {})[str(method).lower()] = _operation(handler, schemas)
    schemas.components["Problem"]["properties"]["code"]["enum"] = sorted(
        {error.code for error in examples.ERRORS} | set(FRAMEWORK_CODES.values()) | {"internal"}
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "PulseStream", "version": version("pulsestream"), "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                "ApiKey": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-API-Key",
                    "description": "a key of a tenant: `pulsestream key create` makes one",
                }
            },
        },
    }


def _operation(handler: HTTPRouteHandler, schemas: Schemas) -> Json:
    call, name, what = handler.fn, handler.handler_name, terms_of(handler)
    hints = get_type_hints(call, include_extras=True)
    [path] = handler.paths
    in_path = re.findall(r"{(\w+)}", written(path))
    parameters = [_parameter(part, "path", hints[part], inspect.Parameter.empty) for part in in_path]
    for part in (call, *(provider.dependency for provider in handler.resolve_dependencies().values())):
        parameters += _query_parameters(part, {*in_path, "data"})
    operation = _described(name, call.__module__.rpartition(".")[2], inspect.getdoc(call) or "", what)
    operation["parameters"] = parameters
    if "data" in hints:
        operation["requestBody"] = _body({"application/json": (schemas.of(what.body or hints["data"]), name)})
    operation["responses"] = {
        str(handler.status_code): _file(handler.status_code, name, what, schemas)
        if what.media
        else _success(handler.status_code, schemas.of(what.answer or hints["return"]), name),
        **_refusals(what.errors(has_body="data" in hints)),
    }
    return operation


def _described(name: str, tag: str, text: str, what: Terms) -> Json:
    summary, _, rest = text.partition("\n\n")
    needs = (
        f"Needs a key with the scope `{what.scope.value}`." if what.scope else "A key of any scope." if what.key else ""
    )
    return {
        "operationId": name,
        "tags": [tag],
        "summary": summary.rstrip("."),
        "description": "\n\n".join(part for part in (" ".join(rest.split()) or summary, needs) if part),
        # For an apiKey these are the roles that it needs (OpenAPI 3.1, security requirement object).
        "security": [{"ApiKey": [what.scope.value] if what.scope else []}] if what.key else [],
    }


def _query_parameters(call: Callable[..., Any], others: set[str]) -> list[Json]:
    hints = get_type_hints(call, include_extras=True)
    return [
        _parameter(name, "query", hints[name], found.default)
        for name, found in inspect.signature(call).parameters.items()
        if name not in {*others, "request", "question", "asked"}
    ]


def _parameter(name: str, place: str, hint: object, default: object) -> Json:
    schema, description = Schemas.of_parameter(name, hint)
    if default not in (None, "", inspect.Parameter.empty):
        schema["default"] = default
    required = default is inspect.Parameter.empty
    return _written(name, place, schema, description, required=required)


def _written(name: str, place: str, schema: Json, description: str, *, required: bool = False) -> Json:
    return {
        "name": name,
        "in": place,
        "required": required,
        "description": description,
        "schema": schema,
        "examples": {name: {"value": examples.PARAMETERS[name]}},
    }


def _body(contents: Mapping[str, tuple[Json, str]], description: str = "") -> Json:
    """`contents`: by media type, the schema and the name of the example."""
    found: Json = {
        "required": True,
        "content": {
            kind: {"schema": schema, "examples": {name: {"value": examples.BODIES.get(name, sample.LINE)}}}
            for kind, (schema, name) in contents.items()
        },
    }
    return found | ({"description": description} if description else {})


def _success(status: int, schema: Json, name: str, headers: Json | None = None) -> Json:
    return {
        "description": HTTPStatus(status).phrase,
        "headers": headers or {},
        "content": {"application/json": {"schema": schema, "examples": {name: {"value": examples.ANSWERS[name]}}}},
    }


def _file(status: int, name: str, what: Terms, schemas: Schemas) -> Json:
    """An answer that is no JSON: an example of each of its media types, and the schema of the data of its messages."""
    schema: Json = {"type": "string"} | ({"x-message-data": schemas.of(what.answer)} if what.answer else {})
    return {
        "description": HTTPStatus(status).phrase,
        "headers": {header: _header(text, {"type": "string"}, required=True) for header, text in what.headers.items()},
        "content": {
            kind: {"schema": schema, "examples": {name: {"value": examples.ANSWERS[name][kind]}}} for kind in what.media
        },
    }


# ---- refusals


def _refusals(errors: Errors, reasons: Sequence[Reason] = (), quota: Json | None = None) -> Json:
    """The answers of all these, by status. `reasons`: of a single event, which are answers of their own form."""
    of_errors: dict[int, list[PulseStreamError]] = {}
    for error in examples.ERRORS:
        if isinstance(error, tuple(errors)):
            of_errors.setdefault(error.http_status, []).append(error)
    of_reasons: dict[int, list[Reason]] = {}
    for reason in reasons:
        of_reasons.setdefault(reason.http_status, []).append(reason)
    found = {
        str(status): _refusal(status, of_errors.get(status, []), of_reasons.get(status, []), quota or {})
        for status in sorted(of_errors.keys() | of_reasons.keys())
    }
    return found | {"431": _HEAD_TOO_LARGE}


def _refusal(status: int, errors: Sequence[PulseStreamError], reasons: Sequence[Reason], quota: Json) -> Json:
    forms = []
    values = {}
    if errors:
        codes = [error.code for error in errors]
        forms.append(_problem(status, codes))
        values = {error.code: _value(answer(error)) for error in errors}
    if reasons:
        said = {"code": {"enum": [*reasons]}, "status": {"const": status}}
        forms.append({"allOf": [ref(ingest.RefusedAnswer), {"properties": said}]})
        values |= {f"event_{reason}": _refused_event(reason) for reason in reasons}
    headers = dict(quota)
    if status == Unauthorized.http_status:
        headers["WWW-Authenticate"] = _header("how to send a key", {"type": "string"}, required=True)
    if any(error.retryable for error in errors):
        always = status == RateLimited.http_status
        headers["Retry-After"] = _header("whole seconds", {"type": "integer", "minimum": 1}, required=always)
    return _answered(status, headers, forms[0] if len(forms) == 1 else {"anyOf": forms}, values)


def _problem(status: int, codes: Sequence[str]) -> Json:
    return {"allOf": [ref(Problem), {"properties": {"code": {"enum": [*codes]}, "status": {"const": status}}}]}


def _answered(status: int, headers: Json, schema: Json, values: Json) -> Json:
    return {
        "description": HTTPStatus(status).phrase,
        "headers": headers,
        "content": {CONTENT_TYPE: {"schema": schema, "examples": values}},
    }


def _value(answer: Answer) -> Json:
    return {"value": msgspec.json.decode(answer.body)}


def _refused_event(reason: Reason) -> Json:
    rule, what = RULES["timestamp"]
    refusal = refuse(reason, "timestamp", "2093-05-04T10:20:30Z", rule=rule, help_=what)
    return _value(ingest.refused_event(refusal, "evt_9b2f6c1d"))


_HEAD_TOO_LARGE = _answered(
    431,
    {},
    _problem(431, [FRAMEWORK_CODES[431]]),
    {FRAMEWORK_CODES[431]: _value(http_answer(431, "the request line and the headers may have 65536 bytes at most"))},
)


def _header(description: str, schema: Json, *, required: bool = False) -> Json:
    return {"description": description, "schema": schema, "required": required}


# ---- the ingest paths, which are no handlers


def _send_event(schemas: Schemas) -> Json:
    body = _body({"application/json": (schemas.of(Event), "send_event")}, _ENCODED)
    reasons = [reason for reason in Reason if reason not in (Reason.RATE_LIMITED, Reason.OVERLOADED)]
    text = (
        "Send one event.\n\nAnswered when the event is on disk. The same event again, with its id, is a `duplicate` "
        "and adds nothing."
    )
    return _ingest("send_event", text, body, schemas.of(ingest.SingleAnswer), reasons)


def _send_batch(schemas: Schemas) -> Json:
    anything: Json = {"anyOf": [ref(Event), {"description": "what is no event is refused, and sinks no other"}]}
    several: Json = {"type": "array", "items": anything}
    forms: Json = {
        "anyOf": [
            {
                "title": "Envelope",
                "type": "object",
                "required": ["events"],
                "properties": {"events": several, "batch_id": {"description": "a string comes back as it was sent"}},
            },
            several,
            {"title": "One event", "type": "object", "properties": {"events": False}},
        ]
    }
    lines: Json = {"description": "text, one event a line; whatever it is, each line is taken or refused by itself"}
    body = _body({"application/json": (forms, "send_batch"), "application/x-ndjson": (lines, "lines")}, _ENCODED)
    body["required"] = False  # nothing is a batch of none
    text = (
        "Send many events.\n\nAn envelope, a JSON array, or one event a line (NDJSON), told apart by looking. Each "
        "event is taken or refused by itself: `results` says which."
    )
    return _ingest("send_batch", text, body, schemas.of(ingest.BatchAnswer), ())


_ENCODED = "Plain, or compressed as `Content-Encoding` says. The content type matters only for NDJSON of one line."
_CHOICES = {
    "detail": "which events the answer's `results` names",
    "ack": "answer when the events are on disk, or wait up to 10 s until a search finds them",
    "dry_run": "say what would become of the events, and keep nothing",
}


def _ingest(name: str, text: str, body: Json, result: Json, reasons: Sequence[Reason]) -> Json:
    quota = {name: _header(what, {"type": "string"}) for name, what in _QUOTA_HEADERS.items()}
    operation = _described(name, "ingest", text, _INGEST)
    operation["parameters"] = [
        _written(option, "query", {"enum": [*choices], "default": choices[0]}, _CHOICES[option])
        for option, choices in ingest.CHOICES.items()
    ]
    operation["parameters"] += [
        _written(
            "Idempotency-Key",
            "header",
            {"type": "string", "minLength": 1, "maxLength": ingest.IDEMPOTENCY_KEY_MAX},
            "events without an id get one from it, so that the same request again adds nothing",
        ),
        _written(
            "Content-Encoding",
            "header",
            {"enum": ["gzip", "zstd", "identity", ""]},
            "how the body is compressed",
        ),
    ]
    operation["requestBody"] = body
    operation["responses"] = {
        "200": _success(200, result, name, quota),
        **_refusals(_INGEST.errors(has_body=True), reasons, quota),
    }
    return operation
