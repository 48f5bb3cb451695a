import collections
import ipaddress
import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pulsestream.generate import generate
from pulsestream.generate.world import DEVICES, ENVIRONMENT_SHARES, SERVICES

END = datetime(2026, 11, 20, 12, tzinfo=UTC)

SHAPES = {
    "event_id": r"evt_\d+_[0-9a-f]{12}",
    "session_id": r"sess_[0-9a-f]{16}",
    "request_id": r"req_[0-9a-f]{32}",
    "user_id": r"user_[1-5]\d{4}",
    "correlation_id": r"corr_[0-9a-f]{16}",
    "trace_id": r"trace_[0-9a-f]{32}",
}


def lines(count=500):
    return b"".join(generate(count, start=END - timedelta(days=1), end=END, seed=4)).splitlines()


def test_a_line_has_the_fields_of_the_example_in_their_order():
    raw = msgspec.json.decode(next(line for line in lines() if b"error_details" not in line))

    assert list(raw) == [
        *("event_id", "event_type", "timestamp", "title", "message", "severity"),
        *("source", "metrics", "context", "payload"),
    ]
    assert list(raw["source"]) == ["service", "endpoint", "method", "version", "environment"]
    assert list(raw["metrics"]) == [
        *("response_time_ms", "status_code", "request_size_bytes", "response_size_bytes", "cache_hit")
    ]
    assert list(raw["context"]) == ["user_id", "session_id", "request_id", "ip_address", "user_agent", "tags"]
    assert list(raw["context"]["tags"]) == ["country", "city", "region", "device_type"]


def test_a_line_is_json_as_short_as_it_gets():
    for line in lines():
        assert msgspec.json.encode(msgspec.json.decode(line)) == line


def test_timestamps_are_utc_to_the_microsecond():
    for line in lines():
        stamp = msgspec.json.decode(line)["timestamp"]
        assert re.fullmatch(r"2026-11-(19|20)T\d\d:\d\d:\d\d\.\d{6}Z", stamp)


@pytest.mark.parametrize("field", SHAPES)
def test_ids_have_their_shape(sample, field):
    pairs = zip(sample.events[:5_000], sample.payloads, strict=False)
    for event, payload in pairs:
        value = payload.get(field) or getattr(event, field, None) or getattr(event.context, field, None)
        assert re.fullmatch(SHAPES[field], value)


@pytest.mark.parametrize(
    "key",
    [
        lambda event, payload: event.context.request_id,  # noqa: ARG005 - one signature for all
        lambda event, payload: payload["trace_id"],  # noqa: ARG005 - one signature for all
        lambda event, payload: payload["correlation_id"],  # noqa: ARG005 - one signature for all
    ],
    ids=["request", "trace", "correlation"],
)
def test_no_two_calls_share_an_id(sample, key):
    made = {key(event, payload) for event, payload in zip(sample.events, sample.payloads, strict=True)}

    assert len(made) == len(sample.events)


def test_a_session_is_one_user_on_one_device_in_one_place_for_a_while(sample):
    sessions = {}
    for event in sample.events:
        sessions.setdefault(event.context.session_id, []).append(event)

    assert max(map(len, sessions.values())) > 3
    for events in sessions.values():
        who = {
            (e.context.user_id, e.context.user_agent, e.context.ip_address, *e.context.tags.values()) for e in events
        }
        assert len(who) == 1
        assert events[-1].timestamp - events[0].timestamp < timedelta(minutes=36)


def test_addresses_belong_to_nobody(sample):
    addresses = {ipaddress.ip_address(event.context.ip_address) for event in sample.events}

    assert all(address.is_reserved for address in addresses)
    assert len(addresses) > 30_000


def test_user_agents_fit_their_device_and_all_appear(sample):
    seen = {}
    for event in sample.events:
        seen.setdefault(event.context.tags["device_type"], set()).add(event.context.user_agent)

    assert seen == {device.name: set(device.user_agents) for device in DEVICES}


def test_every_route_is_called_by_each_of_its_methods(sample):
    seen = {(e.source.service, e.source.endpoint, e.source.method) for e in sample.events}
    known = {(s.name, route.path, method) for s in SERVICES for route in s.routes for method in route.answers}

    assert seen == known


def test_title_names_the_call(sample):
    assert all(e.title == f"{e.source.method} {e.source.endpoint}" for e in sample.events)


def test_severity_message_and_error_details_follow_the_status(sample):
    for event in sample.events:
        status = event.metrics.status_code
        if status < 400:
            assert (event.severity, event.error_details) == ("info", None)
            assert event.message == f"Successfully processed request to {event.source.service}"
        else:
            assert event.severity in (("warning",) if status < 500 else ("error", "critical"))
            assert event.error_details.error_message == event.message
            assert event.error_details.error_code
            assert event.error_details.error_type


def test_success_has_the_status_of_its_method(sample):
    answers = {
        (route.path, method): status for s in SERVICES for route in s.routes for method, status in route.answers.items()
    }
    for event in sample.events:
        status = event.metrics.status_code
        if status < 400:
            usual = answers[event.source.endpoint, event.source.method]
            assert status == usual or (status == 304 and event.source.method == "GET")


def test_answers_without_a_body_are_empty_and_others_not(sample):
    for event in sample.events:
        empty = event.metrics.status_code in (204, 304)
        assert (event.metrics.response_size_bytes == 0) == empty
        assert event.metrics.request_size_bytes > 0


def test_candidates_are_not_in_production(sample):
    evening = [
        e.source
        for e in sample.events
        if END.replace(hour=18) <= e.timestamp + timedelta(days=1) <= END.replace(hour=23)
    ]
    for service in SERVICES:
        found = [source for source in evening if source.service == service.name]
        by_version = {
            name: collections.Counter(one.version for one in found if one.environment == name)
            for name in ENVIRONMENT_SHARES
        }
        [(candidate, _)] = by_version["staging"].most_common(1)
        [(current, _)] = by_version["production"].most_common(1)
        assert len(by_version["staging"]) >= 2
        assert _number(candidate) == _number(current) + 1
        assert all(_number(version) <= _number(current) for version in by_version["production"])


def _number(version):
    return int(version.rpartition(".")[2])
