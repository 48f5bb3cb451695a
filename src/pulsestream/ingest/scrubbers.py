"""Each tenant's rules for personal data, ready to be applied."""

from __future__ import annotations

from hashlib import blake2b

from pulsestream.control.tenants import Tenants
from pulsestream.ingest.scrub import Scrubber, parse_rules


class Scrubbers:
    """`secret` keys all hashes."""

    def __init__(self, tenants: Tenants, secret: bytes) -> None:
        self._tenants = tenants
        self._secret = secret
        self._known: dict[str, tuple[str, Scrubber]] = {}  # by tenant, with the rules as they were written

    def of(self, tenant: str) -> Scrubber | None:
        """None where it has no rules. May be called on any thread."""
        text = self._tenants.limits(tenant).scrub
        if not text:
            return None
        known, scrubber = self._known.get(tenant, ("", None))
        if scrubber is None or known != text:
            # With its beginning: a tenant of the same name that was there before had other hashes.
            began = self._tenants.get(tenant).created_at.isoformat()
            scrubber = Scrubber(parse_rules(text), blake2b(f"{tenant} {began}".encode(), key=self._secret).digest())
            self._known[tenant] = (text, scrubber)
        return scrubber
