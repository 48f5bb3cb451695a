"""Worlds in a store, a tenant each, and how they are asked."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Iterator, Sequence
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from msgspec import Struct

from differential import worlds
from differential.worlds import Event, World
from pulsestream.query import compile as sql
from pulsestream.query.condition import condition
from pulsestream.query.expression import Expression
from pulsestream.query.model import Query, View
from pulsestream.query.run import Questions
from pulsestream.store.port import Session, Statement
from unit.ingest.lines import line

T = TypeVar("T")

# With `make torture`: other examples every time, and as many as take about so long, all tests together.
TORTURE_SECONDS = int(os.environ.get("TORTURE_SECONDS", "0"))
WORLDS = 60


class Row(Struct, frozen=True):
    """One event as it is stored."""

    tenant: str
    position: int
    event: Event


class Filled:
    """A store with worlds in it. `views` says what a tenant may see; who is not there sees everything."""

    def __init__(self, store: Any, *, share: float) -> None:
        self._store = store
        self._share = share  # of the examples, on this store
        self._position = 0
        self._loop = asyncio.Runner()
        self.session: Session = store.session(threads=1)
        self.views: dict[str, View] = {}
        self.questions = Questions(
            open_session=lambda: store.session(threads=1),
            view=lambda tenant: self.views.get(tenant, View()),
            threads=2,
            mark="differential",
        )
        self.worlds: dict[str, list[Row]] = {}

    def close(self) -> None:
        self.questions.close()
        self.session.close()
        self._loop.close()

    def fill(self, drawn: list[World]) -> list[str]:
        """The names of their tenants. One block, whatever their number."""
        names = []
        block = []
        for world in drawn:
            tenant = f"w{len(self.worlds)}"
            rows = []
            for event in world:
                self._position += 1
                rows.append(Row(tenant, self._position, event))
                block.append(line(self._position, event, tenant=tenant, received_at=worlds.RECEIVED))
            self.worlds[tenant] = rows
            names.append(tenant)
        self.session.insert_events(b"".join(block))
        return names

    def rows(self) -> Iterator[Row]:
        for rows in self.worlds.values():
            yield from rows

    def settings(self, examples: int) -> settings:
        """How often a test on this store draws what it asks."""
        factor = self._share * max(1, TORTURE_SECONDS / 10)
        return settings(
            max_examples=max(5, int(examples * factor)),
            deadline=None,
            derandomize=not TORTURE_SECONDS,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )

    def run(self, asked: Awaitable[T]) -> T:
        async def whole() -> T:
            return await asked

        return self._loop.run(whole())

    def holding(self, conditions: Sequence[Expression]) -> dict[int, tuple[int, ...]]:
        """By position, whether each condition holds of the event: 1 or 0. Of all worlds at once."""
        where = sql.Where(Query(tenant="-", limit=1), View())
        bound = where.bound
        columns = ", ".join(f"({condition(one, bound)})" for one in conditions)
        every = f"SELECT position, {columns} FROM events"  # noqa: S608 - as every statement of `query` is made
        rows = self.session.ask(Statement(every, bound.parameters)).rows
        return {position: tuple(found) for position, *found in rows}
