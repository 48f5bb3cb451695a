from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pulsestream.errors import UsageError
from pulsestream.event import Event
from pulsestream.generate import Traffic, generate
from pulsestream.generate.traffic import BLOCK

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
EVENTS = msgspec.json.Decoder(Event)


def events(text: bytes) -> list[Event]:
    return EVENTS.decode_lines(text)


def history(count: int, *, seed: int = 1, chunk: int = 50_000, end: datetime = END) -> bytes:
    return b"".join(generate(count, start=end - DAY, end=end, seed=seed, chunk=chunk))


def test_a_history_has_the_events_asked_for_in_time_order_within_its_range():
    made = events(history(3_000))

    times = [event.timestamp for event in made]
    assert len(made) == 3_000
    assert times == sorted(times)
    assert times[0] >= END - DAY
    assert times[-1] < END


def test_the_same_question_gets_the_same_bytes_however_they_are_cut():
    count = BLOCK + 1_234
    whole = history(count, chunk=count)

    assert whole == history(count)
    assert whole == history(count, chunk=7_001)


@pytest.mark.parametrize("chunk", [1, 7, 500, 501])
def test_blocks_have_the_size_asked_for(chunk):
    blocks = list(generate(500, start=END - DAY, end=END, seed=1, chunk=chunk))

    sizes = [len(block.splitlines()) for block in blocks]
    assert sum(sizes) == 500
    assert all(size == chunk for size in sizes[:-1])


def test_no_id_is_used_twice_within_a_history_across_its_blocks():
    made = events(history(BLOCK * 2 + 10))

    assert len({event.event_id for event in made}) == BLOCK * 2 + 10


@pytest.mark.parametrize(
    "other", [{"seed": 2}, {"end": END + timedelta(seconds=1)}, {"count": 2_001}], ids=["seed", "end", "count"]
)
def test_another_history_has_other_ids(other):
    one = {event.event_id for event in events(history(2_000))}
    two = {event.event_id for event in events(history(**{"count": 2_000, **other}))}

    assert not one & two


def test_slices_of_live_traffic_follow_each_other_and_share_no_id():
    traffic = Traffic(5)
    step = timedelta(milliseconds=200)
    starts = [END + step * index for index in range(20)]

    slices = [events(traffic.slice(start, start + step, 10)) for start in starts]

    for start, made in zip(starts, slices, strict=True):
        assert len(made) == 10
        assert all(start <= event.timestamp < start + step for event in made)
    everything = [event for made in slices for event in made]
    assert [event.timestamp for event in everything] == sorted(event.timestamp for event in everything)
    assert len({event.event_id for event in everything}) == 200


def test_live_traffic_shares_no_id_with_a_history_of_its_seed_or_an_earlier_run():
    step = timedelta(seconds=1)
    ids = [
        {event.event_id for event in events(text)}
        for text in (
            history(500, seed=5),
            Traffic(5).slice(END, END + step, 500),
            Traffic(5).slice(END + step, END + 2 * step, 500),
            Traffic(6).slice(END, END + step, 500),
        )
    ]

    assert len(set.union(*ids)) == 2_000


def test_live_traffic_goes_on_over_midnight():
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    traffic = Traffic(1)

    made = events(traffic.slice(midnight - timedelta(seconds=5), midnight + timedelta(seconds=5), 1_000))

    assert made[0].timestamp < midnight < made[-1].timestamp
    assert traffic.slice(midnight, midnight + timedelta(seconds=1), 0) == b""


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (END, END),
        (END, END - DAY),
        (datetime(1969, 12, 31, tzinfo=UTC), END),
        (END - timedelta(days=3_654), END),
        (datetime(2026, 1, 1), END),  # noqa: DTZ001 - the mistake under test
    ],
    ids=["empty", "backwards", "before 1970", "over ten years", "no zone"],
)
def test_a_range_that_makes_no_sense_is_refused(start, end):
    with pytest.raises(UsageError):
        generate(1, start=start, end=end, seed=1)
    with pytest.raises(UsageError):
        Traffic(1).slice(start, end, 1)
