"""The one store: ClickHouse, in this process (chDB) or over HTTP, through one driver and one SQL."""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar, cast

import clickhouse_connect
import msgspec
import numpy as np
from clickhouse_connect import common
from clickhouse_connect.driver.client import Client
from numpy.typing import NDArray

from pulsestream.clock import Clock, to_micros
from pulsestream.errors import StoreBusy, StoreError
from pulsestream.store import record, schema
from pulsestream.store.failure import FAILURES, cannot_open, of_a_question, of_the_store
from pulsestream.store.options import of_engine, of_session
from pulsestream.store.port import (
    Capabilities,
    EngineState,
    Form,
    KnownIds,
    Outcome,
    Parameter,
    Past,
    PastIds,
    QueryLimits,
    Rows,
    Statement,
    Storage,
    Tombstone,
    in_pieces,
)
from pulsestream.store.storage import storage
from pulsestream.store.stream import Streamed, over_http, piped

T = TypeVar("T")

_HOUR_US = 3_600_000_000

# The hour is in the sorting key, and `before` is a full one: so only what is past is read.
_PAST = (
    "tenant = {tenant:String} AND hour < toDateTime({before_s:Int64}, 'UTC')"
    " AND timestamp < fromUnixTimestamp64Micro({before:Int64}, 'UTC') AND position <= {position:UInt64}"
)

# An engine whose disk is full can report an insert as done and leave a part that ends too soon. A count alone is
# answered from what the part says of itself. The position is at the beginning of each granule, and this is at the end.
_WHOLE = "cityHash64(extra)"


class ClickHouseStore:
    """Opens sessions to one engine. Cheap to keep; the engine of an embedded store starts with its first session."""

    def __init__(
        self, options: dict[str, Any], *, capabilities: Capabilities, clock: Clock, memory_bytes_max: int
    ) -> None:
        self._options = options
        self._capabilities = capabilities
        self._clock = clock
        self._memory_bytes_max = memory_bytes_max
        self._anchor: ClickHouseSession | None = None
        common.set_setting("autogenerate_session_id", False)  # noqa: FBT003 - sessions of threads must not queue

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def session(self, *, threads: int, limits: QueryLimits | None = None) -> ClickHouseSession:
        if self._anchor is None and not self._capabilities.persistent:
            # What is in memory is gone with the engine's last session; this one stays until `close`.
            self._anchor = self._open(threads=1, limits=None)
        return self._open(threads=threads, limits=limits)

    def close(self) -> None:
        if self._anchor is not None:
            self._anchor.close()
            self._anchor = None

    def _open(self, *, threads: int, limits: QueryLimits | None) -> ClickHouseSession:
        opened = partial(self._client, threads=threads, limits=limits)
        if not self._capabilities.embedded:
            return ClickHouseSession(opened())
        return ClickHouseSession(opened(), beside=partial(self._open, threads=1, limits=None), again=opened)

    def _client(self, *, threads: int, limits: QueryLimits | None) -> Client:
        settings = of_session(threads, limits, memory_bytes=self._memory_bytes_max)
        options = dict(self._options)
        if self._capabilities.embedded:
            options["chdb_options"] = of_engine(self._memory_bytes_max)
        try:
            return clickhouse_connect.get_client(**options, settings=settings)
        except FAILURES as error:
            raise cannot_open(error, embedded=self._capabilities.embedded) from error

    def migrate(self) -> None:
        session = self.session(threads=1)
        try:
            session.run(schema.RECORD_TABLE)
            [[done]] = session.ask(Statement(schema.RECORDED, {})).rows
            known = schema.migrations()
            if cast("int", done) > known[-1].number:
                raise StoreError(
                    f"the store is of a newer version of PulseStream (migration {done}, this program knows "
                    f"{known[-1].number}): run that version, or a newer one"
                )
            for migration in known:
                if migration.number > cast("int", done):
                    for statement in migration.statements:
                        session.run(statement)
                    applied_at = to_micros(self._clock.now())
                    session.run(schema.RECORD, {"number": migration.number, "name": migration.name, "at": applied_at})
        finally:
            session.close()


