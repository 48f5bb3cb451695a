"""What questions read is kept for the next ones; an export, which reads everything once, goes past that."""

from __future__ import annotations

import contextlib

import pytest

from pulsestream.store.port import QueryLimits, Statement
from unit.ingest.lines import event, line

HITS = Statement("SELECT sum(value) FROM system.events WHERE event = 'UncompressedCacheHits'", {})
READ = Statement("SELECT sum(response_time_ms), max(title) FROM events", {})


@pytest.mark.parametrize("repeated", [True, False])
def test_what_questions_read_is_kept_for_the_next(store, session, repeated):
    if not store.capabilities.embedded:
        pytest.skip("a server has its own settings for what it keeps")
    session.insert_events(b"".join(line(n, event(f"e{n}")) for n in range(5_000)))
    limits = QueryLimits(seconds_max=30, rows_max=10**15, memory_bytes_max=1 << 30, repeated=repeated)
    with contextlib.closing(store.session(threads=1, limits=limits)) as asking:
        answer = asking.ask(READ).rows
        [[before]] = asking.ask(HITS).rows
        assert asking.ask(READ).rows == answer
        [[after]] = asking.ask(HITS).rows
    assert (after > before) == repeated
