"""A body is taken apart into its events, whatever form it has, or refused as a whole with what to send."""

from __future__ import annotations

import gzip
import json
import sys
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from property import strategies
from pulsestream.errors import BadRequest, TooLarge, UnsupportedEncoding
from pulsestream.event import Event
from pulsestream.ingest import decode
from pulsestream.ingest.decode import MEMBERS_MAX, decode_batch, decode_one, inflate
from unit.ingest.lines import event

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

A, B = (json.dumps(event(name)).encode() for name in "ab")
ODD = json.dumps(event("odd", colour="red")).encode()


def names(decoded):
    """The ids of what was decoded; the bytes of what is no event at all."""
    return [item.event_id if isinstance(item, Event) else _name(bytes(item)) for item in decoded.items]


def _name(raw):
    try:
        whole = json.loads(raw)
    except ValueError:
        return raw
    return whole["event_id"] if isinstance(whole, dict) else raw


@pytest.mark.parametrize(
    ("body", "content_type", "found", "lines"),
    [
        (b"", "", [], None),
        (b" \n\t ", "application/x-ndjson", [], None),
        (b'{"events": []}', "", [], None),
        (b"[]", "", [], None),
        (b"[%b,%b]" % (A, B), "", ["a", "b"], None),
        (b" \n[%b , %b ]\n" % (A, B), "application/x-ndjson", ["a", "b"], None),
        (b'{"events": [%b]}' % A, "", ["a"], None),
        (b'{"batch_id": null, "events": [%b], "other": 1}' % A, "", ["a"], None),
        (A, "", ["a"], None),
        (A, "application/x-ndjson", ["a"], [1]),
        (A + b"\n", "application/jsonl", ["a"], [1]),
        (A + b"\n" + B, "", ["a", "b"], [1, 2]),
        (A + b"\r\n" + B + b"\r\n", "", ["a", "b"], [1, 2]),
        (b"\n\n" + A + b"\n \n" + B, "application/x-ndjson", ["a", "b"], [3, 5]),
        (b"\xef\xbb\xbf" + A, "", ["a"], None),
        (A + b"\n{oops\n" + B, "", ["a", b"{oops", "b"], [1, 2, 3]),
        (A + b"\n\xff\n" + B, "", ["a", b"\xff", "b"], [1, 2, 3]),
        (b"oops\n" + A, "application/x-ndjson", [b"oops", "a"], [1, 2]),
        (A + b"\n" + ODD, "", ["a", "odd"], [1, 2]),
        (b"[%b, 1, null]" % A, "", ["a", b"1", b"null"], None),
        (json.dumps(event("a"), indent=2).encode(), "application/json", ["a"], None),
    ],
)  # fmt: skip
def test_a_batch_in_any_form_gives_its_events(body, content_type, found, lines):
    decoded = decode_batch(body, content_type)
    assert names(decoded) == found
    assert (decoded.lines if decoded.lines is None else list(decoded.lines)) == lines


@pytest.mark.parametrize(
    "body",
    [
        b"hello", b"1", b'"text"', b"[", b"[1,", b"{", b'{"events": [', b'{"events": 5}', b'{"events": null}',
        b"[" * 5000, A + b"{", b"\x1f\x8b\x08",
    ],
)  # fmt: skip
def test_a_body_that_holds_no_events_is_refused_with_what_to_send(body):
    with pytest.raises(BadRequest) as refused:
        decode_batch(body, "application/json")
    assert any(word in str(refused.value) for word in ("NDJSON", "one event a line", "array of events"))


def test_a_batch_id_is_kept_where_it_is_text():
    assert decode_batch(b'{"events": [%b], "batch_id": "b1"}' % A, "").batch_id == "b1"
    assert decode_batch(b'{"events": [%b], "batch_id": "b1"}' % ODD, "").batch_id == "b1"
    assert decode_batch(b'{"events": [%b], "batch_id": 7}' % A, "").batch_id is None


def test_one_event_is_one_event():
    assert names(decode_one(A)) == ["a"]
    for body in (ODD, b"[]", b"", b"\xff", b"[" * 5000):
        [item] = decode_one(body).items
        assert isinstance(item, Raw)
        assert bytes(item) == body


