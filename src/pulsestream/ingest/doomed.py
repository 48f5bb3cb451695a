"""Events of a tenant that are going to be removed, until they are forgotten: three hashes of each."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from xxhash import xxh64_intdigest

from pulsestream.ingest.run import END, Hashes
from pulsestream.store.port import PastIds


class _Piece(Struct, frozen=True):
    """In order of the id hash. `checks` are a second hash of the id."""

    ids: Hashes
    contents: Hashes
    checks: Hashes


class Doomed:
    def __init__(self) -> None:
        self._pieces: list[_Piece] = []

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def add(self, past: PastIds) -> None:
        order = np.argsort(past.id_hashes)
        self._pieces.append(_Piece(past.id_hashes[order], past.content_hashes[order], past.check_hashes[order]))

    def clear(self) -> None:
        self._pieces.clear()

    def has(self, event_id: str, id_hash: int) -> bool:
        """Whether an event of this id is among them: 128 bits of hash agree."""
        if not self._pieces:
            return False
        check = np.uint64(xxh64_intdigest(event_id.encode()))
        return any((piece.checks[_part(piece, id_hash, id_hash + 1)] == check).any() for piece in self._pieces)

    def between(self, low: int, high: int) -> tuple[Hashes, Hashes]:
        """The pairs whose id hash is from `low` on and below `high`, in its order."""
        parts = [(piece, _part(piece, low, high)) for piece in self._pieces]
        ids = np.concatenate([piece.ids[part] for piece, part in parts])
        contents = np.concatenate([piece.contents[part] for piece, part in parts])
        order = np.argsort(ids)
        return ids[order], contents[order]


def _part(piece: _Piece, low: int, high: int) -> slice:
    begin = int(np.searchsorted(piece.ids, np.uint64(low)))
    return slice(begin, len(piece.ids) if high >= END else int(np.searchsorted(piece.ids, np.uint64(high))))
