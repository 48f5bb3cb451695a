"""What holds for every history and every slice of live traffic, whatever is asked for."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulsestream.event import Event
from pulsestream.generate import Traffic, generate

pytestmark = pytest.mark.slow

EVENTS = msgspec.json.Decoder(Event)

seeds = st.integers(0, 2**70)
counts = st.integers(0, 300) | st.integers(9_990, 10_010)
ends = st.datetimes(datetime(1972, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is added
spans = st.timedeltas(timedelta(microseconds=1), timedelta(hours=2)) | st.timedeltas(
    timedelta(0), timedelta(days=60)
).filter(bool)


@settings(max_examples=60, deadline=None)
@given(count=counts, end=ends, span=spans, seed=seeds)
def test_every_event_is_valid_in_order_in_range_and_the_only_one_with_its_id(count, end, span, seed):
    generation = generate(count, start=end - span, end=end, seed=seed)
    made = [event for block in generation for event in EVENTS.decode_lines(block)]
    times = [event.timestamp for event in made]

    assert len(made) == count == generation.events == generation.summary.events
    assert times == sorted(times)
    assert all(end - span <= time < end for time in (times[:1] + times[-1:]))
    assert len({event.event_id for event in made}) == count


@settings(max_examples=25, deadline=None)
@given(count=counts, end=ends, span=spans, seed=seeds, chunk=st.integers(1, 12_000))
def test_chunks_only_regroup(count, end, span, seed, chunk):
    def blocks(chunk):
        return list(generate(count, start=end - span, end=end, seed=seed, chunk=max(chunk, count // 50, 1)))

    cut = blocks(chunk)

    assert b"".join(cut) == b"".join(blocks(count))
    sizes = [block.count(b"\n") for block in cut]
    assert sum(sizes) == count
    assert len(set(sizes[:-1])) <= 1


@settings(max_examples=40, deadline=None)
@given(
    seed=seeds,
    start=ends,
    steps=st.lists(
        st.tuples(st.timedeltas(timedelta(microseconds=1), timedelta(hours=30)), st.integers(0, 40)),
        min_size=1,
        max_size=12,
    ),
)
def test_slices_hold_what_was_asked_for_and_never_an_id_twice(seed, start, steps):
    traffic = Traffic(seed)
    ids = []
    for span, count in steps:
        made = EVENTS.decode_lines(traffic.slice(start, start + span, count))
        times = [event.timestamp for event in made]

        assert len(made) == count
        assert times == sorted(times)
        assert all(start <= time < start + span for time in times)
        ids += [event.event_id for event in made]
        start += span
    assert len(set(ids)) == len(ids)


@settings(max_examples=20, deadline=None)
@given(end=ends, span=spans, one=seeds, two=seeds)
def test_different_seeds_share_no_id(end, span, one, two):
    if one == two:
        return
    made = [
        {
            event.event_id
            for block in generate(200, start=end - span, end=end, seed=seed)
            for event in EVENTS.decode_lines(block)
        }
        for seed in (one, two)
    ]

    assert not made[0] & made[1]


def test_the_first_day_there_is_can_be_generated():
    start = datetime(1970, 1, 1, tzinfo=UTC)
    made = [
        event
        for block in generate(100, start=start, end=start + timedelta(days=1), seed=0)
        for event in EVENTS.decode_lines(block)
    ]

    assert start <= made[0].timestamp < made[-1].timestamp < start + timedelta(days=1)


@pytest.mark.parametrize("count", [1, 9_999, 10_000, 10_001, 20_000])
def test_the_edges_of_blocks_lose_nothing(count):
    end = datetime(2026, 11, 20, tzinfo=UTC)
    made = b"".join(generate(count, start=end - timedelta(hours=1), end=end, seed=3))

    numbers = [event.event_id.split("_")[1] for event in EVENTS.decode_lines(made)]
    assert numbers == [str(number) for number in range(count)]
