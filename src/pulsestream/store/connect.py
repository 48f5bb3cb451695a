"""A store from its DSN: `chdb:///path`, `chdb://memory`, `http://…`, `https://…`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pulsestream.clock import Clock
from pulsestream.errors import ConfigError
from pulsestream.store.clickhouse import ClickHouseStore
from pulsestream.store.port import Capabilities, Store

_FORMS = "chdb:///path/to/folder, chdb://memory, http://user:password@host:8123/database or https://…"


def connect(dsn: str, *, clock: Clock, memory_bytes_max: int) -> Store:
    """The store that `dsn` names. Nothing is opened yet. Raises ConfigError for a DSN that names none."""
    options, capabilities = _read(dsn)
    return ClickHouseStore(options, capabilities=capabilities, clock=clock, memory_bytes_max=memory_bytes_max)


def _read(dsn: str) -> tuple[dict[str, Any], Capabilities]:
    try:
        parts = urlsplit(dsn)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"the store {_shown(dsn)} is not a URL ({error}); it may be {_FORMS}") from error
    if parts.scheme == "chdb":
        if dsn == "chdb://memory":
            return {"interface": "chdb"}, Capabilities(embedded=True, persistent=False)
        if parts.netloc or len(parts.path) < 2:  # noqa: PLR2004 - "/" alone is no folder
            raise ConfigError(f"the store {_shown(dsn)} names no folder; it may be {_FORMS}")
        path = str(Path(unquote(parts.path)).resolve())
        return {"interface": "chdb", "path": path}, Capabilities(embedded=True, persistent=True)
    if parts.scheme in ("http", "https") and parts.hostname:
        options: dict[str, Any] = {
            "interface": parts.scheme,
            "host": parts.hostname,
            "port": port or (8443 if parts.scheme == "https" else 8123),
            "username": unquote(parts.username or "default"),
            "password": unquote(parts.password or ""),
            "database": parts.path.strip("/") or "default",
        }
        if "verify" in parse_qs(parts.query):
            options["verify"] = parse_qs(parts.query)["verify"][0] not in ("0", "false")
        return options, Capabilities(embedded=False, persistent=True)
    raise ConfigError(f"the store {_shown(dsn)} is of no known kind; it may be {_FORMS}")


def _shown(dsn: str) -> str:
    """For a message: without the password."""
    return repr(re.sub(r"(?<=//).*@", "…@", dsn))
