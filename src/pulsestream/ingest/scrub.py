"""Personal data, taken out of an event by rule."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from pulsestream.errors import BadParameters


class Rule(Struct, frozen=True):
    find: str
    act: str


def parse_rules(text: str) -> tuple[Rule, ...]:
    if text:
        raise BadParameters([("scrub", "there are no rules yet")])
    return ()


class Scrubber:
    def __init__(self, rules: Sequence[Rule], secret: bytes) -> None:
        self._rules = rules
        self._secret = secret

    def scrub(self, event: bytes) -> tuple[bytes, tuple[str, ...]]:
        return event, ()
