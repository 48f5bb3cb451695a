"""Whole requests that nobody should send, each with what must become of it. To add one, add a line to its table."""

from __future__ import annotations

import gzip
import itertools
import json
import sys
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from system.program import event

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

GZIP, ZSTD = {"Content_Encoding": "gzip"}, {"Content_Encoding": "zstd"}
LINES = {"Content_Type": "application/x-ndjson"}
JSON = {"Content_Type": "application/json"}
BATCH_EVENTS_MAX = 50_000
BODY_BYTES_MAX = 64 << 20

_numbers = itertools.count()


class Body(NamedTuple):
    """`outcomes`: of each event, where the body can be read; else the status of the refusal.

    `either`: a status that is as good.
    """

    name: str
    data: bytes
    headers: dict[str, str]
    outcomes: int | list[str]
    either: int | None = None


def good() -> bytes:
    """A valid event with an id of its own."""
    return json.dumps(event(f"body_{next(_numbers)}")).encode()


def small() -> Iterator[Body]:
    yield Body("nothing", b"", {}, [])
    yield Body("blanks", b" \r\n\t" * 100, {}, [])
    yield Body("blank lines", b"\n" * 1_000, LINES, [])
    yield Body("no-break spaces", b"\xc2\xa0" * 100, {}, 400)
    yield Body("a word", b"hello", {}, 400)
    yield Body("zeros", b"\0" * 1_000, {}, 400)
    yield Body("zeros as lines", b"\0" * 1_000, LINES, ["malformed"])
    yield Body("a form", b"events=1&title=2", {"Content_Type": "application/x-www-form-urlencoded"}, 400)
    for scalar in (b"null", b"true", b"1", b'"text"', b"-", b"NaN"):
        yield Body(f"only {scalar.decode()}", scalar, JSON, 400)
        yield Body(f"only {scalar.decode()} as lines", scalar, LINES, ["malformed" if scalar in b"-NaN" else "invalid"])
    yield from _envelopes()
    yield from _lines()
    yield from _arrays()
    yield from _encodings()
    yield from _compressed()


def _envelopes() -> Iterator[Body]:
    for text in (b"{}", b"null", b"1", b'"x"', b"true", b'{"0":{}}'):
        yield Body(f"events is {text.decode()}", b'{"events":' + text + b"}", JSON, 400)
    yield Body("no events", b'{"batch_id":"x"}', JSON, ["invalid"])
    yield Body("an empty object", b"{}", JSON, ["invalid"])
    for text in (b"null", b"1", b"{}", b"[]", b'""', b'"' + b"x" * 100_000 + b'"', rb'"\u0000\n<script>"'):
        yield Body(
            f"batch_id is {text[:20]!r}", b'{"batch_id":' + text + b',"events":[' + good() + b"]}", JSON, ["stored"]
        )
    for extra in (b'"more":{"x":[1]}', b'"Events":[]', b'"":0', b'"type":"x"'):
        yield Body(f"with {extra!r}", b"{" + extra + b',"events":[' + good() + b"]}", JSON, ["stored"])
    yield Body("events twice", b'{"events":[{}],"events":[' + good() + b"]}", JSON, ["stored"])
    yield Body("events, then null", b'{"events":[' + good() + b'],"events":null}', JSON, 400)
    yield Body("events in events", b'{"events":[{"events":[' + good() + b"]}]}", JSON, ["invalid"])
    yield Body("two envelopes", b'{"events":[' + good() + b']}{"events":[]}', JSON, 400)
    yield Body("an envelope a line", b'{"events":[]}\n{"events":[]}', JSON, ["invalid", "invalid"])
    yield Body("garbage after", b'{"events":[' + good() + b"]} x", JSON, 400)
    yield Body("never closed", b'{"events":[' + good(), JSON, 400)
    yield Body("a comma too many", b'{"events":[' + good() + b",]}", JSON, 400)


def _lines() -> Iterator[Body]:
    one, two = good(), good()
    for name, between in {
        "unix": b"\n",
        "windows": b"\r\n",
        "blank lines": b"\n\n \n\t\n\r\n",
        "form feed": b"\x0b\n",
    }.items():
        one, two = good(), good()
        told = ["malformed", "stored"] if name == "form feed" else ["stored", "stored"]
        yield Body(f"lines: {name}", one + between + two, LINES, told)
        yield Body(f"lines: {name}, at the end", good() + between, LINES, told[:1])
    # These end a line for Python's str.splitlines, and for nobody who reads NDJSON.
    for separator in ("\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\r"):
        whole = event(f"body_{next(_numbers)}", title=f"a{separator}b")
        text = json.dumps(whole, ensure_ascii=False).encode()
        yield Body(f"{separator!r} in a line", text + b"\n" + good(), LINES, ["stored", "stored"])
        yield Body(f"{separator!r} between", good() + separator.encode() + good(), LINES, ["malformed"])
    yield Body("an array a line", b"[" + good() + b"]\n[]\n" + good(), LINES, ["invalid", "invalid", "stored"])
    yield Body(
        "a string a line",
        good() + b'\n"text"\n' + json.dumps(good().decode()).encode(),
        LINES,
        ["stored", "invalid", "invalid"],
    )
    yield Body("garbage after", good() + b"\nxyz", LINES, ["stored", "malformed"])
    yield Body("two on a line", good() + good() + b"\n" + good(), LINES, ["malformed", "stored"])
    yield Body("a comma after each", good() + b",\n" + good() + b",\n", LINES, ["malformed", "malformed"])
    yield Body(
        "one event over three lines", good().replace(b", ", b",\n", 2), LINES, ["malformed", "invalid", "invalid"]
    )
    yield Body("one event over three lines, not named lines", good().replace(b", ", b",\n", 2), JSON, ["stored"])
    yield Body(
        "record separators",
        b"\x1e" + good() + b"\n\x1e" + good(),
        {"Content_Type": "application/json-seq"},
        ["malformed", "malformed"],
    )


