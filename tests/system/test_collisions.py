"""Ids whose hashes are the same are different events: each is stored, found, deleted and kept by itself."""

from __future__ import annotations

import asyncio
import random
from functools import partial
from unittest import mock

import pytest

from pulsestream.ingest import dedup, index, pipeline, validate
from pulsestream.store.clickhouse import ClickHouseSession
from pulsestream.store.port import KnownIds, PastIds
from system.program import event
from system.resident import Resident
from unit.ingest.lines import TWINS

pytestmark = pytest.mark.slow


def named(event_id, **changes):
    return event(0, event_id=event_id, **changes)


def test_two_ids_of_one_hash_are_two_events(tmp_path):
    """A real pair: nothing in the server is changed."""
    one, twin = TWINS

    async def run():
        async with Resident(tmp_path) as server:
            assert await server.send(named(one)) == ["stored"]
            assert await server.delete(twin) == 404, "what is known is the hash of the other"
            assert await server.send(named(twin)) == ["stored"]
            assert set(await server.found()) == {one, twin}
            for _ in range(2):
                assert await server.send(named(one), named(twin), named(twin)) == ["duplicate"] * 3
                assert await server.send(named(twin, title="x"), named(one, title="x")) == ["conflict"] * 2
                await server.crash()
            assert await server.delete(one) == 200
            assert await server.send(named(one), named(twin)) == ["deleted", "duplicate"]
            assert await server.found() == [twin]
            await server.crash()
            assert await server.send(named(one), named(twin)) == ["deleted", "duplicate"]
            assert (await server.stats())["deleted_events"] == 1

    asyncio.run(run())


def test_two_new_ids_of_one_hash_at_one_time_are_both_stored(tmp_path):
    async def run():
        async with Resident(tmp_path) as server:
            assert await server.send(*map(named, TWINS)) == ["stored"] * 2
            assert await server.send(*map(named, TWINS), tenant=await acme(server)) == ["stored"] * 2
            outcomes = await asyncio.gather(*(server.send(named(one, title="at once")) for one in TWINS * 2))
            assert outcomes == [["conflict"]] * 4
            assert set(await server.found()) == set(TWINS)

    async def acme(server):
        await server.create("acme")
        return "acme"

    asyncio.run(run())


BITS = 15  # a hash of four bits: of some ids most have the hash of another


def weak(name):
    return hash_id(name) & BITS


def weak_known(session):
    for tenant, known in known_ids(session):
        yield tenant, KnownIds(known.id_hashes & BITS, known.content_hashes)


def weak_past(session, past):
    for ids in past_ids(session, past):
        yield PastIds(ids.event_ids, ids.id_hashes & BITS, ids.content_hashes, ids.check_hashes)


hash_id = index.hash_id
known_ids, past_ids = ClickHouseSession.known_ids, ClickHouseSession.past_ids


@pytest.mark.parametrize("seed", range(2))
def test_whatever_collides_every_id_has_its_own_outcome(tmp_path, seed):
    """Against a model that knows ids, over requests of one and of many, deletes, sweeps and crashes."""
    draw = random.Random(seed)
    asyncio.run(_tried(tmp_path, draw))


async def _tried(folder, draw):
    with (
        mock.patch.object(validate, "hash_id", weak),
        mock.patch.object(pipeline, "hash_id", weak),
        mock.patch.object(dedup, "hash_id", weak),
        mock.patch.object(dedup, "Index", partial(index.Index, recent_max=16, step=16)),
        mock.patch.object(ClickHouseSession, "known_ids", weak_known),
        mock.patch.object(ClickHouseSession, "past_ids", weak_past),
    ):
        async with Resident(folder) as server:
            model = {}
            for _ in range(10):
                size = draw.choice((1, 3, 40))
                drawn = [(f"id {draw.randrange(60)}", draw.choice(("a", "a", "b"))) for _ in range(size)]
                sent = [named(name, title=title) for name, title in drawn]
                assert await server.send(*sent) == [_outcome(model, name, title) for name, title in drawn]
                name = f"id {draw.randrange(60)}"
                assert await server.delete(name) == (200 if model.get(name) else 404)
                if name in model:
                    model[name] = None
                if draw.random() < 0.2:
                    await server.crash()
            assert set(await server.found()) == {name for name, title in model.items() if title}
            await server.stats()


def _outcome(model, name, title):
    if name not in model:
        model[name] = title
        return "stored"
    if model[name] is None:
        return "deleted"
    return "duplicate" if model[name] == title else "conflict"


def test_of_ids_that_collide_only_those_that_are_past_are_forgotten(tmp_path):
    one, twin = TWINS
    old, new = "2026-04-01T00:00:00Z", "2026-05-04T00:00:00Z"

    async def run():
        async with Resident(tmp_path) as server:
            assert await server.send(named(one, timestamp=old), named(twin, timestamp=new)) == ["stored"] * 2
            await server.ask("PATCH", "/tenants/default", json={"retention_days": 7})
            await server.sweep()
            assert (await server.stats())["expired_events"] == 1
            assert await server.send(named(twin, timestamp=new), named(one, timestamp=new)) == ["duplicate", "stored"]
            assert set(await server.found()) == {one, twin}

    asyncio.run(run())
