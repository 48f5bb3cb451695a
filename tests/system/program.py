"""The real program under test: `pulsestream serve` as a process, driven over HTTP, killed and started again."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

KEY = "test-key-of-the-system-tests"
OWN = "the client's own key"
SCOPES = ["ingest", "read", "admin"]
READY_SECONDS_MAX = 60
STOP_SECONDS_MAX = 60


class Answer:
    def __init__(self, status: int, headers: http.client.HTTPMessage, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Asks a server on `port` with a key of a tenant's."""

    def __init__(self, port: int, key: str) -> None:
        self.port = port
        self.key = key

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, key: str | None = OWN, **headers: str
    ) -> Answer:
        """One request on a connection of its own. `path` is what follows /api/v1. Raises OSError, HTTPException.

        `key`: another than its own; None for none.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["X-API-Key"] = self.key if key is OWN else key
        try:
            connection.request(method, "/api/v1" + path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str, **parameters: object) -> Any:
        query = "?" + urlencode(parameters, doseq=True) if parameters else ""
        answer = self.ask("GET", path + query)
        assert answer.status == 200, answer.body
        return answer.json

    def send(self, events: list[dict[str, Any]], options: str = "", **headers: str) -> Any:
        body = json.dumps({"events": events}).encode()
        answer = self.ask("POST", f"/ingestion/events/batch{options}", body, Content_Type="application/json", **headers)
        assert answer.status == 200, answer.body
        return answer.json

    def send_one(self, event: dict[str, Any], **headers: str) -> Answer:
        return self.ask("POST", "/ingestion/events", json.dumps(event).encode(), **headers)

    def all_events(self, **filters: object) -> list[dict[str, Any]]:
        """Every event that matches, page by page."""
        events: list[dict[str, Any]] = []
        cursor: dict[str, object] = {}
        while True:
            page = self.get("/ingestion/events/search", limit=1000, **cursor, **filters)
            events += page["events"]
            if not page["has_more"]:
                return events
            cursor = {"cursor": page["next_cursor"]}

    def stats(self) -> Any:
        """The statistics, when everything acknowledged is in them."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            stats = self.get("/ingestion/stats")
            if stats["fresh"] and stats["processing_queue_size"] == 0:
                return stats
        raise AssertionError("the store never caught up with the journal")


class Program(Client):
    """One server on one folder. `start` after `kill` or `stop` begins again where that one ended."""

    def __init__(self, folder: Path, *, script: list[str] | None = None, **settings: object) -> None:
        """`script`: what to run in place of `-m pulsestream serve`. `settings`: by their names in config.py."""
        super().__init__(0, KEY)
        self.folder = folder
        self._command = [sys.executable, *(script or ["-m", "pulsestream", "serve"])]
        self._settings = {"data": folder / "data", "port": 0, "log_level": "warning"} | settings
        self._process: subprocess.Popen[str] | None = None
        self.announced = ""

    def start(self) -> Self:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PULSESTREAM_")}
        environment["PULSESTREAM_API_KEY"] = KEY
        options = [text for name, value in self._settings.items() for text in (_option(name), str(value))]
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "server.log").open("a") as log:
            self._process = subprocess.Popen(
                [*self._command, *options], stdout=subprocess.PIPE, stderr=log, text=True, env=environment
            )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.announced += line
            if "listens on" in line:
                self.port = int(line.split("http://127.0.0.1:")[1].split(",")[0])
                return self
        raise AssertionError(f"the server did not start\n{self.log}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text()

    def kill(self) -> None:
        """As a power cut of the process would end it."""
        assert self._process is not None
        self._process.kill()
        self._ended()

    def stop(self) -> int:
        """As an operator would end it. Returns the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._ended()

    def tenant(self, name: str) -> Client:
        """A new tenant on this server, with nothing in it, and a key of every scope."""
        assert self.ask("POST", "/tenants", json.dumps({"name": name}).encode()).status == 201
        made = self.ask("POST", "/keys", json.dumps({"tenant": name, "scopes": SCOPES}).encode())
        return Client(self.port, made.json["key"])

    def _ended(self) -> int:
        assert self._process is not None
        assert self._process.stdout is not None
        code = self._process.wait(STOP_SECONDS_MAX)
        self._process.stdout.close()
        self._process = None
        return code

    def close(self) -> None:
        if self._process is not None:
            self.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def event(number: int | str, **changes: Any) -> dict[str, Any]:
    """A valid event; `changes` replace top-level fields, None leaves one out."""
    whole = {
        "event_id": f"evt_{number}",
        "event_type": "api_call",
        "timestamp": "2026-05-04T10:20:30.123456Z",
        "title": "GET /api/v1/orders",
        "source": {"service": "order-service", "endpoint": "/api/v1/orders", "method": "GET"},
        "metrics": {"response_time_ms": 12.5, "status_code": 200},
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


def obeys_conservation(stats: Any) -> bool:
    """Law 1: every event received became exactly one outcome, and what was stored is present or accounted for."""
    outcomes = stats["outcomes"]
    gone = stats["deleted_events"] + stats["expired_events"] + stats["quarantined_events"]
    return bool(
        stats["received"] == sum(outcomes.values())
        and all(outcomes[reason] == stats["reasons"].get(reason, 0) for reason in ("rate_limited", "overloaded"))
        and outcomes["rejected"]
        == sum(n for reason, n in stats["reasons"].items() if reason not in ("rate_limited", "overloaded"))
        and stats["total_events"] == outcomes["stored"] - gone
    )
