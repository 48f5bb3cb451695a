"""Rules as people write them, and what an event looks like after them."""

from __future__ import annotations

import hmac
import json

import msgspec
import pytest

from pulsestream.errors import BadParameters
from pulsestream.event import RULES
from pulsestream.ingest.scrub import Rule, Scrubber, parse_rules
from unit.ingest.lines import checked, event

SECRET = b"kept by the server"
CARD = "4111 1111 1111 1111"


def as_text(rules):
    """Rules as text."""
    return " ".join(f"{rule.find}{'.' if rule.name else ''}{rule.name}:{rule.act}" for rule in rules)


def scrub(rules, sent):
    """The event's JSON after these rules, and the paths."""
    raw = sent if isinstance(sent, bytes) else json.dumps(sent, ensure_ascii=False).encode()
    return Scrubber(parse_rules(rules), SECRET).scrub(raw)


def scrubbed(rules, sent):
    return json.loads(scrub(rules, sent)[0])


def hashed(text):
    return "hash:" + hmac.new(SECRET, text.encode(), "sha256").hexdigest()[:16]


def test_rules_are_read_and_printed():
    text = "card:mask email:hash bearer:drop field.password:drop field.payload.user.ssn:hash"
    rules = parse_rules(text)
    assert rules == (
        Rule("card", "mask"),
        Rule("email", "hash"),
        Rule("bearer", "drop"),
        Rule("field", "drop", "password"),
        Rule("field", "hash", "payload.user.ssn"),
    )
    assert as_text(rules) == text
    assert parse_rules(text.replace(" ", " ,\n")) == rules
    assert parse_rules(" , ") == ()
    assert parse_rules("field.a:b:mask") == (Rule("field", "mask", "a:b"),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("card", "ACT is mask, hash or drop"),
        ("card:hide", "ACT is mask, hash or drop"),
        ("iban:mask", "a rule is card:ACT"),
        ("card.x:mask", "a rule is card:ACT"),
        ("field:mask", "field.NAME:ACT"),
        ("field.:mask", "field.NAME:ACT"),
        ("field.a..b:mask", "a path such as payload.user.ssn"),
        ("field.payload.cards[]:mask", "for the elements of a list name the list"),
        ("field." + "x" * 201 + ":mask", "up to 200 characters"),
        ("card:mask card:hash", "card:hash: there is a rule for this already"),
        ("field.API-Key:mask field.api_key:drop", "there is a rule for this already"),
    ],
)
def test_a_wrong_rule_is_refused_with_what_is_allowed(text, told):
    with pytest.raises(BadParameters) as refused:
        parse_rules(text)
    [(name, what)] = refused.value.errors
    assert name == "scrub"
    assert told in what


def test_every_wrong_rule_is_named():
    with pytest.raises(BadParameters) as refused:
        parse_rules("card:hide,email:mask,phone:mask")
    assert [what.partition(": ")[0] for _, what in refused.value.errors] == ["card:hide", "phone:mask"]


@pytest.mark.parametrize("act", ["mask", "hash", "drop"])
def test_no_rule_that_is_taken_makes_a_valid_event_invalid(act):
    """Each field of the event: its rule is refused, or a full event still is a valid one after it."""
    objects = {"context.tags": {"a": "b"}, "payload": {"a": 1}, "metadata": {"a": 1}}
    full = event("a")
    for path in RULES:
        group, _, name = path.rpartition(".")
        if path not in full and path not in ("source", "metrics", "context", "trace", "error_details"):
            (full.setdefault(group, {}) if group else full)[name] = objects.get(path, "some text")
    full["metrics"] = {"response_time_ms": 1, "status_code": 200, "request_size_bytes": 3, "cache_hit": True}
    full["severity"] = "error"
    for path in RULES:
        for name in {path, path.rpartition(".")[2], path.upper()}:
            try:
                rules = parse_rules(f"field.{name}:{act}")
            except BadParameters as refused:
                assert "give its path" in str(refused) or "drop it" in str(refused)  # noqa: PT017 - two ways are right
                continue
            text, paths = Scrubber(rules, SECRET).scrub(json.dumps(full).encode())
            assert paths, name
            assert type(checked(text)).__name__ == "Admissible", name


