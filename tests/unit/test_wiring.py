"""A server that starts knows all that was ever acknowledged, whatever state its folder is in."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import sys

import pytest

from pulsestream.config import Settings
from pulsestream.errors import Overloaded, RateLimited, Reason, StoreBusy, StoreInUse, StoreRefused, TooManyRequests
from pulsestream.ingest.aside import AsideList
from pulsestream.ingest.files import Files
from pulsestream.ingest.pipeline import Body
from pulsestream.wiring import Server
from unit.ingest.frames import frame, segment
from unit.ingest.lines import StillClock, event, line

TENANT = "default"


@contextlib.asynccontextmanager
async def serving(folder, **settings):
    server = await Server.start(Settings(data=str(folder), feed_linger_ms=1, **settings), clock=StillClock())
    try:
        yield server
    finally:
        await server.stop()


async def send(server, *events):
    """The outcome of each event: stored, duplicate, or the reason of its refusal."""
    body = json.dumps({"events": events}).encode()
    receipt = await server.pipeline.take(Body(TENANT, body))
    server.watermark.acknowledged(TENANT, receipt.position)
    return [
        receipt.refusals[index].reason if index in receipt.refusals else receipt.status(index)
        for index in range(len(events))
    ]


async def stored(server, event_id):
    assert await server.fresh(TENANT)
    return await server.questions.event(TENANT, event_id) is not None


@pytest.mark.parametrize("store", ["", "chdb://memory"])
def test_a_server_takes_and_finds_events_on_any_embedded_store(tmp_path, store):
    async def run():
        async with serving(tmp_path, store=store) as server:
            assert await send(server, event("a"), event("a")) == ["stored", "duplicate"]
            assert await stored(server, "a")

    asyncio.run(run())


def test_what_was_set_aside_is_known_and_is_not_stored_again(tmp_path):
    (tmp_path / "journal").mkdir()
    AsideList(tmp_path / "aside.jsonl", Files()).add(7, line(7, event("aside"), tenant=TENANT), "refused")

    async def run():
        async with serving(tmp_path) as server:
            assert server.feeder.state.quarantined == 1
            zoned = event("aside", timestamp="2026-05-04T12:20:30.123456+02:00")
            sent = (event("aside"), event("aside", title="x"), zoned)
            assert await send(server, *sent) == ["duplicate", Reason.CONFLICT, "duplicate"]
            assert server.quarantined(TENANT) == 1
            await server.pipeline.delete(TENANT, "aside", server.eraser.hide)
            assert server.quarantined(TENANT) == 0
            assert await send(server, *sent) == [Reason.DELETED] * 3
            assert server.journal.state.next_position > 8, "positions go on behind the one set aside"

    asyncio.run(run())


def test_a_journal_with_a_corrupt_middle_gives_the_rest_and_keeps_the_bytes(tmp_path):
    (tmp_path / "journal").mkdir()
    frames = [frame(number, [event(f"e{number}")], tenant=TENANT) for number in (1, 2, 3)]
    spans = segment(tmp_path / "journal", frames)
    damaged = bytearray(b"".join(frames))
    damaged[spans[1].offset + spans[1].length // 2] ^= 1
    spans[0].path.write_bytes(damaged)

    async def run():
        async with serving(tmp_path) as server:
            assert [await stored(server, f"e{number}") for number in (1, 2, 3)] == [True, False, True]
            assert server.corrupt_segments == 1
            assert await send(server, event("e1"), event("e2")) == ["duplicate", "stored"]
        [kept] = (tmp_path / "corrupt").iterdir()
        assert kept.read_bytes() == damaged

    asyncio.run(run())


def test_deletes_and_counts_of_the_journal_are_carried_out_at_the_start(tmp_path):
    (tmp_path / "journal").mkdir()
    frames = [
        frame(1, [event("a"), event("b")], counts=[("stored", "", 2)], tenant=TENANT),
        frame(4, deletes=["a"], tenant=TENANT),
    ]
    segment(tmp_path / "journal", frames)

    async def run():
        for _ in range(2):
            async with serving(tmp_path) as server:
                assert not await stored(server, "a")
                assert await stored(server, "b")
                assert await send(server, event("a")) == [Reason.DELETED]
                counts = {outcome: events for outcome, _, events in await server.questions.outcomes(TENANT)}
                assert counts["stored"] == 2

    asyncio.run(run())


def test_a_folder_has_one_server(tmp_path):
    async def run():
        async with serving(tmp_path):
            with pytest.raises(StoreInUse, match="--data"):
                await Server.start(Settings(data=str(tmp_path)), clock=StillClock())

    asyncio.run(run())


def test_the_same_content_from_two_requests_at_once_is_stored_once(tmp_path):
    """Also written otherwise: the second looks at the first's event, and waits until it can."""

    async def run():
        async with serving(tmp_path) as server:
            zoned = event("a", timestamp="2026-05-04T12:20:30.123456+02:00")
            outcomes = await asyncio.gather(*(send(server, sent) for sent in (event("a"), zoned, event("a"), zoned)))
            assert sorted(outcome for [outcome] in outcomes) == ["duplicate"] * 3 + ["stored"]

    asyncio.run(run())


