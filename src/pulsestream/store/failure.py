"""What the engine and the way to it can answer instead of an answer, as errors of ours."""

from __future__ import annotations

import re

from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from pulsestream.errors import Cancelled, QueryTooHeavy, StoreBusy, StoreError, StoreInUse, StoreRefused

FAILURES = (ClickHouseError, HTTPError, OSError)

# Engine error codes (ClickHouse, src/Common/ErrorCodes.cpp) that speak of the rows themselves.
_OF_THE_DATA = frozenset({6, 25, 26, 27, 38, 41, 69, 70, 72, 117, 130, 131, 349, 407, 441, 467, 636})
_TOO_HEAVY = {
    158: "rows",
    159: "time",
    160: "time",
    241: "memory",
    307: "bytes",
    396: "rows",
}
_CANCELLED = 394
# The name of an error ends its text; what looks like one further ahead could be a row's.
_NAME_AT_END = re.compile(r".*\(([A-Z][A-Z0-9_]+)\)(?: \((?:version|for url) .*)?\s*\Z")
_LOCKED = 76  # the embedded store's folder is held by another process


def of_a_question(error: Exception) -> StoreError | QueryTooHeavy | Cancelled:
    code = getattr(error, "code", None)
    if code == _CANCELLED:
        return Cancelled("the question was cancelled")
    if code in _TOO_HEAVY:
        return QueryTooHeavy(
            f"the question needs more {_TOO_HEAVY[code]} than one may take: narrow its time range or its filters"
        )
    return of_the_store(error)


def of_the_store(error: Exception) -> StoreError:
    """Only an error of the data is the rows' own fault; whatever else happens may pass."""
    kind = StoreRefused if getattr(error, "code", None) in _OF_THE_DATA else StoreBusy
    return kind(_said(error), text=str(error).split("\n", 1)[0][:500])


def _said(error: Exception) -> str:
    """What may be shown to anybody: the engine's code and its name, never its text, which repeats rows and values."""
    code = getattr(error, "code", None)
    if code is None:
        cause = _innermost(error)
        known = isinstance(cause, (HTTPError, OSError))
        return f"the store does not answer: {_cause(error) if known else type(cause).__name__}"
    found = _NAME_AT_END.search(str(error))
    return f"the engine answered with error {code}" + (f", {found[1]}" if found else "")


def cannot_open(error: Exception, *, embedded: bool) -> StoreError:
    if not embedded:
        return StoreBusy(f"the ClickHouse server of --store cannot be used: {_cause(error)}")
    if getattr(error, "code", None) == _LOCKED:
        return StoreInUse(
            "another process has this data folder open: one process owns an embedded store. Stop it, give this one "
            "a folder of its own (--data), or use a ClickHouse server (--store http://…)"
        )
    return StoreBusy(_cause(error))


def _cause(error: BaseException) -> str:
    """The innermost cause, which says what happened; what wraps it repeats the request."""
    cause = _innermost(error)
    reason = getattr(cause, "reason", None)
    return str(reason or cause).split("\n", 1)[0][:300]


def _innermost(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error
