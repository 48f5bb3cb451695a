"""export: a whole file under its name, or none; the format by the name; what it says."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading

import pyarrow.parquet as pq
import pytest

from system.program import KEY, event

EVENTS = [
    event(f"exported-{n}", source={"service": "exported", "endpoint": "/", "method": "GET"}, payload={"n": n})
    for n in range(30)
]
QUERY = ("-q", "service:exported")


@pytest.fixture
def export(server, operate):
    server.send(EVENTS)
    return lambda *arguments: operate("export", *QUERY, *arguments)


@pytest.fixture
def half():
    """A server that sends the head and half of an export, and then closes, or says nothing more until it is `ended`."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def answer():
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nX-Events-Matched: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
                b'12\r\n{"event_id":"e1"}\n\r\n'
            )
            half.sent.set()
            if half.waits:
                ended.wait(30)

    class Half:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        waits = False
        sent = threading.Event()

    half = Half()
    thread = threading.Thread(target=answer)
    thread.start()
    yield half
    ended.set()
    thread.join()
    listener.close()


def test_the_name_of_the_file_says_the_format(export, tmp_path):
    code, out, err = export("-o", tmp_path / "x.jsonl")
    assert (code, out) == (0, "")
    assert err.startswith("30 events, ")
    assert " of ndjson, in " in err
    lines = (tmp_path / "x.jsonl").read_text().splitlines()
    assert {json.loads(line)["payload"]["n"] for line in lines} == set(range(30))
    export("-o", tmp_path / "x.parquet", "--quiet")
    assert pq.read_table(tmp_path / "x.parquet").num_rows == 30
    export("-o", tmp_path / "x.csv.gz")
    assert gzip.decompress((tmp_path / "x.csv.gz").read_bytes()).count(b"\r\n") == 31
    for name, form in (("x.txt", "csv"), ("x.json", "ndjson")):
        assert export("-o", tmp_path / name, "--format", form)[0] == 0
    assert (tmp_path / "x.txt").read_bytes().startswith(b'"timestamp"')
    assert (tmp_path / "x.json").read_bytes().startswith(b"{")
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == ["x.csv.gz", "x.json", "x.jsonl", "x.parquet", "x.txt"]


def test_lines_go_to_stdout_unless_told(export):
    for output in ((), ("-o", "-")):
        assert len(export(*output)[1].splitlines()) == 30
    assert export("-o", os.devnull)[:2] == (0, "")  # the name of a device is not to be chosen


def test_into_a_pipe_it_writes_the_file_and_says_the_rest_on_stderr(server):
    done = subprocess.run(
        [sys.executable, "-m", "pulsestream", "export", *QUERY, "--format", "parquet", "-o", "-"],
        env=os.environ | {"PULSESTREAM_URL": server.url, "PULSESTREAM_API_KEY": KEY},
        capture_output=True,
        check=True,
    )
    assert pq.read_table(io.BytesIO(done.stdout)).num_rows == 30
    assert done.stderr.startswith(b"30 events, ")


def test_only_the_time_that_is_asked_for_is_in_it(export, tmp_path):
    assert export("--from", "2026-05-04", "--to", "2026-05-04", "-o", tmp_path / "day.csv")[2].startswith("30 events")
    assert export("--to", "2026-05-03", "-o", tmp_path / "before.csv")[2].startswith("0 events")


def test_what_is_there_is_overwritten_only_by_force(export, tmp_path):
    kept = tmp_path / "x.csv"
    kept.write_text("mine")
    code, _, err = export("-o", kept)
    assert (code, kept.read_text()) == (2, "mine")
    assert "--force" in err
    assert export("-o", kept, "--force")[0] == 0
    assert kept.read_text() != "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-o", "x.parquet.gz"), "compressed in itself"),
        (("-o", "x.xyz"), "x.xyz: no format has the extension .xyz: end it in .ndjson, .jsonl, .csv, .parquet, .arrow"),
        (("-o", "x.xlsx"), "or say which with --format"),
        (("-o", "x.tar.gz"), "no format has the extension .tar"),
        (("-o", "x.json"), "x.json: an export is one event a line, no JSON document: name it x.ndjson"),
        (("-o", "y/x.JSON.zst"), "name it y/x.ndjson.zst"),
        (("-o", "x"), "x: the name says no format: end it in .ndjson"),
        (("-o", "x.gz"), "the name says no format"),
        (("--format", "xlsx"), "xlsx"),
        (("-o", "/"), "is a folder"),
        (("-o", "/nowhere/x.csv"), "there is no folder /nowhere"),
    ],
)
def test_what_makes_no_sense_is_said(export, arguments, said):
    code, out, err = export(*arguments)
    assert code in (1, 2)
    assert out == ""
    assert said in err


def test_a_query_that_is_wrong_is_drawn_and_leaves_no_file(operate, tmp_path):
    code, _, err = operate("export", "-q", "service:(a", "-o", tmp_path / "x.csv")
    assert code == 2
    assert "^" in err
    assert list(tmp_path.iterdir()) == []


def test_what_is_broken_off_leaves_no_file(run, half, tmp_path):
    code, _, err = run("export", "-o", tmp_path / "x.ndjson", url=half.url)
    assert code == 1
    assert "broke off after 18 bytes: the file is not whole" in err
    assert list(tmp_path.iterdir()) == []


def test_who_interrupts_it_finds_no_half_file(half, tmp_path):
    half.waits = True
    kept = tmp_path / "x.ndjson"
    kept.write_text("mine")
    process = subprocess.Popen(
        [sys.executable, "-m", "pulsestream", "export", "-o", str(kept), "--force", "--url", half.url],
        stderr=subprocess.PIPE,
    )
    with process:
        assert half.sent.wait(30)
        while not list(tmp_path.glob(".*.part")):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert [path.name for path in tmp_path.iterdir()] == ["x.ndjson"]
    assert kept.read_text() == "mine"
