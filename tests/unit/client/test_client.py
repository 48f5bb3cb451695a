import asyncio
import socket
from random import Random

import pytest

from pulsestream.client import Client, RetryPolicy
from pulsestream.clock import SystemClock
from pulsestream.errors import (
    ConfigError,
    Forbidden,
    NotFound,
    Overloaded,
    RateLimited,
    RemoteError,
    RequestTimeout,
    ServerUnreachable,
    TooManyRequests,
    Unauthorized,
)
from unit.client.talk import KEY, Talk, counts, events


@pytest.mark.parametrize(
    "what",
    [
        b'{"event_id":"e0","title":"fine"}\n\n{"event_id":"e1","title":"fine"}\n',
        [b'{"event_id":"e0","title":"fine"}', b'{\n"event_id":"e1",\r\n"title":"fine"}'],
        events(2),
    ],
    ids=["ndjson", "encoded", "dicts"],
)
def test_events_arrive_whichever_way_they_are_given(stand_in, what):
    assert counts(Talk(stand_in.url).send(what)) == (2, 0, 0, 0, 0)
    assert list(stand_in.events.values()) == events(2)


def test_sending_again_finds_duplicates(stand_in):
    talk = Talk(stand_in.url)
    talk.send(events(3))
    assert counts(talk.send(events(4))) == (1, 3, 0, 0, 0)


def test_nothing_to_send_asks_nothing(stand_in):
    talk = Talk(stand_in.url)
    assert counts(talk.send([])) == (0, 0, 0, 0, 0)
    assert talk.attempts == []


def test_events_without_ids_sent_under_the_same_key_are_the_same_events(stand_in):
    talk = Talk(stand_in.url)
    same = [{"title": "tick"}, {"title": "tick"}]
    assert counts(talk.send(same, key="morning")) == (2, 0, 0, 0, 0)
    assert counts(talk.send(same, key="morning")) == (0, 2, 0, 0, 0)
    assert counts(talk.send(same, key="evening")) == (2, 0, 0, 0, 0)


def test_events_without_ids_and_key_are_new_events_at_every_call(stand_in):
    talk = Talk(stand_in.url)

    async def twice(client):
        return [await client.send([{"title": "tick"}]) for _ in range(2)]

    assert [counts(receipt) for receipt in talk.run(twice)] == [(1, 0, 0, 0, 0), (1, 0, 0, 0, 0)]


def test_a_lost_answer_is_asked_for_again_and_no_event_is_there_twice(stand_in):
    stand_in.faults = ["lose"]
    talk = Talk(stand_in.url)
    receipt = talk.send([{"title": "tick"}, {"title": "tock"}])
    assert counts(receipt) == (0, 2, 0, 0, 0)
    assert receipt.repeated == 2
    assert len(stand_in.events) == 2
    assert [attempt.retry for attempt in talk.attempts] == [False, True]


@pytest.mark.parametrize("fault", ["drop", 408, 429, 503, 502, 504], ids=str)
def test_a_failure_that_passes_is_tried_again(stand_in, fault):
    stand_in.faults = [fault, fault]
    talk = Talk(stand_in.url)
    receipt = talk.send(events(3))
    assert counts(receipt) == (3, 0, 0, 0, 0)
    assert len(talk.attempts) == 3


def test_retry_after_is_honoured(stand_in):
    stand_in.faults = [(503, 7)]
    talk = Talk(stand_in.url)
    talk.send(events(1))
    assert len(talk.waits) == 1
    assert talk.waits[0] >= 7


def test_when_retry_after_is_beyond_the_budget_the_events_are_limited_at_once(stand_in):
    stand_in.faults = [(503, 600)]
    talk = Talk(stand_in.url)
    receipt = talk.send(events(2))
    assert counts(receipt) == (0, 0, 0, 2, 0)
    assert {refused.reason for refused in receipt.refused} == {"overloaded"}
    assert talk.waits == []


def test_a_server_that_keeps_refusing_costs_the_budget_and_no_more(stand_in):
    stand_in.faults = [429] * 1000
    talk = Talk(stand_in.url)
    receipt = talk.send(events(2))
    assert counts(receipt) == (0, 0, 0, 2, 0)
    assert {refused.reason for refused in receipt.refused} == {"rate_limited"}
    assert 30 < sum(talk.waits) <= 60


