"""After a crash every sound frame is found, a torn end is cut, and what is corrupt is reported."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulsestream.ingest.files import Files
from pulsestream.ingest.segments import Corrupt, scan, segment_path, segments
from unit.ingest.frames import frame, segment
from unit.ingest.lines import event

FRAMES = [
    frame(1, [event("a"), event("b", payload={"magic": "PSJ1"})], counts=[("stored", "", 2)]),
    frame(4, [event("c", message="PSJ1\n" * 3)], deletes=["a"], counts=[("stored", "", 1)]),
    frame(7, counts=[("duplicate", "", 4)]),
]
FILES = Files()


def firsts(found):
    return [span.header.first for span in found.spans]


def test_an_empty_folder_holds_nothing(tmp_path):
    found = scan(tmp_path, FILES)
    assert (found.spans, found.corrupt, found.torn_bytes) == ([], [], 0)


def test_whole_segments_give_all_their_frames_in_order(tmp_path):
    spans = segment(tmp_path, FRAMES[:1]) + segment(tmp_path, FRAMES[1:])
    found = scan(tmp_path, FILES)
    assert (found.spans, found.corrupt, found.torn_bytes) == (spans, [], 0)
    for span, data in zip(found.spans, FRAMES, strict=True):
        assert FILES.read(span.path, span.offset, span.length) == data


def test_an_end_torn_at_any_byte_is_cut(tmp_path):
    spans = segment(tmp_path, FRAMES)
    whole = spans[0].path.read_bytes()
    for cut in range(1, spans[2].length + 1):
        spans[0].path.write_bytes(whole[:-cut])
        found = scan(tmp_path, FILES)
        assert (firsts(found), found.corrupt, found.torn_bytes) == ([1, 4], [], spans[2].length - cut)


def test_an_end_of_zeros_is_cut(tmp_path):
    """What a file system leaves of a write whose length got to the disk before its bytes."""
    spans = segment(tmp_path, FRAMES)
    with spans[0].path.open("ab") as file:
        file.write(bytes(4096))
    found = scan(tmp_path, FILES)
    assert (firsts(found), found.corrupt, found.torn_bytes) == ([1, 4, 7], [], 4096)


def test_a_flipped_byte_in_the_middle_is_reported_and_the_others_are_found(tmp_path):
    spans = segment(tmp_path, FRAMES)
    whole = spans[0].path.read_bytes()
    middle = spans[1]
    for at in range(middle.offset, middle.offset + middle.length):
        spans[0].path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x20]) + whole[at + 1 :])
        found = scan(tmp_path, FILES)
        assert firsts(found) == [1, 7]
        assert found.corrupt == [Corrupt(middle.path, middle.offset, middle.length)]
        assert found.torn_bytes == 0


def test_a_flipped_byte_at_the_end_of_a_sealed_segment_is_reported(tmp_path):
    spans = segment(tmp_path, FRAMES[:2]) + segment(tmp_path, FRAMES[2:])
    data = bytearray(spans[0].path.read_bytes())
    data[-1] ^= 1
    spans[0].path.write_bytes(data)
    found = scan(tmp_path, FILES)
    assert firsts(found) == [1, 7]
    assert found.corrupt == [Corrupt(spans[1].path, spans[1].offset, spans[1].length)]


def test_a_sealed_segment_that_is_gone_is_reported(tmp_path):
    segment(tmp_path, FRAMES[:1])
    [lost] = segment(tmp_path, FRAMES[1:2])
    segment(tmp_path, FRAMES[2:])
    lost.path.unlink()
    found = scan(tmp_path, FILES)
    assert firsts(found) == [1, 7]
    assert len(found.corrupt) == 1


@pytest.mark.parametrize("kept", [1.0, 0.5, 0.0])
def test_what_a_failed_write_left_is_passed_over(tmp_path, kept):
    """The group after it took its positions: it was never acknowledged, and is no corruption."""
    failed = frame(4, [event("never acknowledged")])
    [first] = segment(tmp_path, FRAMES[:1])
    with first.path.open("ab") as file:
        file.write(failed[: int(len(failed) * kept)])
    segment(tmp_path, FRAMES[1:], take=1)
    found = scan(tmp_path, FILES)
    assert (firsts(found), found.corrupt, found.torn_bytes) == ([1, 4, 7], [], 0)
    assert found.spans[1].path != first.path


def test_segments_that_begin_at_one_position_are_in_the_order_of_their_takes(tmp_path):
    takes = [0, 1, 9, 10, 999, 1_000, 1_001, 10_000]
    for take in reversed(takes):
        segment_path(tmp_path, 5, take).touch()
    assert segments(tmp_path) == [segment_path(tmp_path, 5, take) for take in takes]


def test_a_group_after_a_thousand_failed_ones_is_found(tmp_path):
    for take in (0, 1, 101, 999, 1_000):
        segment_path(tmp_path, 1, take).touch()
    segment(tmp_path, FRAMES, take=1_001)
    found = scan(tmp_path, FILES)
    assert (firsts(found), found.corrupt) == ([1, 4, 7], [])


damages = st.lists(
    st.tuples(st.sampled_from(["flip", "cut", "drop", "zero", "junk"]), st.integers(0, 10**6), st.integers(0, 400)),
    max_size=4,
)


def _damaged(data, kind, at, length):
    at %= max(1, len(data))
    end = min(len(data), at + length)
    if kind == "cut":
        return data[:at]
    middle = {
        "flip": bytes(byte ^ 0xFF for byte in data[at:end]),
        "drop": b"",
        "zero": bytes(end - at),
        "junk": b"PSJ1" * length + data[at:end],
    }[kind]
    return data[:at] + middle + data[end:]


@given(sizes=st.lists(st.integers(0, 4), min_size=1, max_size=6), sealed=st.integers(0, 6), damages=damages)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_invents_events(tmp_path, sizes, sealed, damages):
    for path in segments(tmp_path):
        path.unlink()
    frames, position = [], 1
    for size in sizes:
        frames.append(frame(position, [event(f"e{position + i}") for i in range(size)], counts=[("stored", "", size)]))
        position += size + 1
    for part in (frames[:sealed], frames[sealed:]):
        if part:
            segment(tmp_path, part)
    for number, (kind, at, length) in enumerate(damages):
        path = segments(tmp_path)[number % len(segments(tmp_path))]
        path.write_bytes(_damaged(path.read_bytes(), kind, at, length))
    found = scan(tmp_path, FILES)
    back = [FILES.read(span.path, span.offset, span.length) for span in found.spans]
    assert all(data in frames for data in back)
    assert firsts(found) == sorted(set(firsts(found)))
    if not damages:
        assert back == frames
        assert (found.corrupt, found.torn_bytes) == ([], 0)
