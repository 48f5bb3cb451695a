"""Room that tenants share: nobody can fill it, and who comes late finds some."""

from __future__ import annotations


class Share:
    """Bytes of a common room, by tenant. For one thread.

    A tenant may hold three times what is free. Alone it gets three quarters; n busy tenants get 3 / (3n + 1)
    each, and a quarter of one such part stays for the next. Nothing is reserved for who is not there.
    (Dynamic thresholds: Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998.)
    """

    _FREE_TIMES = 3

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._held: dict[str, int] = {}
        self._total = 0

    @property
    def total(self) -> int:
        """The bytes that are taken."""
        return self._total

    def has_room(self, tenant: str, size: int = 0) -> bool:
        """Whether this tenant may take `size` bytes more."""
        free = self._bytes_max - self._total
        return size <= free and self._held.get(tenant, 0) <= self._FREE_TIMES * (free - size)

    def take(self, tenant: str, size: int) -> None:
        self._total += size
        self._held[tenant] = self._held.get(tenant, 0) + size

    def give_back(self, tenant: str, size: int) -> None:
        self._total -= size
        self._held[tenant] = self._held.get(tenant, 0) - size
        if not self._held[tenant]:
            del self._held[tenant]
