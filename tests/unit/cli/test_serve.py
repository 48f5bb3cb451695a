"""What `serve` refuses to start with, what its files are open to, and what it says of its first key."""

import contextlib
import os
import re
import stat
import subprocess
import sys

import pytest

from pulsestream.control.keys import DEMO_KEY
from system.program import Program, event

pytestmark = pytest.mark.slow

EVERYWHERE = "0.0.0.0"  # noqa: S104 - this is about what must not be bound to it
GOOD_KEY = "0123456789abcdefghij"


def refused(folder, host, key, *options):
    """What a server says that does not start; it must not have made anything."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PULSESTREAM_")}
    done = subprocess.run(
        [sys.executable, "-m", "pulsestream", "serve", "--host", host, "--port", "0", "--data", folder, *options],
        env=environment | ({"PULSESTREAM_API_KEY": key} if key else {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert not folder.exists()
    return done.stderr


@pytest.mark.parametrize("host", [EVERYWHERE, "::"])
def test_the_key_of_the_documentation_opens_nothing_to_the_outside(tmp_path, host):
    said = refused(tmp_path / "data", host, DEMO_KEY)
    assert said.startswith(f"pulsestream: the key {DEMO_KEY} is in the documentation, and {host} can be reached")
    assert "openssl rand -hex 32" in said
    assert said.count("\n") == 1


def test_a_host_that_is_no_address_is_named(tmp_path):
    assert "there is no address 'nowhere.invalid'" in refused(tmp_path / "data", "nowhere.invalid", GOOD_KEY)


def test_a_short_key_opens_nothing_to_the_outside(tmp_path):
    said = refused(tmp_path / "data", EVERYWHERE, GOOD_KEY[:19])
    assert "has 19 characters and can be guessed" in said
    assert GOOD_KEY[:19] not in said


def test_it_is_the_key_that_counts_wherever_it_was_given(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text(f"api_key = '{DEMO_KEY}'")
    file.chmod(0o600)
    assert "is in the documentation" in refused(tmp_path / "data", EVERYWHERE, "", "--config", file)
    assert "is in the documentation" in refused(tmp_path / "data", EVERYWHERE, "", "--api-key", DEMO_KEY)


@pytest.mark.parametrize("host", [EVERYWHERE, "::"])
def test_nobody_is_signed_in_by_themselves_from_outside(tmp_path, host):
    said = refused(tmp_path / "data", host, GOOD_KEY, "--sign-in", "open")
    assert f"{host} can be reached from outside" in said


def test_without_a_key_nobody_is_signed_in_by_themselves(tmp_path):
    assert "and there is none" in refused(tmp_path / "data", "127.0.0.1", "", "--sign-in", "open")


@contextlib.contextmanager
def announced(folder, *options, key=""):
    """What a server says until it listens; it runs in the block."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PULSESTREAM_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "pulsestream", "serve", "--port", "0", "--data", folder, *options],
        env=environment | {"PULSESTREAM_API_KEY": key},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        said = ""
        try:
            for line in process.stdout:
                said += line
                if "listens on" in line:
                    break
            yield said
        finally:
            process.terminate()


def test_from_outside_a_good_key_or_none_will_do(tmp_path):
    for name, key in (("with", GOOD_KEY), ("without", "")):
        with announced(tmp_path / name, "--host", EVERYWHERE, key=key) as said:
            assert "listens on http://0.0.0.0:" in said
            assert bool(re.search(r"ps_[0-9a-f]{8}_", said)) == (not key)


def test_the_first_key_is_said_once_with_what_it_may_do(tmp_path):
    with announced(tmp_path / "data") as said:
        for part in ("shown this once", "ingest, read, admin", "pulsestream key create --scope ingest"):
            assert part in said
        program = Program(tmp_path)
        program.port = int(re.search(r"http://127\.0\.0\.1:(\d+)", said)[1])
        key = re.search(r"^  (ps_\S+)$", said, re.MULTILINE)[1]
        assert program.ask("GET", "/keys", key=key).status == 200
        assert program.ask("GET", "/ingestion/stats", key=key).status == 200
        [line] = program.ask("GET", "/audit", key=key).json["lines"]
        assert (line["act"], line["subject"], line["actor"]) == ("create key", key[3:11], "server@default")
    with announced(tmp_path / "data") as said:
        assert "listens on" in said
        assert "ps_" not in said


def modes(folder):
    """Of everything below a folder and of it: what group and others may do."""
    paths = [folder, *folder.rglob("*")]
    assert len(paths) > 50, "the engine's files are there"
    return {
        str(path): oct(stat.S_IMODE(path.lstat().st_mode))
        for path in paths
        if not path.is_symlink() and path.lstat().st_mode & 0o077
    }


def test_nothing_that_a_server_makes_is_open_to_others(tmp_path):
    before = os.umask(0o000)
    try:
        with Program(tmp_path) as program:
            program.send([event(number) for number in range(50)])
            program.ask("DELETE", "/ingestion/events/evt_1")
            program.stats()
            assert modes(tmp_path / "data") == {}
            program.kill()
            assert modes(tmp_path / "data") == {}
    finally:
        os.umask(before)


def test_a_data_folder_that_was_open_is_closed_and_said(tmp_path):
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    data.chmod(0o755)
    with Program(tmp_path) as program:
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        assert f"the data folder {data} was open to others (mode 755), and is now closed to them" in program.log


@pytest.mark.parametrize(("mode", "text", "warned"), [(0o644, "api_key", 1), (0o600, "api_key", 0), (0o644, "host", 0)])
def test_settings_that_show_a_key_to_others_are_warned_of(tmp_path, mode, text, warned):
    file = tmp_path / "settings.toml"
    file.write_text("api_key = 'a-key-in-a-file-for-all-to-read'" if text == "api_key" else "host = '127.0.0.1'")
    file.chmod(mode)
    with Program(tmp_path / "server", config=file) as program:
        assert program.log.count(f"others on this machine can read the key in {file}: chmod 600") == warned
        assert "a-key-in-a-file" not in program.log
