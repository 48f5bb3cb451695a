"""Query parameters as parts of a Query. A wrong or unknown one is named, never ignored."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import unquote, unquote_to_bytes

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.params import Parameter

from pulsestream.api.auth import caller_of
from pulsestream.control.keys import Key
from pulsestream.errors import BadParameters
from pulsestream.event import EVENT_TYPES, SEVERITIES
from pulsestream.ingest.validate import cut
from pulsestream.query.expression import Expression, Field, Tag, Text, all_of, any_of, one_of
from pulsestream.query.model import Query
from pulsestream.wiring import Server

LIMIT_MAX = 1_000
OFFSET_MAX = 1_000_000
_COLONS_MAX = 50  # in a tag that is asked for as name:value

# The zone's plus sign, sent without %2B, arrives as a space.
_LOST_PLUS = re.compile(r"(?<=\d) (?=\d\d:?\d\d$)")

AnyRequest = Request[None, None, State]
Limit = Annotated[int, Parameter(ge=1, le=LIMIT_MAX, description="most events in the answer")]
Words = list[str] | None
Fresh = Annotated[
    bool, Parameter(description="wait, at most a second, until everything acknowledged before is searchable")
]


def server_of(request: AnyRequest) -> Server:
    server: Server = request.app.state.server
    return server


def caller(request: AnyRequest) -> Key:
    """The key of who asks; the guard has looked at its scopes. Raises Unauthorized."""
    return caller_of(request.scope).may()


def tenant(request: AnyRequest) -> str:
    """Whose events a question is about. Raises Unauthorized."""
    return caller(request).tenant


def as_sent(request: AnyRequest, before: str) -> str:
    """The rest of the path as the client wrote it: the framework's own value has lost its %2F and its dots."""
    return unquote(request.scope["raw_path"].decode("latin-1").partition(before)[2])


def only(request: AnyRequest, known: Iterable[str]) -> None:
    """Raises BadParameters where this path does not know a parameter, or would have to choose between its values."""
    known = set(known)
    unread = [name for name, value in _sent(request.scope["query_string"]) if value is None]
    if unread:
        raise BadParameters([(cut(name), "is not UTF-8: send it as UTF-8, percent-encoded") for name in unread])
    there = f"there are {', '.join(sorted(known))}" if known else "there are no parameters"
    given = Counter(name for name, _ in request.query_params.multi_items())
    errors = [(cut(name), f"is not known here: {there}") for name in given if name not in known]
    errors += [
        (name, f"may be given once, not {times} times")
        for name, times in given.items()
        if times > 1 and name in known and name not in REPEATABLE
    ]
    if errors:
        raise BadParameters(errors)


def _sent(query_string: bytes) -> Iterator[tuple[str, str | None]]:
    """Names and values; None where one of both is not UTF-8, which the framework would take for other characters."""
    for part in query_string.split(b"&"):
        name, _, value = map(unquote_to_bytes, part.partition(b"="))
        try:
            yield name.decode(), value.decode()
        except UnicodeDecodeError:
            yield name.decode(errors="replace"), None


def with_plus(text: str) -> str:
    """A time whose zone lost its plus sign on the way."""
    return _LOST_PLUS.sub("+", text)


def moment(name: str, text: str | None) -> datetime | None:
    """An RFC 3339 time; without a zone it is UTC. Raises BadParameters."""
    if text is None:
        return None
    try:
        found = msgspec.convert(with_plus(text), datetime)
    except msgspec.ValidationError as error:
        raise BadParameters([(name, 'must be a time in RFC 3339, such as "2026-05-04T10:20:30Z"')]) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def filters(
    request: AnyRequest,
    event_type: Words = None,
    severity: Words = None,
    service: Words = None,
    endpoint: Words = None,
    method: Words = None,
    version: Words = None,
    environment: Words = None,
    status_code: Words = None,
    user_id: Words = None,
    session_id: Words = None,
    request_id: Words = None,
    ip_address: Words = None,
    trace_id: Words = None,
    error_code: Words = None,
    error_type: Words = None,
    tag: Annotated[Words, Parameter(description="name:value; all that are given must hold")] = None,
    q: Annotated[str, Parameter(description="text in title, message or error message, in any case")] = "",
    start_time: Annotated[str | None, Parameter(description="RFC 3339, included")] = None,
    end_time: Annotated[str | None, Parameter(description="RFC 3339, excluded")] = None,
) -> Query:
    """The filters of every path that lists or counts events. Of a repeated parameter any value may match."""
    given = {name: value for name, value in locals().items() if name in FILTERED and value is not None}
    errors: list[tuple[str, str]] = []
    where: list[Expression] = [one_of(Field(name), _values(name, words, errors)) for name, words in given.items()]
    for text in tag or ():
        colons = [at for at, letter in enumerate(text) if letter == ":"]
        if not 1 <= len(colons) <= _COLONS_MAX:
            errors.append(("tag", f"{cut(text)!r} must be of the form name:value, with {_COLONS_MAX} colons at most"))
        # Where a name or a value has a colon too, nothing says which of them ends the name.
        where.append(any_of(one_of(Tag(text[:at]), (text[at + 1 :],)) for at in colons[:_COLONS_MAX]))
    if q:
        where.append(Text((q,)))
    if errors:
        raise BadParameters(errors)
    return Query(
        tenant=tenant(request),
        limit=1,
        start=moment("start_time", start_time),
        end=moment("end_time", end_time),
        where=all_of(where),
    )


# What `filters` takes, each a dimension.
FILTERED = (
    "event_type", "severity", "service", "endpoint", "method", "version", "environment", "status_code",
    "user_id", "session_id", "request_id", "ip_address", "trace_id", "error_code", "error_type",
)  # fmt: skip
REPEATABLE = frozenset(("tag", *FILTERED))
FILTERS = ("tag", "q", "start_time", "end_time", *FILTERED)


def _values(name: str, words: list[str], errors: list[tuple[str, str]]) -> tuple[str | int, ...]:
    closed = {"event_type": EVENT_TYPES, "severity": SEVERITIES}.get(name)
    if closed:
        errors += [
            (name, f"must be one of {', '.join(closed)}, not {cut(word)!r}") for word in words if word not in closed
        ]
    if name != "status_code":
        return tuple(words)
    errors += [(name, f"must be a status from 100 to 599, not {cut(word)!r}") for word in words if not _is_status(word)]
    return tuple(int(word) for word in words if _is_status(word))


def _is_status(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) == 3 and 100 <= int(word) <= 599  # noqa: PLR2004 - RFC 9110
