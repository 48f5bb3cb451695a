"""What can be asked for, and what may follow what is being typed."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.params import Parameter
from msgspec import Struct
from msgspec.structs import replace

from pulsestream.api.asked import (
    ASKED,
    DAY,
    AnswerBasis,
    EndTime,
    StartTime,
    ZoneName,
    answer_basis,
    ask,
    presence,
)
from pulsestream.api.operation import ASKING, terms
from pulsestream.api.parameters import AnyRequest, Fresh, only, server_of
from pulsestream.control.keys import Scope
from pulsestream.errors import BadParameters
from pulsestream.query import catalog, complete, language
from pulsestream.query.complete import Suggestion
from pulsestream.query.run import EXACT_EVENTS_MAX
from pulsestream.query.syntax.typed import typed

_AT_END = -1


class FieldRow(Struct, frozen=True):
    """`kind` says what `name:value` means.

    word: equal, letter by letter; folded: equal in any case; choice: one of `choices`; text: contains, in any case;
    number and time: equal, compared, or in a range; flag: true or false; group: only has:name.
    `unit`: of a number: ms, bytes or nothing. `facet`: it has few values.
    """

    name: str
    kind: catalog.Kind
    unit: str
    help: str
    aliases: tuple[str, ...]
    choices: tuple[str, ...]
    facet: bool


class MeasureRow(Struct, frozen=True):
    """`bound`: how far the figure can be off where it is an estimate; nothing for one that is always exact."""

    name: str
    unit: str
    help: str
    bound: str


class FieldsAnswer(Struct, frozen=True):
    """`percentiles`: one of them as an example; any from p0 to p100 is a measure, also p99.999, with or without _ms.

    Beyond so many events in the time range as `exact_events_max` says, measures with a bound are estimates.
    """

    fields: list[FieldRow]
    measures: list[MeasureRow]
    percentiles: MeasureRow
    exact_events_max: int


class CompleteAnswer(Struct, frozen=True):
    """A suggestion takes the place of the characters from `start` to `end`, the last one not included."""

    start: int
    end: int
    suggestions: list[Suggestion]
    basis: AnswerBasis


@get("/query/fields", opt=terms(Scope.READ))
async def fields(request: AnyRequest) -> FieldsAnswer:
    """What can be asked for.

    Every field that events can be filtered and grouped by, and every measure. Tags and values in payload and metadata
    can be asked for as well: tag.NAME, payload.KEY.
    """
    only(request, ())
    return _FIELDS


@get("/query/complete", opt=terms(Scope.READ, raises=ASKING))
async def complete_query(
    request: AnyRequest,
    q: Annotated[str, Parameter(description="a query that is being typed", max_length=language.LENGTH_MAX)] = "",
    at: Annotated[
        int, Parameter(ge=_AT_END, description="where the cursor stands, in characters; -1 for the end of q")
    ] = _AT_END,
    start_time: StartTime = None,
    end_time: EndTime = None,
    tz: ZoneName = "UTC",
    fresh: Fresh = True,
) -> CompleteAnswer:
    """What may follow in a query that is being typed.

    Names and operators; of a field, the most frequent values of the events that the rest of the query finds, counted
    exactly.
    """
    only(request, (*ASKED, "at"))
    language.checked(q)
    if at > len(q):
        raise BadParameters([("at", f"must be from 0 to {len(q)}, as many characters as q has, or -1 for its end")])
    present = presence(request, tz)
    hole = typed(q, len(q) if at == _AT_END else at, present)
    asked = await ask(request, hole.rest, present, DAY, (start_time, end_time), fresh=fresh)
    questions = server_of(request).questions
    found = await complete.suggestions(questions, replace(asked.query, limit=complete.SUGGESTIONS_MAX), hole)
    basis = await questions.basis(asked.query)
    return CompleteAnswer(hole.start, hole.end, found, answer_basis(request, asked, basis))


def _measure_row(name: str, one: catalog.Measure) -> MeasureRow:
    return MeasureRow(name, one.unit, one.help, one.bound)


_PERCENTILE = "p95_ms"
_FIELDS = FieldsAnswer(
    [
        FieldRow(name, one.kind, one.unit, one.help, one.aliases, one.choices, one.facet)
        for name, one in catalog.DIMENSIONS.items()
    ],
    [_measure_row(name, one) for name, one in catalog.MEASURES.items()],
    _measure_row(_PERCENTILE, catalog.measures_of((_PERCENTILE,))[_PERCENTILE]),
    EXACT_EVENTS_MAX,
)
