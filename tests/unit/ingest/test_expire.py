"""The sweeper takes what is past and counted, says once what stops it, and begins again with what is pending."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import timedelta

import pytest

from pulsestream.clock import to_micros
from pulsestream.control.audit import Actor, Audit
from pulsestream.control.database import Database
from pulsestream.control.expirations import Expirations
from pulsestream.control.tenants import OwnLimits, Tenants
from pulsestream.errors import StoreBusy
from pulsestream.ingest.dedup import Dedup
from pulsestream.ingest.expire import Sweeper
from pulsestream.ingest.index import hash_id
from pulsestream.store.connect import connect
from pulsestream.store.port import Outcome
from unit.control.test_tenants import DEFAULTS
from unit.ingest.lines import NOW, StillClock, event, line

pytestmark = pytest.mark.slow

ACTOR = Actor("test", "default")


@pytest.fixture
def store():
    with contextlib.closing(connect("chdb://memory", clock=StillClock(), memory_bytes_max=1 << 30)) as store:
        store.migrate()
        yield store


class NoPurge:
    """Says that a tenant's last request is under way, so many times."""

    def __init__(self, busy=0):
        self.busy = busy
        self.purged = []

    def purge(self, _session, tenant, _loop):
        self.busy -= 1
        if self.busy < 0:
            self.purged.append(tenant)
        return self.busy < 0


class Sweeping:
    """A sweeper of the tenant acme, which keeps two weeks; e1 to e5 are so many weeks old, `counted` of them."""

    def __init__(self, store, folder, *, counted=5, sweep_s=3600.0, refusals=0):
        self.store = store
        self.refusals = refusals
        self.held = 0
        self.purger = NoPurge()
        self.database = Database(folder / "control.sqlite")
        self.tenants = Tenants(
            self.database,
            Audit(self.database, StillClock()),
            StillClock(),
            defaults=DEFAULTS,
            changed=lambda _: None,
        )
        self.tenants.create(ACTOR, "acme", OwnLimits(retention_days=14))
        self.dedup = Dedup()
        self.expirations = Expirations(self.database)
        with contextlib.closing(store.session(threads=1)) as session:
            for weeks in range(1, 6):
                at = NOW - timedelta(weeks=weeks, hours=1)
                session.insert_events(line(weeks, event(f"e{weeks}", timestamp=at.isoformat())))
            session.insert_outcomes([Outcome("acme", 0, "stored", "", counted, counted)])
            for tenant, known in session.known_ids():
                self.dedup.load(tenant, known.id_hashes, known.content_hashes)
            self.dedup.loaded()
        self.sweeper = Sweeper(
            open_session=self._session,
            hold=self._hold,
            tenants=self.tenants,
            dedup=self.dedup,
            expirations=self.expirations,
            purger=self.purger,
            clock=StillClock(),
            sweep_s=sweep_s,
        )

    def _session(self):
        if self.refusals:
            self.refusals -= 1
            raise StoreBusy("connection refused")
        return self.store.session(threads=1)

    @contextlib.contextmanager
    def _hold(self):
        self.held += 1
        yield

    def knows(self, name):
        return self.dedup.print_of("acme", name, hash_id(name)) is not None

    def present(self):
        with contextlib.closing(self.store.session(threads=1)) as session:
            return list(session.present(1, 9))

    async def until(self, condition):
        for _ in range(6_000):
            if condition():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(condition)

    async def __aenter__(self):
        self.sweeper.start()
        return self

    async def __aexit__(self, *_):
        await asyncio.to_thread(self.sweeper.close)
        self.database.close()


def test_what_is_past_is_removed_when_the_sweeper_wakes(store, tmp_path):
    async def run():
        async with Sweeping(store, tmp_path) as sweeping:
            sweeping.sweeper.wake()
            assert sweeping.knows("e2")
            await sweeping.until(lambda: sweeping.expirations.of("acme").removed)
            assert sweeping.present() == [1]
            assert sweeping.expirations.of("acme").removed == 4
            assert sweeping.held == 2, "until the block under way is done with, and while whole weeks are dropped"
            await sweeping.until(lambda: not sweeping.knows("e2"))
            assert sweeping.knows("e1")

    asyncio.run(run())


def test_it_wakes_by_itself(store, tmp_path):
    async def run():
        async with Sweeping(store, tmp_path, sweep_s=0.01) as sweeping:
            await sweeping.until(lambda: sweeping.expirations.of("acme").removed)

    asyncio.run(run())


