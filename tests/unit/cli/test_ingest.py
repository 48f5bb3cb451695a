import json
import os
import re
import signal
import subprocess
import sys

import pytest

from unit.conftest import Rate

KEY = "the-key"


def write(tmp_path, count=5, *, bad=(), name="events.jsonl"):
    path = tmp_path / name
    path.write_text(
        "".join(json.dumps({"event_id": f"e{n}", "title": "bad" if n in bad else "fine"}) + "\n" for n in range(count))
    )
    return str(path)


@pytest.fixture
def ingest(run):
    return lambda *arguments, **more: run("ingest", *arguments, **more)


def report(result):
    return json.loads(result[1])


def balanced(said):
    return said["sent"] == said["stored"] + said["duplicate"] + said["rejected"] + said["limited"]


def test_a_file_is_in_and_again_is_all_duplicates(ingest, tmp_path, stand_in):
    path = write(tmp_path)
    first = ingest(path, "--json")
    again = ingest(path, "--json")
    assert (first[0], report(first)["stored"], report(first)["outcome"]) == (0, 5, "complete")
    assert (again[0], report(again)["duplicate"], report(again)["sent"]) == (0, 5, 5)
    assert len(stand_in.events) == 5


def test_refusals_are_counted_named_by_file_and_line_and_exit_3(ingest, tmp_path):
    path = write(tmp_path, 7, bad={3, 5})
    code, out, _ = ingest(path, "--batch-size", 2)
    assert code == 3
    assert "2 refused" in out
    assert re.search(r"rejected +2 +28\.6%", out)
    assert f"{path}:4  invalid  e3" in out
    assert "title: a good title; got bad. Send a better one" in out
    assert "2 invalid" in out


@pytest.mark.slow
def test_the_json_report_balances_and_lists_what_happened(ingest, tmp_path, stand_in):
    stand_in.faults = [None, 503, ("overloaded", {0}), "lose"]
    said = report(ingest(write(tmp_path, 20, bad={1}), "--batch-size", 5, "--json"))
    assert balanced(said)
    assert (said["sent"], said["rejected"], said["unsent"], said["exit_code"]) == (20, 1, 0, 3)
    assert said["statuses"]["503"] == 1
    assert said["statuses"]["no answer"] == 1
    assert said["retries"] == 3
    assert said["requests"] == 7
    assert said["reasons"] == {"invalid": 1}
    assert said["latency_ms"]["p99"] >= said["latency_ms"]["p50"] > 0
    assert said["refusals"][0]["place"] == 2


def test_batch_size_1_sends_each_event_alone(ingest, tmp_path, stand_in):
    said = report(ingest(write(tmp_path, 4, bad={2}), "--batch-size", 1, "--json"))
    assert [path for _, path, _ in stand_in.requests] == ["/api/v1/ingestion/events"] * 4
    assert (said["stored"], said["rejected"], said["statuses"]) == (3, 1, {"200": 3, "422": 1})


@pytest.mark.parametrize(
    ("options", "at_once"), [(("--concurrency", 3), 3), (("--mode", "sequential"), 1), (("--concurrency", 1), 1)]
)
def test_as_many_requests_are_under_way_as_were_asked_for(ingest, tmp_path, stand_in, options, at_once):
    stand_in.faults = ["gate"] * at_once
    path = write(tmp_path, 12)
    # The stand-in's gate opens only once enough requests wait at it, or this test hangs and fails.
    opener = _open_gate_at(stand_in, at_once)
    said = report(ingest(path, "--batch-size", 1, "--json", *options))
    opener.join(10)
    assert said["stored"] == 12
    assert stand_in.under_way_max == at_once


def test_the_report_says_how_many_requests_were_under_way_at_once(ingest, tmp_path):
    path = write(tmp_path)
    assert re.search(r"concurrency +4 at the end \(auto\)\n", ingest(path)[1])
    assert re.search(r"concurrency +7\n", ingest(path, "--concurrency", 7)[1])
    assert report(ingest(path, "--json"))["concurrency"] == 4


