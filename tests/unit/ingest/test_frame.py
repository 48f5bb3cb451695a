"""A frame is what was packed, or it is nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pulsestream.ingest.frame import HEADER_BYTES, Counted, Deleted, pack, read_header, unpack

int64 = st.integers(-(2**63), 2**63 - 1)
names = st.text(max_size=20)
lines = st.lists(st.binary(max_size=60), max_size=8)
records = st.lists(
    st.builds(Deleted, st.integers(1, 2**63), names, names)
    | st.builds(Counted, st.integers(1, 2**63), names, st.integers(0, 2**40), names, names, st.integers(0, 2**40)),
    max_size=5,
)
packings = st.tuples(st.integers(1, 2**63), lines, records, st.tuples(int64, int64))


@given(packings)
def test_a_frame_comes_back_from_its_bytes(packing):
    first, given_lines, given_records, times = packing
    data = pack(first, given_lines, given_records, times)
    whole = unpack(data)
    assert whole is not None
    assert whole.events == b"".join(given_lines)
    assert list(whole.lengths) == [len(line) for line in given_lines]
    assert whole.records == given_records
    header = whole.header
    assert (header.first, header.events, header.records) == (first, len(given_lines), len(given_records))
    assert header.last == first + len(given_lines) + len(given_records) - 1
    assert (header.timestamp_min, header.timestamp_max) == times
    assert len(data) == HEADER_BYTES + header.body_bytes
    assert read_header(b"before" + data, 6) == header


@given(packings, st.data())
def test_a_damaged_frame_is_nothing(packing, data):
    whole = pack(*packing)
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = whole[at] ^ data.draw(st.integers(1, 255))
    assert unpack(whole[:at] + bytes([flipped]) + whole[at + 1 :]) is None
    assert unpack(whole[:at]) is None
    assert unpack(whole + b"x") is None
