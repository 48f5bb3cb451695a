"""The server under measurement: the real program, as a process of its own, on a folder of its own."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import psutil

KEY = "bench-key"
START_SECONDS_MAX = 120.0


class Subject:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pulsestream", "serve", "--data", str(folder), "--port", "0", "--api-key", KEY],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = self._port()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(60)

    def _port(self) -> int:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "listens on" in line:
                return int(line.split("http://")[1].split(",")[0].rsplit(":", 1)[1])
        raise SystemExit("the server did not start")

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v1{path}", headers={"X-API-Key": KEY})
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310 - our own URL
            return json.load(response)

    def request(self, path: str, body: bytes) -> bytes:
        return (
            b"POST /api/v1%b HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: %b\r\n"
            b"Content-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n%b"
            % (path.encode(), KEY.encode(), len(body), body)
        )

    def load(self, requests: Sequence[bytes], connections: int) -> dict[str, Any]:
        packed = b"".join(struct.pack("<I", len(request)) + request for request in requests)
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("load.py")), str(self.port), str(connections)],
            input=packed,
            stdout=subprocess.PIPE,
            check=True,
        )
        result: dict[str, Any] = json.loads(done.stdout)
        if set(result["statuses"]) != {"200"}:
            raise SystemExit(f"the load was not answered with 200 throughout: {result['statuses']}")
        return result

    def wait_searchable(self, events: int) -> None:
        """Until all that was acknowledged is searchable: so many events."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            health = self.get("/ingestion/health")
            if health["searchable_position"] == health["last_position"]:
                break
            time.sleep(0.005)
        if self.get("/ingestion/stats?fresh=false")["total_events"] != events:
            raise SystemExit(f"the store does not show {events} events")

    def peak_memory_bytes(self) -> int:
        status = Path(f"/proc/{self._process.pid}/status")
        if status.exists():
            [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
            return int(line.split()[1]) * 1024
        return psutil.Process(self._process.pid).memory_info().rss

    def cpu_seconds(self) -> float:
        times = psutil.Process(self._process.pid).cpu_times()
        return times.user + times.system
