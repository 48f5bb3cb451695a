"""Law 2: an acknowledged event is found exactly once, whatever happened in between."""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pulsestream.generate import generate
from system.program import KEY, Program, event, obeys_conservation

pytestmark = pytest.mark.slow

END = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def five_thousand(tmp_path_factory):
    path = tmp_path_factory.mktemp("events") / "5k.jsonl"
    path.write_bytes(b"".join(generate(5_000, start=END - timedelta(days=7), end=END, seed=7)))
    return path


def ingest(program: Program, path: Path, *options: str) -> tuple[int, dict[str, object]]:
    """The exit code and the report of `pulsestream ingest`."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pulsestream",
            "ingest",
            str(path),
            "--url",
            program.url,
            "--api-key",
            KEY,
            "--json",
            *options,
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, json.loads(done.stdout)


def test_a_file_sent_twice_is_stored_once(program, five_thousand):
    code, report = ingest(program, five_thousand)
    assert (code, report["stored"], report["duplicate"]) == (0, 5_000, 0)

    code, report = ingest(program, five_thousand)
    assert (code, report["stored"], report["duplicate"]) == (0, 0, 5_000)

    stats = program.stats()
    assert stats["total_events"] == 5_000
    assert stats["outcomes"] == {"stored": 5_000, "duplicate": 5_000, "rejected": 0, "rate_limited": 0, "overloaded": 0}


class Sender(threading.Thread):
    """Sends the lines over and over in batches, and remembers which events were acknowledged as in."""

    def __init__(self, program: Program, lines: list[bytes], seed: int) -> None:
        super().__init__()
        self._program = program
        self._random = random.Random(seed)
        self._lines = lines
        self.acknowledged: set[str] = set()
        self.broken: list[str] = []

    def run(self) -> None:
        for _ in range(10_000):
            batch = self._random.sample(self._lines, self._random.choice((1, 7, 200)))
            try:
                answer = self._program.ask(
                    "POST", "/ingestion/events/batch", b"\n".join(batch), Content_Type="application/x-ndjson"
                )
            except (OSError, http.client.HTTPException):
                return  # killed
            if answer.status != 200:
                self.broken.append(str(answer.body))
                return
            results = answer.json["results"]
            self.acknowledged |= {result["event_id"] for result in results if result["status"] != "rejected"}


KILLS = 12


def test_kill_9_at_any_instant_loses_and_repeats_nothing(tmp_path, five_thousand):
    lines = five_thousand.read_bytes().splitlines()
    chance = random.Random(20261124)
    program = Program(tmp_path)
    acknowledged: set[str] = set()
    instants = []
    for kill in range(KILLS):
        program.start()
        senders = [Sender(program, lines, seed=kill * 10 + number) for number in range(3)]
        for sender in senders:
            sender.start()
        # Not a wait for a state: the instant of the kill is the random input of this test.
        instants.append(chance.uniform(0.0, 0.9))
        time.sleep(instants[-1])
        program.kill()
        for sender in senders:
            sender.join()
            assert not sender.broken
            acknowledged |= sender.acknowledged

    with program:
        found = Counter(found["event_id"] for found in program.all_events())
        assert len(acknowledged) > 1_000, "too little was acknowledged for the test to say anything"
        assert acknowledged <= found.keys(), f"lost after kills at {instants}"
        assert set(found.values()) == {1}, f"repeated after kills at {instants}"
        stats = program.stats()
        assert obeys_conservation(stats), stats

        code, report = ingest(program, five_thousand)
        assert (code, report["stored"]) == (0, 5_000 - len(found))
        assert program.stats()["total_events"] == 5_000
        assert obeys_conservation(program.stats())
    program.close()


def test_what_was_not_synced_is_not_acknowledged(tmp_path, five_thousand):
    """The same on a file layer that keeps nothing until it is synced: a power cut, not only a kill."""
    lines = five_thousand.read_bytes().splitlines()
    chance = random.Random(5)
    forgetful = Program(tmp_path, script=[str(Path(__file__).with_name("forgetful_server.py"))], feed_linger_ms=5_000)
    acknowledged: set[str] = set()
    for cut in range(4):
        forgetful.start()
        sender = Sender(forgetful, lines, seed=100 + cut)
        sender.start()
        time.sleep(chance.uniform(0.1, 0.6))
        forgetful.kill()
        sender.join()
        assert not sender.broken
        acknowledged |= sender.acknowledged
        with Program(tmp_path) as program:
            found = Counter(found["event_id"] for found in program.all_events())
            assert acknowledged
            assert acknowledged <= found.keys()
            assert set(found.values()) == {1}
            assert obeys_conservation(program.stats())


def test_a_clean_stop_leaves_an_empty_journal_and_everything_in_the_store(tmp_path):
    with Program(tmp_path) as program:
        program.send([event(number) for number in range(10)])
        assert program.stop() == 0
        assert list((tmp_path / "data" / "journal").iterdir()) == []
        program.start()
        assert program.stats()["total_events"] == 10


def test_a_deleted_event_stays_deleted_through_kill_and_restart(tmp_path):
    with Program(tmp_path) as program:
        program.send([event(number) for number in range(3)])
        assert program.ask("DELETE", "/ingestion/events/evt_1").status == 200
        program.kill()
        program.start()
        assert program.ask("GET", "/ingestion/events/evt_1").status == 404
        assert program.ask("DELETE", "/ingestion/events/evt_1").status == 404
        assert {found["event_id"] for found in program.all_events()} == {"evt_0", "evt_2"}
        refused = program.send_one(event(1))
        assert (refused.status, refused.json["reason"]) == (410, "deleted")
        assert program.stats()["total_events"] == 2


def test_a_second_server_on_the_same_folder_is_refused(program):
    second = subprocess.run(
        [sys.executable, "-m", "pulsestream", "serve", "--port", "0", "--data", str(program.folder / "data")],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode == 2
    assert "--data" in second.stderr
    assert len(second.stderr.splitlines()) == 1


def test_concurrent_repeats_of_one_event_are_stored_once(tenant):
    answers: list[str] = []
    barrier = threading.Barrier(16)

    def send() -> None:
        barrier.wait()
        answers.append(tenant.send_one(event("same")).json["processing_status"])

    threads = [threading.Thread(target=send) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["duplicate"] * 15 + ["stored"]
    assert len(tenant.all_events()) == 1


def test_a_request_repeated_with_its_idempotency_key_adds_nothing(tenant):
    nameless = [event(0, event_id=None, title=f"call {number}") for number in range(5)]
    first = tenant.send(nameless, Idempotency_Key="upload-1")
    second = tenant.send(nameless, Idempotency_Key="upload-1")
    other = tenant.send(nameless, Idempotency_Key="upload-2")
    assert (first["stored"], second["duplicate"], other["stored"]) == (5, 5, 5)
    ids = [[result["event_id"] for result in answer["results"]] for answer in (first, second)]
    assert ids[0] == ids[1]


def test_without_id_and_key_a_repeat_is_a_new_event(tenant):
    nameless = event(0, event_id=None)
    assert tenant.send([nameless, nameless])["stored"] == 2
    assert tenant.send([nameless])["stored"] == 1
