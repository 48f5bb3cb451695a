"""What is being typed in a text of the language that is not ready yet, and what the rest of it means."""

from __future__ import annotations

from bisect import bisect_left
from enum import StrEnum

from msgspec import Struct

from pulsestream.errors import BadQuery
from pulsestream.query.expression import Field, Place, Search
from pulsestream.query.syntax.grammar import LAST, OPERATORS, SINCE, Grammar
from pulsestream.query.syntax.lexer import Mark, Token, Word, tokens
from pulsestream.query.syntax.moment import Present
from pulsestream.query.syntax.place import HAS, INSIDE_ROOTS, TAG_ROOTS
from pulsestream.query.syntax.place import place as place_of


class What(StrEnum):
    WORD = "word"  # a field, a free word, an operator or the beginning of a time
    TAG = "tag"  # the name of a tag
    KEY = "key"  # a key inside payload or metadata
    VALUE = "value"  # of `place`
    LENGTH = "length"  # after last
    MOMENT = "moment"  # after since, or the value of a timestamp
    NOTHING = "nothing"  # of a field that there is not


class Typed(Struct, frozen=True):
    """`start`, `end`: what a suggestion replaces, in characters. `text`: what of it stands before the cursor.

    `rest`: what the text says beside the condition that is being typed. `first`: nothing stands before it, in its
    parentheses. `has`: it stands after has, so no colon follows. `root`, `keys`: of a key, the objects it is in.
    """

    what: What
    start: int
    end: int
    text: str
    rest: Search
    first: bool = False
    has: bool = False
    place: Place | None = None
    root: str = ""
    keys: tuple[str, ...] = ()


_MOMENTS = ("now", "today", "yesterday")
_Open = tuple[int, Word | None]  # where a parenthesis stands in the tokens, and the name that its values are of


def typed(text: str, at: int, present: Present) -> Typed:
    """`at`: where the cursor is. It never raises: what cannot be read yet says nothing."""
    found = tokens(text, typing=True)
    index = next(number for number, token in enumerate(found) if token.end >= at or _is_end(token))
    token = found[index]
    if isinstance(token, Word) and token.start <= at:
        word = token
    else:
        index += not _is_end(token) and token.end <= at  # behind a parenthesis
        word = Word("", "", (), at, at)
        found.insert(index, word)
    opened = _opened(found[:index])
    rest = _rest(found, index, opened, present)
    group = opened[-1][1] if opened else None
    if group is not None:
        return _value(_name(group), word, at, rest)
    before = found[index - 1] if index else Mark("(", 0)
    word = word.part(min(len(word.mask) - len(word.mask.lstrip("-")), at - word.start))
    colon = word.mask.find(":")
    if colon >= 0 and at > word.places[colon]:
        return _value(word.part(0, colon), word.part(colon + 1), at, rest)
    what = _of_time(before, _until(word, at).text) if colon < 0 else None
    if what is not None:
        return Typed(what, word.start, word.end, _until(word, at).text, rest)
    first = before.sign == "(" if isinstance(before, Mark) else before.plain and before.text in OPERATORS
    end = word.end if colon < 0 else word.places[colon] + 1
    return _named(word if colon < 0 else word.part(0, colon), end, at, rest, first=first)


def _of_time(before: Token, text: str) -> What | None:
    """What is expected after a word of time."""
    if not isinstance(before, Word) or not before.plain:
        return None
    number = not text or text[0].isdigit()
    if before.text.lower() == LAST and number:
        return What.LENGTH
    near = number or any(moment.startswith(text.lower()) for moment in _MOMENTS)
    return What.MOMENT if before.text.lower() in SINCE and near else None


def _is_end(token: Token) -> bool:
    return isinstance(token, Mark) and not token.sign


def _opened(before: list[Token]) -> list[_Open]:
    """The parentheses around what comes next."""
    opened: list[_Open] = []
    for number, token in enumerate(before):
        if isinstance(token, Mark) and token.sign == "(":
            name = before[number - 1] if number else None
            is_list = isinstance(name, Word) and name.end == token.start and name.mask.endswith(":")
            inherited = opened[-1][1] if opened else None
            opened.append((number, name if is_list and isinstance(name, Word) else inherited))
        elif isinstance(token, Mark) and token.sign == ")" and opened:
            opened.pop()
    return opened


def _rest(found: list[Token], index: int, opened: list[_Open], present: Present) -> Search:
    """The whole list goes where one of its values is typed, and `last` with what follows it."""
    first, last = index, index
    lists = [number for number, name in opened if name is not None]
    if lists:
        first, depth, last = lists[0] - 1, 0, lists[0]
        while not _is_end(found[last]):
            token = found[last]
            depth += {"(": 1, ")": -1}.get(token.sign, 0) if isinstance(token, Mark) else 0
            if not depth:
                break
            last += 1
        last -= _is_end(found[last])
        opened = [one for one in opened if one[0] < lists[0]]
    while first and _leads(found[first - 1]):
        first -= 1
    end = found[-1]
    anything = Word("*", "*", (end.start,), end.start, end.start + 1)
    closing = [token for token in found[last + 1 : -1] if isinstance(token, Mark)]
    lacking = len(opened) + sum(1 if token.sign == "(" else -1 for token in closing)
    closed = [Mark(")", end.start)] * lacking
    try:
        return Grammar([*found[:first], anything, *found[last + 1 : -1], *closed, end], present).search()
    except BadQuery:
        return Search()


def _leads(token: Token) -> bool:
    """It belongs to what follows."""
    return isinstance(token, Word) and token.plain and (token.text == "NOT" or token.text.lower() in (LAST, *SINCE))


def _name(group: Word) -> Word:
    """Of a list: without its dashes and its colon."""
    dashes = len(group.mask) - len(group.mask.lstrip("-"))
    return group.part(dashes, len(group.text) - 1)


def _value(name: Word, value: Word, at: int, rest: Search) -> Typed:
    if name.plain and name.text.lower() == HAS:
        return _named(value, value.end, at, rest, has=True)
    text = _until(value, at).text
    try:
        place = place_of(name)
    except BadQuery:
        return Typed(What.NOTHING, value.start, value.end, text, rest)
    if place == Field("timestamp"):
        return Typed(What.MOMENT, value.start, value.end, text, rest)
    return Typed(What.VALUE, value.start, value.end, text, rest, place=place)


def _named(word: Word, end: int, at: int, rest: Search, *, first: bool = False, has: bool = False) -> Typed:
    before = _until(word, at)
    dot = before.mask.find(".")
    root = before.text[: max(dot, 0)].lower()
    if root in TAG_ROOTS:
        return Typed(What.TAG, word.start, end, before.part(dot + 1).text, rest, has=has)
    if root in INSIDE_ROOTS:
        *keys, last = (part.text for part in before.part(dot + 1).split("."))
        return Typed(What.KEY, word.start, end, last, rest, has=has, root=root, keys=tuple(keys))
    return Typed(What.WORD, word.start, end, before.text, rest, first=first, has=has)


def _until(word: Word, at: int) -> Word:
    """What of it stands before the cursor."""
    return word.part(0, bisect_left(word.places, at))
