"""The query language: text -> value."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from pulsestream.errors import BadParameters
from pulsestream.query.catalog import DIMENSIONS, NAMES, Kind
from pulsestream.query.expression import Expression, Field, Inside, Place, Search, Tag, Text, all_of, one_of


def read(text: str, *, now: datetime, zone: ZoneInfo) -> Search:  # noqa: ARG001 - of relative times
    """What the text asks for."""
    parts: list[Expression] = []
    for word in text.split():
        name, colon, value = word.partition(":")
        if colon and name in NAMES:
            number = DIMENSIONS[NAMES[name]].kind is Kind.NUMBER
            parts.append(one_of(Field(NAMES[name]), (int(value) if number else value,)))
        else:
            parts.append(Text((word,)))
    return Search(all_of(parts))


def place(parameter: str, text: str) -> Place:
    """A field by its long or short name, `tag.NAME`, `payload.KEY` or `metadata.KEY`. Raises BadParameters."""
    root, dot, rest = text.partition(".")
    if text in NAMES:
        return Field(NAMES[text])
    if dot and root == "tag":
        return Tag(rest)
    if dot and root in ("payload", "metadata"):
        return Inside(root, tuple(rest.split(".")))
    raise BadParameters([(parameter, f"{text!r} is no field")])
