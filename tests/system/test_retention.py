"""What is past a tenant's retention is removed and accounted for; a deleted tenant leaves nothing behind."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from pulsestream.errors import StoreBusy
from system.program import KEY, Program, event, obeys_conservation
from system.resident import Resident
from unit.ingest.lines import NOW

pytestmark = pytest.mark.slow

REMOVALS = ["past_weeks", "drop_weeks", "delete_past", "end"]
DAY = timedelta(days=1)


def aged(name, days, **changes):
    """An event that was so old when the test began."""
    return event(name, timestamp=(NOW - days * DAY).isoformat(), **changes)


def run(test):
    asyncio.run(test)


def test_what_is_past_the_retention_leaves_the_answers_at_once_and_the_engine_with_the_next_sweep(tmp_path):
    async def test():
        async with Resident(tmp_path, retention_days=10) as server:
            assert await server.send(aged("a", 9), aged("b", 1), aged("old", 11)) == ["stored", "stored", "too_old"]
            server.pass_(days=2)
            for rows in (2, 1):
                assert await server.found() == ["evt_b"]
                stats = await server.stats()
                assert (stats["total_events"], stats["expired_events"], server.rows()) == (1, 1, rows)
                await server.sweep()

    run(test())


def test_the_sweep_goes_by_full_hours_and_the_answers_by_the_moment(tmp_path):
    async def test():
        async with Resident(tmp_path, retention_days=1) as server:
            await server.send(event("a", timestamp=(NOW + timedelta(minutes=4)).isoformat()))
            server.pass_(days=1, minutes=30)
            await server.sweep()
            assert (await server.found(), server.rows()) == ([], 1)
            assert (await server.stats())["expired_events"] == 1
            server.pass_(minutes=30)
            await server.sweep()
            assert (await server.found(), server.rows()) == ([], 0)
            assert (await server.stats())["expired_events"] == 1

    run(test())


def test_the_id_of_a_removed_event_is_new_again_and_that_of_a_deleted_one_is_not(tmp_path):
    async def test():
        async with Resident(tmp_path, retention_days=10) as server:
            await server.send(aged("a", 9), aged("b", 9), aged("c", 9))
            assert await server.delete("evt_b") == 200
            server.pass_(days=2)
            again = [aged(name, 0) for name in "abc"]
            assert await server.send(again[0]) == ["conflict"], "known as long as it is in the engine"
            assert await server.delete("evt_c") == 200, "nobody sees it, and it is deleted all the same"
            await server.sweep()
            assert await server.send(*again) == ["stored", "deleted", "deleted"]
            assert await server.send(*again) == ["duplicate", "deleted", "deleted"]
            assert await server.found() == ["evt_a"]
            stats = await server.stats()
            assert (stats["deleted_events"], stats["expired_events"]) == (2, 1)
            await server.crash()
            assert await server.send(*again) == ["duplicate", "deleted", "deleted"]
            await server.stats()

    run(test())


def test_each_tenant_has_its_own_retention_and_a_raised_one_brings_nothing_back(tmp_path):
    async def test():
        async with Resident(tmp_path) as server:
            await server.create("acme", retention_days=5)
            await server.create("zeta", retention_days=30)
            for tenant in ("default", "acme", "zeta"):
                await server.send(*(aged(days, days) for days in (1, 3, 4)), tenant=tenant)
            server.pass_(days=2, hours=1)
            await server.sweep()
            assert await server.found("acme") == ["evt_1"]
            await server.ask("PATCH", "/tenants/acme", json={"retention_days": 100})
            assert await server.found("acme") == ["evt_1"]
            assert await server.send(aged(3, 3), tenant="acme") == ["stored"]
            await server.ask("PATCH", "/tenants/acme", json={"retention_days": 2})
            await server.sweep()
            assert await server.found("acme") == []
            assert (await server.stats("acme"))["expired_events"] == 4
            for tenant in ("default", "zeta"):
                assert await server.found(tenant) == ["evt_1", "evt_3", "evt_4"]
                assert (await server.stats(tenant))["expired_events"] == 0

    run(test())


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", ["last_positions", "past_ids", "begin", *REMOVALS])
def test_a_sweep_cut_short_anywhere_is_carried_out_again_and_counted_once(tmp_path, call, when):
    """Weeks ago for a whole partition, and a part of one; then a process that ends there, or goes on."""

    async def test(*, crash):
        async with Resident(tmp_path / str(crash), retention_days=30) as server:
            sent = [aged("a", 29), aged("b", 20), aged("c", 8), aged("d", 1)]
            await server.send(*sent)
            assert await server.delete("evt_b") == 200
            server.pass_(days=23)
            server.faults.next = (call, when)
            with pytest.raises(StoreBusy):
                await server.sweep()
            if crash:
                await server.crash()
            begun = call in REMOVALS or (call, when) == ("begin", "after")
            assert (await server.stats())["expired_events"] == 2
            assert await server.found() == ["evt_d"]
            if begun:
                assert await server.delete("evt_a") == 404, "it is counted as expired"
            await server.ask("PATCH", "/tenants/default", json={"retention_days": 300})
            stats = await server.stats()
            assert stats["expired_events"] == (2 if begun else 0), "what has begun is past help"
            assert await server.found() == (["evt_d"] if begun else ["evt_d", "evt_c", "evt_a"])
            await server.ask("PATCH", "/tenants/default", json={"retention_days": 30})
            await server.sweep()
            await server.sweep()
            assert (await server.stats())["expired_events"] == 2
            assert server.rows() == 1
            await server.ask("PATCH", "/tenants/default", json={"retention_days": 300})
            assert await server.send(*sent) == ["stored", "deleted", "stored", "duplicate"]
            assert sorted(await server.found()) == ["evt_a", "evt_c", "evt_d"]
            await server.stats()

    run(test(crash=False))
    run(test(crash=True))


def test_a_journal_that_still_holds_what_was_removed_brings_nothing_back(tmp_path):
    async def test():
        async with Resident(tmp_path, retention_days=10) as server:
            await server.send(aged("a", 9), aged("b", 1))
            server.pass_(days=2)
            await server.sweep()
            for _ in range(2):
                await server.crash()
                assert server.rows() == 1
                assert (await server.stats())["expired_events"] == 1
            await server.sweep()
            assert (await server.stats())["expired_events"] == 1

    run(test())


def test_an_event_that_was_set_aside_is_accounted_for_also_when_it_is_deleted(tmp_path):
    async def test():
        async with Resident(tmp_path) as server:
            await server.create("acme")
            for tenant in ("default", "acme"):
                await server.send(aged("a", 1), aged("b", 1, title="poison"), tenant=tenant)
                assert await server.found(tenant) == ["evt_a"]
                assert (await server.stats(tenant))["quarantined_events"] == 1
            assert await server.delete("evt_b") == 200
            for _ in range(2):
                stats = await server.stats()
                assert (stats["quarantined_events"], stats["deleted_events"]) == (0, 1)
                assert (await server.stats("acme"))["quarantined_events"] == 1
                await server.crash()
            await server.ask("DELETE", "/tenants/acme")
            await server.sweep()
            await server.create("acme")
            assert (await server.stats("acme"))["quarantined_events"] == 0
            assert await server.send(aged("b", 1), tenant="acme") == ["stored"]

    run(test())


def test_a_deleted_tenant_leaves_nothing_behind(tmp_path):
    """Also where the last position of all was its own, and the journal still holds what it sent."""

    async def test():
        async with Resident(tmp_path) as server:
            await server.send(aged("a", 1))
            await server.create("acme", retention_days=10)
            await server.send(aged("a", 9), aged("b", 1), aged("c", 1), tenant="acme")
            assert await server.delete("evt_b", "acme") == 200
            server.pass_(days=2)
            await server.sweep()
            before = await server.stats()
            last = server.server.journal.state.next_position
            assert (await server.ask("DELETE", "/tenants/acme")).status_code == 202
            assert (await server.ask("GET", "/ingestion/stats", tenant="acme")).status_code == 401
            await server.sweep()
            assert (await server.ask("PATCH", "/tenants/acme", json={})).status_code == 404
            await server.crash()
            assert server.server.journal.state.next_position >= last, "no position is given twice"
            assert server.rows("acme") == 0
            assert await server.stats() == before

            await server.create("acme")
            stats = await server.stats("acme")
            assert (stats["received"], stats["deleted_events"], stats["expired_events"]) == (0, 0, 0)
            assert await server.send(*(aged(name, 1) for name in "abc"), tenant="acme") == ["stored"] * 3
            assert sorted(await server.found("acme")) == ["evt_a", "evt_b", "evt_c"]
            assert await server.found() == ["evt_a"]

    run(test())


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_tenant_whose_removal_was_cut_short_is_removed_after_a_restart(tmp_path, when):
    async def test():
        async with Resident(tmp_path) as server:
            await server.create("acme")
            await server.send(aged("a", 9), tenant="acme")
            server.faults.next = ("delete_tenant", when)
            await server.ask("DELETE", "/tenants/acme")
            await server.until(server.faults.used)  # the sweeper was woken
            assert await server.tenants() == ["acme†", "default"]
            assert (await server.ask("POST", "/tenants", json={"name": "acme"})).status_code == 409
            await server.crash()

            async def removed():
                return await server.tenants() == ["default"]

            await server.until(removed)
            assert server.rows("acme") == 0

    run(test())


def test_a_tenant_stays_until_its_last_request_is_answered(tmp_path):
    async def test():
        async with Resident(tmp_path) as server:
            await server.create("acme")
            await server.send(aged("a", 9), tenant="acme")
            server.server.under_way["acme"] += 1
            server.server.tenants.begin_delete(server.server.keys.authenticate(KEY).actor, "acme")
            await server.sweep()
            assert server.rows("acme") == 1
            del server.server.under_way["acme"]
            await server.sweep()
            assert server.rows("acme") == 0

    run(test())


def test_a_killed_server_keeps_the_account_of_what_is_past(tmp_path):
    """The real program and the real clock: what is past is counted, and refused, also after kill -9."""
    with Program(tmp_path) as program:
        program.send([event(number) for number in range(5)])
        program.kill()
    with Program(tmp_path, retention_days=1) as program:
        for _ in range(2):
            stats = program.stats()
            assert (stats["total_events"], stats["expired_events"]) == (0, 5)
            assert obeys_conservation(stats)
            assert program.all_events() == []
            assert program.send_one(event("late")).json["reason"] == "too_old"
            program.kill()
            program.start()
