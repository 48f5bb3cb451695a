"""What stored events take on disk, by week and by column, from what the engine says of its parts.

A part of few events is one file for all columns, of which the engine knows the size of the whole only. How that divides
is estimated from some of its events, and scaled to what is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from pulsestream.store.port import Storage, StoredColumn, StoredWeek

Ask = Callable[[str, dict[str, object]], Sequence[Sequence[object]]]

_SAMPLE = 20_000  # events
_OURS = "active AND database = currentDatabase() AND table = 'events'"
_WEEKS = (
    "SELECT partition, sum(rows), sum(bytes_on_disk), sum(data_compressed_bytes), sum(data_uncompressed_bytes)"
    f" FROM system.parts WHERE {_OURS} GROUP BY partition ORDER BY partition"
)
_COLUMNS = (
    "SELECT column, sum(column_data_compressed_bytes), sum(column_data_uncompressed_bytes)"
    f" FROM system.parts_columns WHERE {_OURS} AND part_type = 'Wide' GROUP BY column"
)
_WHOLE = (
    "SELECT groupArray(name), sum(rows), sum(data_compressed_bytes), sum(data_uncompressed_bytes)"
    f" FROM system.parts WHERE {_OURS} AND part_type != 'Wide'"
)
_NAMES = "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'events' ORDER BY position"


def storage(ask: Ask) -> Storage:
    """Takes some 100 ms at most, whatever is stored."""
    weeks = [StoredWeek(*week) for week in cast("Sequence[tuple[str, int, int, int, int]]", ask(_WEEKS, {}))]
    known = cast("Sequence[tuple[str, int, int]]", ask(_COLUMNS, {}))
    columns = {name: (compressed, uncompressed) for name, compressed, uncompressed in known}
    [(parts, events, *whole)] = cast("Sequence[tuple[list[str], int, int, int]]", ask(_WHOLE, {}))
    shares = _shares(ask, parts) if events else {}
    for name, share in shares.items():
        had = columns.get(name, (0, 0))
        columns[name] = (had[0] + round(share[0] * whole[0]), had[1] + round(share[1] * whole[1]))
    return Storage(
        weeks=weeks,
        columns=[StoredColumn(name, *sizes) for name, sizes in sorted(columns.items(), key=lambda one: -one[1][0])],
        estimated_events=events,
    )


def _shares(ask: Ask, parts: Sequence[str]) -> dict[str, tuple[float, float]]:
    """By column: its share of the compressed and of the uncompressed bytes of these parts."""
    names = [cast("str", name) for (name,) in ask(_NAMES, {})]
    sizes = ", ".join(
        # Of a column with one value throughout the engine reckons more than it had before it was compressed.
        f"if(uniqUpTo(1)(cityHash64({name})) < 2, 0, sum(byteSize({name}))),"
        f" least(1, 1 / greatest(estimateCompressionRatio('ZSTD(1)', 65536)({name}), 0.001))"
        for name in names
    )
    [found] = ask(
        f"SELECT {sizes} FROM (SELECT {', '.join(names)} FROM events"
        " WHERE _part IN {parts:Array(String)} LIMIT {sample:UInt64})",
        {"parts": [*parts], "sample": _SAMPLE},
    )
    numbers = cast("Sequence[float]", found)
    uncompressed = dict(zip(names, numbers[::2], strict=True))
    compressed = {name: size * part for (name, size), part in zip(uncompressed.items(), numbers[1::2], strict=True)}
    wholes = (sum(compressed.values()) or 1, sum(uncompressed.values()) or 1)
    return {name: (compressed[name] / wholes[0], uncompressed[name] / wholes[1]) for name in names}
