"""What a server's answer says about each event that was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from pulsestream.client.retry import PASSING_REASONS

if TYPE_CHECKING:
    from collections.abc import Sequence


class BrokenRule(Struct, frozen=True):
    """One reason in detail: the field's path, the rule, the value as the server saw it (cut), what to do."""

    field: str = "$"
    rule: str = ""
    value: str = ""
    help: str = ""


class Refused(Struct, frozen=True):
    """One event that is not in. `index` is its place among the events that were given to `send`."""

    index: int
    event_id: str | None
    reason: str
    errors: tuple[BrokenRule, ...] = ()

    @property
    def passing(self) -> bool:
        """Whether the server would have taken the event at a quieter time."""
        return self.reason in PASSING_REASONS


class Receipt(Struct, frozen=True):
    """What became of the events of one delivery: `sent = stored + duplicate + rejected + limited`.

    `duplicate`: the server has the event already; it is in. `repeated` of them were sent again because the
    first answer got lost, so they may be this delivery's own. `limited`: refused for now (overloaded, rate
    limited) until the retry budget ran out. `unsent`: no answer about them, so they may or may not be in;
    sending them again is safe. `refused` lists the rejected and the limited, by index. `scrubbed`: how many
    events had a path (`payload.card`) that the server's rules about personal data change.
    """

    stored: int = 0
    duplicate: int = 0
    rejected: int = 0
    limited: int = 0
    unsent: int = 0
    repeated: int = 0
    refused: tuple[Refused, ...] = ()
    scrubbed: Mapping[str, int] = {}

    @property
    def sent(self) -> int:
        return self.stored + self.duplicate + self.rejected + self.limited


class Answer(Struct, frozen=True):
    """One request's answer about its events; `refused` has indexes into that request.

    `scrubbed`: the paths that were changed, once for each event that was stored. `dry_run`: the server kept
    nothing, as it was asked.
    """

    stored: int
    duplicate: int
    refused: tuple[Refused, ...] = ()
    scrubbed: tuple[str, ...] = ()
    dry_run: bool = False


class Problem(Struct, frozen=True):
    """An application/problem+json body (RFC 9457), as far as we speak it."""

    title: str = ""
    detail: str = ""
    code: str = ""
    processing_status: str = ""
    reason: str = ""
    event_id: str | None = None
    errors: tuple[BrokenRule, ...] = ()
    retry_after_s: float | None = None
    events_max: int | None = None
    position: int = 0
    length: int = 0
    suggestion: str = ""


class _Item(Struct, frozen=True):
    index: int
    status: str
    event_id: str | None = None
    reason: str | None = None
    errors: tuple[BrokenRule, ...] = ()
    scrubbed: tuple[str, ...] = ()


class _Batch(Struct, frozen=True):
    total_events: int
    stored: int
    duplicate: int
    results: tuple[_Item, ...]
    dry_run: bool = False


class _Single(Struct, frozen=True):
    processing_status: str
    scrubbed: tuple[str, ...] = ()
    dry_run: bool = False


_batch = msgspec.json.Decoder(_Batch)
_single = msgspec.json.Decoder(_Single)
_problem = msgspec.json.Decoder(Problem)


def read_batch(body: bytes, count: int) -> Answer:
    """The answer to a batch of `count` events. Raises ValueError when one is unaccounted for."""
    answer = _batch.decode(body)
    refused = tuple(
        Refused(item.index, item.event_id, item.reason or item.status, item.errors)
        for item in answer.results
        if item.status not in ("stored", "duplicate")
    )
    indexes = {item.index for item in refused}
    if (
        answer.stored + answer.duplicate + len(refused) != count
        or len(indexes) != len(refused)
        or not indexes <= set(range(count))
    ):
        raise ValueError(
            f"it accounts for {answer.stored} stored, {answer.duplicate} duplicate "
            f"and {len(indexes)} refused events of {count}"
        )
    scrubbed = tuple(path for item in answer.results if item.status == "stored" for path in item.scrubbed)
    return Answer(answer.stored, answer.duplicate, refused, scrubbed, answer.dry_run)


def read_single(body: bytes) -> Answer:
    """The 200 answer to one event. Raises ValueError when it is something else."""
    answer = _single.decode(body)
    status = answer.processing_status
    if status == "stored":
        return Answer(1, 0, scrubbed=answer.scrubbed, dry_run=answer.dry_run)
    if status == "duplicate":
        return Answer(0, 1, dry_run=answer.dry_run)
    raise ValueError(f"its processing_status is {status[:40]!r}")


def read_problem(body: bytes) -> Problem:
    """The problem in an error's body; an empty one when it is something else (a proxy's page)."""
    try:
        return _problem.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Problem()


def refused_alike(indexes: Sequence[int], problem: Problem, reason: str) -> tuple[Refused, ...]:
    """Every event of a request that was refused as a whole."""
    errors = problem.errors or (
        (BrokenRule(rule=problem.detail or problem.title),) if problem.detail or problem.title else ()
    )
    return tuple(Refused(index, problem.event_id, reason, errors) for index in indexes)
