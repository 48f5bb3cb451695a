"""The two ingest paths, as a plain ASGI application in front of the framework: it costs a third of the CPU there."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, cast
from urllib.parse import parse_qs

import msgspec
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from pulsestream.api import problems
from pulsestream.api.auth import caller_of
from pulsestream.api.body import Bodies
from pulsestream.control.keys import Scope as Scopes
from pulsestream.errors import BadParameters, Overloaded, PulseStreamError, RateLimited, Reason
from pulsestream.ingest.minutes import Timing
from pulsestream.ingest.pipeline import Body, Receipt, Status
from pulsestream.ingest.validate import FieldError, Refusal
from pulsestream.metrics import RECEIVED_BYTES, REQUESTS_REFUSED
from pulsestream.wiring import Server

SINGLE_PATH = "/api/v1/ingestion/events"
BATCH_PATH = "/api/v1/ingestion/events/batch"
IDEMPOTENCY_KEY_MAX = 255
# How long `?ack=searchable` waits. The events are safe meanwhile; the answer says how far it came.
_SEARCHABLE_PATIENCE_S = 10.0
_ITEMS_ON_LOOP_MAX = 2_000

Ack = Literal["durable", "searchable"]
CHOICES = {"detail": ("all", "errors", "none"), "ack": ("durable", "searchable"), "dry_run": ("false", "true")}


class Item(Struct, frozen=True):
    """What became of one event of a batch. `line` where the batch came as lines.

    `scrubbed`: the paths that the tenant's rules for personal data changed.
    """

    index: int
    event_id: str | None
    status: Status
    line: int | UnsetType = UNSET
    reason: Reason | UnsetType = UNSET
    errors: tuple[FieldError, ...] | UnsetType = UNSET
    scrubbed: tuple[str, ...] | UnsetType = UNSET


class BatchAnswer(Struct, frozen=True):
    """What became of a batch. `dry_run`: what would have; nothing was kept."""

    batch_id: str
    total_events: int
    successful_events: int
    failed_events: int
    stored: int
    duplicate: int
    rejected: int
    ingested_at: datetime
    processing_status: Literal["completed", "partial", "failed"]
    ack: Ack
    dry_run: bool
    results: list[Item]


class SingleAnswer(Struct, frozen=True):
    success: bool
    event_id: str | None
    ingested_at: datetime
    processing_status: Status
    message: str
    errors: list[FieldError]
    ack: Ack
    dry_run: bool | UnsetType = UNSET
    scrubbed: tuple[str, ...] | UnsetType = UNSET


class RefusedAnswer(Struct, frozen=True):
    """A problem, with the members that the original system's clients look for."""

    title: str
    status: int
    detail: str
    code: Reason
    retryable: bool
    success: bool
    event_id: str | None
    processing_status: Status
    reason: Reason
    errors: tuple[FieldError, ...]
    type: str = "about:blank"


class IngestDoor:
    """Answers the ingest paths; everything else goes on to `beyond`."""

    def __init__(self, server: Server, beyond: ASGIApp) -> None:
        self._server = server
        self._beyond = beyond
        self._bodies = Bodies(server.inflight, bytes_max=server.settings.inflight_bytes_max)
        self._tick = server.clock.monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path")
        if path in (SINGLE_PATH, BATCH_PATH) and scope.get("method") == "POST":
            await self._ingest(cast("HTTPScope", scope), receive, send, single=path == SINGLE_PATH)
        elif path in (SINGLE_PATH, BATCH_PATH):
            await problems.send(send, problems.http_answer(405, "Method Not Allowed", {"Allow": "POST"}))
        else:
            await self._beyond(scope, receive, send)

    async def _ingest(self, scope: HTTPScope, receive: Receive, send: Send, *, single: bool) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        tenant = ""
        data: bytes | None = None
        held = 0
        timing = Timing(self._tick())
        quota: dict[str, str] = {}
        try:
            tenant = caller_of(scope).may(Scopes.INGEST).tenant
            options = _options(scope["query_string"].decode("latin-1"))
            key = headers.get(b"idempotency-key")
            if key is not None and not 1 <= len(key) <= IDEMPOTENCY_KEY_MAX:
                raise BadParameters([("Idempotency-Key", f"must have 1 to {IDEMPOTENCY_KEY_MAX} characters")])
            length, bytes_max = headers.get(b"content-length"), self._server.tenants.limits(tenant).body_bytes_max
            data = await self._bodies.read(receive, length, tenant, bytes_max=bytes_max)
            held = len(data)
            self._server.meters.add(RECEIVED_BYTES, amount=held)
            timing.read = self._tick()
            try:
                receipt = await self._server.pipeline.take(
                    Body(
                        tenant=tenant,
                        data=data,
                        content_type=headers.get(b"content-type", ""),
                        encoding=headers.get(b"content-encoding", "").strip().lower(),
                        idempotency_key=key,
                        single=single,
                        dry_run=options["dry_run"] == "true",
                    ),
                    timing,
                )
            finally:
                quota = self._quota(tenant)
            answer = await self._answer(receipt, options, single=single)
        except Exception as error:  # noqa: BLE001 - the request's edge
            # A request that was read and then refused as a whole is counted by its events.
            if data is None or not isinstance(error, Overloaded | RateLimited):
                code = error.code if isinstance(error, PulseStreamError) else "internal"
                self._server.meters.add(REQUESTS_REFUSED, tenant, code)
            answer = problems.answer(error)
        finally:
            if held:
                self._bodies.give_back(tenant, held)
        await problems.send(send, replace(answer, headers=answer.headers | quota) if quota else answer)
        if tenant:
            timing.answer = self._tick()
            self._server.minutes.add(tenant, timing)

    def _quota(self, tenant: str) -> dict[str, str]:
        quota = self._server.limiter.quota(tenant)
        return {} if quota is None else quota.headers

    async def _answer(self, receipt: Receipt, options: Mapping[str, str], *, single: bool) -> problems.Answer:
        searchable = options["ack"] == "searchable" and await self._server.watermark.wait_for(
            receipt.position, _SEARCHABLE_PATIENCE_S
        )
        dry_run = options["dry_run"] == "true"
        ack: Ack = "searchable" if searchable else "durable"
        if single:
            return _single(receipt, ack, dry_run=dry_run)

        def written() -> problems.Answer:
            return _json(200, _batch(receipt, options["detail"], ack, dry_run=dry_run))

        # An answer that names fifty thousand events takes a fifth of a second to write.
        return written() if len(receipt.event_ids) <= _ITEMS_ON_LOOP_MAX else await asyncio.to_thread(written)