class ClickHouseSession:
    """One driver client, for one thread at a time.

    `beside`: of an embedded engine, opens another, because one that streams can do nothing else meanwhile.
    `again`: of an embedded engine, opens a client in the place of one on which a statement failed. What that had
    answered before it failed would come with the answer to the next, whoever asks that.
    """

    def __init__(
        self,
        client: Client,
        *,
        beside: Callable[[], ClickHouseSession] | None = None,
        again: Callable[[], Client] | None = None,
    ) -> None:
        self._client = client
        self._beside = beside
        self._again = again
        self._spoiled = False

    def run(self, sql: str, parameters: dict[str, Any] | None = None) -> None:
        """A statement without rows (DDL, DELETE)."""
        with self._using() as client:
            client.command(sql, parameters=parameters)

    def ask(self, statement: Statement, /, name: str = "") -> Rows:
        with self._using(of_a_question) as client:
            result = client.query(
                statement.sql,
                parameters=cast("dict[str, Any]", statement.parameters),
                settings={"log_comment": name} if name else None,
            )
            return Rows(tuple(result.column_names), cast("Sequence[Sequence[object]]", result.result_rows))

    def stream(
        self, statement: Statement, form: Form, /, name: str = "", *, block_rows: int = 8192
    ) -> Generator[bytes, None, None]:
        asked = Streamed(statement, form, name, block_rows)
        with self._using() as client:
            pass  # what fails from here on has nothing in this client: it goes to a pipe
        if self._beside is None:
            return over_http(client, asked)
        return piped(client, asked, cancel=partial(_cancel, self._beside, name))

    def cancel(self, name: str, /) -> bool:
        # The engine gives a statement an id of its own; a comment is what we can name it by.
        named = self._all(
            "SELECT query_id FROM system.processes WHERE Settings['log_comment'] = {name:String}", {"name": name}
        )
        for (query_id,) in named:
            self.run("KILL QUERY WHERE query_id = {query_id:String} ASYNC", {"query_id": query_id})
        return bool(named)

    def insert_events(self, block: bytes, /) -> None:
        self._insert("journal_in", block)

    def present(self, first: int, last: int, /) -> Sequence[int]:
        rows = self._all(
            f"SELECT position, {_WHOLE} FROM events WHERE position BETWEEN {{first:UInt64}} AND {{last:UInt64}}"
            " ORDER BY position",
            {"first": first, "last": last},
        )
        return [cast("int", position) for position, _ in rows]

    def count(self, first: int, last: int, /) -> int:
        [[count, *_]] = self._all(
            f"SELECT count(), sum(position), sum({_WHOLE}) FROM events"
            " WHERE position BETWEEN {first:UInt64} AND {last:UInt64}",
            {"first": first, "last": last},
        )
        return cast("int", count)

    def insert_outcomes(self, outcomes: Sequence[Outcome], /) -> None:
        # One insert into one unpartitioned table makes one part: all or none.
        self._insert("outcomes", b"".join(msgspec.json.encode(outcome) + b"\n" for outcome in outcomes))

    def insert_tombstones(self, tombstones: Sequence[Tombstone], /) -> None:
        self._insert("tombstones", b"".join(msgspec.json.encode(tombstone) + b"\n" for tombstone in tombstones))

    def delete_events(self, tenant: str, event_ids: Sequence[str], /) -> None:
        for piece in in_pieces(event_ids):
            self.run(
                "DELETE FROM events WHERE tenant = {tenant:String} AND event_id IN {event_ids:Array(String)}",
                {"tenant": tenant, "event_ids": piece},
            )

    def past_ids(self, past: Past, /) -> Iterator[PastIds]:
        hashes = "xxh3(event_id), content_hash, xxHash64(event_id)"
        for event_ids, *columns in self._blocks(
            f"SELECT event_id, {hashes} FROM events WHERE {_PAST}", _parameters(past)
        ):
            yield PastIds(event_ids, *map(_hashes, columns))

    def past_weeks(self, pasts: Sequence[Past], /) -> Sequence[str]:
        of_tenant = {past.tenant: past for past in pasts}
        rows = self._all(
            "SELECT _partition_id, tenant, toUnixTimestamp64Micro(max(timestamp)), max(position) FROM events"
            " WHERE toMonday(timestamp) <= toMonday(fromUnixTimestamp64Micro({newest:Int64}, 'UTC'))"
            " GROUP BY _partition_id, tenant",
            {"newest": max((past.before_us for past in pasts), default=0)},
        )
        weeks = {cast("str", week) for week, *_ in rows}
        for week, tenant, newest_us, position in cast("Sequence[tuple[str, str, int, int]]", rows):
            past = of_tenant.get(tenant)
            if past is None or newest_us >= past.before_us or position > past.position:
                weeks.discard(week)
        return sorted(weeks)

    def drop_weeks(self, weeks: Sequence[str], position: int, /) -> None:
        grown = self._all(
            "SELECT DISTINCT _partition_id FROM events"
            " WHERE _partition_id IN {weeks:Array(String)} AND position > {position:UInt64}",
            {"weeks": list(weeks), "position": position},
        )
        for week in set(weeks) - {cast("str", week) for (week,) in grown}:
            self.run("ALTER TABLE events DROP PARTITION ID {week:String}", {"week": week})

    def delete_past(self, past: Past, /) -> None:
        if self._count_past(past):
            self.run(f"DELETE FROM events WHERE {_PAST}", _parameters(past))
            left = self._count_past(past)
            if left:
                raise StoreBusy(f"the engine still shows {left} events of {past.tenant!r} that it was to remove")

    def delete_tenant(self, tenant: str, /) -> None:
        for table in ("events", "outcomes", "tombstones"):
            of_tenant = {"table": table, "tenant": tenant}
            if self._all("SELECT 1 FROM {table:Identifier} WHERE tenant = {tenant:String} LIMIT 1", of_tenant):
                self.run("DELETE FROM {table:Identifier} WHERE tenant = {tenant:String}", of_tenant)

    def _count_past(self, past: Past) -> int:
        [[count]] = self._all(f"SELECT count() FROM events WHERE {_PAST}", _parameters(past))
        return cast("int", count)

    def undeleted(self) -> Sequence[tuple[str, str]]:
        rows = self._all(
            "SELECT tenant, event_id FROM events WHERE (tenant, event_id) IN (SELECT tenant, event_id FROM tombstones)"
        )
        return [(cast("str", tenant), cast("str", event_id)) for tenant, event_id in rows]

    def owner(self) -> str | None:
        rows = self._all("SELECT name FROM owner ORDER BY claimed_at LIMIT 1")
        return cast("str", rows[0][0]) if rows else None

    def claim(self, name: str, /) -> None:
        self.run("INSERT INTO owner SELECT {name:String}, now64(6, 'UTC')", {"name": name})

    def last_positions(self) -> tuple[int, int]:
        [[last, counted]] = self._all(
            "SELECT greatest((SELECT max(position) FROM events), (SELECT max(position) FROM outcomes),"
            " (SELECT max(position) FROM tombstones)), (SELECT max(position) FROM outcomes)"
        )
        return cast("int", last), cast("int", counted)

    def events_by_id(self, tenant: str, event_ids: Sequence[str], times_us: Sequence[int] = (), /) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        if times_us:
            # The hour is in the sorting key. Of an id alone the index has to be asked for every granule there is.
            hours = sorted({time_us // _HOUR_US * 3600 for time_us in times_us})
            found = self._by_id(tenant, event_ids, " AND hour IN {hours:Array(UInt32)}", {"hours": hours})
        return found | self._by_id(tenant, [one for one in event_ids if one not in found])

    def _by_id(
        self, tenant: str, event_ids: Sequence[str], condition: str = "", parameters: dict[str, Parameter] | None = None
    ) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for piece in in_pieces(event_ids):
            rows = self._all(
                f"SELECT {record.COLUMNS} FROM events WHERE tenant = {{tenant:String}}{condition}"
                " AND event_id IN {event_ids:Array(String)} ORDER BY position",
                {"tenant": tenant, "event_ids": piece} | (parameters or {}),
            )
            found |= {record.event_id(row): record.event_json(row) for row in rows}
        return found

    def known_ids(self) -> Iterator[tuple[str, KnownIds]]:
        for (tenant,) in self._all("SELECT DISTINCT tenant FROM events"):
            of_tenant = "SELECT xxh3(event_id), content_hash FROM events WHERE tenant = {tenant:String}"
            for columns in self._blocks(of_tenant, {"tenant": tenant}):
                yield cast("str", tenant), KnownIds(*map(_hashes, columns))

    def tombstoned_ids(self) -> Sequence[tuple[str, str]]:
        rows = self._all("SELECT tenant, event_id FROM tombstones")
        return [(cast("str", tenant), cast("str", event_id)) for tenant, event_id in rows]

    def storage(self) -> Storage:
        return storage(self._all)

    def engine(self) -> EngineState:
        [row] = self._all(
            "SELECT sum(parts), max(parts), sum(rows), sum(bytes),"
            " (SELECT sum(value) FROM system.metrics WHERE metric = 'MemoryTracking'),"
            " (SELECT count() FROM system.merges WHERE database = currentDatabase())"
            " FROM (SELECT count() AS parts, sum(rows) AS rows, sum(bytes_on_disk) AS bytes FROM system.parts"
            " WHERE active AND database = currentDatabase() AND table = 'events' GROUP BY partition_id)"
        )
        return EngineState(*cast("Sequence[int]", row))

    def close(self) -> None:
        self._client.close()

    def _all(self, sql: str, parameters: dict[str, Any] | None = None) -> Sequence[Sequence[object]]:
        """Our own questions: whatever stops them may pass, also too little time or memory."""
        with self._using() as client:
            return cast("Sequence[Sequence[object]]", client.query(sql, parameters=parameters).result_rows)

    def _blocks(self, sql: str, parameters: dict[str, Any]) -> Iterator[Sequence[Sequence[Any]]]:
        """The answer as it comes: blocks of columns."""
        with self._using() as client, client.query_column_block_stream(sql, parameters=parameters) as stream:
            yield from stream

    def _insert(self, table: str, block: bytes) -> None:
        with self._using() as client:
            client.raw_insert(table, insert_block=block, fmt="JSONEachRow")

    @contextlib.contextmanager
    def _using(self, translated: Callable[[Exception], Exception] = of_the_store) -> Iterator[Client]:
        if self._spoiled and self._again is not None:
            spoiled, self._client = self._client, self._again()
            self._spoiled = False
            spoiled.close()
        try:
            yield self._client
        except BaseException as error:
            self._spoiled = True
            if isinstance(error, FAILURES):
                raise translated(error) from error
            raise


def _cancel(beside: Callable[[], ClickHouseSession], name: str) -> None:
    with contextlib.suppress(StoreError):  # then its limit of time ends it
        session = beside()
        try:
            session.cancel(name)
        finally:
            session.close()


def _hashes(column: Sequence[int]) -> NDArray[np.uint64]:
    """The driver gives an array of machine words."""
    return np.frombuffer(column, np.uint64) if isinstance(column, array) else np.array(column, np.uint64)


def _parameters(past: Past) -> dict[str, Any]:
    return {
        "tenant": past.tenant,
        "before": past.before_us,
        "before_s": past.before_us // 1_000_000,
        "position": past.position,
    }
