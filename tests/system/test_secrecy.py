"""Whatever goes wrong, no key and nothing of an event is in the log, in health or in a stranger's answer."""

from __future__ import annotations

import contextlib
import json
import re
import socket
from http.client import HTTPException
from pathlib import Path
from urllib.parse import quote

import pytest

from system.program import KEY, Program, event

pytestmark = pytest.mark.slow

MARKER = "mark4929x1111"
FAILING = [str(Path(__file__).parent / "failing_server.py")]
ONE, BATCH = "/ingestion/events", "/ingestion/events/batch"


def marked(number, **changes):
    """An event with the marker wherever a sender can put text."""
    whole = event(
        f"{MARKER}-{number}",
        title=f"{MARKER} title",
        message=f"{MARKER} message",
        payload={"card": MARKER, MARKER: [MARKER]},
        metadata={"secret": MARKER},
        tags={"customer": MARKER},
        user_id=MARKER,
    )
    return whole | changes


@pytest.fixture
def failing(tmp_path):
    with Program(tmp_path, script=FAILING, log_level="debug") as program:
        yield program


def refusals(program):
    """(what is wrong, the answer's status), of every way there is to be refused."""
    body = lambda value: json.dumps(value).encode()  # noqa: E731 - one word for what every line has
    headers = {"User_Agent": MARKER, "Referer": MARKER, "X_Forwarded_For": MARKER, "Cookie": f"session={MARKER}"}
    ask = lambda *given, **more: program.ask(*given, **headers | more).status  # noqa: E731 - likewise
    program.send_one(marked("known"))
    yield "malformed", ask("POST", ONE, b'{"title": "' + MARKER.encode())
    yield "not UTF-8", ask("POST", ONE, b'{"title": "\xff' + MARKER.encode() + b'"}')
    yield "invalid", ask("POST", ONE, body(marked("bad", severity=MARKER)))
    yield "conflict", ask("POST", ONE, body(marked("known", title=f"other {MARKER}")))
    yield "too old", ask("POST", ONE, body(marked("old", timestamp="1960-01-01T00:00:00Z")))
    yield "encoding", ask("POST", BATCH, body([marked(1)]), Content_Encoding=MARKER)
    yield "not gzip", ask("POST", BATCH, body([marked(1)]), Content_Encoding="gzip")
    yield "idempotency key", ask("POST", BATCH, body([marked("k")]), Idempotency_Key=MARKER * 40)
    yield "option", ask("POST", f"{BATCH}?{MARKER}={MARKER}", body([]))
    yield "a wrong key", ask("GET", "/ingestion/stats", key=MARKER)
    yield "a key like ours", ask("GET", "/ingestion/stats", key=f"ps_01234567_{MARKER:x<43}")
    yield "path", ask("GET", f"/{MARKER}/x")
    yield "method", ask("PUT", "/ingestion/stats", body(MARKER))
    yield "parameter", ask("GET", f"{ONE}/search?{MARKER}={MARKER}")
    yield "filter", ask("GET", f"{ONE}/search?status_code={MARKER}&tag={MARKER}")
    yield "cursor", ask("GET", f"{ONE}/search?cursor={MARKER}")
    yield "unknown id", ask("GET", f"{ONE}/{MARKER}")
    yield "unknown id to delete", ask("DELETE", f"{ONE}/{MARKER}")
    yield "key body", ask("POST", "/keys", b'{"' + MARKER.encode(), Content_Type="application/json")
    yield "tenant body", ask("PATCH", "/tenants/default", body({MARKER: MARKER}), Content_Type="application/json")
    yield "tenant", ask("PATCH", f"/tenants/{MARKER}", body({}), Content_Type="application/json")
    yield "engine", ask("GET", f"{ONE}/search?service={quote('unanswerable ' + MARKER)}")
    yield "defect", ask("GET", f"{ONE}/defect-{MARKER}")


def not_http(program):
    """Bytes that are no request, each on a connection of its own."""
    for broken in (
        f"GET /{MARKER} {MARKER}\r\n{MARKER}\r\n\r\n",
        f"GET http://[{MARKER} HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET http://{MARKER}:port/ HTTP/1.1\r\nHost: x\r\n\r\n",
        f"{MARKER} / HTTP/1.1\r\n\r\n",
        f"GET / HTTP/1.1\r\n{MARKER} {MARKER}\r\n\r\n",
        f"POST {ONE} HTTP/1.1\r\nHost: x\r\nContent-Length: {MARKER}\r\n\r\n",
        f"POST {ONE} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{MARKER}\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: {MARKER}\r\n\r\n",
    ):
        with contextlib.suppress(OSError, HTTPException), socket.create_connection(("127.0.0.1", program.port)) as peer:
            peer.sendall(broken.encode())
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(4096):
                pass


def test_nothing_of_a_request_is_in_the_log(failing):
    for what, status in refusals(failing):
        assert status >= 400, what
    not_http(failing)
    failing.send([marked(number) for number in range(3)])
    failing.send([marked("poison", title=f"poison {MARKER}"), marked("undigested")])
    failing.stats()
    health = failing.ask("GET", "/ingestion/health")
    failing.stop()

    aside = (failing.folder / "data" / "aside.jsonl").read_text()
    assert aside.count("\n") == 1
    assert MARKER in json.loads(aside)["error"], "the whole error is beside the event"
    assert health.json["quarantined_events"] == 1
    assert MARKER not in health.body.decode()

    log = failing.log
    assert re.search(r"position \d+ was refused by the engine and set aside: .* error \d+, [A-Z_]+$", log, re.MULTILINE)
    assert "a request failed by a defect" in log
    assert "a block could not be fed" in log
    assert "ValueError" in log
    assert MARKER not in log
    assert KEY not in log


def test_the_answer_to_a_defect_says_nothing_of_it(failing):
    defect = failing.ask("GET", f"{ONE}/defect-{MARKER}")
    engine = failing.ask("GET", f"{ONE}/search?service={quote('unanswerable ' + MARKER)}")
    assert (defect.status, engine.status) == (500, 503)
    assert "error 6, CANNOT_PARSE_TEXT" in engine.json["detail"]
    assert MARKER not in (defect.body + engine.body).decode()


def test_a_made_key_is_in_its_answer_only(program):
    made = program.ask("POST", "/keys", b'{"scopes": ["read"]}', Content_Type="application/json").json["key"]
    program.stop()
    for path in program.folder.rglob("*"):
        assert not path.is_file() or made[12:].encode() not in path.read_bytes(), path
