"""Which versions of services there are, and which of them are new."""

from __future__ import annotations

from litestar import get
from msgspec import Struct

from pulsestream.api.asked import DAY, AnswerBasis, Asked, answer_basis, asking
from pulsestream.api.operation import ASKING, terms
from pulsestream.api.parameters import AnyRequest, server_of
from pulsestream.control.keys import Scope
from pulsestream.query import versions as asked_for
from pulsestream.query.versions import Version


class VersionsAnswer(Struct, frozen=True):
    """Those that came last are first. `versions_total`: how many there are; 1,000 are told at most."""

    versions: list[Version]
    versions_total: int
    basis: AnswerBasis


@get("/query/versions", opt=terms(Scope.READ, raises=ASKING), dependencies=asking(DAY))
async def versions(request: AnyRequest, asked: Asked) -> VersionsAnswer:
    """Which versions of services there are, and which of them are new.

    A version is new where the service was there before the range, and without it, as far back as there are events. That
    too goes by the events that match: with `q=env:production` it is new there.
    """
    found = await asked_for.versions(server_of(request).questions, asked.query)
    return VersionsAnswer(found.versions, found.total, answer_basis(request, asked, found.basis))