def test_a_server_with_too_many_requests_under_way_is_asked_again_within_the_budget(stand_in):
    stand_in.faults = ["too_many"] * 1000
    talk = Talk(stand_in.url)
    receipt = talk.send(events(2))
    assert counts(receipt) == (0, 0, 0, 2, 0)
    assert {refused.reason for refused in receipt.refused} == {"overloaded"}
    assert 30 < sum(talk.waits) <= 60


def test_a_request_that_never_arrives_whole_leaves_its_events_unsent(stand_in):
    stand_in.faults = [408] * 1000
    delivery = Talk(stand_in.url).run(lambda client: client.deliver([b'{"event_id":"a","title":"fine"}']))
    assert isinstance(delivery.failure, RequestTimeout)
    assert "fewer events a request" in str(delivery.failure)
    assert counts(delivery.receipt) == (0, 0, 0, 0, 1)


def test_only_the_overloaded_events_of_a_batch_are_sent_again(stand_in):
    stand_in.faults = [("overloaded", {1, 3})]
    talk = Talk(stand_in.url)
    receipt = talk.send(events(5))
    assert counts(receipt) == (5, 0, 0, 0, 0)
    assert [attempt.events for attempt in talk.attempts] == [5, 2]
    assert talk.waits[0] >= 3


def test_events_overloaded_to_the_end_are_limited_under_their_own_index(stand_in):
    stand_in.faults = [("overloaded", {1, 3}), ("overloaded", {1})]
    receipt = Talk(stand_in.url, policy=RetryPolicy(budget_s=5)).send(events(5))
    assert counts(receipt) == (4, 0, 0, 1, 0)
    assert [(refused.index, refused.reason) for refused in receipt.refused] == [(3, "overloaded")]


def test_a_refused_event_is_named_with_its_rule_and_its_neighbours_are_in(stand_in):
    receipt = Talk(stand_in.url).send([*events(2), {"event_id": "e9", "title": "bad"}, {"title": "fine"}])
    assert counts(receipt) == (3, 0, 1, 0, 0)
    (refused,) = receipt.refused
    assert (refused.index, refused.event_id, refused.reason) == (2, "e9", "invalid")
    assert refused.errors[0].help == "send a better one"


def test_a_request_that_is_too_large_is_halved_until_it_fits(stand_in):
    stand_in.events_max = 3
    what = events(10)
    what[8]["title"] = "bad"
    receipt = Talk(stand_in.url).send(what)
    assert counts(receipt) == (9, 0, 1, 0, 0)
    assert receipt.refused[0].index == 8


def test_a_server_that_names_its_most_events_gets_parts_of_that_size_from_then_on(stand_in):
    stand_in.events_max, stand_in.names_events_max = 3, True
    what = events(10)
    what[8]["title"] = "bad"
    talk = Talk(stand_in.url)

    async def twice(client):
        return [await client.send(what), await client.send(events(5))]

    first, second = talk.run(twice)
    assert (counts(first), counts(second)) == ((9, 0, 1, 0, 0), (0, 5, 0, 0, 0))
    assert first.refused[0].index == 8
    assert [attempt.events for attempt in talk.attempts] == [10, 3, 3, 3, 1, 3, 2]


@pytest.mark.parametrize("named", [0, -1, 10, 11])
def test_a_most_number_of_events_that_cannot_be_meant_is_as_good_as_none(stand_in, named):
    stand_in.events_max, stand_in.names_events_max = 3, named
    assert counts(Talk(stand_in.url).send(events(10))) == (10, 0, 0, 0, 0)


def test_one_event_that_is_too_large_alone_is_refused_and_the_rest_is_in(stand_in):
    stand_in.events_max = 0
    receipt = Talk(stand_in.url).send(events(2))
    assert counts(receipt) == (0, 0, 2, 0, 0)
    assert [refused.reason for refused in receipt.refused] == ["too_large", "too_large"]
    assert "at most 0 events" in receipt.refused[0].errors[0].rule


