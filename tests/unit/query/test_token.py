"""A token says nothing to who holds it, and opens only for the tenant and the purpose that it was sealed for."""

from __future__ import annotations

import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulsestream.errors import BadParameters
from pulsestream.query.model import Cursor
from pulsestream.query.token import NONCE_BYTES, Tokens

SECRET = bytes(range(32))
places = st.integers(0, 2**63 - 1)


@pytest.fixture
def tokens():
    return sealed_with(0)


def sealed_with(seed, secret=SECRET):
    draw = random.Random(seed)
    return Tokens(secret, lambda: draw.randbytes(NONCE_BYTES))


def cursor_at(position, **more):
    return Cursor(timestamp_us=1_700_000_000_000_000, position=position, snapshot=3, matched=9, **more)


cursors = st.builds(
    Cursor,
    timestamp_us=places,
    position=places,
    snapshot=places,
    matched=places,
    value=st.none() | places | st.floats(allow_nan=False) | st.text(),
    question=st.integers(-(2**63), 2**63 - 1),
    start_us=st.none() | st.integers(-(2**62), 2**62),
    end_us=st.none() | st.integers(-(2**62), 2**62),
)


@given(cursors)
def test_a_cursor_comes_back_from_its_token(cursor):
    back = sealed_with(0).cursor("acme", sealed_with(1).of_cursor("acme", cursor), cursor.question)
    assert back == cursor
    assert type(back.value) is type(cursor.value)


def test_a_cursor_of_another_question_is_refused(tokens):
    with pytest.raises(BadParameters, match="of another question"):
        tokens.cursor("acme", tokens.of_cursor("acme", cursor_at(2, question=5)), 7)


@given(places)
def test_a_position_comes_back_from_its_token(position):
    assert sealed_with(0).position("acme", sealed_with(1).of_position("acme", position)) == position


def test_a_token_says_nothing_of_its_place(tokens):
    near, same, far = (tokens.of_position("acme", place) for place in (7, 7, 2**40))
    assert len({near, same, far}) == 3
    assert len({len(near), len(same), len(far)}) == 1
    assert (7).to_bytes(8, "big") not in base64.urlsafe_b64decode(near)
    ends = [tokens.of_cursor("acme", cursor_at(place, value="x" * 200)) for place in (7, 7, 2**40)]
    assert (len(set(ends)), len(set(map(len, ends)))) == (3, 1)
    # Each block of what is masked has a mask of its own.
    masked = base64.urlsafe_b64decode(ends[0] + "==")
    assert masked[80:144] != masked[144:208]
    assert b"xxx" not in masked


@pytest.mark.parametrize("tenant", ["globex", "acm", "", "acme\0"])
def test_a_token_of_another_tenant_is_refused(tokens, tenant):
    with pytest.raises(BadParameters, match="next_cursor"):
        tokens.cursor(tenant, tokens.of_cursor("acme", cursor_at(2)))
    with pytest.raises(BadParameters, match="pass on `next`"):
        tokens.position(tenant, tokens.of_position("acme", 7))


def test_a_token_for_another_purpose_is_refused(tokens):
    with pytest.raises(BadParameters, match="next_cursor"):
        tokens.cursor("acme", tokens.of_position("acme", 7))
    with pytest.raises(BadParameters, match="after: is not one of ours: pass on `next`"):
        tokens.position("acme", tokens.of_cursor("acme", cursor_at(2)))
    with pytest.raises(BadParameters, match="Last-Event-ID: is not one of ours: pass on the `id` of the last message"):
        tokens.position("acme", "x", at="Last-Event-ID", given="the `id` of the last message")


def test_a_token_of_another_server_is_refused(tokens):
    with pytest.raises(BadParameters, match="next_cursor"):
        tokens.cursor("acme", sealed_with(0, b"another" * 4).of_cursor("acme", cursor_at(2)))


def test_a_token_changed_anywhere_is_refused(tokens):
    token = tokens.of_cursor("acme", cursor_at(2))
    for place, letter in enumerate(token):
        for other in "AQgw_-9z":
            if other != letter:
                with pytest.raises(BadParameters, match="next_cursor"):
                    tokens.cursor("acme", token[:place] + other + token[place + 1 :])
    for cut in range(len(token)):
        with pytest.raises(BadParameters, match="next_cursor"):
            tokens.cursor("acme", token[:cut])


@given(st.text())
def test_no_text_breaks_the_reading_of_a_token(text):
    with pytest.raises(BadParameters, match="next_cursor"):
        sealed_with(0).cursor("acme", text)
    with pytest.raises(BadParameters, match="pass on `next`"):
        sealed_with(0).position("acme", text)