def test_what_is_not_counted_yet_is_left_for_the_next_time(store, tmp_path):
    """A start may bring it again from the journal."""

    async def run():
        async with Sweeping(store, tmp_path, counted=3) as sweeping:
            await asyncio.to_thread(sweeping.sweeper.sweep)
            assert sweeping.present() == [1, 4, 5]
            assert sweeping.expirations.of("acme").removed == 2

    asyncio.run(run())


def test_a_delete_under_way_is_waited_for_and_counts_as_a_delete(store, tmp_path):
    async def run():
        async with Sweeping(store, tmp_path) as sweeping:
            group = asyncio.get_running_loop().create_future()
            sweeping.dedup.opened("acme", [hash_id("e3")], group)
            sweep = asyncio.create_task(asyncio.to_thread(sweeping.sweeper.sweep))
            await sweeping.until(lambda: sweeping.held)
            assert sweeping.expirations.pending() == []
            sweeping.dedup.settled_delete("acme", "e3", hash_id("e3"), kept=True)
            group.set_result(6)
            await sweep
            assert sweeping.present() == [1]
            assert sweeping.expirations.of("acme").removed == 3

    asyncio.run(run())


def test_an_engine_that_is_down_is_named_once_and_asked_again(store, tmp_path, caplog):
    async def run():
        async with Sweeping(store, tmp_path, sweep_s=0.01, refusals=3) as sweeping:
            await sweeping.until(lambda: sweeping.expirations.of("acme").removed)

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    [said] = caplog.messages
    assert "connection refused" in said


def test_a_defect_ends_no_thread(store, tmp_path, caplog):
    async def run():
        async with Sweeping(store, tmp_path, sweep_s=0.01) as sweeping:
            sweeping.tenants.all, whole = (lambda: 1 / 0), sweeping.tenants.all
            await sweeping.until(lambda: caplog.messages)
            sweeping.tenants.all = whole
            await sweeping.until(lambda: sweeping.expirations.of("acme").removed)

    asyncio.run(run())
    assert "division by zero" in caplog.text


def test_who_keeps_everything_loses_nothing(store, tmp_path):
    async def run():
        async with Sweeping(store, tmp_path) as sweeping:
            for days in (0, 36_500):
                sweeping.tenants.update(ACTOR, "acme", OwnLimits(retention_days=days))
                await asyncio.to_thread(sweeping.sweeper.sweep)
            assert sweeping.present() == [1, 2, 3, 4, 5]

    asyncio.run(run())


def test_a_tenant_is_swept_once_for_each_hour_that_is_past(store, tmp_path):
    async def run():
        async with Sweeping(store, tmp_path) as sweeping:
            await asyncio.to_thread(sweeping.sweeper.sweep)
            old = NOW - timedelta(weeks=3)
            with contextlib.closing(store.session(threads=1)) as session:
                session.insert_events(line(6, event("late", timestamp=old.isoformat())))
                session.insert_outcomes([Outcome("acme", 0, "stored", "", 1, 6)])
            await asyncio.to_thread(sweeping.sweeper.sweep)
            assert sweeping.present() == [1, 6]
            sweeping.tenants.update(ACTOR, "acme", OwnLimits(retention_days=15))
            await asyncio.to_thread(sweeping.sweeper.sweep)
            assert sweeping.present() == [1]
            assert sweeping.expirations.of("acme").removed == 5

    asyncio.run(run())


def test_a_deleted_tenant_is_tried_until_it_is_gone_also_one_of_before_the_start(store, tmp_path, monkeypatch):
    monkeypatch.setattr("pulsestream.ingest.expire._BUSY_S", 0.01)

    async def run():
        sweeping = Sweeping(store, tmp_path)
        sweeping.purger.busy = 2
        sweeping.tenants.begin_delete(ACTOR, "acme")
        async with sweeping:
            await sweeping.until(lambda: sweeping.purger.purged == ["acme"])
            assert sweeping.present() == [1, 2, 3, 4, 5], "that is the purger's"

    asyncio.run(run())


def test_the_hour_is_that_of_the_cutoff(store, tmp_path):
    async def run():
        async with Sweeping(store, tmp_path) as sweeping:
            begun = []
            begin = sweeping.expirations.begin
            sweeping.expirations.begin = lambda expirations: (begun.extend(expirations), begin(expirations))
            await asyncio.to_thread(sweeping.sweeper.sweep)
            [one] = begun
            assert one.before_us == to_micros(NOW - timedelta(days=14))
            assert (one.position, one.events) == (5, 4)

    asyncio.run(run())
