"""Rows keep their positions however a block is cut, and no part touches too many weeks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from pulsestream.ingest import block as cut
from pulsestream.ingest.block import WEEKS_MAX, block_of, by_weeks
from pulsestream.ingest.frame import unpack
from unit.ingest.frames import frame
from unit.ingest.lines import event, line

FIRST_MONDAY = datetime(1969, 12, 29, tzinfo=UTC)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2026, 5, 4))  # noqa: DTZ001 - the zone comes with the text


def rows(block):
    return dict(zip(block.positions, block.lines, strict=True))


def test_a_block_has_the_rows_of_its_frames_and_no_records():
    frames = [
        frame(5, [event("a", payload={"text": "PSJ1\n"}), event("b")], counts=[("stored", "", 2)]),
        frame(8, counts=[("duplicate", "", 1)]),
        frame(9, [event("c")], deletes=["a"]),
    ]
    block = block_of([*map(unpack, frames)])
    assert list(block.positions) == [5, 6, 9]
    assert [b'"event_id":"%b"' % name in row for name, row in zip((b"a", b"b", b"c"), block.lines, strict=True)]
    assert block.data == b"".join(block.lines)
    assert all(row.startswith(b'{"position":%d,' % position) for position, row in rows(block).items())


@given(st.sets(st.integers(1, 60)), st.sets(st.integers(1, 60)))
def test_only_and_halves_keep_each_row_once(positions, kept):
    ordered = sorted(positions)
    block = cut.rows(ordered, [b"%d\n" % position for position in ordered])
    assert rows(block.only(lambda position: position in kept)) == {p: b"%d\n" % p for p in ordered if p in kept}
    first, second = block.halves()
    assert [*first.positions, *second.positions] == ordered
    assert rows(first) | rows(second) == rows(block)
    assert abs(len(first.positions) - len(second.positions)) <= 1


@given(st.lists(moments, max_size=150))
@settings(deadline=None, max_examples=40)
def test_no_part_touches_more_weeks_than_it_may(times):
    lines = [line(number, event("a", timestamp=time.isoformat())) for number, time in enumerate(times, 1)]
    block = cut.rows(range(1, len(lines) + 1), lines)
    parts = by_weeks(block)
    gathered = [position for part in parts for position in part.positions]
    assert sorted(gathered) == list(block.positions)
    for part in parts:
        assert list(part.positions) == sorted(part.positions)
        assert all(part.lines[i] == lines[position - 1] for i, position in enumerate(part.positions))
        mondays = {(times[p - 1].replace(tzinfo=UTC) - FIRST_MONDAY) // timedelta(weeks=1) for p in part.positions}
        assert len(mondays) <= WEEKS_MAX


def test_a_block_within_a_year_is_not_cut():
    lines = [line(week, event("a", timestamp=f"2026-01-05T{week % 24:02}:00:00Z")) for week in range(1, 80)]
    assert len(by_weeks(cut.rows(range(1, 80), lines))) == 1


def test_what_a_sender_writes_is_not_taken_for_the_time():
    raw = line(1, event("a", title='"tenant":"x","received_at":1,"timestamp":0', payload={"timestamp": 0}))
    early = line(2, event("b", timestamp="1970-01-01T00:00:00Z"))
    weeks = [line(3 + week, event("c", timestamp=f"20{week + 20}-01-01T00:00:00Z")) for week in range(6)]
    assert len(by_weeks(cut.rows(range(1, 9), [raw, early, *weeks]))) == 1