@pytest.mark.parametrize(
    "name", ["event_id", "event_type", "timestamp", "severity", "title", "source", "Service", "source.endpoint",
             "METHOD", "metrics.status_code", "response-time-ms"]
)  # fmt: skip
def test_what_an_event_needs_is_not_scrubbed_by_name(name):
    with pytest.raises(BadParameters, match="an event cannot do without this field"):
        parse_rules(f"field.{name}:drop")
    assert parse_rules(f"field.payload.{name}:drop")


@pytest.mark.parametrize(
    ("rules", "before", "after"),
    [
        ("card:mask", f"paid with {CARD} today", "paid with ************1111 today"),
        ("card:hash", f"paid with {CARD} today", f"paid with {hashed('4111111111111111')} today"),
        ("card:drop", f"paid with {CARD} today", "paid with  today"),
        ("card:drop", CARD, "[dropped]"),
        ("email:mask", "from Joe@Example.com", "from ***@Example.com"),
        ("email:hash", "from Joe@Example.com", f"from {hashed('joe@example.com')}"),
        ("email:hash", "?u=Joe%40Example.com", f"?u={hashed('joe@example.com')}"),
        ("bearer:mask", "Authorization: bearer abc1", "Authorization: Bearer ***"),
        ("bearer:mask", "jwt eyJa.eyJb.c", "jwt Bearer ***"),
        ("bearer:hash", "Bearer eyJa.eyJb.c", hashed("eyJa.eyJb.c")),
        ("card:mask email:drop bearer:mask", f"{CARD} a@b.co Bearer x1", "************1111  Bearer ***"),
    ],
)
def test_a_match_in_a_text_is_replaced(rules, before, after):
    sent = event("a", payload={"list": [{"note": before}]})
    assert scrubbed(rules, sent) == event("a", payload={"list": [{"note": after}]})
    assert scrub(rules, sent)[1] == ("payload.list[].note",)


@pytest.mark.parametrize(
    ("act", "after"),
    [("mask", '"************1111"'), ("drop", '"[dropped]"'), ("hash", f'"{hashed("4111111111111111")}"')],
)
def test_a_number_that_is_a_card_becomes_a_text(act, after):
    raw = b'{"payload":{"n": [4111111111111111, 4111111111111112,-4111111111111111,1e400]},"x":1.50}'
    text, paths = scrub(f"card:{act}", raw)
    assert text.decode() == raw.decode().replace("4111111111111111", after, 1)
    assert paths == ("payload.n[]",)


def test_every_text_of_an_event_is_looked_at():
    mail = "joe@example.com"
    sent = event(
        "a",
        title=mail,
        message=mail,
        source={"service": mail, "endpoint": f"/u/{mail}", "method": "GET", "version": mail},
        context={"user_id": mail, "tags": {"owner": mail}},
        error_details={"stack_trace": f"at\n{mail}"},
        trace={"trace_id": mail},
        metadata={"deep": [[{"er": mail}]]},
        unknown=mail,
        metrics={"response_time_ms": 1, "status_code": 200, "note": mail},
    )
    text, paths = scrub("email:mask", sent)
    assert mail not in text.decode()
    assert paths == (
        "context.tags.owner", "context.user_id", "error_details.stack_trace", "message", "metadata.deep[][].er",
        "metrics.note", "source.endpoint", "source.service", "source.version", "title", "trace.trace_id", "unknown",
    )  # fmt: skip


def test_identity_and_numbers_are_never_touched():
    raw = (
        b'{"event_id":"joe@example.com","event_type":"joe@example.com","timestamp":"joe@example.com",'
        b'"severity":"joe@example.com","metrics":{"response_time_ms":4111111111111111,"status_code":200}}'
    )
    assert scrub("email:mask card:mask", raw) == (raw, ())
    inner = b'{"payload":{"event_id":"joe@example.com"},"metrics.status_code":"joe@example.com"}'
    assert scrub("email:mask", inner)[1] == ("metrics.status_code", "payload.event_id")


