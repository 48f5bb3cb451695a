"""A part that was not written whole is not taken for stored, although the engine called its insert a success."""

from __future__ import annotations

import contextlib

import pytest

from pulsestream.clock import SystemClock
from pulsestream.errors import StoreError
from pulsestream.store.connect import connect
from unit.ingest.lines import event, line

ROWS = 5_000  # more than one granule


@pytest.fixture
def session(tmp_path):
    store = connect(f"chdb://{tmp_path}/store", clock=SystemClock(), memory_bytes_max=1 << 30)
    store.migrate()
    with contextlib.closing(store.session(threads=1)) as session:
        yield session


@pytest.mark.parametrize("kept", [0.02, 0.5, 0.9, 0.999])
def test_what_a_full_disk_cut_off_is_not_counted_as_stored(session, tmp_path, kept):
    session.insert_events(b"".join(line(position, event(f"e{position}")) for position in range(1, ROWS + 1)))
    assert session.count(1, ROWS) == ROWS
    [part] = [path for path in (tmp_path / "store").rglob("data.bin") if path.stat().st_size > ROWS]
    with part.open("r+b") as file:
        file.truncate(int(part.stat().st_size * kept))
    for ask in (session.count, session.present):
        with pytest.raises(StoreError):
            ask(1, ROWS)
