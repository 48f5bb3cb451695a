"""What an answer rests on is asked once by all who ask at one time, and beside the question where that can be."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from pulsestream.query import run
from pulsestream.query.model import Query, View
from pulsestream.query.run import Basis, Questions
from unit.ingest.lines import NOW, event, line

DAY = timedelta(days=1)


class Asked(Questions):
    """Remembers what it was asked."""

    def __init__(self, store, **more):
        self.fed = 3
        self.hidden = []
        self.statements = []
        super().__init__(
            open_session=lambda: store.session(threads=1),
            view=lambda _: View(hidden=self.hidden),
            threads=2,
            mark="t",
            fed=lambda: self.fed,
            **more,
        )

    async def ask(self, tenant, statement):
        self.statements.append(statement.sql)
        return await super().ask(tenant, statement)

    def basis_of(self, **parts):
        return self.basis(Query(**{"tenant": "acme", "limit": 5, "start": NOW - DAY, "end": NOW + DAY} | parts))


@pytest.fixture
def filled(session, store):
    def opened(**more):
        session.insert_events(b"".join(line(n, event(f"e{n}"), tenant="acme") for n in (1, 2, 3)))
        return Asked(store, **more)

    return opened


def answered(*asked):
    async def whole():
        return await asyncio.gather(*(one() for one in asked))

    return asyncio.run(whole())


def test_several_who_ask_about_one_range_at_one_time_ask_once(filled):
    questions = filled()
    found = answered(
        questions.basis_of,
        lambda: questions.basis_of(measures=("p50_ms",), limit=7),
        lambda: questions.basis_of(end=NOW + DAY / 2),
        lambda: questions.basis_of(tenant="zeta"),
    )
    assert [one.events for one in found] == [3, 3, 3, 0]
    assert len(questions.statements) == 3
    answered(questions.basis_of)
    assert len(questions.statements) == 4, "nothing is kept"
    questions.close()


@pytest.mark.parametrize("what", ["fed", "hidden"])
def test_who_may_find_more_or_less_asks_for_itself(filled, what):
    questions = filled()

    async def later():
        await asyncio.sleep(0)
        if what == "fed":
            questions.fed = 4
        else:
            questions.hidden = ["e1"]
        return await questions.basis_of()

    found = answered(questions.basis_of, later)
    assert len(questions.statements) == 2
    assert [one.events for one in found] == [3, 3 if what == "fed" else 2]
    questions.close()


@pytest.mark.parametrize(("present", "estimated"), [(2, False), (3, True), (None, True)])
def test_what_is_few_anyway_is_exact_without_asking(filled, monkeypatch, present, estimated):
    monkeypatch.setattr(run, "EXACT_EVENTS_MAX", 2)
    questions = filled(present=None if present is None else lambda _: present)
    told = []

    async def ask(estimate):
        told.append((estimate, len(questions.statements)))
        return "found"

    query = Query(tenant="acme", limit=5, start=NOW - DAY, end=NOW + DAY, measures=("p50_ms",))
    [(basis, found)] = answered(lambda: questions.upon(query, ask))
    assert found == "found"
    assert told == [(estimated, int(estimated))], "asked for beside it where it may be, else before it"
    assert basis == (Basis(3, {"p50_ms": basis.estimated["p50_ms"]}) if estimated else Basis(3, {}))
    questions.close()
