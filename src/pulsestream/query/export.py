"""Everything that matches, whole, as a file: what its columns are, and the one statement that makes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from pulsestream.query.catalog import DIMENSIONS, Kind
from pulsestream.query.compile import Where
from pulsestream.query.model import Query, View
from pulsestream.store import ndjson
from pulsestream.store.port import Form, Statement


class Format(StrEnum):
    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"


FORMS: dict[Format, Form] = {
    Format.NDJSON: "RawBLOB",
    Format.CSV: "CSVWithNames",
    Format.PARQUET: "Parquet",
    Format.ARROW: "Arrow",
}
# What every event has. Any other text is NULL where an event has none.
_ALWAYS = ("event_id", "event_type", "severity", "title", "service", "endpoint", "method")
# Of objects, which no filter compares as a whole. `extra`: the fields that an event has beyond the known ones.
_OBJECTS = ("tags", "payload", "metadata", "extra")

_BLOCK_BYTES = 16 << 20
_BLOCK_ROWS_MAX = 8192
_BLOCK_ROWS_MIN = 8  # of events of 12 MiB
_REST_BYTES = 1000  # of an event, beside what may be large

# Oldest first, hour by hour; within an hour by service. That is how events are stored: by time alone costs the engine
# twice the time, and as much memory as there are events.
_ORDER = "tenant, hour, service, timestamp, position"


def _column(name: str) -> str:
    if name in DIMENSIONS:
        dimension = DIMENSIONS[name]
        if dimension.kind not in (Kind.NUMBER, Kind.TIME, Kind.FLAG, Kind.GROUP):
            return dimension.sql if name in _ALWAYS else f"nullIf({dimension.sql}, '')"
        if dimension.kind is not Kind.GROUP:
            return dimension.sql
    return f"nullIf({name}, '')"


COLUMNS = (*(name for name, one in DIMENSIONS.items() if one.kind is not Kind.GROUP), *_OBJECTS)
_TAGS = {Format.CSV: "if(empty(tags), NULL, toJSONString(tags))"}  # it has no maps
_TAGS_AS_MAP = "CAST(tags, 'Map(String, String)')"


def _columns(form: Format) -> str:
    tags = _TAGS.get(form, _TAGS_AS_MAP)
    return ", ".join(f"{tags if name == 'tags' else _column(name)} AS {name}" for name in COLUMNS)


def statement(query: Query, form: Format, *, fed: int, view: View) -> Statement:
    """All events of a query, for `Session.stream`. `fed`: the last position that is there to be asked about."""
    where = _where(query, fed=fed, view=view)
    what = ndjson.LINE if form is Format.NDJSON else _columns(form)
    return Statement(f"SELECT {what} FROM events WHERE {where} ORDER BY {_ORDER}", where.parameters)


def size(query: Query, *, fed: int, view: View) -> Statement:
    """One row: how many events `statement` gives, and about how many bytes the largest has."""
    where = _where(query, fed=fed, view=view)
    largest = " + ".join(f"length({column})" for column in ("payload", "metadata", "extra", "stack_trace"))
    return Statement(f"SELECT count(), max({largest}) FROM events WHERE {where}", where.parameters)


def block_rows(event_bytes_max: int) -> int:
    """How many events the engine may have in one block, so that the largest of them make it no larger than the rest."""
    return max(_BLOCK_ROWS_MIN, min(_BLOCK_ROWS_MAX, _BLOCK_BYTES // (event_bytes_max + _REST_BYTES)))


def _where(query: Query, *, fed: int, view: View) -> Where:
    where = Where(query, view)
    where.add(f"position <= {where.bound(fed, 'UInt64')}")
    return where


def finished(form: Format, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What the engine wrote, as it goes out."""
    return ndjson.lines(chunks) if form is Format.NDJSON else iter(chunks)
