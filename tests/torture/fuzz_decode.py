"""Any bytes as a body: ingest refuses it by a declared error, or each of its events is refused with a reason or is a
journal line that says what was sent.

`run.py` starts this with seeds; `python tests/torture/fuzz_decode.py FILE` tries one input again.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import atheris
import msgspec

with atheris.instrument_imports(include=["pulsestream"]):
    from pulsestream.errors import BadRequest, TooLarge
    from pulsestream.event import TIMESTAMP_MIN, Event
    from pulsestream.extra import merge
    from pulsestream.ingest.decode import count_events, decode_batch, decode_one, inflate
    from pulsestream.ingest.validate import Admissible, Refusal, Terms, check, check_irregular

from hostile.sameness import deep, equal, exact, without_what_may_change

BODY_BYTES_MAX = 1 << 20
FORMS = (  # the first byte of an input chooses one: encoding, content type, whether the body is one event
    ("", "application/json", False),
    ("", "application/x-ndjson", False),
    ("", "application/json", True),
    ("gzip", "application/json", False),
    ("zstd", "application/x-ndjson", False),
)
TERMS = Terms("acme", datetime(2026, 5, 4, 12, tzinfo=UTC), TIMESTAMP_MIN, lambda index: f"made_{index}")


def one_input(data: bytes) -> None:
    encoding, content_type, single = FORMS[(data[0] if data else 0) % len(FORMS)]
    try:
        body = inflate(data[1:], encoding, bytes_max=BODY_BYTES_MAX)
        decoded = decode_one(body) if single else decode_batch(body, content_type, events_max=1_000)
    except (BadRequest, TooLarge):
        return
    assert len(body) <= BODY_BYTES_MAX
    assert single or count_events(body, content_type) == len(decoded.items)
    assert decoded.lines is None or len(decoded.lines) == len(decoded.items)
    for index, item in enumerate(decoded.items):
        if isinstance(item, Event):
            judge(check(item, index, TERMS), body if single else None)
        else:
            judge(check_irregular(item, index, TERMS), bytes(item))


def judge(found: Admissible | Refusal, sent: bytes | None) -> None:
    """`sent`: the event's own text, where it is known."""
    if isinstance(found, Refusal):
        assert all(error.field and error.rule and error.help for error in found.errors)
        assert found.errors
        return
    line = msgspec.json.decode(b'{"position":1' + found.line, type=dict[str, msgspec.Raw])
    back = merge(line["event"], line["extra"]) if "extra" in line else bytes(line["event"])
    if sent is not None:
        try:
            whole, kept = (without_what_may_change(exact(text)) for text in (sent.removeprefix(b"\xef\xbb\xbf"), back))
        except ArithmeticError:
            return  # an exponent of 20 digits, which only we can pass on
        with deep():
            assert equal(whole, kept), (whole, kept)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
