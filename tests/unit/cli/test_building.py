import asyncio
import json
import os
import shlex
import sys
from datetime import UTC, datetime, timedelta

import psutil
import pytest

from pulsestream.cli import building
from pulsestream.cli.building import Building

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
OLD, NEW = b"the page of before", b"the page that was built"
DOWNLOADING = {"doing": "downloading what builds the pages", "download": True}
BUILDING = {"doing": "building the pages"}
READY = {"ready": True}


class HeldClock:
    """Stands until it is told to go on."""

    def __init__(self):
        self.passed_s = 0.0

    def now(self):
        return NOW + timedelta(seconds=self.passed_s)

    def monotonic(self):
        return self.passed_s


class Site:
    """Serves a page on a free port, as the demo's server does."""

    def __init__(self):
        self.page = NEW
        self.asked = asyncio.Event()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()

    async def _answer(self, reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        self.asked.set()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(self.page) + self.page)
        writer.close()


class Told:
    """What a person is told, one after the other."""

    def __init__(self):
        self._waiting = asyncio.Queue()
        self.tell = self._waiting.put_nowait

    async def next(self):
        async with asyncio.timeout(20):
            return await self._waiting.get()

    @property
    def nothing_more(self):
        return self._waiting.empty()


@pytest.fixture(autouse=True)
def index(tmp_path, monkeypatch):
    """The page on the disk."""
    path = tmp_path / "index.html"
    path.write_bytes(NEW)
    monkeypatch.setattr(building, "INDEX", path)
    return path


@pytest.fixture
def builder(tmp_path):
    """A command that says each of the given lines when it is let go on, and then ends."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    # Open at both ends all the time: no line is lost between two who come and go.
    held = os.open(gate, os.O_RDWR)

    class Builder:
        def command(self, *steps, code=0):
            lines = [step if isinstance(step, str) else json.dumps(step) for step in steps]
            program = (
                "import sys\n"
                f"with open({str(gate)!r}) as gate:\n"
                f"    for line in {lines!r}:\n"
                "        gate.readline()\n"
                "        print(line, flush=True)\n"
                "    gate.readline()\n"
                f"sys.exit({code})\n"
            )
            return shlex.join([sys.executable, "-c", program])

        def go_on(self):
            os.write(held, b"\n")

    yield Builder()
    os.close(held)


def test_the_time_until_live_charts_is_told_with_what_of_it_were_downloads(builder):
    async def demo():
        clock, told, command = HeldClock(), Told(), builder.command(DOWNLOADING, BUILDING, READY)
        async with Site() as site, Building(command, clock, told.tell) as pages:
            builder.go_on()
            assert await told.next() == "Dashboard: downloading what builds the pages …"
            assert pages.state == "downloading what builds the pages …"
            clock.passed_s = 9
            builder.go_on()
            assert await told.next() == "Dashboard: building the pages …"
            pages.live(site.url)
            assert told.nothing_more
            clock.passed_s = 21
            builder.go_on()
            builder.go_on()
            assert await told.next() == f"Dashboard: {site.url} (live charts after 21 s, of which 9 s were downloads)"
            assert pages.state == "live charts after 21 s, of which 9 s were downloads"

    asyncio.run(demo())


def test_pages_that_are_there_at_once_wait_for_the_history():
    async def demo():
        clock, told = HeldClock(), Told()
        async with Site() as site, Building("", clock, told.tell) as pages:
            clock.passed_s = 4
            pages.live(site.url)
            assert await told.next() == f"Dashboard: {site.url} (live charts after 4 s, of which 0 s were downloads)"

    asyncio.run(demo())


def test_a_server_that_has_not_seen_the_new_pages_yet_is_waited_for():
    async def demo():
        clock, told = HeldClock(), Told()
        async with Site() as site, Building("", clock, told.tell) as pages:
            site.page = OLD
            pages.live(site.url)
            async with asyncio.timeout(20):
                await site.asked.wait()
            assert told.nothing_more
            clock.passed_s = 2
            site.page = NEW
            assert await told.next() == f"Dashboard: {site.url} (live charts after 2 s, of which 0 s were downloads)"

    asyncio.run(demo())


def test_what_make_did_before_is_counted(builder):
    async def demo():
        clock, told = HeldClock(), Told()
        before = {"began": (NOW - timedelta(seconds=50)).timestamp(), "downloads_s": 46.0}
        command = builder.command(before, DOWNLOADING, READY)
        async with Site() as site, Building(command, clock, told.tell) as pages:
            pages.live(site.url)
            builder.go_on()
            builder.go_on()
            await told.next()
            clock.passed_s = 7
            builder.go_on()
            builder.go_on()
            assert await told.next() == f"Dashboard: {site.url} (live charts after 57 s, of which 53 s were downloads)"

    asyncio.run(demo())


@pytest.mark.parametrize(
    ("steps", "code", "why"),
    [
        ([BUILDING, {"failed": "npm could not get it:\n  ECONNREFUSED"}], 1, "npm could not get it"),
        ([BUILDING], 3, "what builds its pages ended with code 3"),
        (["not JSON", '{"doing": 7}'], 4, "what builds its pages ended with code 4"),
    ],
)
def test_a_build_that_fails_says_why_and_that_the_demo_goes_on(builder, steps, code, why):
    async def demo():
        told = Told()
        async with Building(builder.command(*steps, code=code), HeldClock(), told.tell) as pages:
            pages.live("http://127.0.0.1:9")
            for _ in range(len(steps) + 1):
                builder.go_on()
            said = await told.next()
            if said == "Dashboard: building the pages …":
                said = await told.next()
            assert said.startswith(f"No dashboard: {why}")
            assert said.endswith("\nThe demo goes on without it.")
            assert pages.state == f"no dashboard: {why}"

    asyncio.run(demo())


def test_a_command_that_there_is_not_is_told_by_name():
    async def demo():
        told = Told()
        async with Building("/no/such/builder build", HeldClock(), told.tell):
            assert "`/no/such/builder`, which builds its pages, does not run" in await told.next()

    asyncio.run(demo())


def test_without_a_command_and_without_pages_it_says_how_to_get_them(index):
    index.unlink()

    async def demo():
        told = Told()
        async with Building("", HeldClock(), told.tell) as pages:
            pages.live("http://127.0.0.1:9")
            assert (await told.next()).startswith("No dashboard: its pages are not built. `make demo`")
        assert told.nothing_more

    asyncio.run(demo())


def test_whoever_leaves_ends_the_command_and_what_it_started():
    # The child does not end when it is asked to, as npm does not.
    program = (
        "import subprocess, sys, time\n"
        "stubborn = 'import signal as s, time; s.signal(s.SIGTERM, s.SIG_IGN); print(flush=True); time.sleep(600)'\n"
        "child = subprocess.Popen([sys.executable, '-c', stubborn], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        'print(\'{"doing": "process %d"}\' % child.pid, flush=True)\n'
        "time.sleep(600)\n"
    )

    async def demo():
        told = Told()
        async with Building(shlex.join([sys.executable, "-c", program]), HeldClock(), told.tell):
            child = psutil.Process(int((await told.next()).split()[2]))
        assert told.nothing_more
        return child

    child = asyncio.run(demo())
    psutil.wait_procs([child], timeout=20)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
