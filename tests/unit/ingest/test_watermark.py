"""A tenant reads its own writes, and waits for nobody else's."""

from __future__ import annotations

import asyncio

import pytest

from pulsestream.ingest.watermark import Watermark

LONG_S = 60.0


def waiting(scenario, fed=10):
    """Run a scenario on a watermark at `fed`; returns how often somebody was in a hurry."""
    hurries = []

    async def run():
        await scenario(Watermark(fed, lambda: hurries.append(1)))

    asyncio.run(run())
    return len(hurries)


def test_what_is_fed_needs_no_wait():
    async def scenario(watermark):
        watermark.acknowledged("acme", 10)
        assert await watermark.wait_for_tenant("acme", 0.0)
        assert await watermark.wait_for_tenant("never wrote", 0.0)

    assert waiting(scenario) == 0


def test_a_wait_ends_when_the_engine_has_what_the_tenant_wrote():
    async def scenario(watermark):
        watermark.acknowledged("acme", 12)
        watermark.acknowledged("acme", 11)  # answered later, written earlier
        wait = asyncio.ensure_future(watermark.wait_for_tenant("acme", LONG_S))
        await asyncio.sleep(0)
        watermark.advance(11)
        await asyncio.sleep(0)
        assert not wait.done()
        watermark.advance(12)
        assert await wait
        assert watermark.fed == 12

    assert waiting(scenario) == 1


def test_a_tenant_does_not_wait_for_another():
    async def scenario(watermark):
        watermark.acknowledged("zeta", 99)
        assert await watermark.wait_for_tenant("acme", 0.0)

    assert waiting(scenario) == 0


def test_it_never_goes_back():
    async def scenario(watermark):
        watermark.advance(20)
        watermark.advance(15)
        assert watermark.fed == 20

    waiting(scenario)


def test_a_wait_that_runs_out_says_so_and_leaves_nothing_behind():
    async def scenario(watermark):
        for _ in range(3):
            assert not await watermark.wait_for(11, 0.0)
        gone = asyncio.ensure_future(watermark.wait_for(11, LONG_S))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert watermark._waiting == []
        watermark.advance(11)
        assert await watermark.wait_for(11, 0.0)

    assert waiting(scenario) == 4


def test_all_who_wait_are_told_at_once():
    async def scenario(watermark):
        waits = [asyncio.ensure_future(watermark.wait_for(position, LONG_S)) for position in (11, 12, 12, 13)]
        await asyncio.sleep(0)
        watermark.advance(12)
        assert await asyncio.gather(*waits[:3]) == [True] * 3
        assert not waits[3].done()
        watermark.advance(13)
        assert await waits[3]

    waiting(scenario)
