import asyncio

import pytest

from pulsestream.client import RetryPolicy
from unit.client.talk import Talk, counts, events
from unit.conftest import Rate


def encoded(count, name="e"):
    return [b'{"event_id":"%b%d","title":"fine"}' % (name.encode(), n) for n in range(count)]


def deliver_all(talk, batches, senders=4, **more):
    """Each batch by the next free sender; the deliveries, and the gate as it was at the end."""

    async def exchange(client):
        waiting, done = list(reversed(batches)), []

        async def send():
            while waiting:
                done.append(await client.deliver(waiting.pop(), **more))

        await asyncio.gather(*(send() for _ in range(senders)))
        return done, client.gate

    return talk.run(exchange)


def test_senders_that_share_a_client_use_the_whole_rate_and_wait_in_turn(stand_in):
    talk = Talk(stand_in.url)
    stand_in.rate = Rate(100, 100, talk.clock.monotonic)
    batches = [encoded(100, f"{n}-") for n in range(10)]
    done, gate = deliver_all(talk, batches)
    assert len(stand_in.events) == 1000
    assert all(counts(delivery.receipt) == (100, 0, 0, 0, 0) for delivery in done)
    assert talk.clock.monotonic() == pytest.approx(9.0, abs=0.01)  # the first 100 fit at once
    assert gate.waited_s == pytest.approx(9.0, abs=0.01)
    over = [attempt for attempt in talk.attempts if attempt.over_rate]
    assert len(over) <= 9 + 3  # one for each wait, and for those under way when the gate closed
    assert not any(attempt.retry for attempt in talk.attempts)


def test_the_wait_is_what_the_answer_says_to_the_millisecond(stand_in):
    stand_in.faults = [("over_rate", 0.734)]
    talk = Talk(stand_in.url)
    assert counts(talk.send(events(2))) == (2, 0, 0, 0, 0)
    assert talk.waits == [pytest.approx(0.734)]


def test_an_answer_with_whole_seconds_only_is_waited_for_too(stand_in):
    stand_in.faults = [(429, 2)]
    talk = Talk(stand_in.url)
    assert counts(talk.send(events(2))) == (2, 0, 0, 0, 0)
    assert talk.waits == [2]


def test_a_rate_that_is_never_met_keeps_the_requests_side_by_side(stand_in):
    talk = Talk(stand_in.url)
    stand_in.rate = Rate(100, 10_000, talk.clock.monotonic)
    stand_in.faults = ["gate"] * 4

    async def exchange(client):
        deliveries = asyncio.gather(*(client.deliver(encoded(10, f"{n}-")) for n in range(4)))
        while stand_in.under_way < 4:  # noqa: ASYNC110 - another thread counts
            await asyncio.sleep(0.001)
        stand_in.gate.set()
        await deliveries
        return client.gate

    gate = talk.run(exchange)
    assert stand_in.under_way_max == 4
    assert (gate.waited_s, gate.closed, talk.waits) == (0, False, [])


def test_the_gate_opens_again_when_the_server_has_room(stand_in):
    stand_in.faults = [("over_rate", 0.5)]
    talk = Talk(stand_in.url)

    async def exchange(client):
        states = []
        for n in range(3):
            await client.deliver(encoded(2, f"{n}-"))
            states.append(client.gate.closed)
        return states

    assert talk.run(exchange) == [True, False, False]


def test_waiting_for_room_goes_on_beyond_the_budget_while_events_get_in(stand_in):
    talk = Talk(stand_in.url, policy=RetryPolicy(budget_s=5))
    stand_in.rate = Rate(10, 20, talk.clock.monotonic)
    done, _ = deliver_all(talk, [encoded(20, f"{n}-") for n in range(10)])
    assert sum(delivery.receipt.stored for delivery in done) == 200
    assert sum(delivery.receipt.limited for delivery in done) == 0
    assert talk.clock.monotonic() == pytest.approx(18.0, abs=0.01)


def test_a_failure_after_a_long_wait_in_turn_still_has_its_budget(stand_in):
    stand_in.faults = [503, *[("over_rate", 1.5)] * 3, (503, 4)]
    talk = Talk(stand_in.url, policy=RetryPolicy(budget_s=5))
    assert counts(talk.send(events(2))) == (2, 0, 0, 0, 0)
    assert talk.statuses == [503, 429, 429, 429, 503, 200]


def test_events_that_get_nowhere_for_the_budget_are_limited(stand_in):
    stand_in.faults = [("over_rate", 1)] * 1000
    talk = Talk(stand_in.url, policy=RetryPolicy(budget_s=5))
    receipt = talk.send(events(2))
    assert counts(receipt) == (0, 0, 0, 2, 0)
    assert {refused.reason for refused in receipt.refused} == {"rate_limited"}
    assert talk.waits == [pytest.approx(1)] * 4


@pytest.mark.parametrize(("budget_s", "wait_s"), [(0, 0.1), (5, 5), (5, 3600)])
def test_room_that_comes_after_the_budget_is_not_waited_for(stand_in, budget_s, wait_s):
    stand_in.faults = [("over_rate", wait_s)]
    talk = Talk(stand_in.url, policy=RetryPolicy(budget_s=budget_s))
    assert counts(talk.send(events(2))) == (0, 0, 0, 2, 0)
    assert talk.waits == []


def test_a_batch_larger_than_the_burst_goes_in_parts_of_the_burst(stand_in):
    talk = Talk(stand_in.url)
    stand_in.rate = Rate(100, 40, talk.clock.monotonic)
    done, _ = deliver_all(talk, [encoded(100, f"{n}-") for n in range(3)], senders=1)
    assert sum(delivery.receipt.stored for delivery in done) == 300
    sizes = [attempt.events for attempt in talk.attempts if attempt.status == 200]
    assert sizes == [40, 40, 20] * 3
    assert [attempt.status for attempt in talk.attempts].count(413) == 1


def test_stop_ends_the_wait_of_every_sender_and_accounts_for_its_events(stand_in):
    stand_in.faults = [("over_rate", 30)] * 1000

    async def exchange(client):
        deliveries = [asyncio.create_task(client.deliver(encoded(5, f"{n}-"))) for n in range(4)]
        await waiting.wait()
        late = asyncio.create_task(client.deliver(encoded(5, "late")))
        await asyncio.sleep(0)
        client.stop()
        return await asyncio.gather(*deliveries, late)

    waiting = asyncio.Event()

    async def never(_):
        waiting.set()
        await asyncio.Event().wait()

    talk = Talk(stand_in.url)
    talk._sleep = never
    done = talk.run(exchange)
    assert [delivery.receipt.sent + delivery.receipt.unsent for delivery in done] == [5] * 5
    assert counts(done[-1].receipt) == (0, 0, 0, 0, 5)
    assert stand_in.events == {}
