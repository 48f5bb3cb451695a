"""Every way to be refused, in one place.

The exception tree (code -> HTTP status, exit code, whether a retry can help):

    PulseStreamError
    ├── UsageError            the caller asked for something that makes no sense
    │   ├── BadRequest            bad_request          400   2  no
    │   ├── HeadTooLarge          request_header_fields_too_large 431 2 no
    │   ├── BadParameters         bad_parameters       422   2  no
    │   ├── BadQuery              bad_query            422   2  no
    │   ├── ConfigError           config               500   2  no
    │   ├── UnsupportedEncoding   unsupported_encoding 415   2  no
    │   └── InputUnreadable       input_unreadable     400   2  no
    ├── Unauthorized              unauthorized         401   1  no
    ├── Forbidden                 forbidden            403   1  no
    ├── NotFound                  not_found            404   1  no
    ├── RequestTimeout            request_timeout      408   1  yes
    ├── Exists                    exists               409   1  no
    ├── TooLarge                  too_large            413   1  no
    ├── RateLimited               rate_limited         429   1  yes
    ├── TooManyRequests           too_many_requests    429   1  yes
    ├── Overloaded                overloaded           503   1  yes
    ├── QueryTooHeavy             query_too_heavy      422   1  no
    ├── Cancelled                 cancelled            503   1  yes
    ├── ServerUnreachable         server_unreachable   502   1  yes
    ├── RemoteError               remote               502   1  no
    └── StoreError                store                503   1  yes
        ├── StoreBusy                 a cause that passes: disk, memory, too many parts, time-out
        ├── StoreRefused              an error of the data: the same rows will be refused again
        └── StoreInUse                another process owns the embedded store
"""

from __future__ import annotations

import enum
from typing import ClassVar


class Reason(enum.StrEnum):
    """Why one event was refused. The list is closed: law 3."""

    MALFORMED = "malformed"
    INVALID = "invalid"
    TOO_LARGE = "too_large"
    TOO_OLD = "too_old"
    IN_FUTURE = "in_future"
    CONFLICT = "conflict"
    DELETED = "deleted"
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"

    @property
    def retryable(self) -> bool:
        """Whether the same event, sent again later, can be stored."""
        return self in (Reason.OVERLOADED, Reason.RATE_LIMITED, Reason.IN_FUTURE)

    @property
    def http_status(self) -> int:
        """The status a request that held only this event is answered with."""
        return _REASON_STATUS[self]


_REASON_STATUS = {
    Reason.MALFORMED: 422,
    Reason.INVALID: 422,
    Reason.TOO_LARGE: 413,
    Reason.TOO_OLD: 422,
    Reason.IN_FUTURE: 422,
    Reason.CONFLICT: 409,
    Reason.DELETED: 410,
    Reason.RATE_LIMITED: 429,
    Reason.OVERLOADED: 503,
}


class PulseStreamError(Exception):
    """The root: `code` is for programs, the message is for people and says what to do next."""

    code: ClassVar[str] = "error"
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False


class UsageError(PulseStreamError):
    exit_code = 2


class BadRequest(UsageError):
    code = "bad_request"
    http_status = 400


class HeadTooLarge(UsageError):
    """Of a request: its line and its headers."""

    code = "request_header_fields_too_large"
    http_status = 431

    def __init__(self, bytes_max: int) -> None:
        super().__init__(f"the request line and the headers may have {bytes_max} bytes at most")


class BadParameters(UsageError):
    """`errors` holds (parameter, what is wrong with it) for each one."""

    code = "bad_parameters"
    http_status = 422

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{name}: {what}" for name, what in errors))
        self.errors = errors


class BadQuery(UsageError):
    """A text of the query language that cannot be read.

    `position`, `length`: what of the text is wrong, in characters. `suggestion`: what may stand there instead, or
    nothing.
    """

    code = "bad_query"
    http_status = 422

    def __init__(self, message: str, *, position: int, length: int, suggestion: str = "") -> None:
        super().__init__(message)
        self.position = position
        self.length = length
        self.suggestion = suggestion


class ConfigError(UsageError):
    code = "config"


class UnsupportedEncoding(UsageError):
    code = "unsupported_encoding"
    http_status = 415


class InputUnreadable(UsageError):
    """A file to be sent that cannot be opened or is not events."""

    code = "input_unreadable"
    http_status = 400


class Unauthorized(PulseStreamError):
    code = "unauthorized"
    http_status = 401


class Forbidden(PulseStreamError):
    """The key is good, and lacks the scope that this needs."""

    code = "forbidden"
    http_status = 403


class NotFound(PulseStreamError):
    code = "not_found"
    http_status = 404


class RequestTimeout(PulseStreamError):
    """The sender stopped in the middle of its request."""

    code = "request_timeout"
    http_status = 408
    retryable = True


class Exists(PulseStreamError):
    """What is to be made is there already."""

    code = "exists"
    http_status = 409


class TooLarge(PulseStreamError):
    """`events_max`: the most events that a request may hold, where their number is what was too large."""

    code = "too_large"
    http_status = 413

    def __init__(self, message: str, events_max: int | None = None) -> None:
        super().__init__(message)
        self.events_max = events_max


class RateLimited(PulseStreamError):
    """Over the tenant's rate. `retry_after_s`: when the same request fits, if nobody else sends meanwhile.

    `events`: how many of a request are to be counted as refused so, where nobody did it yet.
    """

    code = "rate_limited"
    http_status = 429
    retryable = True
    events = 0

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TooManyRequests(PulseStreamError):
    """The tenant has as many requests or connections under way as it may."""

    code = "too_many_requests"
    http_status = 429
    retryable = True


class Overloaded(PulseStreamError):
    """`retry_after_s`: when the sender should come back. `events`: as in RateLimited."""

    code = "overloaded"
    http_status = 503
    retryable = True
    events = 0

    def __init__(self, message: str, retry_after_s: float = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class QueryTooHeavy(PulseStreamError):
    code = "query_too_heavy"
    http_status = 422


class Cancelled(PulseStreamError):
    """A question that was ended before it was answered: who asked has left, or an operator ended it."""

    code = "cancelled"
    http_status = 503
    retryable = True


class ServerUnreachable(PulseStreamError):
    """A client's: no answer came, within the time that its retry policy allows."""

    code = "server_unreachable"
    http_status = 502
    retryable = True


class RemoteError(PulseStreamError):
    """A client's: the server answered, and the answer is an error or not one of ours."""

    code = "remote"
    http_status = 502


class StoreError(PulseStreamError):
    """`text`: all that the engine said. It may repeat events and values, so it goes nowhere but beside them."""

    code = "store"
    http_status = 503
    retryable = True

    def __init__(self, message: str, text: str = "") -> None:
        super().__init__(message)
        self.text = text or message


class StoreBusy(StoreError):
    """A cause that passes: disk full, memory, too many parts, a time-out, the network."""


class StoreRefused(StoreError):
    """An error of the data: the same rows will be refused again."""

    retryable = False


class StoreInUse(StoreError):
    exit_code = 2
    retryable = False
