"""The demo as a person runs it: the real program, on a free port, ended by Ctrl-C."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def demo(tmp_path):
    started = []

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "pulsestream", "demo", *map(str, arguments)],
            env=os.environ | {"TMPDIR": str(tmp_path), "PULSESTREAM_API_KEY": "a-key"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        for child in psutil.Process(process.pid).children() if process.poll() is None else []:
            child.kill()
        process.kill()
        process.communicate()


def read_until(process, pattern):
    for line in process.stdout:
        if found := re.search(pattern, line):
            return found
    raise AssertionError(process.stderr.read())


def children(process):
    return psutil.Process(process.pid).children(recursive=True)


def stored(text):
    return int(re.search(r"([\d,]+) events are stored", text)[1].replace(",", ""))


@pytest.mark.slow
def test_the_demo_fills_a_day_sends_live_traffic_and_leaves_nothing_behind(demo, tmp_path):
    build = shlex.join([sys.executable, str(ROOT / "scripts" / "web.py"), "build", "--steps"])
    process = demo("--port", 0, "--history", 3000, "--rate", 100, "--seed", 1, "--build", build)
    url = read_until(process, r"listens on (http://\S+) and takes the key a-key")[1]
    with urllib.request.urlopen(f"{url}/api/v1/session") as answer:  # noqa: S310 - our own URL
        assert json.load(answer)["signed_in"]
    told = read_until(process, r"No dashboard.*|Dashboard: \S+ \(live.*")[0]
    assert re.fullmatch(rf"Dashboard: {url} \(live charts after \d+ s, of which \d+ s were downloads\)", told)
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - our own URL
        assert answer.read() == (ROOT / "src" / "pulsestream" / "pages" / "index.html").read_bytes()
    said = read_until(process, r"([\d.]+) requests/s · errors .* · ([\d,]+) events stored")
    assert int(said[2].replace(",", "")) > 3000
    assert float(said[1]) > 0
    found = subprocess.run(
        [sys.executable, "-m", "pulsestream", "search", "--url", url, "--api-key", "a-key", "--limit", "1", "--json"],
        capture_output=True,
        check=True,
    )
    assert "event_id" in json.loads(found.stdout)
    [server] = children(process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert stored(out) > 3000
    assert not server.is_running()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_named_folder_is_kept_and_gone_on_with(demo, tmp_path):
    totals = []
    for _ in range(2):
        process = demo("--port", 0, "--history", 500, "--rate", 0, "--data", tmp_path / "kept")
        read_until(process, r"requests|no history is added|Sending 500")
        read_until(process, r"events stored")
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert f"pulsestream demo --data {tmp_path / 'kept'}" in out
        totals.append(stored(out))
        open_to_others = [path for path in (tmp_path / "kept").rglob("*") if path.lstat().st_mode & 0o077]
        assert [path for path in open_to_others if not path.is_symlink()] == []
    assert totals == [500, 500]


@pytest.mark.slow
def test_a_port_that_is_taken_is_one_clear_line(demo, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = demo("--port", taken.getsockname()[1])
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert re.fullmatch(r"pulsestream: cannot listen on 127\.0\.0\.1:\d+ .*--port\n", err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_server_that_dies_ends_the_demo_with_its_exit_code(demo, tmp_path):
    process = demo("--port", 0, "--history", 0, "--rate", 10)
    read_until(process, "listens on")
    [server] = children(process)
    server.kill()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the server ended with code -9" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_ctrl_c_while_the_server_starts_stops_it(demo, tmp_path):
    process = demo("--port", 0)
    read_until(process, "Starting the server")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []
