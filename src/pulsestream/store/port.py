"""What the rest of the program may ask of an event store, whichever engine stands behind it."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Literal, Protocol
from urllib.parse import quote

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Form = Literal["RawBLOB", "CSVWithNames", "Arrow", "Parquet"]  # what the engine calls them
Parameter = str | int | float | list[str] | list[int] | list[float]


class Statement(Struct, frozen=True):
    """One SELECT with its values apart: `{name:Type}` in `sql`, bound by the engine, never pasted in."""

    sql: str
    parameters: dict[str, Parameter]


# A server takes 128 KiB of one bound value (http_max_field_value_size), counted as it stands in the URL.
_VALUE_BYTES_MAX = 120 * 1024


def in_pieces(values: Sequence[str]) -> Iterator[list[str]]:
    """The values in lists that each fit one bound parameter."""
    piece: list[str] = []
    size = 0
    for value in values:
        # The driver escapes twice: a backslash becomes four.
        length = 4 * len(quote(value, safe="")) + 16
        if piece and size + length > _VALUE_BYTES_MAX:
            yield piece
            piece, size = [], 0
        piece.append(value)
        size += length
    if piece:
        yield piece


class QueryLimits(Struct, frozen=True):
    """What one question may take; beyond it QueryTooHeavy.

    `repeated`: the next ones will read much of the same, so that is kept in memory, unpacked.
    """

    seconds_max: int
    rows_max: int  # that are read for it
    memory_bytes_max: int
    repeated: bool = True


class Rows(Struct, frozen=True):
    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]


class Capabilities(Struct, frozen=True):
    """What this store can do; decided once, when it is opened."""

    embedded: bool  # the engine lives in this process: one process owns its folder
    persistent: bool  # False: everything is gone with the process


class Outcome(Struct, frozen=True):
    """How many events of one tenant ended in one way within one minute.

    `position` is that of the last journal record that was counted in.
    """

    tenant: str
    minute: int  # seconds since 1970, a multiple of 60
    outcome: str
    reason: str  # empty for stored and duplicate
    events: int
    position: int


class Tombstone(Struct, frozen=True):
    tenant: str
    event_id: str
    position: int


class Past(Struct, frozen=True):
    """A tenant's events that are past its retention.

    Those older than `before_us` (microseconds since 1970, a full hour) up to a position: the engine has everything
    up to there, so these are the same events whenever it is asked.
    """

    tenant: str
    before_us: int
    position: int


class EngineState(Struct, frozen=True):
    """How the engine is: the events' table, its memory as it tracks it itself, the merges that run."""

    parts: int  # active ones
    parts_in_partition_max: int
    rows: int
    disk_bytes: int  # compressed
    memory_bytes: int
    merges: int


class StoredWeek(Struct, frozen=True):
    """`week`: its Monday, as a date. `events`: also those that were removed and still take room until parts are merged.

    `disk_bytes`: with indexes and all; the others are of the columns alone.
    """

    week: str
    events: int
    disk_bytes: int
    compressed_bytes: int
    uncompressed_bytes: int


class StoredColumn(Struct, frozen=True):
    name: str
    compressed_bytes: int
    uncompressed_bytes: int


class Storage(Struct, frozen=True):
    """`columns`: the largest first. Of `estimated_events` the engine knows only what all columns take together."""

    weeks: list[StoredWeek]
    columns: list[StoredColumn]
    estimated_events: int


class KnownIds(Struct, frozen=True):
    """Some stored events: the xxh3 of each id, and the hash of each content."""

    id_hashes: NDArray[np.uint64]
    content_hashes: NDArray[np.uint64]


class PastIds(Struct, frozen=True):
    """Some stored events that are past: also their ids, and the xxHash64 of each id."""

    event_ids: Sequence[str]
    id_hashes: NDArray[np.uint64]
    content_hashes: NDArray[np.uint64]
    check_hashes: NDArray[np.uint64]

    def pieces(self, size: int) -> Iterator[PastIds]:
        for start in range(0, len(self.event_ids), size):
            part = slice(start, start + size)
            yield PastIds(
                self.event_ids[part], self.id_hashes[part], self.content_hashes[part], self.check_hashes[part]
            )