def _arrays() -> Iterator[Body]:
    yield Body("scalars", b'[1,null,"x",true,[],[[]],{},' + good() + b"]", JSON, ["invalid"] * 7 + ["stored"])
    yield Body("an array in an array", b"[[" + good() + b"]]", JSON, ["invalid"])
    yield Body("garbage after", b"[" + good() + b"]x", JSON, 400)
    yield Body("two arrays", b"[" + good() + b"]\n[" + good() + b"]", JSON, 400)
    yield Body("a comma too many", b"[" + good() + b",]", JSON, 400)
    yield Body("single quotes", b"[" + good().replace(b'"', b"'") + b"]", JSON, 400)
    yield Body("a comment", b"[/* */" + good() + b"]", JSON, 400)
    for opening in (b"[", b'{"a":', b'[{"a":'):
        yield Body(f"100,000 of {opening!r}", opening * 100_000, JSON, 400)
    yield Body("closed 100,000 arrays", b"[" * 100_000 + b"]" * 100_000, JSON, 400)


def _encodings() -> Iterator[Body]:
    for codec in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "cp037"):
        text = "[" + good().decode() + "]"
        yield Body(codec, text.encode(codec), JSON, 400)
    bom = b"\xef\xbb\xbf"
    yield Body("bom", bom + b"[" + good() + b"]", JSON, ["stored"])
    yield Body("two boms", bom + bom + b"[" + good() + b"]", JSON, 400)
    yield Body("bom before lines", bom + good() + b"\n" + good(), LINES, ["stored", "stored"])
    yield Body("bom before each line", bom + good() + b"\n" + bom + good(), LINES, ["stored", "malformed"])
    latin = json.dumps(event(f"body_{next(_numbers)}", title="caf\xe9"), ensure_ascii=False).encode("latin-1")
    yield Body(
        "latin-1",
        b"[" + latin + b"," + good() + b"]",
        JSON | {"Content_Type": "application/json; charset=latin-1"},
        ["malformed", "stored"],
        400,
    )


def _compressed() -> Iterator[Body]:
    plain = b"[]" + b" " * 100
    with_sum = {zstd.CompressionParameter.checksum_flag: 1}
    squeezed = {"gzip": (gzip.compress(plain), GZIP), "zstd": (zstd.compress(plain, options=with_sum), ZSTD)}
    for name, (data, headers) in squeezed.items():
        for cut in range(1, len(data)):
            yield Body(f"{name} cut at {cut}", data[:cut], headers, 400)
        for at in range(len(data)):
            flipped = data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]
            # Some header bytes (time, flags, a checksum that is not there) change nothing that is read.
            yield Body(f"{name} flipped at {at}", flipped, headers, [], 400)
        yield Body(f"{name}, garbage after", data + b"garbage", headers, 400)
        yield Body(f"{name}, zeros after", data + b"\0" * 512, headers, 400)
        yield Body(f"{name} twice over", data, {"Content_Encoding": f"{name}, {name}"}, 415)
        yield Body(f"{name} of nothing", {"gzip": gzip.compress, "zstd": zstd.compress}[name](b""), headers, [])
        yield Body(f"no {name} at all", b"", headers, [])
    yield Body("gzip named zstd", squeezed["gzip"][0], ZSTD, 400)
    yield Body("zstd named gzip", squeezed["zstd"][0], GZIP, 400)
    yield Body("deflate", zlib.compress(plain), {"Content_Encoding": "deflate"}, 415)
    yield Body("zlib named gzip", zlib.compress(plain), GZIP, 400)
    yield Body("gzip in gzip", gzip.compress(gzip.compress(plain)), GZIP, 400)
    yield Body("empty gzips", gzip.compress(b"") * 1_000 + gzip.compress(b"[]"), GZIP, [])
    yield Body("gzip that is not said", gzip.compress(plain), {}, 400)
    for name in ("GZIP", " gzip ", "x-gzip"):
        data = gzip.compress(b"[" + good() + b"]")
        yield Body(f"encoding {name!r}", data, {"Content_Encoding": name}, ["stored"])
    for name in ("br", "compress", "gzip;q=1", "gzip,", "x" * 1_000, "\xff"):
        yield Body(f"encoding {name[:20]!r}", b"[]", {"Content_Encoding": name}, 415)
    wide = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 27})
    yield Body("zstd window of 128 MiB", wide.compress(plain) + wide.flush(), ZSTD, [])
    # A frame header that asks for a window of 2 GiB and more, and one that names a dictionary.
    yield Body("zstd window of 3.75 TiB", b"\x28\xb5\x2f\xfd\x00\xff" + b"\x01\x00\x00", ZSTD, 400)
    yield Body("zstd window of 2 GiB", b"\x28\xb5\x2f\xfd\x00\xa8" + b"\x01\x00\x00", ZSTD, 400, 200)
    yield Body("zstd dictionary", b"\x28\xb5\x2f\xfd\x03\x00\x01\x02\x03\x04\x01\x00\x00", ZSTD, 400, 200)
    yield Body(
        "zstd, skippable frame",
        b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd" + zstd.compress(b"[" + good() + b"]"),
        ZSTD,
        ["stored"],
        400,
    )
    yield Body(
        "zstd says it holds 2**60 bytes",
        b"\x28\xb5\x2f\xfd\xe0" + (2**60).to_bytes(8, "little") + b"\x01\x00\x00",
        ZSTD,
        400,
    )


