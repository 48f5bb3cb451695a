"""Acknowledged events that the engine refuses to store, kept by position until somebody looks at them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
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
        self._by_tenant: dict[str, dict[str, int]] = {}  # tenant -> event id -> position
        self._whole_bytes = 0
        if path.exists():
            data = files.read(path, 0, path.stat().st_size)
            # What follows the last line break was being written when the process ended; `add` cuts it off.
            self._whole_bytes = data.rfind(b"\n") + 1
            for line in data[: self._whole_bytes].splitlines():
                self._keep(msgspec.json.decode(line, type=Quarantined))

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
        self._keep(kept)

    def of_tenant(self, tenant: str) -> Sequence[str]:
        """Their event ids. May be called from any thread."""
        kept = self._by_tenant.get(tenant)
        return list(kept) if kept else ()

    def line(self, tenant: str, event_id: str) -> bytes | None:
        """The event as it was checked: its journal line without the position. May be called from any thread."""
        position = self._by_tenant.get(tenant, {}).get(event_id)
        if position is None:
            return None
        return self._kept[position].line.encode().removeprefix(b'{"position":%d' % position)

    def remove_tenant(self, tenant: str) -> None:
        """Keep nothing of it. On disk when it returns; the feeder must be held. Raises OSError."""
        if tenant not in self._by_tenant:
            return
        kept = {position: line for position, line in self._kept.items() if not _is_of(line, tenant)}
        data = b"".join(msgspec.json.encode(line) + b"\n" for line in kept.values())
        self._files.replace(self._path, data)
        self._kept, self._whole_bytes = kept, len(data)
        del self._by_tenant[tenant]

    def ids(self) -> list[tuple[str, str, int]]:
        """(tenant, event id, content hash) of each: they are known, though the engine does not have them."""
        found = []
        for kept in self._kept.values():
            origin = _origin(kept)
            event_id = _event_id(origin)
            if event_id is not None:
                found.append((origin.tenant, event_id, origin.content_hash))
        return found

    def _keep(self, kept: Quarantined) -> None:
        self._kept[kept.position] = kept
        with contextlib.suppress(msgspec.DecodeError):  # whose a line is that the journal did not write, nobody knows
            origin = _origin(kept)
            event_id = _event_id(origin)
            if event_id is not None:
                self._by_tenant.setdefault(origin.tenant, {})[event_id] = kept.position


def _origin(kept: Quarantined) -> _Origin:
    return msgspec.json.decode(kept.line, type=_Origin)


def _is_of(kept: Quarantined, tenant: str) -> bool:
    try:
        return _origin(kept).tenant == tenant
    except msgspec.DecodeError:
        return False


def _event_id(origin: _Origin) -> str | None:
    return origin.event_id or msgspec.json.decode(origin.event, type=_Named).event_id
