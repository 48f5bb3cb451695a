"""The client as the verbs use it, with the real clock and real randomness: this is the edge."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from pulsestream.client import Attempt, Client, RetryPolicy
from pulsestream.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from pulsestream.client.packing import Compress


def connect(
    url: str,
    api_key: str,
    *,
    retry_for_s: float = 0.0,
    connections: int = 4,
    observe: Callable[[Attempt], None] | None = None,
    compress: Compress = "auto",
    tell: Callable[[str], None] | None = None,
) -> Client:
    return Client(
        url,
        api_key,
        clock=SystemClock(),
        rng=random.Random(),  # noqa: S311 - jitter and keys of requests, not secrets
        policy=RetryPolicy(budget_s=retry_for_s),
        connections=connections,
        observe=observe,
        compress=compress,
        tell=tell,
    )