def _times(item: bytes, between: bytes, count: int) -> bytes:
    """As a join of so many, without a list of them."""
    return (item + between) * (count - 1) + item


def large() -> Iterator[Body]:
    """Each is tens of megabytes, or becomes so; the server must refuse it, or take it, in little memory."""
    filler = BODY_BYTES_MAX - 2
    yield Body("blanks up to the limit", b"[" + b" " * filler + b"]", JSON, [])
    yield Body("blanks past the limit", b"[" + b" " * (filler + 1) + b"]", JSON, 413)
    yield Body("line breaks up to the limit", b"\n" * BODY_BYTES_MAX, LINES, [])
    yield Body("a number of 64 MB", b"[" + b"1" * filler + b"]", JSON, ["too_large"])
    yield Body("a string of 64 MB", b'["' + b"x" * (filler - 2) + b'"]', JSON, ["too_large"])
    for name, item in {"numbers": b"1", "arrays": b"[]", "objects": b"{}", "strings": b'""', "nulls": b"null"}.items():
        count = filler // (len(item) + 1)
        yield Body(f"an array of {name}", b"[" + _times(item, b",", count) + b"]", JSON, 413)
        yield Body(f"lines of {name}", _times(item, b"\n", count), LINES, 413)
    yield Body("envelope of numbers", b'{"events":[' + _times(b"1", b",", 30_000_000) + b"]}", JSON, 413)
    yield Body("one item too many", b"[" + _times(good(), b",", BATCH_EVENTS_MAX + 1) + b"]", JSON, 413)
    head = good()[:-1]
    arrays = b"[" + _times(b"[]", b",", 3_000_000) + b"]"
    yield Body("payload of 3 million arrays", b"[" + head + b',"payload":{"x":' + arrays + b"}}]", JSON, ["stored"])
    yield Body(
        "title of 6 million arrays", b'[{"title":' + arrays[:-1] + b"," + arrays[1:] + b"}]", JSON, ["too_large"]
    )
    names = b",".join(b'"%d":""' % number for number in range(4_000_000))
    yield Body("4 million tags", b"[" + good()[:-1] + b',"context":{"tags":{' + names + b"}}}]", JSON, ["too_large"])
    yield Body("4 million unknown fields", b"[" + good()[:-1] + b"," + names + b"}]", JSON, ["too_large"])
    yield Body("4 million fields of no event", b"{" + names + b"}", JSON, ["too_large"])
    yield Body(
        "60 MB of user_id",
        b"[" + good()[:-1] + b',"context":{"user_id":"' + b"u" * 60_000_000 + b'"}}]',
        JSON,
        ["too_large"],
    )
    yield from _bombs()


def _bombs() -> Iterator[Body]:
    gigabyte = b" " * (1 << 20)
    squeezer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(squeezer.compress(gigabyte) for _ in range(1_000)) + squeezer.flush()
    yield Body("gzip of 1 GB", bomb, GZIP, 413)
    yield Body("ten gzips of 1 GB", bomb * 10, GZIP, 413)
    packer = zstd.ZstdCompressor()
    bomb = b"".join(packer.compress(gigabyte) for _ in range(10_000)) + packer.flush()
    yield Body("zstd of 10 GB", bomb, ZSTD, 413)
    yield Body("gzip of a gzip of 1 GB", gzip.compress(bomb), GZIP, 400)
    members = gzip.compress(b" " * (1 << 16)) * 2_000
    yield Body("2,000 gzips of 64 kB", members, GZIP, 413)
    yield Body("a million empty zstds", zstd.compress(b"") * 1_000_000, ZSTD, 400)
    yield Body("gzip of an array of numbers", gzip.compress(b"[" + b"1," * 30_000_000 + b"1]", 1), GZIP, 413)
