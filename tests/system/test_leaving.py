"""A client that leaves takes its question with it, and nothing that it sent."""

from __future__ import annotations

import http.client
import json
import socket
import time
from pathlib import Path

import pytest

from system.program import KEY, Program, event

pytestmark = pytest.mark.slow

PATIENCE_S = 15  # of questions that take longer


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    script = [str(Path(__file__).with_name("slow_server.py"))]
    with Program(tmp_path_factory.mktemp("slow"), script=script) as running:
        assert running.send([event("one")])["stored"] == 1
        yield running


def begun(server, request):
    peer = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    peer.sendall(request)
    return peer


def question(seconds, version="1.1"):
    path = f"/api/v1/query/events?fresh=false&q=service:seconds{seconds}"
    return f"GET {path} HTTP/{version}\r\nHost: h\r\nX-API-Key: {KEY}\r\n\r\n".encode()


def metric(server, name):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request("GET", "/metrics", headers={"X-API-Key": KEY})
        lines = connection.getresponse().read().decode().splitlines()
    finally:
        connection.close()
    [line] = [line for line in lines if line.startswith(f"pulsestream_{name} ")]
    return float(line.split()[-1])


def until(state):
    deadline = time.monotonic() + PATIENCE_S
    while not state():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_question_ends_when_its_client_leaves(slow):
    began = time.monotonic()
    peers = [begun(slow, question(100)) for _ in range(5)]
    until(lambda: metric(slow, "questions_under_way") == 2)
    until(lambda: metric(slow, "requests_under_way") == 6)  # with the one that asks
    for peer in peers:
        peer.close()
    until(lambda: metric(slow, "questions_under_way") == 0)
    assert metric(slow, "requests_under_way") == 1
    assert metric(slow, "requests_left_total") == 5
    assert slow.get("/query/events")["matched"] == 1
    assert time.monotonic() - began < PATIENCE_S
    assert slow.log == ""


def test_who_only_says_no_more_gets_the_answer(slow):
    versions = ("1.1", "1.0")
    peers = [begun(slow, question(2, version)) for version in versions]
    for peer in peers:
        peer.shutdown(socket.SHUT_WR)
    for peer, version in zip(peers, versions, strict=True):
        with peer:
            told = b"".join(iter(lambda peer=peer: peer.recv(65536), b""))
        interim, _, answer = told.rpartition(b"HTTP/1.1 200 OK\r\n")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["matched"] == 0
        assert interim.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b"") == b""
        assert (interim == b"") == (version == "1.0")


def test_what_was_sent_is_kept_though_its_sender_left(slow):
    body = json.dumps(event("left")).encode()
    head = (
        f"POST /api/v1/ingestion/events HTTP/1.1\r\nHost: h\r\nX-API-Key: {KEY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    begun(slow, head.encode() + body).close()
    doomed = f"DELETE /api/v1/ingestion/events/evt_one HTTP/1.1\r\nHost: h\r\nX-API-Key: {KEY}\r\n\r\n"
    begun(slow, doomed.encode()).close()
    until(lambda: [one["event_id"] for one in slow.get("/query/events")["events"]] == ["evt_left"])