def test_large_sends_become_several_requests_and_indexes_count_through(stand_in):
    what = events(10_001)
    what[10_000]["title"] = "bad"
    talk = Talk(stand_in.url)
    receipt = talk.send(what)
    assert counts(receipt) == (10_000, 0, 1, 0, 0)
    assert receipt.refused[0].index == 10_000
    assert len(talk.attempts) == 2


def test_sends_of_large_events_become_several_requests_too(stand_in):
    sizes = [3_000_000, 1_000_000, 300_000, 5_000_000, 10, 10]
    what = [b'{"event_id":"e%d","title":"bad","message":"%b"}' % (n, b"x" * size) for n, size in enumerate(sizes)]
    talk = Talk(stand_in.url)
    receipt = talk.send(what)
    assert [refused.index for refused in receipt.refused] == [0, 1, 2, 3, 4, 5]
    assert [attempt.events for attempt in talk.attempts] == [2, 1, 1, 2]


def test_single_delivery_uses_one_request_an_event(stand_in):
    talk = Talk(stand_in.url)
    lines = [b'{"event_id":"a","title":"fine"}', b'{"event_id":"b","title":"bad"}', b"[]x"]
    delivery = talk.run(lambda client: client.deliver(lines, single=True))
    assert counts(delivery.receipt) == (1, 0, 2, 0, 0)
    assert [refused.reason for refused in delivery.receipt.refused] == ["invalid", "malformed"]
    assert [path for _, path, _ in stand_in.requests] == ["/api/v1/ingestion/events"] * 3


def encoded(count):
    return [b'{"event_id":"e%d","title":"fine","message":"%b"}' % (n, b"the same " * 20) for n in range(count)]


@pytest.mark.parametrize(("compress", "encoding"), [("auto", None), ("none", None), ("zstd", "zstd")])
def test_batches_go_out_compressed_when_that_is_asked_for(stand_in, compress, encoding):
    talk = Talk(stand_in.url, compress=compress)
    assert counts(talk.send(encoded(50))) == (50, 0, 0, 0, 0)
    assert stand_in.encodings == [encoding]


def test_a_server_that_takes_no_zstd_gets_plain_bodies_and_that_is_said_once(stand_in):
    stand_in.takes_zstd = False
    said = []
    talk = Talk(stand_in.url, compress="zstd", tell=said.append)
    lines = encoded(200)

    async def at_once(client):
        return await asyncio.gather(*(client.send(lines[start : start + 50]) for start in range(0, 200, 50)))

    assert [counts(receipt) for receipt in talk.run(at_once)] == [(50, 0, 0, 0, 0)] * 4
    assert len(said) == 1
    assert "does not take zstd" in said[0]
    assert talk.send(encoded(200)).duplicate == 200


def test_a_415_that_is_not_about_compression_is_an_error(stand_in):
    stand_in.faults = [415]
    with pytest.raises(RemoteError, match="415"):
        Talk(stand_in.url).send(encoded(50))


@pytest.mark.parametrize("compress", ["none", "zstd"])
def test_a_large_compressed_batch_is_cut_until_it_fits_too(stand_in, compress):
    stand_in.events_max = 300
    talk = Talk(stand_in.url, compress=compress)
    assert counts(talk.send(encoded(5000))) == (5000, 0, 0, 0, 0)
    assert len(stand_in.events) == 5000


def test_a_wrong_key_is_said_at_once(stand_in):
    talk = Talk(stand_in.url, api_key="another")
    with pytest.raises(Unauthorized, match="--api-key or PULSESTREAM_API_KEY"):
        talk.send(events(1))
    assert talk.statuses == [401]


def test_a_key_without_the_scope_is_said_in_the_servers_words_and_where_it_is_given(stand_in):
    stand_in.faults = [403]
    talk = Talk(stand_in.url)
    with pytest.raises(Forbidden, match=r"not now \(--api-key, PULSESTREAM_API_KEY\)"):
        talk.send(events(1))
    assert talk.statuses == [403]


def test_a_dry_run_says_what_would_become_of_the_events_and_stores_none(stand_in):
    stand_in.take(b'{"event_id":"e0","title":"fine"}')
    lines = [
        b'{"event_id":"e0","title":"fine"}',
        b'{"event_id":"e1","title":"fine","card":"4111"}',
        b'{"event_id":"e2","title":"bad"}',
        b'{"event_id":"e3","title":"fine","card":"4111","message":"4111"}',
    ]
    delivery = Talk(stand_in.url).run(lambda client: client.deliver(lines, dry_run=True))
    assert counts(delivery.receipt) == (2, 1, 1, 0, 0)
    assert delivery.receipt.scrubbed == {"card": 2, "message": 1}
    assert list(stand_in.events) == ["e0"]


