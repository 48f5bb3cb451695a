"""Text cut into batches of events, bounded by count and by bytes, without an object for each event.

What was read stays as it was read: a batch is a stretch of it, and an event is taken out only where it has no
id yet, or where an answer speaks of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias, overload

from msgspec import Struct

from pulsestream.client.identity import READY, identified

BATCH_BYTES = 4 * 2**20  # far below what a server takes in one request

Text: TypeAlias = bytes | memoryview


class Lines(Sequence[bytes]):
    """Events, one a line, in one text. `text` has line breaks between the events and none at its end."""

    __slots__ = ("_count", "_split", "text")

    def __init__(self, text: Text, count: int) -> None:
        self.text = text
        self._count = count
        self._split: list[bytes] | None = None

    @classmethod
    def of(cls, lines: Iterable[bytes]) -> Lines:
        split = list(lines)
        made = cls(split[0] if len(split) == 1 else b"\n".join(split), len(split))
        made._split = split
        return made

    @property
    def size_bytes(self) -> int:
        """With a line break after each."""
        return len(self.text) + 1 if self._count else 0

    def among(self, indexes: Sequence[int]) -> Text:
        """The text of some of the events, in the order of `indexes`, each at most once."""
        if isinstance(indexes, range) and len(indexes) == self._count:
            return self.text
        lines = self._lines()
        return b"\n".join([lines[index] for index in indexes])

    def _lines(self) -> list[bytes]:
        if self._split is None:
            self._split = bytes(self.text).split(b"\n") if self._count else []
        return self._split

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._lines())

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Lines: ...
    def __getitem__(self, index: int | slice) -> bytes | Lines:
        return Lines.of(self._lines()[index]) if isinstance(index, slice) else self._lines()[index]


class Batch(Struct, frozen=True):
    """Events for one request. `places`: line numbers of an NDJSON file, else places in the array, from 1."""

    name: str
    lines: Lines
    places: Sequence[int]


class Cutter:
    """Makes batches of the text that is put in, block by block, and keeps what does not fill one yet.

    A batch has at most `size` events and `bytes_max` bytes; an event that is larger alone goes alone. Blank
    lines are left out, and count where places are numbered. `name` is where the text is from.
    """

    def __init__(self, name: str, *, size: int, bytes_max: int) -> None:
        self.place = 1  # of the next line
        self.tail_bytes = 0
        self._name = name
        self._size = size
        self._bytes_max = bytes_max
        self._tail: list[bytes] = []
        self._done: list[Batch] = []
        self._begin()

    def _begin(self) -> None:
        self._parts: list[Text] = []
        self._count = self._bytes = 0
        self._places: list[range] = []
        self._from = self._next = 0  # the places of the latest events, as far as they follow each other

    def lines(self, block: bytes) -> list[Batch]:
        """Put in a block of text, which may end amid a line. Returns the batches that are full."""
        start = block.find(b"\n") + 1 if self._tail else 0
        end = block.rfind(b"\n") + 1
        if end:
            if self._tail:
                self.event(b"".join((*self._tail, block[: start - 1])))
                self._tail, self.tail_bytes = [], 0
            self._cut(block, start, end)
        if end < len(block):
            self._tail.append(block[end:])
            self.tail_bytes += len(block) - end
        return self._taken()

    def event(self, line: bytes) -> None:
        """Put in one whole line. The batches that it fills come with those of `lines`, `rest` or `all`."""
        place = self.place
        self.place = place + 1
        if not line or line.isspace():
            return
        event = identified(line, place)
        if self._bytes + len(event) >= self._bytes_max and self._count:
            self._close()
        self._add(event, place, 1)

    def rest(self) -> list[Batch]:
        """All batches, full or not, of the whole lines that were put in."""
        if self._count:
            self._close()
        return self._taken()

    def all(self) -> list[Batch]:
        """As `rest`, and the text ends here: what follows the last line break is a line."""
        if self._tail:
            self.event(b"".join(self._tail))
            self._tail, self.tail_bytes = [], 0
        return self.rest()

    def _cut(self, block: bytes, at: int, end: int) -> None:
        """The whole lines of `block[at:end]`.

        The inner loop is all that most lines cost. A search for one character is `memchr`; counting line breaks
        or searching for a longer text over the whole block takes three times as long.
        """
        view, find, begins = memoryview(block), block.find, block.startswith
        while at < end:
            start, room = at, self._size - self._count
            reach = min(end, at + self._bytes_max - self._bytes)
            while room and begins(READY, at) and (line_end := find(b"\n", at, reach)) >= 0:
                at = line_end + 1
                room -= 1
            if at > start:
                count = self._size - self._count - room
                self._add(view[start : at - 1], self.place, count)
                self.place += count
            elif at < end:  # blank, or without an id at its beginning, or too much for this batch
                line_end = find(b"\n", at, end)
                self.event(block[at:line_end])
                at = line_end + 1

    def _add(self, part: Text, place: int, count: int) -> None:
        self._parts.append(part)
        self._bytes += len(part) + 1
        self._count += count
        if place != self._next:
            if self._from < self._next:
                self._places.append(range(self._from, self._next))
            self._from = place
        self._next = place + count
        if self._count == self._size or self._bytes >= self._bytes_max:
            self._close()

    def _close(self) -> None:
        parts, places = self._parts, [*self._places, range(self._from, self._next)]
        text = parts[0] if len(parts) == 1 else b"\n".join(parts)
        known = places[0] if len(places) == 1 else [place for some in places for place in some]
        self._done.append(Batch(self._name, Lines(text, self._count), known))
        self._begin()

    def _taken(self) -> list[Batch]:
        done, self._done = self._done, []
        return done
