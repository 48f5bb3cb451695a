"""A request is called what its sender calls it, where that is fit to be written down."""

from __future__ import annotations

import random

import pytest

from pulsestream.api import problems, request
from pulsestream.api.request import ID_LENGTH_MAX, namer


@pytest.fixture
def name():
    return namer(random.Random(7))


@pytest.mark.parametrize("given", [b"mine", b"4bf92f35-77b3", b"x" * ID_LENGTH_MAX, b"!~"])
def test_a_plain_name_is_kept(name, given):
    assert name(given) == given


@pytest.mark.parametrize(
    "given", [None, b"", b"x" * (ID_LENGTH_MAX + 1), b"a b", b"a\tb", b"caf\xc3\xa9", b"a\x7f", b"a\n"]
)
def test_any_other_gets_one_of_ours(name, given):
    made = name(given)
    assert made != given
    assert len(made) == 16
    assert made.isalnum()


def test_names_of_ours_differ_and_do_not_count(name):
    names = [int(name(None), 16) for _ in range(1_000)]
    assert len(set(names)) == 1_000
    assert names != sorted(names)


def test_a_defect_is_reported_under_the_requests_name():
    state = {}
    request.name(state, b"mine")
    request.enter(state, "acme")
    try:
        assert request.current() == request.Named("mine", "acme")
        assert b'"request_id":"mine"' in problems.answer(ZeroDivisionError()).body
    finally:
        request.enter({}, "")
    assert b"request_id" not in problems.answer(ZeroDivisionError()).body, "of an application without a server"
