"""What is suggested while a query is typed has the counts of the events themselves, on every store."""

from __future__ import annotations

import asyncio
from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from pulsestream.query.complete import Sort, suggestions
from pulsestream.query.expression import all_of
from pulsestream.query.model import Query, View
from pulsestream.query.syntax.moment import Present
from pulsestream.query.syntax.typed import typed
from unit.ingest.lines import NOW, event, line

SERVICES = ("payment", "payments-eu", "search", 'odd "name"')
CITIES = ("São Paulo", "Santiago", "Berlin")


def _event(number):
    return event(
        f"e{number}",
        severity=("info", "error")[number % 2],
        source={"service": SERVICES[number % 4], "endpoint": "/", "method": ("GET", "POST", "PUT")[number % 3]},
        metrics={"response_time_ms": number, "status_code": (200, 404, 503)[number % 3], "cache_hit": number % 5 == 0},
        context={"tags": {"city": CITIES[number % 3], f"tag {number % 2}": "x", "plan": ("pro", "OR")[number % 2]}},
        payload={"amount": number % 2, "user": {"name": "joe", "a.b": [1]}} if number % 4 else None,
    )


EVENTS = {number: _event(number) for number in range(1, 61)}


class _Asked:
    """Questions of one session, which is enough for these."""

    def __init__(self, session):
        self._session = session

    def view(self, _):
        return View(hidden=["e60"])

    async def ask(self, _, statement):
        return self._session.ask(statement).rows


@pytest.fixture
def suggested(session):
    session.insert_events(b"".join(line(number, each) for number, each in EVENTS.items()))
    session.insert_events(
        line(99, event("other", source={"service": "pays", "endpoint": "/", "method": "GET"}), tenant="zeta")
    )

    def suggested(text):
        """(text, count) of what follows the cursor `|`, or the end."""
        at = text.find("|")
        found = typed(text.replace("|", ""), at if at >= 0 else len(text), Present(NOW, ZoneInfo("UTC")))
        query = Query(tenant="acme", limit=20, where=all_of([found.rest.where]))
        return [(one.text, one.count, one.kind) for one in asyncio.run(suggestions(_Asked(session), query, found))]

    return suggested


def counted(of, holds=lambda _: True):
    """The values with their counts, the most frequent first."""
    seen = Counter(of(each) for number, each in EVENTS.items() if number != 60 and holds(each))
    return sorted(seen.items(), key=lambda item: (-item[1], item[0]))


def _service(each):
    return each["source"]["service"]


def test_values_and_names_have_the_counts_of_the_events(suggested):
    def values(text):
        return [(value, count) for value, count, kind in suggested(text) if kind is Sort.VALUE]

    assert values("service:") == [
        ('"odd \\"name\\""' if name.startswith("odd") else name, count) for name, count in counted(_service)
    ]
    assert values("service:PAY") == [row for row in counted(_service) if row[0].startswith("pay")]
    # The rest of the query holds, and the condition that is typed does not.
    assert values("service:pay|ment status:503 -method:GET") == [
        row for row in counted(_service, lambda each: each["metrics"]["status_code"] == 503) if row[0].startswith("pay")
    ]
    assert values("-service:(search OR se|") == [row for row in counted(_service) if row[0].startswith("se")]
    assert values("svc:nothing") == []
    assert values('tag.city:"são') == [('"São Paulo"', 19)]
    assert values("city:B") == [("Berlin", 20)]
    assert values("tag.plan:") == counted(lambda each: each["context"]["tags"]["plan"].replace("OR", '"OR"'))
    assert values("method:p") == [("POST", 20), ("PUT", 20)]
    assert values("severity:") == [("error", 30), ("info", 29), ("warning", 0), ("critical", 0)]
    assert values("status:")[:4] == [("404", 20), ("503", 20), ("200", 19), ("2xx", None)]
    assert values("status:5") == [("503", 20), ("5xx", None)]
    assert values("cache:") == [("false", 48), ("true", 11)]
    assert values("payload.amount:") == [("1", 30), ("0", 15)]
    assert values("payload.user.name:j") == [("joe", 45)]
    assert values("latency:") == [(">500ms", None), (">1s", None), ("100ms..1s", None)]

    def names(text):
        return [(name, count) for name, count, kind in suggested(text) if kind is Sort.FIELD]

    assert names("tag.") == [
        ("tag.city:", 59), ("tag.plan:", 59), ('tag."tag 1":', 30), ('tag."tag 0":', 29)
    ]  # fmt: skip
    assert names("status:503 tag.p") == [("tag.plan:", 20)]
    assert names("has:tag.pl") == [("tag.plan", 59)]
    assert names("payload.") == [("payload.amount:", None), ("payload.user.", None)]
    assert names("payload.user.") == [('payload.user."a.b":', None), ("payload.user.name:", None)]
    assert names("metadata.") == []


def test_words_are_fields_operators_and_times(suggested):
    assert ("service:", None, Sort.FIELD) in suggested("ser")
    assert ("service:", None, Sort.FIELD) in suggested("svc")
    assert suggested("lat") == [("response_time_ms:", None, Sort.FIELD)]
    assert suggested("sevrice") == [("service:", None, Sort.FIELD)]
    assert suggested("has:stac") == [("stack_trace", None, Sort.FIELD)]
    assert suggested("paylo") == [("has:payload", None, Sort.FIELD), ("payload.", None, Sort.FIELD)]
    assert [text for text, _, kind in suggested("a ") if kind is Sort.OPERATOR] == ["AND", "OR", "NOT"]
    assert [text for text, _, kind in suggested("a AND ") if kind is Sort.OPERATOR] == ["NOT"]
    assert [text for text, _, kind in suggested("las") if kind is Sort.TIME][:2] == ["last 15m", "last 1h"]
    assert [text for text, _, kind in suggested("last 1h las") if kind is Sort.TIME] == []
    assert [text for text, *_ in suggested("last 1")] == ["15m", "1h"]
    assert [text for text, *_ in suggested("since t")] == ["today"]
    assert [text for text, *_ in suggested("received_at:")] == ["now-15m", "now-1h", "today", "yesterday"]
    assert suggested("sevice:") == suggested("error:") == suggested("status:>5") == suggested("latency:1..") == []


ODD = ["'", "\\", "%", "_", "{x:String}", "\0", "') OR 1=1 --", "\u202e", "a\nb", '"']


def test_a_typed_value_means_itself_only(suggested):
    for text in ODD:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        for name in ("service", "tag.plan", f'tag."{quoted}"', f'payload."{quoted}"', "user_agent", "method", "status"):
            assert [row for row in suggested(f'{name}:"{quoted}') if row[1]] == [], (name, text)
        assert suggested(f'tag."{quoted}') == suggested(f'payload."{quoted}') == [], text


def test_what_is_too_long_for_a_value_or_a_path_has_no_suggestions(suggested):
    for text in (f"service:{'x' * 201}", f"tag.{'x' * 50_000}", f"payload{'.a' * 29_000}", f"payload.{'x' * 5_000}.a"):
        assert suggested(text) == []
    assert suggested(f"payload{'.a' * 50}.") == []