def test_what_was_scrubbed_is_known_after_a_real_delivery_too(stand_in):
    assert Talk(stand_in.url).send(events(3, card="4111")).scrubbed == {"card": 3}


def test_a_server_that_knows_no_dry_runs_is_an_error_at_its_first_answer(stand_in):
    stand_in.knows_dry_runs = False
    lines = [b'{"event_id":"%d","title":"fine"}' % n for n in range(4)]
    delivery = Talk(stand_in.url).run(lambda client: client.deliver(lines, dry_run=True))
    assert isinstance(delivery.failure, RemoteError)
    assert "took the events of this request for real" in str(delivery.failure)
    assert len(stand_in.requests) == 1


@pytest.mark.parametrize("fault", ["junk", "short"])
def test_an_answer_that_does_not_account_for_the_events_is_an_error(stand_in, fault):
    stand_in.faults = [fault]
    with pytest.raises(RemoteError, match=r"not PulseStream's.*check --url"):
        Talk(stand_in.url).send(events(2))


def test_an_error_of_the_server_is_not_tried_again(stand_in):
    stand_in.faults = [500]
    talk = Talk(stand_in.url)
    with pytest.raises(RemoteError, match="answered 500: not now"):
        talk.send(events(2))
    assert talk.statuses == [500]


def test_an_address_where_nobody_listens_is_said_after_the_budget():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        talk = Talk(f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(ServerUnreachable, match=r"connection refused.*pulsestream serve.*--url"):
            talk.send(events(1))
    assert 30 < sum(talk.waits) <= 60
    assert set(talk.statuses) == {None}


def test_what_was_answered_before_a_failure_stays_counted(stand_in):
    stand_in.events_max = 2
    stand_in.faults = [None, None, 500]
    delivery = Talk(stand_in.url).run(
        lambda client: client.deliver([b'{"event_id":"%d","title":"fine"}' % i for i in range(4)])
    )
    assert isinstance(delivery.failure, RemoteError)
    assert counts(delivery.receipt) == (2, 0, 0, 0, 2)


def test_stop_ends_the_waiting_and_leaves_the_events_unsent():
    async def stopped(client):
        client.stop()
        return await client.deliver([b'{"event_id":"a"}'])

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        delivery = Talk(f"http://127.0.0.1:{unused.getsockname()[1]}").run(stopped)
    assert counts(delivery.receipt) == (0, 0, 0, 0, 1)


def test_a_question_is_asked_again_and_decoded(stand_in):
    stand_in.faults = [503, "drop"]
    answer = Talk(stand_in.url).run(lambda client: client.get_json("/x", shape=dict[str, int]))
    assert answer == {"answer": 42}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (403, Forbidden),
        (404, NotFound),
        (408, RequestTimeout),
        ("too_many", TooManyRequests),
        (("over_rate", 0.734), RateLimited),
        (500, RemoteError),
        (503, Overloaded),
        ("junk", RemoteError),
    ],
)
def test_a_question_that_fails_raises(stand_in, fault, error):
    stand_in.faults = [fault]
    talk = Talk(stand_in.url, policy=RetryPolicy(budget_s=0))
    with pytest.raises(error) as raised:
        talk.run(lambda client: client.get_json("/x", shape=dict[str, int]))
    assert getattr(raised.value, "retry_after_s", 0.734) in (0.734, 1)


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "", "http://", "ftp://x"])
def test_an_address_must_be_one(url):
    with pytest.raises(ConfigError, match=r"http://127\.0\.0\.1:8000"):
        Client(url, KEY, clock=SystemClock(), rng=Random(1))


@pytest.mark.parametrize("tail", ["", "/", "/api/v1", "/api/v1/"])
def test_the_address_may_end_in_the_path_of_the_api(stand_in, tail):
    assert Talk(stand_in.url + tail).send(events(1)).stored == 1
