"""tail: what it asks for, what it prints, and how it goes on after a lost connection."""

import json
import os
import signal
import subprocess
import sys

import pytest

from pulsestream.cli.tail import _Printer
from pulsestream.client.frames import Frame

KEY = "the-key"


@pytest.fixture
def tail(stand_in):
    started = []

    def start(*arguments):
        environment = os.environ | {"PULSESTREAM_API_KEY": KEY, "PULSESTREAM_URL": stand_in.url}
        process = subprocess.Popen(
            [sys.executable, "-m", "pulsestream", "tail", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def arrivals(*numbers, after):
    events = json.dumps({"events": [{"event_id": f"e{number}"} for number in numbers]})
    return f"id: {after}\nevent: events\ndata: {events}\n\n".encode()


def test_it_goes_on_after_the_last_event_and_waits_out_a_lost_server(tail, stand_in):
    stand_in.faults = [None, 503, None]
    stand_in.answers["tail"] = [
        b"id: a\n: nothing since\n\n" + arrivals(1, after="b") + arrivals(2, 3, after="c") + b"event: events\ndata: {",
        b'event: dropped\ndata: {"count":1200}\n\n' + arrivals(4, after="d"),
    ]
    process = tail("-n", "1", "--service", "x", "-q", "status:500")  # into a pipe, so without --json too
    assert [json.loads(process.stdout.readline())["event_id"] for _ in range(4)] == ["e1", "e2", "e3", "e4"]
    said = [process.stderr.readline() for _ in range(3)]
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert "Lost" in said[0]
    assert "is back" in said[1]
    assert "1,200 events are not shown: they came faster" in said[2]
    questions = [stand_in.asked(index) for index in range(3)]
    assert [(one.get("last"), one.get("after")) for one in questions] == [("1", None), (None, "c"), (None, "c")]
    assert all(one["q"] == "status_code:500 service:x" for one in questions)
    assert stand_in.requests[0][1].startswith("/api/v1/query/tail?")


def test_it_ends_quietly_when_nobody_reads_on(tail, stand_in):
    stand_in.answers["tail"] = [arrivals(*range(10), after="a")]
    process = tail("--json")
    assert process.stdout.readline()
    process.stdout.close()
    assert process.wait(30) == 1
    assert "Traceback" not in process.stderr.read()
    process.stdout = None  # closed already; the fixture reads what is left


def test_a_query_that_is_not_understood_is_drawn(run, stand_in):
    stand_in.faults = [({"code": "bad_query", "detail": "no such field", "position": 0, "length": 6}, 422)]
    code, out, err = run("tail", "-q", "servce:x")
    assert (code, out) == (2, "")
    assert err == "pulsestream: no such field\n  servce:x\n  ^^^^^^\n"


def test_what_is_not_known_here_is_passed_over(capsys):
    _Printer(None, as_json=True).show(Frame(name="weather", data=b"fine"))
    assert capsys.readouterr().out == ""