def _options(query: str) -> dict[str, str]:
    options = {name: choices[0] for name, choices in CHOICES.items()}
    if query:
        errors = []
        for name, values in parse_qs(query, keep_blank_values=True).items():
            if name not in CHOICES:
                errors.append((name, f"is not known here: there are {' and '.join(CHOICES)}"))
            elif values[-1] not in CHOICES[name]:
                errors.append((name, f"must be one of {', '.join(CHOICES[name])}"))
            options[name] = values[-1]
        if errors:
            raise BadParameters(errors)
    return options


def _batch(receipt: Receipt, detail: str, ack: Ack, *, dry_run: bool) -> BatchAnswer:
    total, refused = len(receipt.event_ids), len(receipt.refusals)
    if detail == "all":
        results = [_item(receipt, index) for index in range(total)]
    elif detail == "errors":
        results = [_item(receipt, index) for index in sorted(receipt.refusals.keys() | receipt.scrubbed.keys())]
    else:
        results = []
    return BatchAnswer(
        batch_id=receipt.batch_id or "batch_" + secrets.token_hex(12),
        total_events=total,
        successful_events=total - refused,
        failed_events=refused,
        stored=receipt.stored,
        duplicate=len(receipt.duplicates),
        rejected=refused,
        ingested_at=receipt.received_at,
        processing_status="completed" if not refused else "failed" if refused == total else "partial",
        ack=ack,
        dry_run=dry_run,
        results=results,
    )


def _item(receipt: Receipt, index: int) -> Item:
    refusal = receipt.refusals.get(index)
    event_id = receipt.event_ids[index]
    scrubbed = receipt.scrubbed.get(index, UNSET)
    if refusal is None:
        return Item(index, event_id, receipt.status(index), scrubbed=scrubbed)
    line = UNSET if receipt.lines is None else receipt.lines[index]
    return Item(index, event_id, "rejected", line, refusal.reason, refusal.errors, scrubbed)


_SAID = {
    ("stored", False): "stored",
    ("duplicate", False): "stored before: this is an exact repeat",
    ("stored", True): "would be stored; this was a dry run",
    ("duplicate", True): "is stored already: this is an exact repeat; this was a dry run",
}


def _single(receipt: Receipt, ack: Ack, *, dry_run: bool) -> problems.Answer:
    event_id = receipt.event_ids[0]
    if receipt.refusals:
        return refused_event(receipt.refusals[0], event_id)
    status = receipt.status(0)
    answer = SingleAnswer(
        success=True,
        event_id=event_id,
        ingested_at=receipt.received_at,
        processing_status=status,
        message=_SAID[status, dry_run],
        errors=[],
        ack=ack,
        dry_run=dry_run or UNSET,
        scrubbed=receipt.scrubbed.get(0, UNSET),
    )
    return _json(200, answer)


def refused_event(refusal: Refusal, event_id: str | None) -> problems.Answer:
    reason = refusal.reason
    first = refusal.errors[0]
    refused = RefusedAnswer(
        title="The event was refused",
        status=reason.http_status,
        detail=f"{first.field}: {first.rule}; {first.help}",
        code=reason,
        retryable=reason.retryable,
        success=False,
        event_id=event_id,
        processing_status="rejected",
        reason=reason,
        errors=refusal.errors,
    )
    return _json(reason.http_status, refused, problems.CONTENT_TYPE)


def _json(status: int, value: Struct, content_type: str = "application/json") -> problems.Answer:
    return problems.Answer(status, {"Content-Type": content_type}, msgspec.json.encode(value))