def test_a_request_stays_within_the_bytes_that_were_asked_for(ingest, tmp_path, stand_in):
    said = report(ingest(write(tmp_path, 9), "--batch-bytes", 100, "--json"))
    assert (said["stored"], said["requests"]) == (9, 5)
    assert all(len(body) <= 100 for _, _, body in stand_in.requests)


def test_compressed_batches_are_said_in_the_report(ingest, tmp_path, stand_in):
    path = write(tmp_path, 1000)
    assert re.search(r"\n  compressed +zstd, \d+\.\d times smaller\n", ingest(path, "--compress", "zstd")[1])
    said = report(ingest(path, "--compress", "zstd", "--json"))
    assert said["compressed_from_bytes"] > 5 * said["compressed_to_bytes"] > 0
    assert stand_in.encodings == ["zstd", "zstd"]
    assert "\n  compressed" not in ingest(path)[1]


def test_a_server_that_takes_no_zstd_is_said_so_once_and_the_events_are_in(ingest, tmp_path, stand_in):
    stand_in.takes_zstd = False
    code, out, err = ingest(write(tmp_path, 1000), "--compress", "zstd", "--batch-size", 100)
    assert code == 0
    assert err == f"{stand_in.url} does not take zstd: sending plain bodies.\n"
    assert re.search(r"compressed +none: the server does not take zstd\n", out)
    assert len(stand_in.events) == 1000


def _open_gate_at(stand_in, count):
    import threading

    def watch():
        while stand_in.under_way < count and not stand_in.gate.wait(0.005):
            pass
        stand_in.gate.set()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def test_limit_takes_the_first_events_over_all_files(ingest, tmp_path, stand_in):
    one, two = write(tmp_path, 3), tmp_path / "two.json"
    two.write_text(json.dumps([{"event_id": f"f{n}", "title": "fine"} for n in range(5)]))
    said = report(ingest(one, two, "--limit", 5, "--batch-size", 2, "--json"))
    assert (said["sent"], said["unsent"]) == (5, 0)
    assert sorted(stand_in.events) == ["e0", "e1", "e2", "f0", "f1"]


def test_a_wrong_key_ends_the_run_with_one_line_and_exit_1(ingest, tmp_path, stand_in):
    code, out, err = ingest(write(tmp_path, 50), "--batch-size", 1, "--mode", "sequential", key="wrong")
    assert code == 1
    assert re.fullmatch(r"pulsestream: .* does not accept this API key .*\n", err)
    assert "stopped by an error" in out
    assert len(stand_in.requests) == 1


def test_no_server_is_one_line_and_exit_1(ingest, tmp_path):
    code, out, err = ingest(write(tmp_path), "--retry-for", 0, "--json", url="http://127.0.0.1:1")
    assert code == 1
    assert "connection refused" in err.splitlines()[-1]
    assert json.loads(out)["unsent"] == 5


def test_without_retries_limited_events_are_counted_and_the_run_goes_on(ingest, tmp_path, stand_in):
    stand_in.faults = [429, None, 503]
    said = report(ingest(write(tmp_path, 6), "--batch-size", 2, "--retry-for", 0, "--mode", "sequential", "--json"))
    assert (said["stored"], said["limited"], said["exit_code"]) == (2, 4, 3)
    assert said["reasons"] == {"rate_limited": 2, "overloaded": 2}
    assert balanced(said)


def test_a_server_that_refuses_for_the_whole_budget_ends_the_run(ingest, tmp_path, stand_in):
    stand_in.faults = [None, *[503] * 1000]
    code, out, err = ingest(
        write(tmp_path, 60), "--batch-size", 2, "--retry-for", "0.3", "--mode", "sequential", "--json"
    )
    said = json.loads(out)
    assert code == 1
    assert "--retry-for" in err.splitlines()[-1]
    assert (said["stored"], said["limited"], said["unsent"]) == (2, 2, 56)


def test_a_rate_limit_is_waited_for_said_in_the_report_and_no_failure(ingest, tmp_path, stand_in):
    stand_in.rate = Rate(per_s=200, burst=20)
    code, out, _ = ingest(write(tmp_path, 100), "--batch-size", 20)
    assert code == 0
    assert len(stand_in.events) == 100
    assert re.search(r"waited +\d\.\d s for the server's rate limit \(\d+ requests? refused for the moment\)", out)
    assert re.search(r"retries +0", out)


