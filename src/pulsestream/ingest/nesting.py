"""How deep JSON is nested: a limit of our own, because the readers' limit moves with the stack they stand on.

A reader in C raises RecursionError at some 1,000 levels less the Python frames above it. An event that ingest could
just read could so be one that no search could read again, nor any page that it is on.
"""

from __future__ import annotations

import re
from itertools import accumulate

NESTING_MAX = 500  # levels of objects and arrays inside one field

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
# An opening bracket is one level more, a closing one is one less (255 is -1 as a signed byte).
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))


def is_too_deep(text: bytes | memoryview, *, levels_max: int = NESTING_MAX) -> bool:
    """Whether `text`, which is JSON, has more levels. Free for short text, and cheap for text with few brackets."""
    if len(text) <= 2 * levels_max:
        return False
    text = bytes(text)
    if text.count(b"[") + text.count(b"{") <= levels_max:
        return False
    steps = _STRING.sub(b"", text).translate(_STEPS, _NO_BRACKETS)
    return max(accumulate(memoryview(steps).cast("b")), default=0) > levels_max