def test_a_field_is_found_by_name_at_any_depth_whatever_its_case_and_dashes():
    raw = b'{"API-Key": "a", "payload": {"list":[{"api_key":{"deep":[1,{}]}} ], "Api-Key" : null,"api_keys": 1}}'
    text, paths = scrub("field.api_key:mask", raw)
    assert text == b'{"API-Key": "***", "payload": {"list":[{"api_key":"***"} ], "Api-Key" : "***","api_keys": 1}}'
    assert paths == ("API-Key", "payload.Api-Key", "payload.list[].api_key")


def test_a_field_is_found_by_its_path_and_nowhere_else():
    sent = {"payload": {"user": {"ssn": 1}, "ssn": 2, "users": [{"ssn": 3}]}, "user": {"ssn": 4}}
    text, paths = scrub("field.payload.user.ssn:mask field.payload.users[].ssn:mask", sent)
    assert json.loads(text) == {
        "payload": {"user": {"ssn": "***"}, "ssn": 2, "users": [{"ssn": "***"}]}, "user": {"ssn": 4}
    }  # fmt: skip
    assert paths == ("payload.user.ssn", "payload.users[].ssn")
    assert scrub("field.payload.a.b:drop", b'{"payload":{"a.b":1}}') == (b'{"payload":{}}', ("payload.a.b",))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"p":1}', "{}"),
        ('{"p":1,"a":2}', '{"a":2}'),
        ('{"a":2,"p":1}', '{"a":2}'),
        ('{"a":2,"p":[1,{"p":2}],"b":3}', '{"a":2,"b":3}'),
        ('{"p":1,"p":2,"a":3,"p":4,"p":5}', '{"a":3}'),
        ('{"a":[{"p":1},{"p":1,"b":[]}],"p":{}}', '{"a":[{},{"b":[]}]}'),
        ('{"a":{"b":{}},"p":1}', '{"a":{"b":{}}}'),
        (' { "p" : 1 , "p" : "x,}" , "a" : 1 } ', ' {   "a" : 1 } '),
    ],
)
def test_a_dropped_field_leaves_valid_json(before, after):
    assert scrub("field.p:drop", before.encode())[0].decode() == after


def test_a_hashed_field_stays_comparable():
    def one(value):
        return scrubbed("field.ssn:hash", b'{"ssn":%b}' % value)["ssn"]

    assert one(b'"078-05-1120"') == hashed("078-05-1120")
    assert one(b"78051120") == one(b'"78051120"')
    assert one(b'{ "a": [1, "A\\u0042"] }') == one(b'{"a":[1,"AB"]}') != one(b'{"a":[1,"AC"]}')
    assert Scrubber(parse_rules("field.ssn:hash"), b"other").scrub(b'{"ssn":78051120}')[0] != one(b"78051120").encode()


def test_escapes_hide_nothing():
    assert scrubbed("email:mask", rb'{"a":"joe\u0040example.com"}') == {"a": "***@example.com"}
    assert scrubbed("card:mask", rb'{"a":"\u0034111111111111111"}') == {"a": "************1111"}
    assert scrubbed("bearer:mask", rb'{"a":"\u0042earer x"}') == {"a": "Bearer ***"}
    assert scrubbed("field.password:drop", rb'{"pass\u0077ord":1}') == {}
    assert scrubbed("field.a/b:drop", rb'{"a\/b":1}') == {}
    assert scrubbed("card:mask", rb'{"a":"x\n4111111111111111\t"}') == {"a": "x\n************1111\t"}
    assert scrubbed("field.größe:drop", '{"GRÖSSE":1}'.encode()) == {}