def test_the_json_report_has_the_wait_and_the_requests_over_the_rate(ingest, tmp_path, stand_in):
    stand_in.rate = Rate(per_s=200, burst=20)
    said = report(ingest(write(tmp_path, 100), "--batch-size", 20, "--json"))
    assert (said["stored"], said["retries"], said["outcome"]) == (100, 0, "complete")
    assert said["rate_limited_requests"] == said["statuses"]["429"] >= 1
    assert 0 < said["waited_s"] <= said["seconds"]  # wall time, not the sum over the senders


def test_without_a_rate_limit_nothing_is_said_about_one(ingest, tmp_path):
    assert "rate limit" not in ingest(write(tmp_path))[1]
    said = report(ingest(write(tmp_path), "--json"))
    assert (said["waited_s"], said["rate_limited_requests"]) == (0, 0)


def test_a_rate_that_lets_nothing_in_for_the_whole_budget_ends_the_run(ingest, tmp_path, stand_in):
    stand_in.faults = [None, *[("over_rate", 0.05)] * 1000]
    code, out, err = ingest(
        write(tmp_path, 60), "--batch-size", 2, "--retry-for", "0.3", "--mode", "sequential", "--json"
    )
    said = json.loads(out)
    assert code == 1
    assert re.search(r"rate limit .* --retry-for", err.splitlines()[-1])
    assert (said["stored"], said["limited"], said["unsent"]) == (2, 2, 56)


def test_a_key_that_may_not_write_ends_the_run_with_one_line_and_exit_1(ingest, tmp_path, stand_in):
    stand_in.faults = [403]
    code, _, err = ingest(write(tmp_path))
    assert code == 1
    assert re.fullmatch(r"pulsestream: .*\(--api-key, PULSESTREAM_API_KEY\)\n", err)


def write_personal(tmp_path):
    path = tmp_path / "personal.jsonl"
    events = [{"event_id": f"e{n}", "title": "fine", "card": "4111"} for n in range(12)]
    events += [{"event_id": "m", "title": "fine", "card": "4111", "message": "4111"}]
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return str(path)


@pytest.mark.parametrize("batch_size", [1, 5, 1000])
def test_a_dry_run_stores_nothing_and_says_what_would_become_of_the_events(ingest, tmp_path, stand_in, batch_size):
    stand_in.take(b'{"event_id":"e0","title":"fine"}')
    path = write(tmp_path, 7, bad={3, 5})
    code, out, _ = ingest(path, "--dry-run", "--batch-size", batch_size)
    assert code == 3
    assert list(stand_in.events) == ["e0"]
    assert "7 events of " in out
    assert "2 would be refused. A dry run: nothing was stored" in out
    assert re.search(r"would be stored +4 +57\.1%", out)
    assert re.search(r"duplicate +1 ", out)
    assert f"{path}:4  invalid  e3" in out


@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_dry_run_says_what_would_be_scrubbed_by_path(ingest, tmp_path, stand_in, batch_size):
    code, out, _ = ingest(write_personal(tmp_path), "--dry-run", "--batch-size", batch_size)
    assert code == 0
    assert "all would be in. A dry run: nothing was stored" in out
    assert re.search(r"would be stored +13 +100\.0%", out)
    assert re.search(r"to scrub +card 13, message 1\n", out)
    said = report(ingest(write_personal(tmp_path), "--dry-run", "--json"))
    assert (said["dry_run"], said["scrubbed"], said["stored"]) == (True, {"card": 13, "message": 1}, 13)
    assert stand_in.events == {}


def test_a_run_says_what_was_scrubbed(ingest, tmp_path, stand_in):
    out = ingest(write_personal(tmp_path))[1]
    assert re.search(r"scrubbed +card 13, message 1\n", out)
    assert "dry run" not in out
    assert len(stand_in.events) == 13


