"""Worlds in a store, a tenant each, and how they are asked."""

from __future__ import annotations

import asyncio
import itertools
import math
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

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
WORLDS = 50
_TRIALS_MAX = 60
_SHRINKING_S = 20


class Row(Struct, frozen=True):
    """One event as it is stored."""

    tenant: str
    position: int
    event: Event


Check = Callable[..., None]  # of (filled, tenant, **drawn): raises AssertionError


class _Disagreement(Exception):
    """(tenant, what was drawn)"""


class Filled:
    """A store with worlds in it. `views` says what a tenant may see; who is not there sees everything."""

    def __init__(self, store: Any, *, share: float) -> None:
        self._store = store
        self._share = share  # of the examples, on this store
        self.position = 0
        self._numbers = itertools.count()
        self._loop = asyncio.Runner()
        self.session: Session = store.session(threads=1)
        self.views: dict[str, View] = {}
        self.questions = Questions(
            open_session=lambda: store.session(threads=1),
            view=lambda tenant: self.views.get(tenant, View()),
            threads=2,
            mark="differential",
            present=lambda tenant: len(self.worlds.get(tenant, ())),
            fed=lambda: self.position,
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
            tenant = f"w{next(self._numbers)}"
            rows = []
            for event in world:
                self.position += 1
                rows.append(Row(tenant, self.position, event))
                block.append(line(self.position, event, tenant=tenant, received_at=worlds.RECEIVED))
            self.worlds[tenant] = rows
            names.append(tenant)
        self.session.insert_events(b"".join(block))
        return names

    def arrive(self, tenant: str, events: Sequence[Event]) -> None:
        """Some more, which are in no world."""
        block = []
        for event in events:
            self.position += 1
            whole = {"event_id": f"late{self.position}"} | event
            block.append(line(self.position, whole, tenant=tenant, received_at=worlds.RECEIVED))
        self.session.insert_events(b"".join(block))

    def seen(self, tenant: str, view: View) -> View:
        """What the tenant sees from now on. A drawn view counts positions from the world's first event on."""
        if view.expiring is not None:
            first = min((row.position for row in self.worlds[tenant]), default=1)
            view = replace(view, expiring=(view.expiring[0], max(first + view.expiring[1], 0)))
        self.views[tenant] = view
        return view

    def rows(self) -> Iterator[Row]:
        for rows in self.worlds.values():
            yield from rows

    def agrees(self, examples: int, check: Check, asked: Callable[[World], dict[str, st.SearchStrategy[Any]]]) -> None:
        """Draw a tenant and what to ask of its world, and `check`. Where that fails, say of which least world."""
        questions = {
            tenant: st.fixed_dictionaries(asked(tuple(row.event for row in rows)))
            for tenant, rows in self.worlds.items()
        }

        failed: set[str] = set()
        until = math.inf

        @self.settings(examples)
        @given(drawn=st.sampled_from(list(questions)).flatmap(lambda one: st.tuples(st.just(one), questions[one])))
        def agree(drawn: tuple[str, dict[str, Any]]) -> None:
            nonlocal until
            tenant, question = drawn
            if time.monotonic() > until and repr(drawn) not in failed:
                return  # enough of looking for a smaller question
            try:
                check(self, tenant, **question)
            except AssertionError as error:
                until = min(until, time.monotonic() + _SHRINKING_S)
                failed.add(repr(drawn))
                raise _Disagreement(tenant, question) from error

        try:
            agree()
        except _Disagreement as found:
            tenant, question = found.args
        else:
            return
        least = self._least(tuple(row.event for row in self.worlds[tenant]), lambda name: check(self, name, **question))
        why = self._why(least, lambda name: check(self, name, **question))
        said = "\n".join(f"{name} = {value!r}" for name, value in question.items())
        raise AssertionError("\n".join((why, said, "of", *map(repr, least))))

    def _least(self, world: World, check: Callable[[str], None]) -> World:
        """Leaves out events, then what is in them, as long as the check fails."""
        for smaller in itertools.islice(_smaller(world), _TRIALS_MAX):
            if self._why(smaller, check):
                return self._least(smaller, check)
        return world

    def _why(self, world: World, check: Callable[[str], None]) -> str:
        """What the check says of it; nothing where it holds, or this is no world."""
        try:
            [name] = self.fill([world])
        except AttributeError:  # the event was refused
            return ""
        try:
            check(name)
        except AssertionError as error:
            return str(error) or "differs"
        finally:
            del self.worlds[name]
        return ""

    def settings(self, examples: int) -> settings:
        """How often a test on this store draws what it asks."""
        factor = self._share * max(1, TORTURE_SECONDS / 20)
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


def _smaller(world: World) -> Iterator[World]:
    """Half of the events, all but one; each event without a part."""
    middle = len(world) // 2
    if len(world) > 1:
        yield world[:middle]
        yield world[middle:]
    for number, event in enumerate(world):
        before, after = world[:number], world[number + 1 :]
        yield (*before, *after)
        for less in _less(event):
            if less.keys() >= {"event_id", "timestamp"}:  # which the oracle needs
                yield (*before, less, *after)


def _less(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {name: one for name, one in value.items() if name != key}
            for less in _less(inner):
                yield value | {key: less}
    elif isinstance(value, list) and value:
        yield value[1:]
        yield from ([less, *value[1:]] for less in _less(value[0]))