def test_what_one_rule_leaves_is_looked_at_again():
    assert scrubbed("bearer:drop card:mask", {"a": "4111 1111Bearer x 1111 1111"}) == {"a": "************1111"}
    assert scrubbed("email:mask", {"a": "a@b.co@c.co"}) == {"a": "***@***@c.co"}


def test_a_text_that_does_not_become_clean_is_dropped_whole(monkeypatch):
    monkeypatch.setattr("pulsestream.ingest.scrub.PASSES_MAX", 1)
    assert scrubbed("email:mask", {"a": "to joe@example.com", "b": "to nobody"}) == {"a": "[dropped]", "b": "to nobody"}


@pytest.mark.parametrize(
    ("path", "length_max"),
    [("title", 200), ("message", 2000), ("source.service", 100), ("source.endpoint", 500), ("source.method", 10),
     ("context.user_agent", 500), ("error_details.error_message", 1000)],
)  # fmt: skip
def test_a_text_that_grew_is_cut_to_its_limit(path, length_max):
    group, _, name = path.rpartition(".")
    full = "a@b.co".rjust(length_max, "-")
    text = scrubbed("email:hash", {group: {name: full}} if group else {name: full})
    kept = text[group][name] if group else text[name]
    assert len(kept) == length_max
    assert "a@b.co" not in kept
    over = "a@b.co".rjust(length_max + 1, "-")
    text = scrubbed("email:hash", {group: {name: over}} if group else {name: over})
    assert len(text[group][name] if group else text[name]) > length_max, "what was refused before is still refused"


def test_an_event_without_a_match_is_the_same_object():
    raw = json.dumps(event("a", payload={"to": "nobody", "n": 1e300})).encode()
    text, paths = scrub("card:mask email:mask bearer:mask field.password:drop", raw)
    assert text is raw
    assert paths == ()
    suspicious = rb'{"a":"\u00e9@ 4111111111111112 bearer of password","b":"\"password\""}'
    assert scrub("card:mask email:mask bearer:mask field.password:drop", suspicious)[0] is suspicious
    assert scrub("", suspicious)[0] is suspicious


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b'{"a":"a@b.co"', msgspec.DecodeError),
        (b'["a@b.co"]', msgspec.DecodeError),
        (b'"a@b.co"', msgspec.DecodeError),
        (b"a@b.co", msgspec.DecodeError),
        (b'{"a":"a@b.co\xff"}', UnicodeDecodeError),
        (b'{"a":"a@b.co","b":' + b"[" * 5000 + b"]" * 5000 + b"}", RecursionError),
    ],
)
def test_what_is_no_json_object_is_said_to_be_none(raw, error):
    with pytest.raises(error):
        scrub("email:mask", raw)


def test_an_event_nested_as_deep_as_one_may_be_is_scrubbed():
    raw = b'{"payload":' + b'{"a":[' * 450 + b'"a@b.co"' + b"]}" * 450 + b"}"
    text, [path] = scrub("email:mask", raw)
    assert text == raw.replace(b"a@b.co", b"***@b.co")
    assert path == ("payload" + ".a[]" * 450)[:500]


@pytest.mark.slow
@pytest.mark.parametrize("act", ["mask", "hash", "drop"])
@pytest.mark.parametrize(
    "unit",
    ["1 ", "4 5 ", "4444 4444 ", "a@", "a@a.", "1.", "a@1.1", "eyJ.", "_eyJ", "eyJa.", "bearer ", "bearer token ",
     "%40", "a%", "a@b.co@", '\\"', "[{", "4111 1111 1111 1111 "],
)  # fmt: skip
def test_a_hostile_text_costs_no_more_than_its_length(act, unit):
    """A quadratic pattern would take hours for this."""
    raw = b'{"payload":{"a":"%b"}}' % (unit * (1_000_000 // len(unit))).encode()
    scrubber = Scrubber(parse_rules(f"card:{act} email:{act} bearer:{act} field.a@:{act}"), SECRET)
    text, _ = scrubber.scrub(raw)
    assert scrubber.scrub(text) == (text, ())
