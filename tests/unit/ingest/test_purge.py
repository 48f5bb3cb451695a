"""What a tenant leaves in the journal's open group is waited for; nothing is removed while something of it comes."""

from __future__ import annotations

import asyncio

import pytest

from pulsestream.errors import Overloaded
from pulsestream.ingest.purge import Purger


class Journal:
    def __init__(self, position):
        self.position = position

    def join(self, entry):
        assert (entry.tenant, list(entry.events)) == ("acme", [])
        if self.position is None:
            raise Overloaded("the server is stopping")
        done = asyncio.get_running_loop().create_future()
        done.set_result(self.position)
        return done


class Watermark:
    def __init__(self, fed):
        self.fed = fed

    async def wait_for(self, position, _patience_s):
        return position <= self.fed


@pytest.mark.parametrize(
    ("under_way", "position", "fed"),
    [({"acme": 1}, 7, 7), ({}, None, 7), ({"zeta": 1}, 8, 7)],
    ids=["a request is under way", "the server stops", "the engine is behind"],
)
def test_a_tenant_of_which_something_is_under_way_stays(under_way, position, fed):
    async def run():
        purger = Purger(
            tenants=None,
            under_way=under_way,
            journal=Journal(position),
            watermark=Watermark(fed),
            feeder=None,
            dedup=None,
            eraser=None,
            aside=None,
            expirations=None,
            meters=None,
            minutes=None,
        )
        # None of the parts that could lose something is there to be asked.
        loop = asyncio.get_running_loop()
        assert await asyncio.to_thread(purger.purge, None, "acme", loop) is False

    asyncio.run(run())
