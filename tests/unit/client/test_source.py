import gzip
import os
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from pulsestream.client import source as source_module
from pulsestream.client.source import Source
from pulsestream.errors import InputUnreadable

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LINES = [b'{"event_id":"e%d","title":"t"}' % number for number in range(1, 8)]
NDJSON = b"\n".join(LINES) + b"\n"


def read(path, size=1000, **bounds):
    with Source(str(path)) as source:
        return [batch for batches in source.batches(size, **bounds) for batch in batches]


def write(tmp_path, text, name="events.jsonl"):
    path = tmp_path / name
    path.write_bytes(text)
    return path


def flat(batches):
    return [line for batch in batches for line in batch.lines]


def places(batches):
    return [place for batch in batches for place in batch.places]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress], ids=["plain", "gzip", "zstd"])
@pytest.mark.parametrize("name", ["events.jsonl", "events.gz", "events"])
def test_a_file_is_unpacked_by_its_content_not_its_name(tmp_path, pack, name):
    assert flat(read(write(tmp_path, pack(NDJSON), name))) == LINES


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress], ids=["gzip", "zstd"])
def test_packed_files_that_were_joined_are_read_to_the_end(tmp_path, pack):
    path = write(tmp_path, pack(NDJSON) + pack(NDJSON))
    assert len(flat(read(path))) == 14


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", []),
        (b"\n \n\r\n", []),
        (b'{"event_id":"a"}', [1]),
        (b'\xef\xbb\xbf{"event_id":"a"}\n', [1]),
        (b'\n{"event_id":"a"}\n\r\n{"event_id":"b"}\r\n  \n{"event_id":"c"}', [2, 4, 6]),
        (b'not json\n{"event_id":"a"}\n', [1, 2]),
        (b'{"event_id":"a","payload":{"events":[1]}}\n{"event_id":"b"}\n', [1, 2]),
        (b'{"event_type":"x","events":[]}\n', [1]),
        (b'{"events": 17}\n{', [1, 2]),
    ],
)
def test_places_are_line_numbers_and_blank_lines_are_left_out(tmp_path, text, expected):
    assert places(read(write(tmp_path, text))) == expected


@pytest.mark.parametrize(
    "text",
    [
        b'[{"event_id":"a"},{"event_id":"b"}]',
        b' \n[\n  {\n    "event_id": "a"\n  },\n  {"event_id": "b"}\n]\n',
        b'{"events":[{"event_id":"a"},{"event_id":"b"}]}',
        b'{"batch_id":"x","events":[{"event_id":"a"},{"event_id":"b"}]}\n',
        b'{ "events" : [\n{"event_id":"a"},\r\n{"event_id":"b"}]}',
        b'{\n  "batch_id": "x",\n  "events": [{"event_id":"a"}, {"event_id":"b"}]\n}',
    ],
)
def test_a_json_document_gives_its_events_one_line_each(tmp_path, text):
    batches = read(write(tmp_path, text))
    assert [json.decode(line)["event_id"] for line in flat(batches)] == ["a", "b"]
    assert not any(b"\n" in line for line in flat(batches))
    assert places(batches) == [1, 2]


def test_one_event_over_several_lines_is_one_event(tmp_path):
    (line,) = flat(read(write(tmp_path, b'{\n "event_type": "api_call",\n "title": "x"\n}\n')))
    assert json.decode(line)["title"] == "x"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_batches_have_the_size_that_was_asked_for(tmp_path, size):
    batches = read(write(tmp_path, NDJSON), size)
    assert flat(batches) == LINES
    assert all(len(batch.lines) == size for batch in batches[:-1])
    assert 1 <= len(batches[-1].lines) <= size


@given(
    texts=st.lists(st.sampled_from([b"", b" ", b'{"event_id":"x"}', b'{"event_id":"long' + b"g" * 60 + b'"}'])),
    block=st.integers(1, 50),
    size=st.integers(1, 5),
    end=st.sampled_from([b"", b"\n"]),
)
def test_no_cut_into_blocks_and_batches_changes_the_lines(tmp_path_factory, texts, block, size, end):
    path = tmp_path_factory.mktemp("cuts") / "f"
    path.write_bytes(b"\n".join(texts) + end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source_module, "BLOCK_BYTES", block)
        batches = read(path, size)
    expected = [(place, text) for place, text in enumerate(texts, 1) if text.strip()]
    assert list(zip(places(batches), flat(batches), strict=True)) == expected