class Session(Protocol):
    """One connection. It belongs to one thread at a time; the caller closes it.

    Every method raises StoreBusy for a cause that passes and StoreRefused for an error of the data.
    A failed insert may have stored part of its rows.
    """

    def insert_events(self, block: bytes, /) -> None:
        """Store journal lines (NDJSON). Durable when it returns."""
        ...

    def present(self, first: int, last: int, /) -> Sequence[int]:
        """The positions from `first` to `last`, both included, that are stored, in order."""
        ...

    def count(self, first: int, last: int, /) -> int:
        """How many positions from `first` to `last`, both included, are stored."""
        ...

    def insert_outcomes(self, outcomes: Sequence[Outcome], /) -> None:
        """Store them all or none."""
        ...

    def insert_tombstones(self, tombstones: Sequence[Tombstone], /) -> None: ...

    def delete_events(self, tenant: str, event_ids: Sequence[str], /) -> None:
        """Remove them for good. May take seconds."""
        ...

    def past_ids(self, past: Past, /) -> Iterator[PastIds]:
        """These events, in blocks."""
        ...

    def past_weeks(self, pasts: Sequence[Past], /) -> Sequence[str]:
        """The weekly partitions that hold nothing but these events."""
        ...

    def drop_weeks(self, weeks: Sequence[str], position: int, /) -> None:
        """Drop partitions at once, but for those that hold an event past `position`. Nothing may be inserted."""
        ...

    def delete_past(self, past: Past, /) -> None:
        """Remove these events for good. May take seconds. None of them is there when it returns."""
        ...

    def delete_tenant(self, tenant: str, /) -> None:
        """Remove all that there is of it. May take seconds."""
        ...

    def undeleted(self) -> Sequence[tuple[str, str]]:
        """(tenant, event_id) of stored events that have a tombstone: deletes that a stop cut short."""
        ...

    def owner(self) -> str | None:
        """The name that the store was claimed with; None where it never was."""
        ...

    def claim(self, name: str, /) -> None: ...

    def last_positions(self) -> tuple[int, int]:
        """The highest position of all, and the highest that the outcomes count; 0 where there is none."""
        ...

    def events_by_id(self, tenant: str, event_ids: Sequence[str], times_us: Sequence[int] = (), /) -> dict[str, bytes]:
        """Those that exist, each as the JSON that was sent, with its id, time and time of receipt.

        `times_us`: when they probably were; where that is right, finding them costs a third.
        """
        ...

    def known_ids(self) -> Iterator[tuple[str, KnownIds]]:
        """(tenant, hashes) of every stored event, in blocks."""
        ...

    def tombstoned_ids(self) -> Sequence[tuple[str, str]]:
        """(tenant, event_id) of every deleted event."""
        ...

    def ask(self, statement: Statement, /, name: str = "") -> Rows:
        """Answer one SELECT. `name`: for `cancel`. Raises QueryTooHeavy beyond its limits, Cancelled."""
        ...

    def stream(
        self, statement: Statement, form: Form, /, name: str = "", *, block_rows: int = 8192
    ) -> Generator[bytes, None, None]:
        """The answer of one SELECT as the engine writes it, in pieces, as it is made, a block of rows at a time.

        The engine waits for who reads it. To close the iterator ends the statement. What fails after the answer has
        begun is raised in the middle: QueryTooHeavy, Cancelled, StoreError.
        """
        ...

    def cancel(self, name: str, /) -> bool:
        """End the SELECT of this name that another session asks; False where none is under way."""
        ...

    def storage(self) -> Storage:
        """What the stored events of all tenants take on disk. Some 100 ms at most, whatever is stored."""
        ...

    def engine(self) -> EngineState:
        """Takes milliseconds, whatever is stored."""
        ...

    def close(self) -> None: ...


class Store(Protocol):
    @property
    def capabilities(self) -> Capabilities: ...

    def migrate(self) -> None:
        """Bring the tables to this program's version. Raises StoreError when they are newer than it."""
        ...

    def session(self, *, threads: int, limits: QueryLimits | None = None) -> Session:
        """A new connection whose statements use at most `threads` cores, and are held to `limits`."""
        ...

    def close(self) -> None:
        """After its sessions. What a store that is not persistent held is gone then."""
        ...
