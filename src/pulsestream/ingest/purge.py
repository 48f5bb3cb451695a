"""A deleted tenant is removed whole: events, counts, tombstones, ids, what was set aside. Then its name is free."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from pulsestream.control.expirations import Expirations
from pulsestream.control.tenants import Tenants
from pulsestream.errors import Overloaded
from pulsestream.ingest.aside import AsideList
from pulsestream.ingest.dedup import Dedup
from pulsestream.ingest.erase import Eraser
from pulsestream.ingest.feed import Feeder
from pulsestream.ingest.journal import Entry, Journal
from pulsestream.ingest.minutes import Minutes
from pulsestream.ingest.watermark import Watermark
from pulsestream.meters import Meters
from pulsestream.store.port import Outcome, Session

_PATIENCE_S = 10.0  # for the engine to take what the tenant sent last


class Purger:
    """Used by the sweeper, on its thread."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        under_way: Mapping[str, int],
        journal: Journal,
        watermark: Watermark,
        feeder: Feeder,
        dedup: Dedup,
        eraser: Eraser,
        aside: AsideList,
        expirations: Expirations,
        meters: Meters,
        minutes: Minutes,
    ) -> None:
        """`under_way`: requests, by tenant."""
        self._tenants = tenants
        self._under_way = under_way
        self._journal = journal
        self._watermark = watermark
        self._feeder = feeder
        self._dedup = dedup
        self._eraser = eraser
        self._aside = aside
        self._expirations = expirations
        self._meters = meters
        self._minutes = minutes

    def purge(self, session: Session, tenant: str, loop: asyncio.AbstractEventLoop) -> bool:
        """Remove it. False where something of it is still under way: to be called again. Raises StoreError, OSError."""
        position = asyncio.run_coroutine_threadsafe(self._settled(tenant), loop).result()
        if position is None:
            return False
        # The highest position of all may stand in a row of this tenant. Without it the next start would give
        # positions a second time, and feed again what is in the engine.
        session.insert_outcomes([Outcome("", 0, "", "", 0, position)])
        session.delete_tenant(tenant)
        with self._feeder.held():
            self._aside.remove_tenant(tenant)
        asyncio.run_coroutine_threadsafe(self._forget(tenant), loop).result()
        return True

    async def _settled(self, tenant: str) -> int | None:
        """The position up to which the engine has all that it ever sent; None while that goes on."""
        if self._under_way.get(tenant):
            return None
        try:
            # Behind whatever its requests left in an open group, also those that nobody waits for any more.
            position = await self._journal.join(Entry(tenant, (), {}))
        except Overloaded:
            return None
        return position if await self._watermark.wait_for(position, _PATIENCE_S) else None

    async def _forget(self, tenant: str) -> None:
        self._dedup.forget_tenant(tenant)
        self._eraser.forget(tenant)
        self._expirations.forget(tenant)
        self._meters.forget(tenant)
        self._minutes.forget(tenant)
        self._tenants.end_delete(tenant)
