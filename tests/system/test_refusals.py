"""Every reason that is counted is explained, by the API itself."""

from __future__ import annotations

from collections import Counter

from pulsestream.api.examples import ERRORS
from pulsestream.errors import Reason
from system.program import event


def test_every_reason_and_every_code_is_explained(server):
    told = server.get("/ingestion/refusals")
    assert [one["reason"] for one in told["events"]] == list(Reason)
    assert {error.code for error in ERRORS} <= {one["code"] for one in told["requests"]}
    assert all(one["meaning"] and one["help"] for one in told["events"] + told["requests"])
    statuses = {one["code"]: one["http_status"] for one in told["requests"]}
    assert statuses.items() >= {error.code: error.http_status for error in ERRORS}.items()


def test_what_is_counted_by_reason_is_what_is_counted_by_outcome(tenant):
    tenant.send([event("one"), event("one", title="another"), event("two", severity="loud")])
    stats = tenant.stats()
    assert set(stats["reasons"]) == {"conflict", "invalid"}
    outcomes = {one["reason"]: one["counted_as"] for one in tenant.get("/ingestion/refusals")["events"]}
    counted = Counter()
    for reason, events in stats["reasons"].items():
        counted[outcomes[reason]] += events
    assert counted == {"rejected": stats["outcomes"]["rejected"]}


def test_a_key_of_any_scope_may_ask_and_nobody_else(server):
    assert server.ask("GET", "/ingestion/refusals", key=None).status == 401
