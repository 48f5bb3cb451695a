"""The events that pages are looked at with: a day of the generator's, always the same, and what nobody should send."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from system.program import KEY, Client, Program, event

SEED = 11
COUNT = 10_000
START = "2026-05-03T12:00:00Z"
END = "2026-05-04T12:00:00Z"
DAY = {"from": START, "to": END}
ASKED = {"start_time": START, "end_time": END}

RTL = "\u202egnp.exe\u202c"
FACES = "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f525"
SCRIPT = "<script>window.hacked = true</script>"
IMAGE = "<img src=x onerror='window.hacked = true'>"
BIG = 10 * 1024 * 1024 - 4_096


def generated(folder: Path, *, count: int = COUNT, hours: int = 24, end: str = END, seed: int = SEED) -> Path:
    file = folder / f"{seed}-{count}.jsonl"
    command = [sys.executable, "-m", "pulsestream", "generate", "--quiet", "--seed", str(seed), "--end", end]
    subprocess.run([*command, "--count", str(count), "--hours", str(hours), "--output", file], check=True)
    return file


def fill(server: Program, file: Path) -> None:
    """Send a file over HTTP, and wait until all of it can be found."""
    environment = os.environ | {"PULSESTREAM_API_KEY": KEY}
    command = [sys.executable, "-m", "pulsestream", "ingest", "--url", server.url, "--json", str(file)]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert server.stats()["fresh"]


def hostile_events() -> list[dict[str, object]]:
    """Text that becomes more than text wherever a page is careless. Their names say what is in them."""

    def one(name: str, text: str) -> dict[str, object]:
        short = text[:90]  # as long as the name of a service may be
        source = {"service": f"svc {short}", "endpoint": f"/api/{short}", "method": "GET"}
        tags = {"city": short, "country": "DE", "note": short}
        return event(
            f"hostile_{name}",
            title=f"title {short}",
            message=f"message {text[:1_900]}",
            severity="error",
            source=source,
            metrics={"response_time_ms": 40.0, "status_code": 500},
            context={"user_id": short, "session_id": "s-hostile", "tags": tags},
            error_details={"error_code": "E", "error_message": f"failed {text[:900]}"},
            payload={"text": text, text: "as a key"},
        )

    return [
        one("script", SCRIPT),
        one("image", IMAGE),
        one("rtl", RTL),
        one("faces", FACES),
        one("null", "a\0b\\u0000c"),
        one("braces", "{{7*7}} ${7*7} #{7}"),
        one("long", "x" * 3_000),
    ]


def big_event() -> dict[str, object]:
    return event("hostile_big", title="ten megabytes", payload={"text": "0123456789abcdef" * (BIG // 16)})


def hostile_tenant(server: Program) -> Client:
    tenant = server.tenant("hostile")
    answer = tenant.send(hostile_events())
    assert [one["status"] for one in answer["results"]] == ["stored"] * len(answer["results"]), answer
    big = tenant.send_one(big_event())
    assert big.status in {200, 201, 202}, big.body
    assert tenant.stats()["fresh"]
    return tenant
