"""The query language over HTTP: what it finds, what it refuses and where, what may follow while it is typed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

import pytest

from hostile.odd_texts import ODD_TEXTS
from system.program import event

pytestmark = pytest.mark.slow

HOUR = {"start_time": "2026-05-04T10:00:00Z", "end_time": "2026-05-04T11:00:00Z"}
SERVICES = {"payment-service": 2, "payment worker": 1}


@pytest.fixture(scope="module")
def filled(server):
    sent = [
        event(
            f"{name}-{number}",
            source={"service": name, "endpoint": "/", "method": "GET"},
            metrics={"response_time_ms": 10 * number, "status_code": 200 + 300 * number},
            context={"tags": {"plan": "pro"}},
        )
        for name, count in SERVICES.items()
        for number in range(count)
    ]
    now = event("now", timestamp=datetime.now(UTC).isoformat(), source=sent[0]["source"] | {"service": "search"})
    assert server.send([*sent, now])["stored"] == 4
    return server


def found(server, **parameters):
    """Events by service."""
    answer = server.get("/query/top", by="service", **parameters)
    return {group["group"]["service"]: group["values"]["count"] for group in answer["groups"]}


def test_a_question_is_about_what_its_query_says(filled):
    assert found(filled, **HOUR) == SERVICES
    assert found(filled, q="status:5xx", **HOUR) == {"payment-service": 1}
    assert found(filled, q="-latency:>=10ms tag.plan:p*", **HOUR) == {"payment-service": 1, "payment worker": 1}
    assert found(filled, q="svc:*worker 2026-05-04") == {"payment worker": 1}
    assert found(filled, q="last 1h", **HOUR) == {"search": 1}


def test_a_time_range_may_be_days_or_so_long_ago(filled):
    assert found(filled, start_time="2026-05-04", end_time="2026-05-04") == SERVICES
    assert found(filled, start_time="2026-05-03", end_time="2026-05-03") == {}
    assert found(filled, start_time="2026-05-04T12:00", end_time="2026-05-04T13:00", tz="Europe/Berlin") == SERVICES
    assert found(filled, start_time="-15m") == found(filled, start_time="now-1h", end_time="now") == {"search": 1}
    assert found(filled) == {"search": 1}
    start = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}+00:00"  # the plus arrives as a space
    answer = filled.ask("GET", f"/query/top?start_time={start}")
    assert [group["group"]["service"] for group in answer.json["groups"]] == ["search"]
    for name in ("start_time", "end_time"):
        for text in ("soon", "2026-13-01", "", "x" * 101):
            answer = filled.ask("GET", f"/query/top?{name}={text}")
            assert (answer.status, [each["field"] for each in answer.json["errors"]]) == (422, [name])


def test_what_cannot_be_read_is_refused_with_its_place(filled):
    for path in ("/query/top?q=", "/query/timeseries?q=", "/query/services?q="):
        answer = filled.ask("GET", path + quote("status:500 sevice:a"))
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert (answer.status, answer.json["code"]) == (422, "bad_query")
        at, length, suggestion = (answer.json[name] for name in ("position", "length", "suggestion"))
        assert (at, length, suggestion) == (11, 6, "service")
        assert answer.json["errors"][0]["field"] == "q"


def test_any_text_in_quotes_is_a_question_and_without_them_one_or_a_refusal(filled):
    for name, text in ODD_TEXTS.items():
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        for q in (f'"{escaped}"', f'service:"{escaped}"', f'tag."{escaped}":"{escaped}"', f'payload."{escaped}":*'):
            in_title = q[0] == '"' and text.lower() in "get /api/v1/orders"
            assert found(filled, q=q, **HOUR) == (SERVICES if in_title else {}), (name, q)
        for path in ("/query/top", "/query/complete"):
            answer = filled.ask("GET", f"{path}?{urlencode({'q': text} | HOUR)}")
            assert answer.status == 200 or answer.json["code"] == "bad_query", (name, answer.body)
    assert filled.ask("GET", f"/query/top?q={'(' * 60_000}").status in (422, 431)


def test_values_are_suggested_with_their_counts(filled):
    answer = filled.get("/query/complete", q="status:200 service:pay", **HOUR)
    assert (answer["start"], answer["end"]) == (19, 22)
    assert answer["suggestions"] == [
        {"text": '"payment worker"', "kind": "value", "detail": "name of the service", "count": 1},
        {"text": "payment-service", "kind": "value", "detail": "name of the service", "count": 1},
    ]
    assert answer["basis"]["events"] == 3
    inside = filled.get("/query/complete", q="service:pay status:500", at=9, **HOUR)
    assert (inside["start"], inside["end"], len(inside["suggestions"])) == (8, 11, 1)
    timed = filled.get("/query/complete", q="last 1h service:")
    assert [(one["text"], one["count"]) for one in timed["suggestions"]] == [("search", 1)]
    names = filled.get("/query/complete", q="tag.", **HOUR)["suggestions"]
    assert names == [{"text": "tag.plan:", "kind": "field", "detail": "a tag", "count": 3}]
    assert filled.get("/query/complete")["suggestions"][0]["kind"] == "field"
    for wrong, name in (({"at": 5}, "at"), ({"at": -2}, "at"), ({"limit": 3}, "limit"), ({"tz": "Mars"}, "tz")):
        refused = filled.ask("GET", f"/query/complete?{urlencode(wrong)}")
        assert (refused.status, [each["field"] for each in refused.json["errors"]]) == (422, [name])


def test_every_field_and_measure_that_is_told_can_be_asked_for(filled):
    told = filled.get("/query/fields")
    assert {"name": "status_code", "kind": "number", "unit": "", "aliases": ["status"]}.items() <= next(
        field for field in told["fields"] if field["name"] == "status_code"
    ).items()
    for field in told["fields"]:
        for name in (field["name"], *field["aliases"]):
            filled.get("/query/top", q=f"has:{name}", **HOUR)
    names = [one["name"] for one in (*told["measures"], told["percentiles"])]
    for start in range(0, len(names), 20):
        chosen = names[start : start + 20]
        [group] = filled.get("/query/top", by="method", measures=",".join(chosen), **HOUR)["groups"]
        assert group["values"].keys() == set(chosen)
    assert filled.ask("GET", "/query/fields?q=a").status == 422
