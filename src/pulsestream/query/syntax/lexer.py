"""A text of the language as words and parentheses, each with its place in the text."""

from __future__ import annotations

from msgspec import Struct

from pulsestream.errors import BadQuery

_QUOTE = '"'
_ESCAPED = (_QUOTE, "\\")
_SHOWN = 40  # characters of what is wrong that a message repeats


class Word(Struct, frozen=True):
    """What stands without a space or a parenthesis between, quoted or not.

    `mask` is the text with a quote in place of each quoted character: what is found there was not quoted. `places`: of
    each character the position in the text, of the first one in quotes that of the quote.
    """

    text: str
    mask: str
    places: tuple[int, ...]
    start: int
    end: int

    @property
    def plain(self) -> bool:
        """Nothing of it was quoted."""
        return self.end - self.start == len(self.text)

    @property
    def given(self) -> bool:
        """There is something, if only an empty pair of quotes."""
        return self.end > self.start

    def part(self, start: int, end: int | None = None) -> Word:
        """From one character to another. What stands before it may not be quoted."""
        return Word(
            self.text[start:end],
            self.mask[start:end],
            self.places[start:end],
            self.places[start - 1] + 1 if start else self.start,
            self.end if end is None or end >= len(self.text) else self.places[end],
        )

    def split(self, sign: str) -> list[Word]:
        """At each unquoted sign of one character."""
        parts, start = [], 0
        while (end := self.mask.find(sign, start)) >= 0:
            parts.append(self.part(start, end))
            start = end + 1
        return [*parts, self.part(start)]

    def pieces(self) -> tuple[str, ...]:
        """Between unquoted stars. Several in a row are one."""
        parts = [part.text for part in self.split("*")]
        return (parts[0], *(part for part in parts[1:-1] if part), parts[-1]) if len(parts) > 1 else (parts[0],)

    def wrong(self, what: str, suggestion: str = "") -> BadQuery:
        return BadQuery(what, position=self.start, length=self.end - self.start, suggestion=suggestion)


class Mark(Struct, frozen=True):
    """A parenthesis, or the end of the text."""

    sign: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.sign)

    def wrong(self, what: str, suggestion: str = "") -> BadQuery:
        return BadQuery(what, position=self.start, length=len(self.sign), suggestion=suggestion)


Token = Word | Mark


def tokens(text: str, *, typing: bool = False) -> list[Token]:
    """The last one is the end. `typing`: a quote that nobody closed yet ends with the text. Raises BadQuery."""
    found: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text[at] in "()":
            found.append(Mark(text[at], at))
            at += 1
        else:
            found.append(_word(text, at, typing=typing))
            at = found[-1].end
    return [*found, Mark("", at)]


def whole(text: str) -> Word:
    """A text that is one word, whatever is in it, with its quotes read. Raises BadQuery."""
    return _word(text, 0, breaks="")


def _word(text: str, start: int, *, typing: bool = False, breaks: str = "()") -> Word:
    characters: list[str] = []
    mask: list[str] = []
    places: list[int] = []
    opened: int | None = None
    at = start
    while at < len(text):
        character, position = text[at], at
        at += 1
        if character == _QUOTE:
            opened = position if opened is None else None
            continue
        if opened is None:
            if breaks and (character in breaks or character.isspace()):
                at = position
                break
            mask.append(character)
        else:
            if character == "\\" and text[at : at + 1] in _ESCAPED:
                character = text[at]
                at += 1
            # The first one takes the quote's place, so that a part that begins with it has its quote.
            position = opened if opened == position - 1 else position
            mask.append(_QUOTE)
        characters.append(character)
        places.append(position)
    if opened is not None and not typing:
        rest = text[opened:]
        raise BadQuery(
            "this quote is not closed",
            position=opened,
            length=len(rest),
            suggestion=f"{rest}{_QUOTE}" if len(rest) <= _SHOWN else "",
        )
    return Word("".join(characters), "".join(mask), tuple(places), start, at)


def quoted(text: str) -> str:
    """So that it is read as this text, letter by letter."""
    return f"{_QUOTE}{text.replace(chr(92), chr(92) * 2).replace(_QUOTE, chr(92) + _QUOTE)}{_QUOTE}"


def shown(text: str) -> str:
    """For a message: cut, and without characters that could disturb it."""
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
