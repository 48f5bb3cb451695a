"""What is being typed at the cursor, what a suggestion replaces, and what the rest means."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from pulsestream.query import language
from pulsestream.query.expression import Field, Inside, Tag
from pulsestream.query.syntax.moment import Present
from pulsestream.query.syntax.typed import What, typed

PRESENT = Present(datetime(2026, 11, 20, 12, tzinfo=UTC), ZoneInfo("UTC"))
SERVICE, METHOD, CITY = Field("service"), Field("method"), Field("city")

# The text with the cursor as |, what is typed, what of it stands before the cursor, what is replaced, the rest.
TYPED = [
    ("|", What.WORD, "", "", ""),
    ("serv|", What.WORD, "serv", "serv", ""),
    ("se|rv:a b", What.WORD, "se", "serv:", "b"),
    ("-serv|", What.WORD, "serv", "serv", ""),
    ("status:500 |", What.WORD, "", "", "status:500"),
    ("status:500 | b", What.WORD, "", "", "status:500 b"),
    ("status:500 AND |", What.WORD, "", "", "status:500"),
    ("status:500 OR a|", What.WORD, "a", "a", "status:500 OR *"),
    ("(status:500 OR a|", What.WORD, "a", "a", "status:500 OR *"),
    ("(status:500) a|", What.WORD, "a", "a", "status:500"),
    ("(a b|) c", What.WORD, "b", "b", "a c"),
    ('"a b|', What.WORD, "a b", '"a b', ""),
    ("service:|", SERVICE, "", "", ""),
    ("service:pay|ment status:500", SERVICE, "pay", "payment", "status:500"),
    ("svc:p| status:500 last 1h", SERVICE, "p", "p", "status:500 last 1h"),
    ("-service:p| b", SERVICE, "p", "p", "b"),
    ("NOT service:p| b", SERVICE, "p", "p", "b"),
    ('city:"São P|', CITY, "São P", '"São P', ""),
    ('city:"São P|aulo" x', CITY, "São P", '"São Paulo"', "x"),
    ("method:(POST OR P|", METHOD, "P", "P", ""),
    ("method:(POST OR P|) status:500", METHOD, "P", "P", "status:500"),
    ("-method:(POST OR (P|)) status:500", METHOD, "P", "P", "status:500"),
    ("(a method:(|) b) c", METHOD, "", "", "a b c"),
    ("(a method:(P|", METHOD, "P", "P", "a"),
    ("tag.pl|", What.TAG, "pl", "tag.pl", ""),
    ("tag.k8s.p|od:x y", What.TAG, "k8s.p", "tag.k8s.pod:", "y"),
    ("tag.plan:p|", Tag("plan"), "p", "p", ""),
    ("payload.|", What.KEY, "", "payload.", ""),
    ("payload.user.na|", What.KEY, "na", "payload.user.na", ""),
    ("payload.user.name:j|", Inside("payload", ("user", "name")), "j", "j", ""),
    ("has:er|", What.WORD, "er", "er", ""),
    ("has:tag.p|", What.TAG, "p", "tag.p", ""),
    ("last |", What.LENGTH, "", "", ""),
    ("service:a last 1|", What.LENGTH, "1", "1", "service:a"),
    ("last or|", What.WORD, "or", "or", ""),
    ("since to|", What.MOMENT, "to", "to", ""),
    ("timestamp:|", What.MOMENT, "", "", ""),
    ("sevice:|", What.NOTHING, "", "", ""),
    # What cannot be read leaves nothing out.
    ("status:abc service:|", SERVICE, "", "", ""),
    ("a) service:|", SERVICE, "", "", ""),
]


@pytest.mark.parametrize(("text", "what", "before", "replaced", "rest"), TYPED, ids=[row[0] for row in TYPED])
def test_what_is_typed(text, what, before, replaced, rest):
    at, whole = text.index("|"), text.replace("|", "")
    found = typed(whole, at, PRESENT)
    assert (found.place if found.what is What.VALUE else found.what) == what
    assert found.text == before
    assert whole[found.start : found.end] == replaced
    assert found.rest == language.read(rest, now=PRESENT.now, zone=PRESENT.zone)


def test_operators_stand_between_conditions():
    first = {
        text: typed(text, len(text), PRESENT).first for text in ("", "a ", "a AND ", "(", "(a) ", "NOT ", "a OR b")
    }
    assert first == {"": True, "a ": False, "a AND ": True, "(": True, "(a) ": False, "NOT ": True, "a OR b": True}


def test_keys_of_an_object_are_asked_for_inside_it():
    found = typed('payload."a.b".c.d', 17, PRESENT)
    assert (found.root, found.keys, found.text) == ("payload", ("a.b", "c"), "d")


def test_a_cursor_anywhere_in_any_text_is_no_error():
    text = '-(a OR "b c) method:(POST OR tag.x:(( payload..a: last since has:has: \\" 5.. )))*:'
    for end in range(len(text) + 1):
        for at in range(end + 1):
            found = typed(text[:end], at, PRESENT)
            assert 0 <= found.start <= at <= found.end <= end