def test_a_server_that_stops_takes_nothing_more_and_has_everything(tmp_path):
    async def run():
        async with serving(tmp_path) as server:
            assert await send(server, *(event(f"e{number}") for number in range(100))) == ["stored"] * 100
        with pytest.raises(Overloaded):
            await send(server, event("late"))
        assert list((tmp_path / "journal").iterdir()) == []
        async with serving(tmp_path) as server:
            assert await send(server, event("e99"), event("late")) == ["duplicate", "stored"]

    asyncio.run(run())


@pytest.mark.parametrize("error", [TooManyRequests("the queue is full"), StoreBusy("the disk"), StoreRefused("a row")])
def test_events_that_could_not_be_compared_are_counted(tmp_path, monkeypatch, error):
    """A request that was read is counted by its events, whatever it was that stopped it."""

    async def run():
        async with serving(tmp_path, rate_events_per_s=10) as server:
            assert await send(server, event("a"), event("b")) == ["stored"] * 2

            async def fails(*_):
                raise error

            with monkeypatch.context() as patched:
                patched.setattr(server.questions, "by_ids", fails)
                with pytest.raises(Overloaded):
                    await send(server, event("a", title="other"), event("c"), event("d"))
            assert await server.fresh(TENANT)
            counted = dict.fromkeys(["stored", "overloaded"], 0)
            for outcome, _, events in await server.questions.outcomes(TENANT):
                counted[outcome] += events
            assert counted == {"stored": 2, "overloaded": 3}
            assert server.limiter.quota(TENANT).remaining == 8, "what the server could not take costs nothing"

    asyncio.run(run())


def test_checked_events_wait_only_where_there_is_room(tmp_path):
    async def run():
        async with serving(tmp_path, inflight_bytes_max=1 << 20) as server:
            server.inflight.take(TENANT, 900_000)
            with pytest.raises(Overloaded, match="too many large"):
                await send(server, event("a", message="x" * 2_000))
            server.inflight.give_back(TENANT, 900_000)
            assert await send(server, event("a", message="x" * 2_000)) == ["stored"]
            assert server.inflight.has_room(TENANT, 700_000), "all of it came back"
            assert ("overloaded", "overloaded", 1) in await outcomes(server)

    async def outcomes(server):
        assert await server.fresh(TENANT)
        return await server.questions.outcomes(TENANT)

    asyncio.run(run())


@pytest.mark.parametrize("refusal", ["over the rate", "at once", "full backlog", "failing disk"])
def test_a_refused_body_is_given_back_at_once(tmp_path, monkeypatch, refusal):
    """Not when the collector of cycles comes round: a thousand refused bodies would fill the memory before that."""
    body = json.dumps({"events": [event("a"), event("b")]}).encode()

    def fails(*_):
        raise OSError(28, "No space left on device")

    async def run():
        async with serving(tmp_path, rate_events_per_s=1, burst_events=2) as server:
            if refusal == "over the rate":
                await send(server, event("first"))
            elif refusal == "at once":
                await send(server, event("first"), event("second"))
            elif refusal == "full backlog":
                monkeypatch.setattr(server.backlog, "has_room", lambda _: False)
            else:
                monkeypatch.setattr(server.files, "append", fails)
            references = sys.getrefcount(body)
            gc.disable()
            try:
                for _ in range(3):
                    with pytest.raises((RateLimited, Overloaded)):
                        await server.pipeline.take(Body(TENANT, body))
                    await asyncio.sleep(0)
                assert sys.getrefcount(body) == references
            finally:
                gc.enable()
                monkeypatch.undo()

    asyncio.run(run())
