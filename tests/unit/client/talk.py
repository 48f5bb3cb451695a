"""Exchanges of the client with the stand-in server, on a clock that passes only while the client waits."""

import asyncio
from random import Random

from pulsestream.client import Client, RetryPolicy
from pulsestream.clock import SystemClock

KEY = "the-key"


class HeldClock(SystemClock):
    """Time that passes only while someone sleeps."""

    def __init__(self):
        self.seconds = 0.0

    def monotonic(self):
        return self.seconds

    async def sleep(self, seconds):
        self.seconds += seconds
        await asyncio.sleep(0)


def events(count, **more):
    return [{"event_id": f"e{i}", "title": "fine", **more} for i in range(count)]


class Talk:
    """Runs one exchange with the stand-in, remembering the requests and the waits."""

    def __init__(self, url, **options):
        self.clock = HeldClock()
        self.attempts = []
        self.waits = []
        self.options = {"api_key": KEY, "policy": RetryPolicy(budget_s=60), **options}
        self.url = url

    async def _sleep(self, seconds):
        self.waits.append(seconds)
        await self.clock.sleep(seconds)

    def run(self, exchange):
        async def go():
            async with Client(
                self.url,
                clock=self.clock,
                rng=Random(1),
                observe=self.attempts.append,
                sleep=self._sleep,
                **self.options,
            ) as client:
                return await exchange(client)

        return asyncio.run(go())

    def send(self, what, **more):
        return self.run(lambda client: client.send(what, **more))

    @property
    def statuses(self):
        return [attempt.status for attempt in self.attempts]


def counts(receipt):
    return (receipt.stored, receipt.duplicate, receipt.rejected, receipt.limited, receipt.unsent)
