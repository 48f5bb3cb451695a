"""A server in the test's own process: its clock is moved by the test, and its engine fails when it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import time
import warnings
from datetime import timedelta
from unittest import mock

import httpx
from litestar.exceptions import LitestarDeprecationWarning

from pulsestream import wiring
from pulsestream.api.app import build
from pulsestream.config import Settings
from pulsestream.errors import StoreBusy, StoreRefused
from pulsestream.wiring import Server
from system.program import KEY
from unit.ingest.lines import NOW

POISON = b'"title":"poison"'  # in an event that the engine refuses


class MovingClock:
    def __init__(self):
        self.time = NOW

    def now(self):
        return self.time

    def monotonic(self):
        return time.monotonic()


class Faults:
    """What fails next, once: the name of a call, and whether before or after it was carried out."""

    def __init__(self):
        self.next = ("", "")

    async def used(self):
        return self.next == ("", "")

    def on(self, call, name):
        """The call, failing if it is its turn."""

        def faulty(*arguments):
            if self.next == (name, "before"):
                self.next = ("", "")
                raise StoreBusy("the engine is gone")
            answer = call(*arguments)
            if self.next == (name, "after"):
                self.next = ("", "")
                raise StoreBusy("the answer of the engine is lost")
            return answer

        return faulty


class FaultySession:
    def __init__(self, session, faults):
        self._session = session
        self._faults = faults

    def insert_events(self, block):
        if POISON in block:
            raise StoreRefused("a row is poisoned")
        self._session.insert_events(block)

    def __getattr__(self, name):
        return self._faults.on(getattr(self._session, name), name)


class Resident:
    """Keeps its folder over restarts."""

    def __init__(self, folder, **settings):
        self.folder = folder
        self.settings = {"feed_linger_ms": 1, "api_key": KEY} | settings
        self.clock = MovingClock()
        self.faults = Faults()
        self.server = None
        self._keys = {}

    async def __aenter__(self):
        await self.start()
        return self

    async def __aexit__(self, *_):
        await self.stop()

    async def start(self):
        connect = wiring.connect

        def connect_faulty(*arguments, **options):
            store = connect(*arguments, **options)
            session = store.session
            store.session = lambda **terms: FaultySession(session(**terms), self.faults)
            return store

        # No sweep but those that the test asks for.
        with mock.patch.multiple(wiring, connect=connect_faulty, SWEEP_S=1e6):
            self.server = await Server.start(Settings(data=str(self.folder), **self.settings), clock=self.clock)
        for name in ("begin", "end"):
            setattr(self.server.expirations, name, self.faults.on(getattr(self.server.expirations, name), name))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LitestarDeprecationWarning)  # as `pulsestream serve` takes them
            transport = httpx.ASGITransport(build(self.server))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://server/api/v1")

    async def stop(self):
        await self.http.aclose()
        await self.server.stop()

    async def crash(self):
        """Start again as after kill -9: what the journal held is there again, and is in the engine already."""
        journal = {path: path.read_bytes() for path in (self.folder / "journal").iterdir()}
        await self.stop()
        for path, data in journal.items():
            path.write_bytes(data)
        await self.start()

    async def sweep(self):
        """One round of the sweeper, when the engine has everything. Raises StoreBusy where a fault was due."""
        for tenant in ("default", *self._keys):
            assert await self.server.fresh(tenant)
        await asyncio.to_thread(self.server.sweeper.sweep)

    def pass_(self, **time):
        self.clock.time += timedelta(**time)

    async def ask(self, method, path, *, tenant="default", **content):
        headers = {"X-API-Key": KEY if tenant == "default" else self._keys[tenant]}
        return await self.http.request(method, path, headers=headers, **content)

    async def create(self, tenant, **limits):
        answer = await self.ask("POST", "/tenants", json={"name": tenant, "limits": limits})
        assert answer.status_code == 201, answer.text
        scopes = ["ingest", "read", "admin"]
        answer = await self.ask("POST", "/keys", json={"tenant": tenant, "name": "test", "scopes": scopes})
        self._keys[tenant] = answer.json()["key"]

    async def until(self, condition):
        """Wait until an awaitable of ours says so."""
        for _ in range(6_000):
            if await condition():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(condition)

    async def tenants(self):
        """Their names; those that are being removed with a cross."""
        listed = (await self.ask("GET", "/tenants")).json()["tenants"]
        return [one["name"] + "†" * one["deleting"] for one in listed]

    async def send(self, *events, tenant="default"):
        """What became of each: stored, duplicate, or the reason of its refusal."""
        answer = await self.ask("POST", "/ingestion/events/batch", tenant=tenant, json={"events": list(events)})
        assert answer.status_code == 200, answer.text
        return [result.get("reason", result["status"]) for result in answer.json()["results"]]

    async def delete(self, event_id, tenant="default"):
        return (await self.ask("DELETE", f"/ingestion/events/{event_id}", tenant=tenant)).status_code

    async def found(self, tenant="default"):
        """The ids of all events that a search finds."""
        answer = (await self.ask("GET", "/ingestion/events/search?limit=1000", tenant=tenant)).json()
        assert answer["fresh"]
        assert answer["total_count"] == answer["filtered_count"] == len(answer["events"])
        return [event["event_id"] for event in answer["events"]]

    async def stats(self, tenant="default"):
        """The statistics. What is stored is there, or is accounted for."""
        answer = await self.ask("GET", "/ingestion/stats", tenant=tenant)
        stats = answer.json()
        assert stats["fresh"]
        gone = stats["deleted_events"] + stats["expired_events"] + stats["quarantined_events"]
        assert stats["total_events"] == stats["outcomes"]["stored"] - gone, stats
        return stats

    def rows(self, tenant="default"):
        """How many events the engine has of it, whoever may see them."""
        session = self.server.store.session(threads=1)
        with contextlib.closing(session):
            return sum(len(known.id_hashes) for owner, known in session.known_ids() if owner == tenant)