@given(
    st.lists(strategies.events, max_size=12), st.integers(1, 400), st.sampled_from([b"\n", b"\n\n", b"\r\n", b"\n \n"])
)
@settings(deadline=None)
def test_pieces_of_any_size_give_the_same_lines(events, piece_bytes, between):
    texts = [json.dumps(sent, ensure_ascii=False).encode() for sent in events]
    body = between.join(texts)
    before = decode._PIECE_BYTES
    decode._PIECE_BYTES = piece_bytes
    try:
        decoded = decode_batch(body, "application/x-ndjson")
    finally:
        decode._PIECE_BYTES = before
    step = between.count(b"\n")
    assert list(decoded.lines or []) == [1 + step * number for number in range(len(texts))]
    assert len(decoded.items) == len(texts)


@pytest.mark.parametrize("encoding", ["", "identity"])
def test_a_plain_body_is_left_alone(encoding):
    assert inflate(b"as it is", encoding, bytes_max=1) == b"as it is"


COMPRESS = {"gzip": gzip.compress, "x-gzip": gzip.compress, "zstd": zstd.compress}


@pytest.mark.parametrize("encoding", COMPRESS)
def test_a_compressed_body_is_inflated_up_to_its_limit(encoding):
    body = b"0123456789" * 100
    whole = COMPRESS[encoding](body)
    assert inflate(whole, encoding, bytes_max=1_000) == body
    assert inflate(whole + whole, encoding, bytes_max=2_000) == body * 2
    assert inflate(COMPRESS[encoding](b""), encoding, bytes_max=1) == b""
    for data, limit in ((whole, 999), (whole + whole, 1_999)):
        with pytest.raises(TooLarge, match=str(limit)):
            inflate(data, encoding, bytes_max=limit)


@pytest.mark.parametrize("encoding", COMPRESS)
def test_a_compressed_body_that_is_cut_or_damaged_is_refused(encoding):
    whole = COMPRESS[encoding](bytes(range(256)) * 10)
    for damaged in (whole[:-1], whole[: len(whole) // 2], whole[:3], b"x" + whole, whole + b"x"):
        with pytest.raises(BadRequest, match="send it whole"):
            inflate(damaged, encoding, bytes_max=10_000)


def test_a_bomb_is_not_inflated_beyond_its_limit():
    bomb = zlib.compress(bytes(200_000_000), wbits=31)
    with pytest.raises(TooLarge):
        inflate(bomb, "gzip", bytes_max=1_000)


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "GZIP"])
def test_an_encoding_that_is_not_known_is_named_with_those_that_are(encoding):
    with pytest.raises(UnsupportedEncoding, match="gzip, zstd or plain"):
        inflate(b"", encoding, bytes_max=1)


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b",".join([b"1"] * 11) + b"]",
        b"[" + b",".join([b'{"a":[1,2,"],["]}'] * 11) + b"]",
        b'{"more":[1,2,3],"events":[' + b",".join([b"{}"] * 11) + b"]}",
        b"\n".join([b"{}"] * 11),
        b"\n".join([A] * 11),
    ],
)
def test_too_many_events_are_refused_before_they_are_held(body):
    with pytest.raises(TooLarge, match="10 events"):
        decode_batch(body, "", events_max=10)


def test_commas_that_part_no_events_do_not_count():
    items = [b'{"a":[1,2,3,{"b":[4,5]}],"c":",,,,"}'] * 10
    assert len(decode_batch(b"[" + b",".join(items) + b"]", "", events_max=10).items) == 10
    assert len(decode_batch(b'{"x":[' + b"1," * 50 + b'1],"events":[{}]}', "", events_max=10).items) == 1


def test_an_array_on_a_line_sinks_no_other_line():
    decoded = decode_batch(b"[1]\n" + A + b"\n[]", "application/x-ndjson")
    assert decoded.lines == [1, 2, 3]


@pytest.mark.parametrize("encoding", COMPRESS)
def test_a_body_in_many_parts_is_read_up_to_a_limit(encoding):
    pack = COMPRESS[encoding]
    assert inflate(pack(b"ab") * MEMBERS_MAX, encoding, bytes_max=10**6) == b"ab" * MEMBERS_MAX
    with pytest.raises(BadRequest, match="compress it as one"):
        inflate(pack(b"") * (MEMBERS_MAX + 1), encoding, bytes_max=10**6)
