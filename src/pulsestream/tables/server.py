"""An export fetched from a server, into memory."""

from __future__ import annotations

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor

from pulsestream.client import Client
from pulsestream.client.download import download
from pulsestream.clock import SystemClock


def fetch(url: str, api_key: str, asked: list[tuple[str, str]]) -> bytes:
    """What `GET /export` answers. Raises what the client raises."""
    # On a thread of its own: a notebook has an event loop that runs, and no second one may on its thread.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _fetch(url, api_key, asked)).result()


async def _fetch(url: str, api_key: str, asked: list[tuple[str, str]]) -> bytes:
    rng = random.Random()  # noqa: S311 - jitter, no secrets
    async with Client(url, api_key, clock=SystemClock(), rng=rng) as client, download(client, "/export", asked) as file:
        return b"".join([chunk async for chunk in file.chunks()])
