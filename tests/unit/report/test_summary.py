"""The sentences at the top."""

from pulsestream.report.summary import sentences
from unit.report.sample import ANSWERS, facts, red


def said(**changes):
    return " ".join(sentences(facts(changes)))


def services(*rows, **total):
    return ANSWERS["services"] | {"services": list(rows), "total": red("", **total)}


def test_the_sentences_say_how_much_how_well_how_fast_and_what_changed():
    assert said() == (
        "36,000 requests, of which 95.0 % succeeded. 1,800 failed: the servers failed 600 (status 5xx), and"
        " refused 1,200 (4xx)."
        " Half of the requests took up to 80 ms, 95 % up to 400 ms, 99 % up to 1.23 s."
        " Compared with the 24 hours before: +20 % requests, an error rate of 5.0 % instead of 2.0 %,"
        " and 95 % of requests within 400 ms instead of 500 ms."
        " Of 2 services 1 is healthy; payment-service is failing."
        " What failed most often, 321 times: Card declined by issuer <n> (payment-service)."
        " New among the 1 most frequent failures: 1."
    )


def test_all_healthy_is_said_in_one_sentence():
    assert "All 2 services are healthy." in said(services=services(red("a"), red("b")))
    assert "healthy" not in said(services=services(red("a", health={})))


def test_many_ill_services_are_counted():
    ill = [red(f"s{number}", health={"state": "degraded", "reason": "slow"}) for number in range(5)]
    assert "Of 5 services none is healthy; s0, s1, s2 and 2 more are degraded." in said(services=services(*ill))


def test_what_did_not_change_is_not_made_a_story():
    same = {"requests": {"before": 36_000, "change": 0.0}, "error_rate": {"before": 0.05, "change": 0.0}}
    same["p95_ms"] = {"before": 401.0, "change": -0.002}
    text = said(services=services(change={"previous": same}))
    assert (
        "as many requests, an error rate of 5.0 % as before, and 95 % of requests within 400 ms much as before." in text
    )
    assert "Compared" not in said(services=services(change={"previous": None}))


def test_twice_as_many_requests_are_said_as_times():
    change = {"previous": {"requests": {"before": 10, "change": 2.5}}}
    assert "24 hours before: 3.5 times as many requests." in said(services=services(change=change))
