"""Who asks: the tenant of the key in `X-API-Key`."""

from __future__ import annotations

from pulsestream.control.keys import Keys
from pulsestream.errors import Unauthorized

HEADER = "x-api-key"


def tenant_of(key: str | None, keys: Keys) -> str:
    """Raises Unauthorized."""
    if not key:
        raise Unauthorized("this needs a key: send it in the header X-API-Key")
    tenant = keys.tenant_of(key)
    if tenant is None:
        raise Unauthorized("the key in X-API-Key is not known here: check it, or ask for a new one")
    return tenant
