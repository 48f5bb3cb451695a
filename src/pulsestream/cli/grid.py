"""Columns that fit a terminal: numbers are never cut; names give way, and what matters least goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rich.console import Console

GAP = 2


class Column(Struct, frozen=True, kw_only=True):
    """`least`: cells that it may be cut to; None is never cut. `rank`: what is higher goes first, 0 never does.
    `inside`: it is cut inside, because its end says as much as its beginning.

    `draw`: makes the cells once it is known how many terminal cells they have, from `least` to `most`.
    """

    title: str
    cells: Sequence[Text] = ()
    right: bool = False
    least: int | None = None
    most: int = 1000
    rank: int = 0
    inside: bool = False
    draw: Callable[[int], Sequence[Text]] | None = None

    @property
    def wanted(self) -> int:
        if self.draw is not None:
            return self.most
        return min(self.most, max([Text(self.title).cell_len, *(cell.cell_len for cell in self.cells)]))

    @property
    def needed(self) -> int:
        return self.wanted if self.least is None else min(self.least, self.wanted)


def lines(columns: Sequence[Column], width: int) -> list[Text]:
    """The titles and one line a row, none wider than `width`."""
    shown = list(columns)
    while _total(column.needed for column in shown) > width and any(column.rank for column in shown):
        shown.remove(max(shown, key=lambda column: column.rank))
    widths = _widths(shown, width)
    drawn = [column.draw(cells) if column.draw else column.cells for column, cells in zip(shown, widths, strict=True)]
    found = [_line([Text(column.title) for column in shown], shown, widths, width)]
    found[0].stylize("dim")
    found += [_line(row, shown, widths, width) for row in zip(*drawn, strict=True)]
    return found


def _widths(columns: Sequence[Column], width: int) -> list[int]:
    """What is missing is taken from the widest that can give way, cell by cell; what is drawn gives way first."""
    widths = [column.wanted for column in columns]
    for drawn in (True, False):
        giving = [at for at, column in enumerate(columns) if (column.draw is not None) is drawn]
        while _total(widths) > width:
            left = [at for at in giving if widths[at] > columns[at].needed]
            if not left:
                break
            widths[max(left, key=lambda at: widths[at])] -= 1
    return widths


def _total(widths: Iterable[int]) -> int:
    found = list(widths)
    return sum(found) + GAP * (len(found) - 1)


def _line(cells: Sequence[Text], columns: Sequence[Column], widths: Sequence[int], width: int) -> Text:
    line = Text(no_wrap=True)
    for number, (cell, column, room) in enumerate(zip(cells, columns, widths, strict=True)):
        shown = _cut(cell, room, inside=column.inside)
        blanks = " " * (room - shown.cell_len)
        line.append(" " * GAP if number else "")
        line.append(blanks if column.right else "").append_text(shown).append("" if column.right else blanks)
    line.rstrip()
    line.truncate(width, overflow="ellipsis")
    return line


def _cut(cell: Text, room: int, *, inside: bool) -> Text:
    if cell.cell_len <= room:
        return cell.copy()
    if not inside:
        shown = cell.copy()
        shown.truncate(room, overflow="ellipsis")
        return shown
    head = room // 4
    begin, end = cell[:head], cell.copy()
    while len(end) and begin.cell_len + 1 + end.cell_len > room:
        end = end[1:]
    return begin.append("…").append_text(end)


def print_columns(console: Console, columns: Sequence[Column]) -> None:
    for line in lines(columns, console.width - GAP):
        print_line(console, line)


def print_line(console: Console, line: Text, *, indent: int = GAP) -> None:
    """One line, cut where the terminal ends."""
    whole = Text(" " * indent).append_text(line)
    whole.truncate(console.width, overflow="ellipsis")
    console.print(whole, soft_wrap=True)
