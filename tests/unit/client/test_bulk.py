import asyncio
import threading
from random import Random

import pytest

from pulsestream.client import Client
from pulsestream.client.bulk import Bulk, Pace
from pulsestream.client.source import Source
from pulsestream.client.tally import Latencies, Tally
from pulsestream.clock import SystemClock
from pulsestream.errors import InputUnreadable

KEY = "the-key"


def run(stand_in, sources, pace, *, during=None, clock=None):
    async def go():
        tally = Tally()
        client = Client(stand_in.url, KEY, clock=clock, rng=Random(1), observe=tally.observe)
        try:
            async with client:
                bulk = Bulk(client, tally, pace, clock=clock)
                if during is not None:
                    asyncio.get_running_loop().call_soon(during, bulk)
                await bulk.run(sources)
        finally:
            await asyncio.sleep(0.1)  # aiohttp's transports close in later turns of the loop
        return bulk

    clock = clock or SystemClock()
    return asyncio.run(go())


def write(tmp_path, count, name="events.jsonl"):
    path = tmp_path / name
    path.write_bytes(b"".join(b'{"event_id":"%b-%d","title":"fine"}\n' % (name.encode(), n) for n in range(count)))
    return Source(str(path))


class Broken:
    """A source whose reading fails in its middle."""

    name = "broken"

    def __init__(self, source, error):
        self._source = source
        self._error = error

    def batches(self, size, **bounds):
        yield from self._source.batches(size, **bounds)
        raise self._error


def test_every_event_of_every_source_is_in_and_accounted_for(stand_in, tmp_path):
    with write(tmp_path, 1234) as one, write(tmp_path, 77, "two") as two:
        bulk = run(stand_in, [one, two], Pace(batch_size=100))
    assert bulk.failure is None
    assert (bulk.tally.sent, bulk.tally.stored, bulk.tally.unsent) == (1311, 1311, 0)
    assert len(stand_in.events) == 1311
    assert bulk.tally.bytes_sent == bulk.bytes_read == one.position_bytes + two.position_bytes


def test_a_file_larger_than_what_may_be_read_ahead_goes_through(stand_in, tmp_path):
    path = tmp_path / "large"
    path.write_bytes(b"".join(b'{"event_id":"%d","title":"%b"}\n' % (n, b"x" * 4000) for n in range(3000)))
    with Source(str(path)) as source:
        bulk = run(stand_in, [source], Pace(batch_size=50, concurrency=3))
    assert bulk.tally.stored == 3000


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), InputUnreadable("broken is damaged")])
def test_what_was_read_before_reading_failed_is_sent(stand_in, tmp_path, error):
    with write(tmp_path, 10) as source:
        bulk = run(stand_in, [Broken(source, error)], Pace(batch_size=3))
    assert bulk.tally.stored == 10
    assert isinstance(bulk.failure, InputUnreadable)
    assert "broken" in str(bulk.failure)


def test_a_defect_in_reading_is_never_taken_for_the_end(stand_in, tmp_path):
    with write(tmp_path, 10) as source, pytest.raises(ExceptionGroup) as raised:
        run(stand_in, [Broken(source, ZeroDivisionError())], Pace())
    assert raised.group_contains(ZeroDivisionError)


def test_after_stop_everything_read_is_either_sent_or_unsent(stand_in, tmp_path):
    stand_in.faults = ["gate"] * 2

    def stop_when_under_way(bulk):
        loop = asyncio.get_running_loop()

        def wait():
            while stand_in.under_way < 2:
                threading.Event().wait(0.005)
            loop.call_soon_threadsafe(bulk.stop)
            loop.call_soon_threadsafe(stand_in.gate.set)

        threading.Thread(target=wait, daemon=True).start()

    with write(tmp_path, 100) as source:
        bulk = run(stand_in, [source], Pace(batch_size=10, concurrency=2), during=stop_when_under_way)
    assert bulk.stopped
    assert bulk.tally.stored == len(stand_in.events) == 20
    assert bulk.tally.sent + bulk.tally.unsent == 100


class TickingClock(SystemClock):
    """Every look at it takes 50 ms, so that a window of answers is over soon."""

    def __init__(self):
        self.seconds = 0.0

    def monotonic(self):
        self.seconds += 0.05
        return self.seconds


def test_more_requests_are_under_way_when_the_first_are_answered_well(stand_in, tmp_path):
    stand_in.faults = [None] * 12 + ["gate"] * 8

    def open_when_eight_wait(_):
        def wait():
            while stand_in.under_way < 8 and not stand_in.gate.wait(0.005):
                pass
            stand_in.gate.set()

        threading.Thread(target=wait, daemon=True).start()

    with write(tmp_path, 60) as source:
        bulk = run(stand_in, [source], Pace(batch_size=1), during=open_when_eight_wait, clock=TickingClock())
    assert bulk.tally.stored == 60
    assert stand_in.under_way_max == 8


def test_fewer_requests_are_under_way_when_the_server_is_overloaded(stand_in, tmp_path):
    stand_in.faults = [(503, 0)]
    with write(tmp_path, 30) as source:
        bulk = run(stand_in, [source], Pace(batch_size=10))
    assert bulk.tally.stored == 30
    assert bulk.concurrency == 2


def test_a_rate_limit_is_no_sign_of_overload(stand_in, tmp_path):
    stand_in.faults = [("over_rate", 0.01)] * 5
    with write(tmp_path, 50) as source:
        bulk = run(stand_in, [source], Pace(batch_size=10))
    assert bulk.tally.stored == 50
    assert bulk.concurrency == 4


def test_large_events_go_in_requests_of_bounded_size(stand_in, tmp_path):
    path = tmp_path / "large"
    path.write_bytes(b"".join(b'{"event_id":"%d","title":"%b"}\n' % (n, b"x" * 40_000) for n in range(20)))
    with Source(str(path)) as source:
        bulk = run(stand_in, [source], Pace(batch_bytes=100_000))
    assert bulk.tally.stored == 20
    assert [len(body) < 100_000 for _, _, body in stand_in.requests] == [True] * 10


def test_percentiles_are_within_a_hundredth_of_the_truth():
    latencies = Latencies()
    for millisecond in range(1, 1001):
        latencies.add(millisecond / 1000)
    for fraction, truth_ms in ((0.5, 500), (0.95, 950), (0.99, 990)):
        assert latencies.percentile_ms(fraction) == pytest.approx(truth_ms, rel=0.01)
    assert Latencies().percentile_ms(0.5) is None
