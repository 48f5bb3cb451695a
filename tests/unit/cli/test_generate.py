import gzip
import json
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from pulsestream.cli import main
from pulsestream.cli.generate import command
from pulsestream.event import Event

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PROGRAM = [sys.executable, "-m", "pulsestream", "generate"]
ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs" / "generator.md"
FIXED = ("--seed", 7, "--end", "2026-11-20T12:00:00Z")


@pytest.fixture
def generate(monkeypatch, capfdbinary):
    """Run `pulsestream generate` in this process: (exit code, stdout, stderr)."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["pulsestream", "generate", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfdbinary.readouterr()
        return ended.value.code, out, err.decode()

    return run


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to be in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def events(text):
    return msgspec.json.Decoder(Event).decode_lines(text)


def test_without_options_a_day_of_1000_events_comes_to_stdout(generate):
    before = datetime.now(UTC)
    code, out, err = generate()
    made = events(out)

    assert (code, len(made)) == (0, 1_000)
    assert before - timedelta(hours=24, seconds=2) <= made[0].timestamp
    assert made[-1].timestamp < datetime.now(UTC)
    assert "1,000 events" in err


def test_the_same_seed_and_end_give_the_same_file(generate, tmp_path):
    for name in ("one", "two"):
        assert generate("--count", 300, "--output", tmp_path / name, *FIXED)[0] == 0

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize(
    ("name", "options"),
    [("a file.json", ()), ("e.jsonl", ("--format", "json")), ("e.json", ("--format", "jsonl"))],
)
def test_the_line_of_the_summary_makes_a_random_run_again(generate, tmp_path, name, options):
    path = tmp_path / name
    _, _, err = generate("--count", 50, "--hours", 1.5, "--output", path, *options)
    first = path.read_bytes()
    path.unlink()

    command = shlex.split(re.search(r"the same again: (.*)", err)[1])
    assert command[:2] == ["pulsestream", "generate"]
    generate(*command[2:])

    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("name", "unpack"),
    [("e.jsonl", bytes), ("e.jsonl.gz", gzip.decompress), ("e.jsonl.zst", zstd.decompress)],
    ids=["plain", "gzip", "zstd"],
)
def test_the_file_name_says_how_to_compress(generate, tmp_path, name, unpack):
    path = tmp_path / name
    generate("--count", 100, "--output", path, *FIXED)
    packed = path.read_bytes()
    _, plain, _ = generate("--count", 100, *FIXED)

    assert unpack(packed) == plain
    generate("--count", 100, "--output", path, *FIXED)
    assert path.read_bytes() == packed


@pytest.mark.parametrize(
    ("options", "is_array"),
    [
        (("-o", "e.json"), True),
        (("-o", "e.jsonl"), False),
        (("-o", "e"), False),
        (("-o", "e.jsonl", "--format", "json"), True),
        (("-o", "e.json", "--format", "jsonl"), False),
    ],
)
@pytest.mark.usefixtures("here")
def test_json_is_one_array_of_the_same_events(generate, options, is_array):
    count = 10_001  # more than one block
    generate("--count", count, *options, *FIXED)
    text = Path(options[1]).read_bytes()

    made = json.loads(text) if is_array else [json.loads(line) for line in text.splitlines()]
    assert len(made) == count
    assert text.endswith(b"]\n" if is_array else b"}}\n")


def test_quiet_says_nothing(generate):
    code, out, err = generate("--count", 5, "--quiet")

    assert (code, len(events(out)), err) == (0, 5, "")


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--count", 0), 2, "--count must be 1 or more, not 0"),
        (("--count", -5), 2, "--count must be 1 or more"),
        (("--hours", 0), 2, "--hours must be more than 0"),
        (("--hours", "nan"), 2, "--hours must be more than 0"),
        (("--hours", 1e7), 2, "before 1970"),
        (("--hours", 1e300), 2, "before 1970"),
        (("--hours", 90_000), 2, "at most ten years (87,672 hours)"),
        (("--hours", 1e-12), 2, "less than a microsecond"),
        (("--seed", -1), 2, "--seed must be 0 or more"),
        (("--end", "yesterday"), 2, "write it like 2026-11-20T12:00:00Z"),
        (("--end", "2999-01-01"), 2, "2999-01-01T00:00:00Z is in the future"),
        (("--output", "nowhere/e.jsonl"), 1, "make it first"),
        (("--output", "."), 2, "is a folder"),
        (("--output", "locked/e.jsonl"), 1, "you have no permission"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(generate, here, options, code, says):
    (here / "locked").mkdir(mode=0o555)
    if options[1] == "locked/e.jsonl" and os.access("locked", os.W_OK):
        pytest.skip("this user may write everywhere")

    result = generate(*options)

    assert (result[0], result[1]) == (code, b"")
    assert says in result[2]
    assert result[2].startswith("pulsestream: ")
    assert result[2].count("\n") == 1
    assert [path.name for path in here.rglob("*")] == ["locked"]


def test_times_without_a_zone_are_utc_and_others_are_converted(generate):
    outs = [
        generate("--count", 20, "--seed", 1, "--end", end)[1]
        for end in ("2026-11-20T12:00:00Z", "2026-11-20T12:00:00", "2026-11-20 17:30:00+05:30")
    ]

    assert outs[0] == outs[1] == outs[2]


def test_a_full_disk_leaves_the_old_file_and_nothing_half(tmp_path):
    path = tmp_path / "e.jsonl"
    path.write_text("old\n")

    command = f"ulimit -f 64; exec {shlex.join(PROGRAM)} --count 5000 --output {shlex.quote(str(path))}"
    run = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)

    assert run.returncode == 1
    assert re.fullmatch(r"pulsestream: cannot write \S+: File too large; nothing was kept\n", run.stderr)
    assert path.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_nothing_half(tmp_path, number, code):
    path = tmp_path / "e.jsonl.gz"
    with subprocess.Popen([*PROGRAM, "--count", "100000000", "-o", path], stderr=subprocess.PIPE) as run:
        while not list(tmp_path.iterdir()):
            assert run.poll() is None
        run.send_signal(number)
        _, err = run.communicate()

    assert (run.returncode, err.strip()) == (code, b"")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_seen_enough_is_no_failure(unbuffered):
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    command = [*PROGRAM, "--count", "20000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as run:
        first = run.stdout.readline()
        run.stdout.close()
        err = run.stderr.read()

    assert json.loads(first)["event_type"] == "api_call"
    assert (run.returncode, err) == (0, b"")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_slow_pipe_gets_every_event(unbuffered):
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    run = subprocess.run([*PROGRAM, "--count", "3000", "-q"], capture_output=True, env=environment, check=True)

    assert len(events(run.stdout)) == 3_000


def test_a_link_and_a_device_stay_what_they_are(generate, tmp_path):
    (tmp_path / "target.jsonl").touch()
    (tmp_path / "link").symlink_to("target.jsonl")

    generate("--count", 3, "--output", tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert len(events((tmp_path / "target.jsonl").read_bytes())) == 3

    assert generate("--count", 3, "--output", os.devnull)[0] == 0
    assert Path(os.devnull).is_char_device()


def test_a_terminal_shows_a_bar_while_it_works(tmp_path):
    terminal, inner = pty.openpty()
    shown = bytearray()

    def read():
        try:
            while piece := os.read(terminal, 4_096):
                shown.extend(piece)
        except OSError:  # Linux says so when the other end is closed
            return

    reader = threading.Thread(target=read)
    environment = {**os.environ, "TERM": "xterm-256color"}
    with subprocess.Popen([*PROGRAM, "--count", "40000", "-o", tmp_path / "e.jsonl"], stderr=inner, env=environment):
        reader.start()
    os.close(inner)
    reader.join()
    os.close(terminal)

    assert b"generating" in shown
    assert b"40,000/40,000" in shown
    assert b"40,000 events" in shown


@pytest.fixture
def checkout(tmp_path):
    """A checkout with the scripts and nothing installed."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def by_a_python_without_the_package(checkout, *arguments):
    """Run the script by the Python that ours is made from, without anything that was installed."""
    script = checkout / "scripts" / "generate_realistic_events.py"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys._base_executable, "-S", script, *arguments],
        capture_output=True,
        text=True,
        cwd=checkout,
        env=environment,
        check=False,
    )


