"""The query language: text -> value -> text.

The text is a user's, so whatever it is, it is read or refused with BadQuery, which says where and why.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from pulsestream.clock import from_micros
from pulsestream.errors import BadParameters, BadQuery
from pulsestream.query.expression import Place, Search
from pulsestream.query.model import TEXTS_MAX
from pulsestream.query.syntax import lexer
from pulsestream.query.syntax.grammar import Grammar
from pulsestream.query.syntax.moment import Present, needed
from pulsestream.query.syntax.place import place as place_of
from pulsestream.query.syntax.writing import write

__all__ = ["LENGTH_MAX", "checked", "moment", "place", "read", "write"]

LENGTH_MAX = TEXTS_MAX  # characters of a text


def read(text: str, *, now: datetime, zone: ZoneInfo) -> Search:
    """What the text asks for. `zone`: of days and of times without one. Raises BadQuery."""
    checked(text)
    return Grammar(lexer.tokens(text), Present(now, zone)).search()


def checked(text: str) -> None:
    """Raises BadQuery where a text is none, or too long to be looked at."""
    if len(text) > LENGTH_MAX:
        over = len(text) - LENGTH_MAX
        raise BadQuery(f"a query may have {LENGTH_MAX} characters at most", position=LENGTH_MAX, length=over)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        what = "half a character stands here: send the query as UTF-8"
        raise BadQuery(what, position=error.start, length=error.end - error.start) from error


def moment(parameter: str, text: str, present: Present, *, ends: bool = False) -> datetime:
    """A time of RFC 3339, a day, or so long ago; of a day its beginning, or what ends a range with it.

    Raises BadParameters.
    """
    try:
        checked(text)
        found = needed(lexer.whole(text), present)
    except BadQuery as error:
        raise BadParameters([(parameter, str(error))]) from error
    return from_micros(found.end_us if ends else found.start_us)


def place(parameter: str, text: str) -> Place:
    """A field by its long or short name, `tag.NAME`, `payload.KEY` or `metadata.KEY`. Raises BadParameters."""
    try:
        checked(text)
        return place_of(lexer.whole(text))
    except BadQuery as error:
        raise BadParameters([(parameter, str(error))]) from error


def places(parameter: str, text: str) -> tuple[Place, ...]:
    """Those that are listed, separated by commas; a name with a comma is quoted. Raises BadParameters."""
    try:
        checked(text)
        parts = lexer.whole(text).split(",")
    except BadQuery as error:
        raise BadParameters([(parameter, str(error))]) from error
    words = (text[part.start : part.end].strip() for part in parts)
    return tuple(place(parameter, word) for word in words if word)
