from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulsestream.client.batch import Cutter, Lines
from pulsestream.client.identity import identified

LINES = [b'{"event_id":"%d"}' % number for number in range(5)]


def whole():
    return Lines(memoryview(b"xx" + b"\n".join(LINES) + b"\nyy")[2:-3], 5)


@pytest.mark.parametrize("make", [whole, lambda: Lines.of(LINES)], ids=["cut", "joined"])
def test_lines_are_a_sequence_of_events(make):
    lines = make()
    assert list(lines) == LINES
    assert (len(lines), lines[1], lines[-1], list(lines[1:3])) == (5, LINES[1], LINES[4], LINES[1:3])
    assert bytes(lines.text) == b"\n".join(LINES)
    assert lines.size_bytes == sum(len(line) + 1 for line in LINES)


@pytest.mark.parametrize("indexes", [range(5), range(1, 3), range(3, 5), [0, 4], [2], [4, 3, 2, 1, 0]])
def test_some_of_the_lines_are_a_text_too(indexes):
    assert bytes(whole().among(indexes)) == b"\n".join([LINES[index] for index in indexes])


def test_the_whole_is_not_copied():
    text = b"\n".join(LINES)
    assert Lines(text, 5).among(range(5)) is text


def test_no_lines_are_no_bytes():
    assert (list(Lines.of([])), Lines.of([]).size_bytes, len(Lines(b"", 0)[0:2])) == ([], 0, 0)


@given(
    texts=st.lists(
        st.sampled_from(
            [
                b"",
                b" \t",
                b'{"event_id":"x"}',
                b'{"event_id": "spaced"}',
                b'{"title":"no id"}',
                b'{"title":"late","event_id":"y"}',
                b'{"event_id":"long' + b"g" * 60 + b'"}',
                b"not json",
            ]
        ),
        max_size=30,
    ),
    cuts=st.lists(st.integers(1, 80), min_size=1, max_size=5),
    size=st.integers(1, 6),
    bytes_max=st.integers(1, 200),
    end=st.sampled_from([b"", b"\n"]),
)
def test_whatever_the_blocks_and_bounds_every_event_is_in_one_batch_under_its_line(texts, cuts, size, bytes_max, end):
    text, cutter, batches, at = b"\n".join(texts) + end, Cutter("f", size=size, bytes_max=bytes_max), [], 0
    while at < len(text):
        length = cuts[at % len(cuts)]
        batches += cutter.lines(text[at : at + length])
        at += length
    batches += cutter.all()
    expected = [(place, identified(line, place)) for place, line in enumerate(texts, 1) if line.strip()]
    assert [pair for batch in batches for pair in zip(batch.places, batch.lines, strict=True)] == expected
    assert all(len(batch.lines) <= size for batch in batches)
    assert all(batch.lines.size_bytes <= bytes_max or len(batch.lines) == 1 for batch in batches)
    for batch, following in pairwise(batches):
        full = batch.lines.size_bytes + len(following.lines[0]) + 1 > bytes_max
        assert full or len(batch.lines) == size, "no batch is closed before it has to be"


def test_what_does_not_end_in_a_line_break_yet_is_kept_for_later():
    cutter = Cutter("f", size=10, bytes_max=1000)
    assert cutter.lines(b'{"event_id":"a"}\n{"event') == []
    assert [list(batch.lines) for batch in cutter.rest()] == [[b'{"event_id":"a"}']]
    cutter.lines(b'_id":"b"}\n')
    assert [(list(batch.lines), list(batch.places)) for batch in cutter.all()] == [([b'{"event_id":"b"}'], [2])]