def test_the_script_runs_itself_again_in_the_checkouts_environment(checkout):
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    python.chmod(0o755)

    run = by_a_python_without_the_package(checkout, "--count", "20", "--hours", "168", "--output", "e.jsonl")

    assert (run.returncode, run.stdout) == (0, "")
    assert "20 events" in run.stderr
    assert len(events((checkout / "e.jsonl").read_bytes())) == 20


def test_the_script_says_what_to_do_when_nothing_is_installed(checkout):
    run = by_a_python_without_the_package(checkout)

    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == (
        f"generate_realistic_events.py: PulseStream is not installed yet: run `make install` in {checkout}\n"
    )


def test_the_script_does_not_run_itself_for_ever_in_an_environment_without_the_package(checkout):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", checkout / ".venv"], check=True)
    script = checkout / "scripts" / "generate_realistic_events.py"

    run = subprocess.run(
        [checkout / ".venv" / "bin" / "python", script], capture_output=True, text=True, check=False, timeout=60
    )

    assert run.returncode == 2
    assert "run `make install`" in run.stderr


def test_errors_of_the_script_are_those_of_the_program():
    script = ROOT / "scripts" / "generate_realistic_events.py"
    run = subprocess.run([sys.executable, script, "--count", "0"], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stderr) == (2, "pulsestream: --count must be 1 or more, not 0\n")


def test_the_committed_events_are_those_the_documented_command_makes(generate, tmp_path):
    documented = re.search(r"pulsestream generate (.*) --output test_events_500.jsonl", DOCS.read_text())[1]
    generate(*documented.split(), "--output", tmp_path / "made.jsonl")

    assert (tmp_path / "made.jsonl").read_bytes() == (ROOT / "test_events_500.jsonl").read_bytes()


def test_every_option_is_documented():
    page = DOCS.read_text()
    for option in command.params:
        for name in option.opts:
            assert f"`{name}" in page, f"docs/generator.md does not speak of {name}"
