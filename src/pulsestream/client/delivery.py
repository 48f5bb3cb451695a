"""Events on their way: sent, sent again where that helps, and accounted for one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from http import HTTPStatus

import msgspec
from msgspec import Struct

from pulsestream.client.batch import BATCH_BYTES, Lines
from pulsestream.client.connection import Connection, NoAnswer, Reply
from pulsestream.client.gate import Gate
from pulsestream.client.identity import identified
from pulsestream.client.receipt import (
    Answer,
    Receipt,
    Refused,
    read_batch,
    read_problem,
    read_single,
    refused_alike,
)
from pulsestream.client.retry import LOST_STATUSES, PASSING_STATUSES
from pulsestream.errors import PulseStreamError, RemoteError

BATCH_EVENTS_MAX = 10_000  # a request; well below the server's limit, and a lost answer repeats no more

SINGLE_PATH = "/ingestion/events"
BATCH_PATH = "/ingestion/events/batch"
_PLAIN = {"Content-Type": "application/x-ndjson"}
_PACKED = _PLAIN | {"Content-Encoding": "zstd"}
_REASON_OF: dict[str | int, str] = {
    "too_many_requests": "overloaded",
    409: "conflict",
    410: "deleted",
    413: "too_large",
    422: "invalid",
    429: "rate_limited",
    503: "overloaded",
}


class Delivery(Struct, frozen=True):
    """A receipt, and what stopped the delivery when it did not get to its end."""

    receipt: Receipt
    failure: PulseStreamError | None = None


class Client(Connection):
    """Sends events to a PulseStream server and asks it questions.

        async with Client(url, api_key, clock=SystemClock(), rng=Random()) as client:
            receipt = await client.send([{"event_type": "api_call", ...}])

    Every event goes out under an id, so an answer that is lost on the way costs a repeat and never a second
    copy. Usable from one event loop, by any number of tasks at once; a rate limit is kept by all of them together.
    `events_max`: the most events that the server takes in a request, once it refused one with more.
    """

    events_max: int | None = None

    @cached_property
    def gate(self) -> Gate:
        return Gate(self._clock, self.policy.budget_s, self.pause)

    async def send(
        self, events: bytes | Sequence[bytes] | Sequence[Mapping[str, object]], *, key: str | None = None
    ) -> Receipt:
        """Send events: NDJSON text, encoded events, or dicts.

        Events without an event_id get one made from `key` and their place in `events`, so a later call with
        the same key and events adds nothing. Without a key one is drawn: a later call is then new events.

        Returns when each is stored, duplicate, refused, or the retry budget ran out for it (`limited`).
        Raises ServerUnreachable, Unauthorized, Forbidden, RequestTimeout or RemoteError; after one of them,
        calling again with ids or the same key is safe.
        """
        name = key.encode() if key is not None else self._rng.randbytes(16)
        lines = [identified(line, place, name) for place, line in enumerate(_lines(events))]
        receipt = Receipt()
        for start, end in _requests(lines):
            delivery = await self.deliver(lines[start:end])
            if delivery.failure is not None:
                raise delivery.failure
            receipt = _joined(receipt, delivery.receipt, start)
        return receipt

    async def deliver(self, lines: Sequence[bytes], *, single: bool = False, dry_run: bool = False) -> Delivery:
        """Send events that have ids, one text without line breaks each, as one request.

        A request that is too large is cut until it fits, and events refused for now are sent again alone.
        `single`: each event as a request of its own, one after the other. `dry_run`: the server answers as
        usual and keeps nothing. Never raises for what a network or a server does: the receipt accounts for
        every event, whatever happened.
        """
        whole = lines if isinstance(lines, Lines) else Lines.of(lines)
        return await _Run(self, whole, single=single, dry_run=dry_run).finish()


class _Piece(Struct, frozen=True):
    """Events for one request. `retry`: once more. `repeated`: an earlier answer about them was lost."""

    indexes: Sequence[int]
    retry: bool = False
    repeated: bool = False


class _Run:
    """One delivery under way: the pieces still to be sent, and the counts so far."""

    def __init__(self, client: Client, lines: Lines, *, single: bool, dry_run: bool) -> None:
        self._client = client
        self._lines = lines
        self._single = single
        self._dry_run = dry_run
        self._packed = False  # whether the latest request was compressed
        self._backoff = client.backoff()
        everything = range(len(lines))
        self._pieces = [_Piece([i]) for i in reversed(everything)] if single else [_Piece(everything)]
        self._stored = self._duplicate = self._repeated = self._unsent = 0
        self._refused: list[Refused] = []
        self._scrubbed: Counter[str] = Counter()

    async def finish(self) -> Delivery:
        failure: PulseStreamError | None = None
        while self._pieces and failure is None:
            piece = self._pieces.pop()
            if not piece.indexes:
                continue
            if self._client.events_max is not None and len(piece.indexes) > self._client.events_max:
                self._cut(piece, self._client.events_max)
                continue
            try:
                reply = await self._attempt(piece)
            except NoAnswer as nothing:
                if not nothing.final and await self._backoff.wait():
                    self._pieces.append(_Piece(piece.indexes, retry=True, repeated=piece.repeated or nothing.lost))
                    continue
                failure = self._client.unreachable(nothing)
            else:
                failure = await self._take(piece, reply)
            if failure is not None:
                self._unsent = len(piece.indexes) + sum(len(rest.indexes) for rest in self._pieces)
        self._refused.sort(key=lambda refused: refused.index)
        limited = sum(refused.passing for refused in self._refused)
        receipt = Receipt(
            self._stored,
            self._duplicate,
            len(self._refused) - limited,
            limited,
            self._unsent,
            self._repeated,
            tuple(self._refused),
            self._scrubbed,
        )
        return Delivery(receipt, failure)

    def _cut(self, piece: _Piece, size: int) -> None:
        """Queue a piece in parts of at most `size`, to go in their order."""
        starts = range(0, len(piece.indexes), size)
        self._pieces += [
            msgspec.structs.replace(piece, indexes=piece.indexes[start : start + size]) for start in reversed(starts)
        ]

    async def _attempt(self, piece: _Piece) -> Reply:
        """The answer to one piece, when the rate had room for it. Raises NoAnswer."""
        gate = self._client.gate
        reply = None if gate.closed else await self._request(piece)
        if reply is not None and reply.fits_in_s is None:
            return reply
        return await self._backoff.aside(gate.send(lambda: self._request(piece), reply))

    async def _request(self, piece: _Piece) -> Reply:
        dry_run = (("dry_run", "true"),) if self._dry_run else ()
        if self._single:
            return await self._client.request(
                "POST",
                SINGLE_PATH,
                params=dry_run,
                body=self._lines[piece.indexes[0]],
                headers={"Content-Type": "application/json"},
                events=1,
                retry=piece.retry,
            )
        body = self._lines.among(piece.indexes)
        packed = await self._client.packing.pack(body)
        self._packed = packed is not None
        return await self._client.request(
            "POST",
            BATCH_PATH,
            params=(("detail", "errors"), *dry_run),
            body=body if packed is None else packed,
            headers=_PLAIN if packed is None else _PACKED,
            events=len(piece.indexes),
            retry=piece.retry,
        )

    async def _take(self, piece: _Piece, reply: Reply) -> PulseStreamError | None:
        """Count what an answer says, and queue again what another attempt can turn around."""
        status, indexes = reply.status, piece.indexes
        if status == HTTPStatus.OK:
            return await self._read(piece, reply)
        if status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE and self._packed:
            self._client.packing.refuse()
            self._pieces.append(msgspec.structs.replace(piece, retry=True))
            return None
        lost = status in LOST_STATUSES
        passing = status in PASSING_STATUSES and reply.fits_in_s is None
        if (lost or passing) and await self._backoff.wait(reply.retry_after_s):
            self._pieces.append(_Piece(indexes, retry=True, repeated=piece.repeated or lost))
            return None
        problem = read_problem(reply.body)
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and len(indexes) > 1:
            size = (len(indexes) + 1) // 2
            if problem.events_max is not None and 0 < problem.events_max < len(indexes):
                size = self._client.events_max = min(problem.events_max, self._client.events_max or len(indexes))
            self._cut(piece, size)
            return None
        if (
            status in PASSING_STATUSES
            or status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            or (self._single and problem.processing_status)
        ):
            reason = problem.reason or _REASON_OF.get(problem.code) or _REASON_OF.get(status, "invalid")
            self._refused += refused_alike(indexes, problem, reason)
            return None
        return self._client.refusal(reply)

    async def _read(self, piece: _Piece, reply: Reply) -> PulseStreamError | None:
        try:
            answer = read_single(reply.body) if self._single else read_batch(reply.body, len(piece.indexes))
        except (msgspec.DecodeError, ValueError) as error:
            return self._client.junk(reply.body, error)
        if self._dry_run and not answer.dry_run:
            return RemoteError(
                f"{self._client.url} knows no dry runs and took the events of this request for real: "
                "update the server before the next one"
            )
        await self._count(piece, answer, reply.retry_after_s)
        return None

    async def _count(self, piece: _Piece, answer: Answer, retry_after_s: float | None) -> None:
        self._stored += answer.stored
        self._duplicate += answer.duplicate
        self._scrubbed.update(answer.scrubbed)
        if piece.repeated:
            self._repeated += answer.duplicate
        if answer.stored or answer.duplicate:
            self._backoff.progress()
        refused = [
            Refused(piece.indexes[item.index], item.event_id, item.reason, item.errors) for item in answer.refused
        ]
        passing = [item for item in refused if item.passing]
        if passing and await self._backoff.wait(retry_after_s):
            again = [item.index for item in passing]
            self._pieces.append(_Piece(again, retry=True, repeated=piece.repeated))
            refused = [item for item in refused if not item.passing]
        self._refused += refused


def _lines(events: bytes | Sequence[bytes] | Sequence[Mapping[str, object]]) -> list[bytes]:
    if isinstance(events, bytes):
        return [line for line in events.split(b"\n") if line and not line.isspace()]
    return [
        # A line break in JSON text can only be white space between its parts.
        event.replace(b"\r", b" ").replace(b"\n", b" ") if isinstance(event, bytes) else msgspec.json.encode(event)
        for event in events
    ]


def _requests(lines: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Where each request begins and ends; an event that is larger than a request should be goes alone."""
    start = size = 0
    for index, line in enumerate(lines):
        if index > start and (index - start == BATCH_EVENTS_MAX or size + len(line) > BATCH_BYTES):
            yield start, index
            start, size = index, 0
        size += len(line) + 1
    if lines:
        yield start, len(lines)


def _joined(first: Receipt, second: Receipt, start: int) -> Receipt:
    """Both together, the second's events beginning at index `start`."""
    moved = tuple(msgspec.structs.replace(item, index=item.index + start) for item in second.refused)
    return Receipt(
        first.stored + second.stored,
        first.duplicate + second.duplicate,
        first.rejected + second.rejected,
        first.limited + second.limited,
        first.unsent + second.unsent,
        first.repeated + second.repeated,
        first.refused + moved,
        Counter(first.scrubbed) + Counter(second.scrubbed),
    )