def test_ids_do_not_depend_on_batch_size_or_packing(tmp_path):
    text = b'{"title":"a"}\n{"title":"a"}\n\n{"title":"b"}\n'
    first = flat(read(write(tmp_path, text)))
    assert first == flat(read(write(tmp_path, gzip.compress(text)), 1))
    assert len(set(first)) == 3


def test_mending_one_line_leaves_the_ids_of_the_others(tmp_path):
    before = flat(read(write(tmp_path, b'{"title":"a"}\n{"title":1}\n{"title":"c"}\n')))
    after = flat(read(write(tmp_path, b'{"title":"a"}\n{"title":"1"}\n{"title":"c"}\n')))
    assert (before[0], before[2]) == (after[0], after[2])


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress], ids=["gzip", "zstd"])
def test_of_a_file_that_breaks_off_the_whole_lines_before_come_out_first(tmp_path, pack):
    packed = pack(b"".join(b'{"event_id":"%d"}\n' % (i * 7919 % 10**6) for i in range(200_000)))
    path = write(tmp_path, packed[: len(packed) // 2])
    lines = []

    def read_on():
        with Source(str(path)) as source:
            for batches in source.batches(1000):
                lines.extend(flat(batches))

    with pytest.raises(InputUnreadable, match=r"events.jsonl is cut off or damaged"):
        read_on()
    assert len(lines) > 10_000
    assert all(line.endswith(b"}") for line in lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not text"),
        ("[1]".encode("utf-16"), "not text"),
        (b'[{"event_id":"a"}', "looks like one JSON document and is not"),
    ],
)
def test_what_is_no_file_of_events_is_said_by_name(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(InputUnreadable, match=f"events.jsonl.*{message}"):
        read(path)


@pytest.mark.parametrize(("name", "message"), [("nothing", "no such file"), (".", "is a directory")])
def test_what_cannot_be_opened_is_said_before_anything_is_sent(tmp_path, name, message):
    with pytest.raises(InputUnreadable, match=message):
        Source(str(tmp_path / name))


def test_an_endless_line_is_an_error_and_not_a_full_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(source_module, "LINE_BYTES_MAX", 1000)
    monkeypatch.setattr(source_module, "BLOCK_BYTES", 100)
    with pytest.raises(InputUnreadable, match=r"line 2 of .* is longer"):
        read(write(tmp_path, b'{"event_id":"a"}\n' + b"x" * 5000))


@pytest.mark.parametrize("block", [20, 50, 1000])
def test_batches_stay_small_in_bytes_too_and_what_is_larger_alone_goes_alone(tmp_path, monkeypatch, block):
    monkeypatch.setattr(source_module, "BLOCK_BYTES", block)
    large = b'{"event_id":"large","title":"%b"}' % (b"x" * 100)
    lines = [*LINES[:3], large, *LINES[3:]]
    batches = read(write(tmp_path, b"\n".join(lines)), bytes_max=2 * len(LINES[0]) + 2)
    assert [list(batch.lines) for batch in batches] == [LINES[:2], LINES[2:3], [large], LINES[3:5], LINES[5:]]
    assert places(batches) == list(range(1, 9))


def test_a_pipe_that_falls_silent_gets_what_it_gave_sent(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    opened = []
    writer = threading.Thread(target=lambda: opened.append(os.open(path, os.O_WRONLY)))
    writer.start()
    with Source(str(path)) as source:
        writer.join(10)
        os.write(opened[0], b'{"event_id":"a"}\n{"event_id":"b"}\n{"event')
        batches = source.batches(1000)
        assert flat(next(batches)) == [b'{"event_id":"a"}', b'{"event_id":"b"}']
        os.write(opened[0], b'_id":"c"}\n')
        os.close(opened[0])
        assert flat(next(batches)) == [b'{"event_id":"c"}']
        assert source.size_bytes is None
