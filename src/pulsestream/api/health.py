"""Whether the server is well, with the numbers it says so by."""

from __future__ import annotations

import shutil
from importlib.metadata import version
from typing import Literal

from litestar import get
from msgspec import Struct

from pulsestream.api.auth import caller_of
from pulsestream.api.operation import terms
from pulsestream.api.parameters import AnyRequest, only, server_of
from pulsestream.errors import Unauthorized
from pulsestream.metrics import REQUESTS_REFUSED
from pulsestream.wiring import Server

_DISK_FREE_MIN = 1 << 30
_VERSION = version("pulsestream")


class Health(Struct, frozen=True, kw_only=True):
    """`degraded`: something needs a look. Events are still taken. An admin key of the operator sees what it is."""

    status: Literal["healthy", "degraded"]
    version: str
    uptime_seconds: float


class OperatorHealth(Health, frozen=True, kw_only=True):
    """What the server counts over all tenants, for the operator's eyes only. `problems` says what needs a look."""

    problems: list[str]
    last_position: int  # of the journal
    searchable_position: int  # of the engine
    waiting_events: int
    journal_bytes: int
    quarantined_events: int
    corrupt_segments: int
    unauthorized_requests: int  # since the process began
    disk_free_bytes: int


@get("/ingestion/health", opt=terms(key=False))
async def health(request: AnyRequest) -> OperatorHealth | Health:
    """Whether the server is well.

    Needs no key. An admin key of the operator sees the numbers too.
    """
    only(request, ())
    found = _look(server_of(request))
    key = caller_of(request.scope).key
    if key is not None and key.is_operator:
        return found
    return Health(status=found.status, version=found.version, uptime_seconds=found.uptime_seconds)


def _look(server: Server) -> OperatorHealth:
    fed, journal = server.feeder.state, server.journal.state
    free = shutil.disk_usage(server.data).free
    problems = []
    if fed.trouble:
        problems.append(f"the store does not take events just now; they wait in the journal: {fed.trouble}")
    if fed.quarantined:
        problems.append(f"{fed.quarantined} events were refused by the store; they are in aside.jsonl")
    if server.corrupt_segments:
        problems.append(f"{server.corrupt_segments} journal segments were corrupt; copies are in the folder corrupt/")
    if journal.failing:
        problems.append(f"the journal takes no events just now: {journal.last_failure}")
    if free < _DISK_FREE_MIN:
        problems.append(f"the disk has only {free // (1 << 20)} MiB left")
    return OperatorHealth(
        status="degraded" if problems else "healthy",
        problems=problems,
        version=_VERSION,
        uptime_seconds=(server.clock.now() - server.started_at).total_seconds(),
        last_position=journal.next_position - 1,
        searchable_position=server.watermark.fed,
        waiting_events=fed.waiting_events,
        journal_bytes=journal.unfed_bytes,
        quarantined_events=fed.quarantined,
        corrupt_segments=server.corrupt_segments,
        unauthorized_requests=server.meters.of_tenant(REQUESTS_REFUSED, "").get(Unauthorized.code, 0),
        disk_free_bytes=free,
    )