@pytest.mark.parametrize("batch_size", [1, 1000])
def test_a_server_that_knows_no_dry_runs_is_not_said_to_have_stored_nothing(ingest, tmp_path, stand_in, batch_size):
    stand_in.knows_dry_runs = False
    code, out, err = ingest(write(tmp_path), "--dry-run", "--batch-size", batch_size)
    assert code == 1
    assert "knows no dry runs" in err
    assert "nothing was stored" not in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.jsonl"], "cannot read missing.jsonl: no such file or directory"),
        ([], "Missing argument"),
        (["-", "-"], "Standard input (-) can be given once"),
        (["x", "--batch-size", "0"], "0 is not in the range"),
        (["x", "--mode", "fast"], "'fast' is not one of"),
        (["x", "--concurrency", "0"], "0 is not in the range 1<=x<=1000"),
        (["x", "--concurrency", "many"], "'many' is not a valid integer"),
        (["x", "--batch-bytes", "0"], "0 is not in the range"),
        (["x", "--compress", "gzip"], "'gzip' is not one of"),
        (["x", "--url", "localhost"], "is not a server's address"),
    ],
)
def test_wrong_usage_is_exit_2_and_sends_nothing(ingest, stand_in, arguments, message):
    code, _, err = ingest(*arguments)
    assert code == 2
    assert message in err
    assert stand_in.requests == []


def test_a_file_that_breaks_off_sends_what_came_before_and_says_so(ingest, tmp_path, stand_in):
    import gzip

    text = b"".join(b'{"event_id":"%d","title":"fine"}\n' % (n * 7919 % 10**6) for n in range(200_000))
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(text, 1)[:-300_000])
    code, out, err = ingest(path, "--json")
    assert code == 2
    assert "cut off or damaged" in err
    assert json.loads(out)["stored"] == len(stand_in.events) > 1000


def program(*arguments, stand_in, **more):
    environment = os.environ | {"PULSESTREAM_API_KEY": KEY, "PULSESTREAM_URL": stand_in.url}
    return subprocess.Popen(
        [sys.executable, "-m", "pulsestream", "ingest", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **more,
    )


def wait_for(condition, process):
    while not condition():
        assert process.poll() is None, process.communicate()
        os.sched_yield()


def test_standard_input_is_read(stand_in):
    process = program("-", "--json", stand_in=stand_in, stdin=subprocess.PIPE)
    out, _ = process.communicate(b'{"event_id":"a","title":"fine"}\n{"title":"no id"}\n', timeout=30)
    assert json.loads(out)["stored"] == 2
    assert process.returncode == 0


def test_the_first_ctrl_c_waits_for_the_answers_under_way_and_reports(stand_in, tmp_path):
    stand_in.faults = [None, "gate"]
    path = write(tmp_path, 100)
    process = program(path, "--batch-size", "10", "--mode", "sequential", "--json", stand_in=stand_in)
    wait_for(lambda: len(stand_in.requests) == 2, process)
    process.send_signal(signal.SIGINT)
    stand_in.gate.set()
    out, _ = process.communicate(timeout=30)
    said = json.loads(out)
    assert process.returncode == 130
    assert said["outcome"] == "interrupted"
    assert said["stored"] == len(stand_in.events)
    assert said["stored"] + said["unsent"] == 100
    assert balanced(said)


def test_ctrl_c_ends_the_wait_for_a_silent_pipe(stand_in):
    process = program("-", "--json", stand_in=stand_in, stdin=subprocess.PIPE)
    process.stdin.write(b'{"event_id":"a","title":"fine"}\n')
    process.stdin.flush()
    wait_for(lambda: stand_in.events, process)
    process.send_signal(signal.SIGINT)
    out = process.stdout.read()
    assert process.wait(30) == 130
    assert json.loads(out)["stored"] == 1
    process.stdin.close()
    process.stdout.close()
    process.stderr.close()


def test_the_second_ctrl_c_ends_at_once(stand_in, tmp_path):
    stand_in.faults = ["gate"]
    process = program(write(tmp_path, 100), "--mode", "sequential", stand_in=stand_in)
    wait_for(lambda: stand_in.requests, process)
    process.send_signal(signal.SIGINT)
    assert b"Ctrl-C again leaves at once" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert not stand_in.gate.is_set()
