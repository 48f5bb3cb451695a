"""Personal data taken out of events at the door, by rule, before anything of them is kept.

The JSON text of an event is read token by token and only what matched is replaced in it, so that everything else
stays byte for byte as sent: numbers beyond any type, order, spacing. One pass, no recursion.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, get_args

import msgspec
from msgspec import Raw, Struct, inspect

from pulsestream.errors import BadParameters
from pulsestream.event import OPAQUE, Event, encode
from pulsestream.ingest.decode import NOT_REGULAR, decode_one
from pulsestream.ingest.personal import FINDERS, Finding, Kind, is_card, masked_card, may_hold

Act = Literal["mask", "hash", "drop"]

MASKED = "***"
DROPPED = "[dropped]"  # stands where a string would be empty, which a title may not be
HASH_DIGITS = 16
NAME_MAX = 200  # characters of a rule's field name
PATH_MAX = 500  # characters of a path in the answer; what is longer is cut
# What is put in one place can make a match of its neighbours. A text that is still not clean then is dropped whole.
PASSES_MAX = 8

_ALLOWED = "a rule is card:ACT, email:ACT, bearer:ACT or field.NAME:ACT, and ACT is mask, hash or drop"


class Rule(Struct, frozen=True):
    """`name`, of a `field` rule: a name at any depth ("password"), or a path with dots ("payload.user.ssn")."""

    find: Literal["card", "email", "bearer", "field"]
    act: Act
    name: str = ""


# ---- what the event's own definition allows


def _typed_fields() -> Iterator[tuple[str, inspect.Field]]:
    described = inspect.type_info(Event)
    assert isinstance(described, inspect.StructType)  # noqa: S101 - it is a Struct
    for field in described.fields:
        yield field.name, field
        for group in _types(field):
            if isinstance(group, inspect.StructType):
                yield from ((f"{field.name}.{inner.name}", inner) for inner in group.fields)


def _types(field: inspect.Field) -> tuple[inspect.Type, ...]:
    return field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)


# Identity and structure, and numbers: (path of the object, name in it).
_IDENTITY = ("event_id", "event_type", "timestamp", "severity")
_UNTOUCHED = frozenset(
    {("", name) for name in _IDENTITY}
    | {("metrics", path.removeprefix("metrics.")) for path, _ in _typed_fields() if path.startswith("metrics.")}
)
_LENGTH_MAX = {
    path: part.max_length
    for path, field in _typed_fields()
    for part in _types(field)
    if isinstance(part, inspect.StrType) and part.max_length is not None
}


def _fold(name: str) -> str:
    return name.casefold().replace("-", "_")


def _with_last_names(paths: set[str]) -> frozenset[str]:
    """A bare name finds the field as well as its path does."""
    return frozenset(paths | {path.rpartition(".")[2] for path in paths})


_NEEDED = _with_last_names(
    {path for path, field in _typed_fields() if field.required or path in _IDENTITY or path.startswith("metrics")}
)
_OBJECTS = _with_last_names(
    {*OPAQUE}
    | {
        path
        for path, field in _typed_fields()
        if any(isinstance(part, inspect.StructType | inspect.DictType) for part in _types(field))
    }
)


# ---- rules as text


def parse_rules(text: str) -> tuple[Rule, ...]:
    """The rules of `card:mask email:hash field.password:drop`, apart by blanks or commas; none of an empty text.

    Raises BadParameters, which names every rule that is wrong.
    """
    rules: dict[tuple[str, str], Rule] = {}
    wrong: list[tuple[str, str]] = []
    for item in text.replace(",", " ").split():
        rule = _parse(item)
        if isinstance(rule, str):
            wrong.append(("scrub", f"{item}: {rule}"))
        elif rules.setdefault((rule.find, _fold(rule.name)), rule) is not rule:
            wrong.append(("scrub", f"{item}: there is a rule for this already; give one act for each"))
    if wrong:
        raise BadParameters(wrong)
    return tuple(rules.values())


def _parse(item: str) -> Rule | str:
    """One rule, or what is wrong with it."""
    what, _, act = item.rpartition(":")
    find, _, name = what.partition(".")
    if act not in get_args(Act) or (find not in FINDERS if not name else find != "field"):
        return _ALLOWED
    if find == "field" and (reason := _unfit(_fold(name), act)):
        return reason
    return msgspec.convert({"find": find, "act": act, "name": name}, Rule)


def _unfit(name: str, act: str) -> str:
    if "" in name.split(".") or name.endswith("[]") or len(name) > NAME_MAX:
        return (
            f"a field is a name such as password or a path such as payload.user.ssn, up to {NAME_MAX} characters; "
            "for the elements of a list name the list"
        )
    if name in _NEEDED:
        return (
            "an event cannot do without this field, or it is a number that is never scrubbed; "
            "for a field of that name elsewhere give its path, such as payload." + name.rpartition(".")[2]
        )
    if name in _OBJECTS and act != "drop":
        return "this is an object and cannot become a text: drop it, or name a field in it"
    return ""


# ---- scrubbing

# A string, a bracket or comma, or a number or word. Only ever run over text that the decoder has accepted.
_TOKENS = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\],]|[^\s{}\[\],:"]++')
_CARD_NUMBER = re.compile(r"[0-9]{13,19}")
_LETTER_HASH = re.compile(rf"(?=([0-9a-f]{{{HASH_DIGITS}}}))(?![0-9]{{{HASH_DIGITS}}})")
_HASHED = re.compile(rf'"hash:[0-9a-f]{{{HASH_DIGITS}}}"')
# A name that JSON writes in one way only.
_PLAIN_NAME = re.compile(r'[^"\\/\x00-\x1f]+')

_object = msgspec.json.Decoder(dict[str, Raw])
_string = msgspec.json.Decoder(str)


class _Glance(Struct, frozen=True):
    """What an event may hold, seen from its bytes: which kinds of finding, and whether fields that a rule names."""

    kinds: tuple[Kind, ...]
    fields: bool


class Scrubber:
    """The rules, ready to be applied. `secret` keys the hashes: who has it can test guesses, nobody else can."""

    def __init__(self, rules: Sequence[Rule], secret: bytes) -> None:
        self._secret = secret
        self._kinds: dict[Kind, Act] = {rule.find: rule.act for rule in rules if rule.find != "field"}
        named = [(_fold(rule.name), rule.act) for rule in rules if rule.find == "field"]
        self._everything = _Glance(tuple(kind for kind in FINDERS if kind in self._kinds), fields=bool(named))
        self._names = {name: act for name, act in named if "." not in name}
        self._paths = {name: act for name, act in named if "." in name}
        # As a key is written in JSON: the whole of a name, the end of what may be a name with dots in it.
        self._keys = [f'"{name}"'.encode() for name in self._names]
        self._keys += [f'{path.rpartition(".")[2]}"'.encode() for path in self._paths]
        self._plain = all(_PLAIN_NAME.fullmatch(name) for name, _ in named)

    def scrub(self, event: bytes) -> tuple[bytes, tuple[str, ...]]:
        """One event's JSON text -> the text to keep, and the paths that changed, each once, sorted.

        The same object and () where nothing matched. A path is dotted, with [] for an element of a list.
        Raises msgspec.DecodeError, RecursionError or UnicodeDecodeError for text that is no JSON object, unless
        a glance shows that nothing in it can match.
        """
        glance = self._glance(event)
        if not glance.kinds and not glance.fields:
            return event, ()
        text = event.decode()
        _object.decode(event)
        reading = _Reading(text, self, glance)
        reading.read()
        if not reading.edits:
            return event, ()
        pieces: list[str] = []
        at = 0
        for start, end, stand_in in reading.edits:
            pieces += text[at:start], stand_in
            at = end
        return "".join([*pieces, text[at:]]).encode(), tuple(sorted(reading.paths))

    def _glance(self, event: bytes) -> _Glance:
        """Some microseconds for 1 kB that spare almost every event the rest."""
        if b"\\u" in event:
            return self._everything
        lowered = event.lower()
        kinds = tuple(kind for kind in self._everything.kinds if may_hold(kind, event, lowered))
        if not self._keys:
            return _Glance(kinds, fields=False)
        folded = (lowered if event.isascii() else event.decode().casefold().encode()).replace(b"-", b"_")
        return _Glance(kinds, fields=not self._plain or any(key in folded for key in self._keys))

    def act_on(self, path: str, key: str) -> Act | None:
        """What a `field` rule says of this member of an object."""
        return self._names.get(_fold(key)) or (self._paths.get(_fold(path)) if self._paths else None)

    def value(self, act: Act, written: str) -> str:
        """The JSON text that stands for the value of a field, given as JSON text."""
        if act == "mask":
            return f'"{MASKED}"'
        return written if _HASHED.fullmatch(written) else f'"{self._hashed(_canonical(written))}"'

    def leaf(self, written: str, path: str, kinds: Sequence[Kind]) -> str:
        """The JSON text that stands for a string, number or word, given as JSON text."""
        if written[0] == '"':
            text = _text_of(written)
            scrubbed = self._string(text, _LENGTH_MAX.get(path), kinds)
            return written if scrubbed == text else msgspec.json.encode(scrubbed).decode()
        act = self._kinds.get("card")
        if act is None or not _CARD_NUMBER.fullmatch(written) or not is_card(written):
            return written
        return f'"{self._stand_in(act, masked_card(written), written) or DROPPED}"'

    def _string(self, text: str, length_max: int | None, kinds: Sequence[Kind]) -> str:
        """The text without what the rules find in it, and within its limit if it was before."""
        limit = length_max if length_max is not None and len(text) <= length_max else None
        for _ in range(PASSES_MAX):
            before = text
            for kind in kinds:
                for find in FINDERS[kind]:
                    text = self._replaced(text, find, self._kinds[kind])
            if text == before:
                return text
            text = text[:limit] or DROPPED
            kinds = self._everything.kinds
        return DROPPED

    def _replaced(self, text: str, find: Callable[[str], Iterator[Finding]], act: Act) -> str:
        pieces: list[str] = []
        at = 0
        for found in find(text):
            pieces += text[at : found.start], self._stand_in(act, found.masked, found.canonical)
            at = found.end
        return "".join([*pieces, text[at:]]) if pieces else text

    def _stand_in(self, act: Act, masked: str, canonical: str) -> str:
        match act:
            case "mask":
                return masked
            case "hash":
                return self._hashed(canonical)
            case "drop":
                return ""

    def _hashed(self, canonical: str) -> str:
        """HMAC-SHA-256, its first 16 hex digits; further on where these are all decimal, and might be a card."""
        digest = hmac.digest(self._secret, canonical.encode(), "sha256").hex()
        found = _LETTER_HASH.search(digest)
        return f"hash:{found[1] if found else 'f' * HASH_DIGITS}"


def _canonical(written: str) -> str:
    """A string itself; of any other value its JSON without spacing, so that only what was said counts."""
    if written.startswith('"'):
        return _text_of(written)
    return "".join(
        msgspec.json.encode(_text_of(token)).decode() if token.startswith('"') else token
        for token in re.findall(_TOKENS, written)
    )


def _text_of(token: str) -> str:
    return _string.decode(token) if "\\" in token else token[1:-1]


class _Reading:
    """One event's text on its way from the first token to the last, and what is to be replaced in it."""

    def __init__(self, text: str, scrubber: Scrubber, glance: _Glance) -> None:
        self.edits: list[tuple[int, int, str]] = []  # from, to, what stands there then; in order
        self.paths: set[str] = set()
        self._text = text
        self._scrubber = scrubber
        self._glance = glance
        self._tokens = _TOKENS.finditer(text)

    def read(self) -> None:
        next(self._tokens)  # the outermost brace
        outer: list[tuple[str, bool]] = []  # each object and list around this one: its path, whether it is an object
        path, in_object = "", True
        key: str | None = None  # of the member whose value comes next
        member = ""  # its path
        kept = False  # whether this object keeps a member that was read already
        comma = 0  # where the last one was
        for token in self._tokens:
            word = token[0]
            if word == ",":
                comma = token.start()
                key = None
                if in_object and not kept:  # every member so far was dropped
                    start, _, _ = self.edits.pop()
                    self.edits.append((start, token.end(), ""))
            elif word in "}]":
                path, in_object = outer.pop() if outer else ("", True)
                kept = True
            elif in_object and key is None:
                key = _text_of(word)
                member = (f"{path}.{key}" if path else key)[:PATH_MAX]
                act = self._scrubber.act_on(member, key) if self._glance.fields else None
                if act == "drop":
                    self._edit(comma if kept else token.start(), self._value()[1], "", member)
                elif act is not None:
                    start, end = self._value()
                    self._edit(start, end, self._scrubber.value(act, self._text[start:end]), member)
                    kept = True
            else:
                kept = True
                here = member if in_object else (path + "[]")[:PATH_MAX]
                if word in "{[":
                    outer.append((path, in_object))
                    path, in_object = here, word == "{"
                    key, kept = None, False
                elif (path, key) not in _UNTOUCHED:
                    self._edit(*token.span(), self._scrubber.leaf(word, here, self._glance.kinds), here)

    def _value(self) -> tuple[int, int]:
        """Pass over the value that comes next: where it begins and ends."""
        first = next(self._tokens)
        last, depth = first, int(first[0] in "{[")
        while depth:
            last = next(self._tokens)
            depth += (last[0] in "{[") - (last[0] in "}]")
        return first.start(), last.end()

    def _edit(self, start: int, end: int, text: str, path: str) -> None:
        if text != self._text[start:end]:
            self.edits.append((start, end, text))
            self.paths.add(path)


def scrub_all(
    items: Sequence[Event | Raw], scrubber: Scrubber, first: int, scrubbed: dict[int, tuple[str, ...]]
) -> Sequence[Event | Raw]:
    """The events after the tenant's rules for personal data. `scrubbed` gets the paths that changed, by index."""
    kept: list[Event | Raw] = []
    for index, item in enumerate(items, first):
        try:
            text, paths = scrubber.scrub(encode(item) if isinstance(item, Event) else bytes(item))
        except NOT_REGULAR:
            paths = ()  # no JSON object: the check says so
        if paths:
            scrubbed[index] = paths
        kept.append(decode_one(text).items[0] if paths else item)
    return kept
