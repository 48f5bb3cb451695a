"""The law of conservation, and what may be found, whatever is sent, deleted, swept, and cut short, in any order."""

from __future__ import annotations

import asyncio
import os
import tempfile
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pulsestream.errors import StoreBusy
from pulsestream.ingest import erase
from system.program import event
from system.resident import Resident

TENANTS = ("default", "acme")
BEGUN = ("past_weeks", "drop_weeks", "delete_past", "end")  # a removal is written down when one of these is called
_tenants = st.sampled_from(TENANTS)
_ids = st.integers(0, 7)

_steps = st.lists(
    st.one_of(
        st.tuples(st.just("send"), _tenants, st.lists(st.tuples(_ids, st.integers(0, 40)), min_size=1, max_size=6)),
        st.tuples(st.just("delete"), _tenants, _ids),
        st.tuples(st.just("retain"), _tenants, st.sampled_from([0, 3, 10, 30])),
        st.tuples(st.just("pass_"), st.integers(1, 300)),
        st.tuples(
            st.just("sweep"), st.sampled_from(["", "past_ids", "begin", *BEGUN]), st.sampled_from(["before", "after"])
        ),
        st.tuples(st.just("crash")),
        st.tuples(st.just("remove")),
    ),
    min_size=3,
    max_size=14,
)


class Kept:
    """What must be there of one tenant."""

    def __init__(self):
        self.retention = None
        self.known = {}  # id -> its time
        self.going = set()  # ids of events that are being removed
        self.deleted = set()
        self.swept = None

    def outcome(self, name, at, now):
        if self.retention is not None and at < now - self.retention:
            return "too_old"
        if name in self.deleted:
            return "deleted"
        if name in self.known:
            return "duplicate" if self.known[name] == at else "conflict"
        self.known[name] = at
        return "stored"

    def delete(self, name):
        if name in self.deleted or name in self.going or name not in self.known:
            return 404
        del self.known[name]
        self.deleted.add(name)
        return 200

    def begin(self, now):
        """Once an hour: what was let in since, while the retention was longer, waits for the next one."""
        if self.retention is not None:
            before = (now - self.retention).replace(minute=0, second=0, microsecond=0)
            if before != self.swept:
                self.going |= {name for name, at in self.known.items() if at < before}
                self.swept = before

    def finish(self):
        self.known = {name: at for name, at in self.known.items() if name not in self.going}
        self.going = set()

    def visible(self, now):
        oldest = None if self.retention is None else now - self.retention
        return {
            name
            for name, at in self.known.items()
            if name not in self.going and (oldest is None or at >= oldest)
        }  # fmt: skip


class Trial:
    def __init__(self, server):
        self.server = server
        self.model = {tenant: Kept() for tenant in TENANTS}

    async def send(self, tenant, drawn):
        now = self.server.clock.now()
        sent = [(f"evt_{number}", now - timedelta(days=days, microseconds=1)) for number, days in drawn]
        expected = [self.model[tenant].outcome(name, at, now) for name, at in sent]
        events = [event(number, timestamp=at.isoformat()) for (number, _), (_, at) in zip(drawn, sent, strict=True)]
        assert await self.server.send(*events, tenant=tenant) == expected

    async def delete(self, tenant, number):
        assert await self.server.delete(f"evt_{number}", tenant) == self.model[tenant].delete(f"evt_{number}")

    async def retain(self, tenant, days):
        answer = await self.server.ask("PATCH", f"/tenants/{tenant}", json={"retention_days": days})
        assert answer.status_code == 200
        self.model[tenant].retention = timedelta(days=days) if days else None

    async def pass_(self, hours):
        self.server.pass_(hours=hours, minutes=7)

    async def sweep(self, call, when):
        pending = bool(self.server.server.expirations.pending())
        self.server.faults.next = (call, when)
        try:
            await self.server.sweep()
        except StoreBusy:
            if pending and call in BEGUN:
                return  # nothing new was begun
            for kept in self.model.values():
                kept.finish()
                if call in BEGUN or (call, when) == ("begin", "after"):
                    kept.begin(self.server.clock.now())
                if call == "begin":
                    kept.swept = None
        else:
            self.swept_all()
        finally:
            self.server.faults.next = ("", "")

    def swept_all(self):
        for kept in self.model.values():
            kept.finish()
            kept.begin(self.server.clock.now())
            kept.finish()

    async def crash(self):
        await self.server.crash()
        for kept in self.model.values():
            kept.finish()
            kept.swept = None

    async def remove(self):
        """The tenant acme, and there is a new one of that name. It wakes the sweeper."""
        await self.server.ask("DELETE", "/tenants/acme")

        async def gone():
            return await self.server.tenants() == ["default"]

        await self.server.until(gone)
        await self.server.create("acme")
        self.swept_all()
        self.model["acme"] = Kept()

    async def check(self):
        for tenant, kept in self.model.items():
            assert set(await self.server.found(tenant)) == kept.visible(self.server.clock.now())
            stats = await self.server.stats(tenant)
            assert stats["total_events"] == len(kept.visible(self.server.clock.now()))
            assert stats["deleted_events"] == len(kept.deleted)


async def tried(folder, steps):
    async with Resident(folder) as server:
        await server.create("acme")
        trial = Trial(server)
        for what, *detail in steps:
            await getattr(trial, what)(*detail)
            await trial.check()
        await trial.sweep("", "")
        await trial.crash()
        await trial.check()
        for tenant, kept in trial.model.items():
            # Deleted ones leave the engine in their own time.
            assert 0 <= server.rows(tenant) - len(kept.known) <= len(kept.deleted)


EXAMPLES = int(os.environ.get("TORTURE_SECONDS", "8"))  # each takes some seconds


@pytest.mark.slow
@given(steps=_steps)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_stored_is_there_or_accounted_for_whatever_happens(steps):
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(erase, "_COLLECT_S", 0.01):
        asyncio.run(tried(Path(folder), steps))
