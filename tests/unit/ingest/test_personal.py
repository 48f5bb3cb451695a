"""What counts as a card number, an address or a token, and what only looks like one."""

from __future__ import annotations

import pytest

from pulsestream.ingest.personal import bearers, cards, emails, may_hold, web_tokens


def found(finder, text):
    return [text[finding.start : finding.end] for finding in finder(text)]


@pytest.mark.parametrize(
    "card",
    [
        "4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "4222222222222", "3782 822463 10005",
        "378282246310005", "5555555555554444", "2223003122003222", "6011111111111117", "30569309025904",
        "6304000000000000000", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}", "card {}, thanks", "n={}.", "卡号{}的", "({})", "\n{}\n", '"{}"', "*{}*"])
def test_a_card_number_is_found_wherever_a_number_may_stand(card, around):
    assert found(cards, around.format(card)) == [card]


def test_a_card_number_is_found_beside_its_date_and_other_numbers():
    assert found(cards, "4111 1111 1111 1111 12/27") == ["4111 1111 1111 1111"]
    assert found(cards, "order 12 4111111111111111 123") == ["4111111111111111"]
    assert found(cards, "4111 1111 1111 1111 5500 0000 0000 0004") == ["4111 1111 1111 1111", "5500 0000 0000 0004"]


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # not Luhn
        "req_384a9909e256450482b88e8292d744bd",
        "x4111111111111111", "4111111111111111x", "_4111111111111111", "4111111111111111_",
        "94111111111111111111", "41111111111111111111",  # part of a longer run
        "3.4111111111111111",  # decimals
        "23456789-4111-4111-8111-111111111111", "4444444444444444", "1700000000003", "0000000000000",
        "4111  1111  1111  1111", "411111111111",
    ],
)  # fmt: skip
def test_what_is_no_card_number_stays(text):
    assert found(cards, text) == []


def test_a_uuid_whose_digits_would_pass_as_a_card_stays():
    assert found(cards, "411c-4111-111111111111") == ["4111-111111111111"]
    assert found(cards, "id a1b2c3d4-e5f6-411c-4111-111111111111.") == []


def test_a_masked_card_shows_its_last_four():
    assert [finding.masked for finding in cards("4111-1111-1111-1111 and 378282246310005")] == [
        "************1111",
        "***********0005",
    ]


@pytest.mark.parametrize(
    "address",
    [
        "joe@example.com", "Joe.Bloggs+tag@mail.example.co.uk", "o'brien@example.ie", "j_b-c@ex-ample.com",
        "josé@exämple.de", "иван@пример.рф", "उपयोग@उदाहरण.भारत", "joe@xn--exmple-cua.com", "joe%40example.com",
        "joe%2Btag%40example.com", "a@b.co",
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}", "to <{}>.", "?user={}&x=1", "'{}'", "mailto:{},", "Fehler: {} – nein"])
def test_an_address_is_found_and_nothing_around_it(address, around):
    assert found(emails, around.format(address)) == [address]


@pytest.mark.parametrize(
    "text", ["lodash@4.17.21", "joe@localhost", "@handle", "a @ b.com", "100%40", "@example.com", "***@example.com"]
)
def test_what_is_no_address_stays(text):
    assert found(emails, text) == []


def test_addresses_in_a_row_are_each_found():
    assert found(emails, "a@b.co,c@d.co;e@f.co") == ["a@b.co", "c@d.co", "e@f.co"]
    assert found(emails, "a%40b@c.co") == ["b@c.co"]


@pytest.mark.parametrize(
    "text",
    ["Bearer abc.DEF-1_2~3+/==", "bearer x", "BEARER: sk_live_1", "bearer token=abc1", "Bearer\tsecret"],
)
def test_what_follows_bearer_is_found(text):
    assert found(bearers, f"Authorization: {text}, ok") == [text]


def test_prose_about_bearers_stays():
    text = "Bearer token is missing; the bearer of this; bearer authentication failed. No bearer token. forbearer x1"
    assert found(bearers, text) == []
    assert found(bearers, "Bearer Bearer abc1") == ["Bearer abc1"]


def test_a_web_token_is_found_without_the_word():
    signed, encrypted = "eyJhbGciOi.eyJzdWIi.c2ln-_", "eyJhbGciOi..aXY.Y2lwaGVy.dGFn"
    assert found(web_tokens, f"t={signed}; token_{encrypted}") == [signed, encrypted]
    assert found(web_tokens, "eyJhbGciOi alone, heyJude.a.b") == []


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("card", b'{"a":"\\n4111-1111-1111-1111"}'),
        ("card", b"[4111111111111111]"),
        ("email", b"joe%40example.com"),
        ("bearer", b"BEARER x"),
        ("bearer", b"eyJa.b.c"),
    ],
)
def test_a_glance_misses_nothing(kind, raw):
    assert may_hold(kind, raw, raw.lower())


def test_a_glance_spares_the_usual_event():
    raw = b'{"timestamp":"2026-11-19T12:01:42.895511Z","trace":"ffd5db9feb60723b49cf9eacdff416fe","ms":1700000000000}'
    assert [kind for kind in ("card", "email", "bearer") if may_hold(kind, raw, raw)] == []
