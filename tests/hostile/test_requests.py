"""Every hostile request against the real server: the status it must have, in bounded memory, and nothing harmed."""

from __future__ import annotations

from pathlib import Path

import pytest

from hostile.bodies import BODY_BYTES_MAX, large, small
from hostile.sameness import BATCH, has_the_shape_of_a_refusal, outcome
from system.program import obeys_conservation

pytestmark = pytest.mark.slow

# 250 MB are the server and the engine at rest; 64 MiB of body may be held three times (as sent, inflated, decoded);
# the costliest that fits is an event of millions of tags, a dict before its size is known.
MEMORY_MIB_MAX = 1_300


def peak_mib(server):
    """The most memory that the process ever had; None where the system does not tell."""
    status = Path(f"/proc/{server._process.pid}/status")
    if not status.exists():
        return None
    return next(int(line.split()[1]) // 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM"))


def check(server, body):
    try:
        answer = server.ask("POST", BATCH, body.data, **body.headers)
    except (BrokenPipeError, ConnectionResetError):  # it need not wait for what it will not take
        assert len(body.data) > BODY_BYTES_MAX, body.name
        return
    if answer.status != 200:
        assert answer.status in (body.outcomes, body.either), (body.name, answer.body[:300])
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = answer.json
        assert problem.keys() >= {"title", "status", "detail", "code", "retryable"}
        assert len(problem["detail"]) < 1_000
        return
    results = answer.json["results"]
    assert [outcome(result) for result in results] == body.outcomes, (body.name, answer.body[:300])
    assert all(has_the_shape_of_a_refusal(each["errors"]) for each in results if each["status"] == "rejected")


def test_hostile_requests_are_answered_as_they_must_be(server):
    for body in small():
        check(server, body)


def test_large_requests_are_answered_in_bounded_memory(server):
    for body in large():
        check(server, body)
        assert server.ask("GET", "/ingestion/health").status == 200, body.name
    peak = peak_mib(server)
    assert peak is None or peak < MEMORY_MIB_MAX


def test_the_server_is_well_and_its_counts_add_up(server):
    stats = server.stats()
    assert obeys_conservation(stats)
    assert stats["requests_refused"].keys() <= {"bad_request", "too_large", "unsupported_encoding"}
    health = server.get("/ingestion/health")
    assert (health["status"], health["problems"], health["quarantined_events"]) == ("healthy", [], 0)
    assert "ERROR" not in server.log, server.log[-3000:]
