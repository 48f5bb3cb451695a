"""Laws of scrubbing, on made-up events in which personal data was planted at any place, in any spelling."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from property.strategies import events, text
from pulsestream.errors import BadParameters
from pulsestream.ingest.scrub import Rule, Scrubber, parse_rules
from unit.ingest.test_scrub import as_text

pytestmark = pytest.mark.slow

SECRET = b"kept by the server"
IDENTITY = {"event_id", "event_type", "timestamp", "severity"}
# What is planted, and the part of it that nobody may read afterwards.
PLANTS = [
    ("4111111111111111", "411111111111"),
    ("4111 1111 1111 1111", "4111 1111 1111"),
    ("3782-822463-10005", "3782-822463"),
    (5555555555554444, "555555555555"),
    ("joe.bloggs@example.com", "bloggs"),
    ("josé%40exämple.de", "josé"),
    ("Bearer s3cr3t-t0ken", "s3cr3t"),
    ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJqb2UifQ.c2ln", "eyJzdWI"),
]
FIELDS = ["password", "Pass-Word", "API_KEY"]

acts = st.sampled_from(["mask", "hash", "drop"])
rules = st.builds(
    lambda *chosen: tuple(
        Rule(find, act, name)
        for (find, name), act in zip(
            [("card", ""), ("email", ""), ("bearer", ""), *(("field", name) for name in FIELDS)], chosen, strict=True
        )
    ),
    *[acts] * 6,
)


def places(value, path=""):
    """(container, key, path) of every value a plant may stand for or in."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        if path in ("", "metrics") and (key in IDENTITY or path):
            continue
        here = f"{path}[]" if isinstance(value, list) else f"{path}.{key}" if path else key
        yield value, key, here
        if isinstance(inner, dict | list):
            yield from places(inner, here)


@st.composite
def planted(draw):
    """(JSON text, what may not be readable, paths of it)."""
    event = draw(events)
    gone, paths = set(), set()
    for _ in range(draw(st.integers(1, 4))):
        container, key, path = draw(st.sampled_from(list(places(event))))
        if isinstance(container[key], dict | list):
            inner, name = container[key], draw(st.sampled_from(FIELDS))
            if isinstance(inner, dict):
                inner[name] = draw(st.sampled_from(["hunter2hunter2", {"deep": ["hunter2hunter2"]}]))
                gone.add("hunter2hunter2")
                paths.add(f"{path}.{name}"[:500])
            continue
        plant, secret = draw(st.sampled_from(PLANTS))
        if isinstance(plant, str):
            plant = draw(st.sampled_from(["{}", "to ({}), at once", "\n{}\t", "é<{}>"])).format(plant)
        container[key] = plant
        gone.add(secret)
        paths.add(path[:500])
    return written(event, draw(st.sampled_from(["plain", "ascii", "escaped"]))), gone, paths


def written(event, how):
    """The event as JSON: as it is, with what is not ASCII escaped, or with every character escaped."""
    if how != "escaped":
        return json.dumps(event, ensure_ascii=how == "ascii").encode()
    if isinstance(event, dict):
        members = [written(name, how) + b":" + written(value, how) for name, value in event.items()]
        return b"{" + b",".join(members) + b"}"
    if isinstance(event, list):
        return b"[" + b",".join(written(value, how) for value in event) + b"]"
    if isinstance(event, str):
        units = event.encode("utf-16-be").hex()
        return b'"' + b"".join(b"\\u" + units[at : at + 4].encode() for at in range(0, len(units), 4)) + b'"'
    return json.dumps(event).encode()


def leaves(value, path=""):
    """What is where, path -> values in order; a path ends where nothing is inside."""
    found = {}
    items = value.items() if isinstance(value, dict) else ((None, inner) for inner in value)
    for key, inner in items:
        here = (f"{path}[]" if key is None else f"{path}.{key}" if path else key)[:500]
        if isinstance(inner, dict | list) and inner:
            for name, values in leaves(inner, here).items():
                found.setdefault(name, []).extend(values)
        else:
            found.setdefault(here, []).append(inner)
    return found


@given(planted=planted(), rules=rules)
def test_nothing_planted_is_left_and_a_second_time_changes_nothing(planted, rules):
    raw, gone, paths = planted
    scrubber = Scrubber(rules, SECRET)
    text, changed = scrubber.scrub(raw)
    readable = json.dumps(json.loads(text), ensure_ascii=False)
    assert [secret for secret in gone if secret in readable] == []
    assert list(changed) == sorted(set(changed))
    covered = [path for path in paths if path in changed or any(path.startswith(shorter) for shorter in changed)]
    assert sorted(covered) == sorted(paths)
    again = scrubber.scrub(text)
    assert again[0] is text
    assert again[1] == ()


@given(planted=planted(), rules=rules)
def test_nothing_else_changes(planted, rules):
    raw, _, _ = planted
    text, changed = Scrubber(rules, SECRET).scrub(raw)
    before, after = leaves(json.loads(raw)), leaves(json.loads(text))

    def untouched(found):
        """Without empty objects: one that lost its last field looks like them."""
        there = {path: [value for value in values if value != {}] for path, values in found.items()}
        return {
            path: values
            for path, values in there.items()
            if values and not any(path == one or path.startswith((one + ".", one + "[]")) for one in changed)
        }

    assert untouched(after) == untouched(before)


@given(event=events, rules=rules)
def test_an_event_in_which_nothing_is_found_is_given_back_itself(event, rules):
    raw = json.dumps(event, ensure_ascii=False).encode()
    text, changed = Scrubber(rules, SECRET).scrub(raw)
    assert (text is raw) == (changed == ())


_items = st.builds(
    "{}{}:{}".format, st.sampled_from(["card", "email", "bearer", "field."]), text(0, 12), st.sampled_from(["drop", ""])
)


@given(written_rules=st.lists(_items, max_size=3).map(" ".join))
def test_rules_are_refused_or_read_and_printed_alike(written_rules):
    try:
        rules = parse_rules(written_rules)
    except BadParameters:
        return
    assert parse_rules(as_text(rules)) == rules
