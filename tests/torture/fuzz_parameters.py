"""Any query string: it is refused by name, or it is a statement whose SQL does not depend on what users wrote.

`run.py` starts this with seeds; `python tests/torture/fuzz_parameters.py FILE` tries one input again.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime

import atheris
from litestar import Request
from litestar.datastructures import MultiDict

with atheris.instrument_imports(include=["pulsestream"]):
    from pulsestream.api.auth import Caller, introduce
    from pulsestream.api.parameters import FILTERS, REPEATABLE, filters, only
    from pulsestream.control.keys import Key, Scope
    from pulsestream.errors import BadParameters
    from pulsestream.query import compile as sql
    from pulsestream.query import search
    from pulsestream.query.model import Cursor, View
    from pulsestream.query.token import Tokens

KEY = Key(id="k", prefix="p", tenant="acme", name="n", scopes=tuple(Scope), created_at=datetime(2026, 1, 1, tzinfo=UTC))
TOKENS = Tokens(b"secret", lambda: bytes(8))
CURSOR = Cursor(timestamp_us=5, position=5, snapshot=7, matched=9)
# All that our own SQL is written with: names, numbers, and the parameters' places.
OUR_SQL = re.compile(r"[\w\s().,<>=*/+{}:`'-]*")
OUR_PLACE = re.compile(r"p\d+")
# Which parameters were given -> the SQL of the page: their values must make no difference.
SHAPES: dict[object, str] = {}


def one_input(data: bytes) -> None:
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": data}
    introduce(scope, Caller(KEY))
    request = Request(scope)
    try:
        only(request, (*FILTERS, "cursor", "after"))
        given = MultiDict(request.query_params.multi_items())
        after = _opened(given["cursor"]) if "cursor" in given else None
        if "after" in given:
            assert 0 <= TOKENS.position("acme", given["after"]) < 2**63
        query = filters(
            request,
            **{name: given.getall(name) if name in REPEATABLE else given[name] for name in FILTERS if name in given},
        )
    except BadParameters:
        return
    view = View(hidden=())
    statements = (
        sql.count(query, view=view),
        search.hours(query, search.Sort(), after=after, view=view),
        search.page(query, search.Sort(), after=after, limit=2, view=view),
        sql.arrivals(query, after=5, view=view),
    )
    for statement in statements:
        assert OUR_SQL.fullmatch(statement.sql), statement.sql
        places = re.findall(r"\{(\w+):", statement.sql)
        assert set(places) == statement.parameters.keys()
        assert all(OUR_PLACE.fullmatch(place) for place in places)
    asked = [name for name in FILTERS if given.get(name) or (name in given and name != "q")]
    shape = (*asked, after is None)
    assert SHAPES.setdefault(shape, statements[2].sql) == statements[2].sql


def _opened(token: str) -> Cursor:
    """No input is likely to be a token of ours, and any that is not must be refused; so one of ours is taken."""
    try:
        return TOKENS.cursor("acme", token)
    except BadParameters:
        return TOKENS.cursor("acme", TOKENS.of_cursor("acme", CURSOR))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
