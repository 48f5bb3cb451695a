"""The server's log: one line a message, without keys and without anything of events.

The text of an exception may hold both, whoever raised it. So a defect is logged as its type and where it was
raised; what a person must know is in the message of the line. Lines of a request have its id (X-Request-Id).
"""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pulsestream.api.request import current

log = logging.getLogger(__name__)

# What these warn of comes as an error of ours, in one line; and their text repeats requests.
_REPEATERS = ("clickhouse_connect", "urllib3")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class LineFormatter(logging.Formatter):
    """A message cannot pretend to be a further line; an exception is shown without its text."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # another formatter's, with the text
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", record.message)
        request_id = current().request_id
        return super().formatMessage(record) + (f" [{request_id}]" if request_id else "")

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 - logging's name
        return _without_text(ei[1])


class _Line(Struct, frozen=True):
    time: datetime
    level: str
    logger: str
    message: str
    request_id: str | UnsetType
    tenant: str | UnsetType
    exception: str | UnsetType


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with the same in it."""

    def format(self, record: logging.LogRecord) -> str:
        request = current()
        error = record.exc_info[1] if record.exc_info else None
        line = _Line(
            datetime.fromtimestamp(record.created, UTC),
            record.levelname.lower(),
            record.name,
            record.getMessage(),
            request.request_id or UNSET,
            request.tenant or UNSET,
            _without_text(error) if error else UNSET,
        )
        # Some controls need no escape in JSON; on a terminal they do.
        return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", msgspec.json.encode(line).decode())


def _without_text(error: BaseException | None) -> str:
    """The types of an exception and of what it came of, and where they were raised."""
    parts: list[str] = []
    while error is not None and len(parts) < 10:  # noqa: PLR2004 - a chain can be a ring
        frames = "".join(traceback.format_tb(error.__traceback__))
        parts.append(f"Traceback (most recent call last):\n{frames}{type(error).__qualname__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\nWhich came of:\n\n".join(parts)


def write_log(level: str, form: str = "text") -> None:
    """From now on, on stderr. `level` is for our own lines; of the libraries only what is wrong is shown."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else LineFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("pulsestream").setLevel(level.upper())
    for name in _REPEATERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    threading.excepthook = _on_thread_defect


def log_defect(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """An event loop's exception handler. The loop's own also prints the arguments, which may be a request."""
    log.error("a task of the server ended by a defect", exc_info=context.get("exception"))


def _on_thread_defect(args: threading.ExceptHookArgs) -> None:
    name = args.thread.name if args.thread else "?"
    log.critical("the thread %s ended by a defect", name, exc_info=args.exc_value)
