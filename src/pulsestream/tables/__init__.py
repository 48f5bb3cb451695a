"""Events as a table in Python: from a server, or from a data folder that no server has open."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pulsestream.clock import SystemClock
from pulsestream.control.keys import DEMO_KEY, FIRST_TENANT
from pulsestream.errors import BadParameters, ConfigError
from pulsestream.query import language
from pulsestream.query.syntax.moment import Present

Form = Literal["arrow", "pandas", "polars"]
Moment = datetime | str | None

DEFAULT_URL = "http://127.0.0.1:8000"
# Texts of which there are few: as dictionaries in Arrow, as categories in pandas.
_FEW = (
    *("event_type", "severity", "title", "message", "service", "endpoint", "method", "version", "environment"),
    *("status_class", "user_agent", "country", "region", "city", "device_type", "error_code", "error_type"),
)


def query(
    q: str = "",
    *,
    url: str | None = None,
    api_key: str | None = None,
    data: str | os.PathLike[str] | None = None,
    tenant: str | None = None,
    start: Moment = None,
    end: Moment = None,
    tz: str = "UTC",
    to: Form = "arrow",
) -> Any:  # noqa: ANN401 - a table of a library that may not be installed
    """All events that match `q`, as a pyarrow.Table, or what `to` names; the columns are those of docs/exports.md.

    From the server at `url`, by default PULSESTREAM_URL or this machine's, with `api_key`, by default
    PULSESTREAM_API_KEY. Or from the folder `data`, which no server may have open: events of `tenant` in it.
    `start` (included) and `end` (excluded, but a day is included): a datetime, RFC 3339, a day or `now-15m`; in `tz`
    where they have no zone of their own.

    Raises BadQuery, BadParameters, Unauthorized, ServerUnreachable and the like, all of them PulseStreamError.
    """
    if to not in ("arrow", "pandas", "polars"):
        raise BadParameters([("to", "must be arrow, pandas or polars")])
    present = Present(SystemClock().now(), _zone(tz))
    since, until = _moment("start", start, present), _moment("end", end, present)
    if data is not None:
        if url is not None or api_key is not None:
            raise BadParameters([("data", "is a folder, url a server: give one of them")])
        from pulsestream.tables.folder import read

        raw = read(Path(data), tenant or FIRST_TENANT, q, start=since, end=until, zone=present.zone)
    else:
        if tenant is not None:
            raise BadParameters([("tenant", "goes with data; of a server, the key says which tenant")])
        from pulsestream.tables.server import fetch

        asked = [("format", "arrow"), ("q", q), ("tz", tz)]
        times = (("start_time", since), ("end_time", until))
        asked += [(name, moment.isoformat()) for name, moment in times if moment is not None]
        server = url or os.environ.get("PULSESTREAM_URL", DEFAULT_URL)
        raw = fetch(server, api_key or os.environ.get("PULSESTREAM_API_KEY", DEMO_KEY), asked)
    return _as(to, raw)


def _moment(name: str, given: Moment, present: Present) -> datetime | None:
    if isinstance(given, str):
        return language.moment(name, given, present, ends=name == "end")
    if given is None or given.tzinfo is not None:
        return given
    return given.replace(tzinfo=present.zone).astimezone(UTC)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # no such zone; no name; a name too long for a file, or a folder
        raise BadParameters([("tz", "is no time zone: give a name such as Europe/Berlin")]) from error


def _as(to: Form, raw: bytes) -> Any:  # noqa: ANN401 - as above
    import pyarrow as pa

    table = pa.ipc.open_file(raw).read_all()
    for name in _FEW:
        column = table.column_names.index(name)
        table = table.set_column(column, name, table.column(name).dictionary_encode().unify_dictionaries())
    if to == "pandas":
        with _needed("pandas"):
            return table.to_pandas(maps_as_pydicts="strict", self_destruct=True)
    if to == "polars":
        with _needed("polars"):
            import polars as pl

            return pl.from_arrow(table)
    return table


@contextlib.contextmanager
def _needed(library: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        message = f"to={library!r} needs {library}: `pip install {library}`, or take the Arrow table"
        raise ConfigError(message) from error
