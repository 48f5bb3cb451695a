"""Acknowledged events that the engine refuses to store, kept by position until somebody looks at them."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Raw, Struct

from pulsestream.ingest.files import Files


class Quarantined(Struct, frozen=True):
    """`line` is the event as the journal had it; `error` is what the engine said."""

    position: int
    error: str
    line: str


class _Origin(Struct, frozen=True):
    """What an aside line says of the event in it."""

    tenant: str
    content_hash: int
    event: Raw
    event_id: str | None = None


class _Named(Struct, frozen=True):
    event_id: str | None = None


class AsideList:
    """A file of one JSON object a line, appended to by the feeder's thread only."""

    def __init__(self, path: Path, files: Files) -> None:
        self._path = path
        self._files = files
        self._kept: dict[int, Quarantined] = {}
        self._whole_bytes = 0
        if path.exists():
            data = files.read(path, 0, path.stat().st_size)
            # What follows the last line break was being written when the process ended; `add` cuts it off.
            self._whole_bytes = data.rfind(b"\n") + 1
            for line in data[: self._whole_bytes].splitlines():
                kept = msgspec.json.decode(line, type=Quarantined)
                self._kept[kept.position] = kept

    def __contains__(self, position: int) -> bool:
        return position in self._kept

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def last_position(self) -> int:
        return max(self._kept, default=0)

    def add(self, position: int, line: bytes, error: str) -> None:
        """On disk when it returns. Raises OSError, and can be called again then."""
        kept = Quarantined(position, error, line.decode())
        data = msgspec.json.encode(kept) + b"\n"
        descriptor = self._files.open_for_append(self._path)
        try:
            self._files.cut(descriptor, self._whole_bytes)
            self._files.append(descriptor, data)
            self._files.sync(descriptor)
        finally:
            self._files.close(descriptor)
        self._whole_bytes += len(data)
        self._kept[position] = kept

    def ids(self) -> list[tuple[str, str, int]]:
        """(tenant, event id, content hash) of each: they are known, though the engine does not have them."""
        found = []
        for kept in self._kept.values():
            origin = msgspec.json.decode(kept.line, type=_Origin)
            event_id = origin.event_id or msgspec.json.decode(origin.event, type=_Named).event_id
            if event_id is not None:
                found.append((origin.tenant, event_id, origin.content_hash))
        return found
