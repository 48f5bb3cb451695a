"""How deep JSON is nested, and how many items an array has, found without reading it into objects.

The limit of nesting is our own, because the readers' limit moves with the stack they stand on: a reader in C raises
RecursionError at some 1,000 levels less the Python frames above it. An event that ingest could just read could so be
one that no search could read again, nor any page that it is on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate, chain, islice, tee

NESTING_MAX = 500  # levels of objects and arrays inside one field
SHALLOW_BYTES = 2 * NESTING_MAX  # text up to this cannot be nested deeper

_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_STRINGS = re.compile(_STRING)
# So much at a time that the pieces between the strings stay few in memory.
_PIECES = re.compile(rb"(?:" + _STRING + rb'|[^"]++){1,4096}+')
# An opening bracket is one level more, a closing one is one less (255 is -1 as a signed byte), a comma none.
_STEPS = bytes.maketrans(b"[{]},", b"\x01\x01\xff\xff\x00")
_OTHERS = bytes(set(range(256)) - set(b"[{]},"))


def is_too_deep(text: bytes | memoryview, *, levels_max: int = NESTING_MAX) -> bool:
    """Whether `text`, which is JSON, has more levels. Cheap for text with few brackets."""
    text = bytes(text)
    if text.count(b"[") + text.count(b"{") <= levels_max:
        return False
    return max(accumulate(_steps(text, _OTHERS + b",")), default=0) > levels_max


def has_more_items(array: bytes, items_max: int) -> bool:
    """Whether `array`, the JSON of an array that is not empty, has more items. Ends where it knows."""
    steps, again = tee(_steps(array, _OTHERS))
    commas = (step for step, level in zip(steps, accumulate(again), strict=True) if level == 1 and step == 0)
    return next(islice(commas, items_max - 1, None), None) is not None


def _steps(text: bytes, ignored: bytes) -> Iterator[int]:
    pieces = (_STRINGS.sub(b"", piece[0]).translate(_STEPS, ignored) for piece in _PIECES.finditer(text))
    return chain.from_iterable(memoryview(piece).cast("b") for piece in pieces)
