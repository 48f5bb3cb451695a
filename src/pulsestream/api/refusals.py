"""What each reason and each code means, and what to do about it: in words, for people who see the counts."""

from __future__ import annotations

from typing import Literal, NamedTuple

from litestar import get
from msgspec import Struct

from pulsestream.api import examples
from pulsestream.api.operation import terms
from pulsestream.api.parameters import AnyRequest, only
from pulsestream.api.problems import FRAMEWORK_CODES
from pulsestream.errors import Reason


class RefusedEvent(Struct, frozen=True):
    """Why an event is refused. `counted_as`: the outcome that it is counted under; its status is in a single answer.

    `retryable`: whether the same event can be stored later.
    """

    reason: Reason
    counted_as: Literal["rejected", "rate_limited", "overloaded"]
    http_status: int
    retryable: bool
    meaning: str
    help: str


class RefusedRequest(Struct, frozen=True):
    """Why a request is refused as a whole. `retryable`: whether the same request can help later."""

    code: str
    http_status: int
    retryable: bool
    meaning: str
    help: str


class Refusals(Struct, frozen=True):
    """`events`: the reasons that are counted in `reasons`; `requests`: the codes, also those of `requests_refused`."""

    events: list[RefusedEvent]
    requests: list[RefusedRequest]


class _Words(NamedTuple):
    meaning: str
    help: str


# A test holds these and the tables of docs/refusals.md to each other.
EVENTS: dict[Reason, _Words] = {
    Reason.MALFORMED: _Words("not one JSON object in UTF-8", "send each event as one"),
    Reason.INVALID: _Words("breaks rules of events", "the answer names each, with what to send instead"),
    Reason.TOO_LARGE: _Words(
        "payload and metadata over 10 MiB together, or the event over 12 MiB as a whole",
        "put the large part elsewhere, and its address into the payload",
    ),
    Reason.TOO_OLD: _Words("older than the tenant's retention", "send newer events, or ask for a longer retention"),
    Reason.IN_FUTURE: _Words("more than 5 minutes ahead of the server's clock", "check the sender's clock and zone"),
    Reason.CONFLICT: _Words(
        "its id is stored with other content",
        "the answer's errors name the first 20 fields that differ, with the value that was sent; give a new event an "
        "id of its own",
    ),
    Reason.DELETED: _Words("the event of its id was deleted, for good", "give a new event an id of its own"),
    Reason.RATE_LIMITED: _Words(
        "over the tenant's rate; the whole request is refused", "wait, or ask for a higher rate"
    ),
    Reason.OVERLOADED: _Words("too much waits to be stored; the whole request is refused", "wait"),
}
REQUESTS: dict[str, _Words] = {
    "bad_request": _Words(
        "it cannot be read, being no HTTP, no JSON, cut short or not what its Content-Encoding says",
        "the answer's detail says which",
    ),
    "unauthorized": _Words(
        "no key, or none that works", "send one in X-API-Key, or ask for a new one; at the pages: sign in"
    ),
    "forbidden": _Words(
        "the key lacks the scope that is named, or the act is the operator's",
        "use another key; with a session also: the header X-CSRF-Token is missing or another's, or a page of another "
        "site asked",
    ),
    "not_found": _Words("there is no such path, event, key or tenant", "another tenant's are not there for you"),
    "method_not_allowed": _Words("the path has no such method", "Allow names those that it has"),
    "request_timeout": _Words("it stopped in the middle", "send it whole, see operations"),
    "exists": _Words("there is a tenant of this name already", "choose another"),
    "too_large": _Words(
        "over the bytes or the events that a request may have", "send smaller batches, of events_max at most"
    ),
    "unsupported_encoding": _Words("a Content-Encoding that is not known", "send gzip, zstd or plain"),
    "bad_parameters": _Words("a parameter is wrong or unknown", "each is named in errors"),
    "bad_query": _Words(
        "the text in q is not of the query language",
        "position and length say which characters of it, suggestion what may stand there instead",
    ),
    "query_too_heavy": _Words(
        "the question takes too much time or memory", "ask about a shorter time range, or filter more"
    ),
    "cancelled": _Words("an operator ended the question in the engine", "ask again"),
    "rate_limited": _Words("over the tenant's rate, see tenants", "wait, or ask for a higher rate"),
    "too_many_requests": _Words(
        "the tenant has as many requests under way or waiting, or connections open, as it may",
        "send fewer at one time",
    ),
    "request_header_fields_too_large": _Words(
        "the request line and the headers are over 64 KiB", "ask with fewer or shorter values"
    ),
    "internal": _Words("a defect of the server", "its log has the details under request_id; report them"),
    "overloaded": _Words("too much is under way", "wait"),
    "store": _Words(
        "the store cannot answer just now",
        "wait; if it stays, detail and the operator's health say what is wrong",
    ),
}


@get("/ingestion/refusals", opt=terms())
async def refusals(request: AnyRequest) -> Refusals:
    """What each reason and each code of a refusal means, and what to do.

    A key of any scope may ask.
    """
    only(request, ())
    return _REFUSALS


def _told() -> Refusals:
    errors = {error.code: error for error in examples.ERRORS}
    statuses = {code: status for status, code in FRAMEWORK_CODES.items()} | {"internal": 500}
    return Refusals(
        events=[
            RefusedEvent(reason, _outcome(reason), reason.http_status, reason.retryable, *words)
            for reason, words in EVENTS.items()
        ],
        requests=[
            RefusedRequest(
                code,
                errors[code].http_status if code in errors else statuses[code],
                code in errors and errors[code].retryable,
                *words,
            )
            for code, words in REQUESTS.items()
        ],
    )


def _outcome(reason: Reason) -> Literal["rejected", "rate_limited", "overloaded"]:
    if reason is Reason.RATE_LIMITED:
        return "rate_limited"
    return "overloaded" if reason is Reason.OVERLOADED else "rejected"


_REFUSALS = _told()
