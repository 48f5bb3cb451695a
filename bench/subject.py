"""The server under measurement: the real program, as a process of its own, on a folder of its own."""

from __future__ import annotations

import contextlib
import http.client
import json
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import psutil

KEY = "bench-key"
START_SECONDS_MAX = 120.0
CATCH_UP_SECONDS_MAX = 300.0
SAMPLE_S = 0.1
BATCH_PATH = "/ingestion/events/batch?detail=none"


class Subject:
    def __init__(self, folder: Path, **settings: object) -> None:
        """`settings`: by their names in config.py."""
        self.folder = folder
        options = [text for name, value in settings.items() for text in ("--" + name.replace("_", "-"), str(value))]
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "pulsestream", "serve", "--log-level", "error"),
                *("--data", str(folder), "--port", "0", "--api-key", KEY, *options),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        self._measured = psutil.Process(self._process.pid)
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

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def get(self, path: str, over: http.client.HTTPConnection | None = None) -> Any:  # noqa: ANN401 - JSON
        """Over a connection of its own, if none is given. Raises SystemExit for any answer but 200."""
        connection = over or self.connection()
        try:
            connection.request("GET", "/api/v1" + path, headers={"X-API-Key": KEY})
            response = connection.getresponse()
            body = response.read()
        finally:
            if over is None:
                connection.close()
        if response.status != 200:
            raise SystemExit(f"{path} was answered with {response.status}: {body[:500]!r}")
        return json.loads(body)

    def request(self, path: str, body: bytes) -> bytes:
        return (
            b"POST /api/v1%b HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: %b\r\n"
            b"Content-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n%b"
            % (path.encode(), KEY.encode(), len(body), body)
        )

    def batches(self, lines: Sequence[bytes], size: int) -> list[bytes]:
        """Requests of `size` events each; each of `lines` ends with its line break."""
        return [self.request(BATCH_PATH, b"".join(lines[at : at + size])) for at in range(0, len(lines), size)]

    def load(
        self,
        requests: Sequence[bytes],
        connections: int,
        *,
        events: int = 1,
        rate: float = 0.0,
        seconds: float = 0.0,
        refusals: bool = False,
    ) -> dict[str, Any]:
        """What bench/load.py says. `events`: in each request. `refusals`: whether any may be."""
        packed = b"".join(struct.pack("<I", len(request)) + request for request in requests)
        script = str(Path(__file__).with_name("load.py"))
        options = ["--events", str(events), "--rate", str(rate), "--seconds", str(seconds)]
        done = subprocess.run(
            [sys.executable, script, str(self.port), str(connections), *options],
            input=packed,
            stdout=subprocess.PIPE,
            check=True,
        )
        result: dict[str, Any] = json.loads(done.stdout)
        if not refusals and set(result["statuses"]) != {"200"}:
            raise SystemExit(f"the load was not answered with 200 throughout: {result['statuses']} {result['said']}")
        return result

    def wait_searchable(self, events: int) -> None:
        """Until all that was acknowledged is searchable: so many events."""
        self.wait_fed()
        found = self.get("/ingestion/stats?fresh=false")["total_events"]
        if found != events:
            raise SystemExit(f"the store shows {found} events, and not {events}")

    def wait_fed(self) -> None:
        """Until the engine has everything that was acknowledged when this was called."""
        deadline = time.monotonic() + CATCH_UP_SECONDS_MAX
        with contextlib.closing(self.connection()) as connection:
            last = self.get("/ingestion/health", connection)["last_position"]
            while self.get("/ingestion/health", connection)["searchable_position"] < last:
                if time.monotonic() > deadline:
                    raise SystemExit("the store did not catch up")
                time.sleep(0.005)

    @contextlib.contextmanager
    def sampled(self, every_s: float = SAMPLE_S) -> Iterator[list[dict[str, float]]]:
        """Fills the list with memory, CPU time, journal and positions over time, until it is left."""
        samples: list[dict[str, float]] = []
        over = threading.Event()
        began = time.perf_counter()

        def sample() -> None:
            with contextlib.closing(self.connection()) as connection:
                while not over.wait(every_s):
                    health = self.get("/ingestion/health", connection)
                    samples.append(
                        {
                            "at_s": time.perf_counter() - began,
                            "rss_bytes": self.memory_bytes(),
                            "cpu_seconds": self.cpu_seconds(),
                            "acknowledged_position": health["last_position"],
                            "searchable_position": health["searchable_position"],
                            "journal_bytes": health["journal_bytes"],
                        }
                    )

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        try:
            yield samples
        finally:
            over.set()
            thread.join(60)

    def memory_bytes(self) -> int:
        return int(self._measured.memory_info().rss)

    def peak_memory_bytes(self) -> int:
        status = Path(f"/proc/{self._process.pid}/status")
        if status.exists():
            [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
            return int(line.split()[1]) * 1024
        return self.memory_bytes()

    def cpu_seconds(self) -> float:
        times = self._measured.cpu_times()
        return float(times.user + times.system)

    def disk_bytes(self) -> int:
        """Of all files in the data folder; some may go away meanwhile."""
        total = 0
        for path in self.folder.rglob("*"):
            with contextlib.suppress(OSError):
                total += path.stat().st_size if path.is_file() else 0
        return total
