"""What fails, in groups of the same failure."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.params import Parameter
from msgspec import Struct
from msgspec.structs import replace

from pulsestream.api.asked import DAY, AnswerBasis, Asked, answer_basis, asking
from pulsestream.api.operation import ASKING, terms
from pulsestream.api.parameters import AnyRequest, server_of
from pulsestream.control.keys import Scope
from pulsestream.errors import BadParameters
from pulsestream.query import failures
from pulsestream.query.failures import SORTS, Failure

_GROUPS_MAX = 1_000

Sorted = Annotated[str, Parameter(description=f"one of {', '.join(SORTS)}; with - before it the highest comes first")]


class ErrorsAnswer(Struct, frozen=True):
    """`groups_total`: how many groups there are, `matched`: how many events, in all of them.

    `step`, `times`: of each group's `trend`; the first step may begin before the range. `compared_since`: from when on
    up to the range it was looked for these groups, at most a week; null where there is no event before the range, and
    then no group is called new.
    """

    groups: list[Failure]
    groups_total: int
    matched: int
    step: str
    times: list[datetime]
    compared_since: datetime | None
    basis: AnswerBasis


@get("/query/errors", opt=terms(Scope.READ, raises=ASKING), dependencies=asking(DAY))
async def errors(
    request: AnyRequest,
    asked: Asked,
    sort: Sorted = "-count",
    limit: Annotated[int, Parameter(ge=1, le=_GROUPS_MAX, description="most groups in the answer")] = 50,
) -> ErrorsAnswer:
    """What fails, in groups of the same failure.

    Events that failed at the same endpoint, with the same status and the same message but for numbers, ids and
    addresses in it.
    """
    name = sort.removeprefix("-")
    if name not in SORTS:
        raise BadParameters([("sort", f"must be one of {', '.join(SORTS)}, with or without - before it")])
    found = await failures.failures(
        server_of(request).questions,
        replace(asked.query, limit=limit),
        sort=name,
        descending=name != sort,
        zone=asked.zone,
    )
    return ErrorsAnswer(
        groups=found.groups,
        groups_total=found.groups_total,
        matched=found.matched,
        step=str(found.grid.step),
        times=found.grid.times,
        compared_since=found.compared_since,
        basis=answer_basis(request, asked, found.basis),
    )
