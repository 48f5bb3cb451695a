"""How far the engine has come, and waiting for it: what makes a tenant read its own writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Watermark:
    """For the event loop; the feeder's thread calls `advance` through it."""

    def __init__(self, fed: int, hurry: Callable[[], None]) -> None:
        self._fed = fed
        self._hurry = hurry
        self._acknowledged: dict[str, int] = {}
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._listening: list[Callable[[], None]] = []

    @property
    def fed(self) -> int:
        return self._fed

    def acknowledged(self, tenant: str, position: int) -> None:
        self._acknowledged[tenant] = max(self._acknowledged.get(tenant, 0), position)

    def newest(self, tenant: str) -> int:
        """The last position that this tenant had acknowledged, since the process began; 0 for none."""
        return self._acknowledged.get(tenant, 0)

    def listen(self, call: Callable[[], None]) -> None:
        """Call this whenever the engine has come further."""
        self._listening.append(call)

    def advance(self, fed: int) -> None:
        self._fed = max(self._fed, fed)
        still: list[tuple[int, asyncio.Future[None]]] = []
        for position, future in self._waiting:
            if position > self._fed:
                still.append((position, future))
            elif not future.done():
                future.set_result(None)
        self._waiting = still
        for call in self._listening:
            call()

    async def wait_for(self, position: int, patience_s: float) -> bool:
        """Whether the engine has this position, after waiting at most so long for it."""
        if position <= self._fed:
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((position, future))
        self._hurry()
        try:
            await asyncio.wait_for(future, patience_s)
        except TimeoutError:
            return False
        finally:
            # Before the engine is back, many may have given up.
            self._waiting = [waiting for waiting in self._waiting if waiting[1] is not future]
        return True

    async def wait_for_tenant(self, tenant: str, patience_s: float) -> bool:
        """Whether all that this tenant had acknowledged is in the engine."""
        return await self.wait_for(self._acknowledged.get(tenant, 0), patience_s)
