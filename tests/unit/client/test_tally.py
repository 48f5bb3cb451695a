from pulsestream.client import Attempt, Receipt
from pulsestream.client.batch import Batch, Lines
from pulsestream.client.tally import OTHER_PATHS, PATHS_KEPT, Tally


def test_a_request_over_the_rate_is_neither_trouble_nor_a_response_time():
    tally = Tally()
    tally.observe(Attempt(429, 0.001, over_rate=True))
    assert (tally.requests, tally.over_rate, tally.trouble) == (1, 1, "")
    assert tally.latencies.percentile_ms(0.5) is None


def test_names_that_senders_make_up_do_not_fill_the_memory():
    tally = Tally()
    batch = Batch("x", Lines.of([b"{}"]), [1])
    for n in range(PATHS_KEPT + 5):
        tally.take(batch, Receipt(stored=1, scrubbed={f"payload.{n}": 1}))
    tally.take(batch, Receipt(stored=1, scrubbed={"payload.0": 2}))
    assert len(tally.scrubbed) == PATHS_KEPT + 1
    assert (tally.scrubbed["payload.0"], tally.scrubbed[OTHER_PATHS]) == (3, 5)
