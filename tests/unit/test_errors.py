"""The drawn tree is the tree; every reason and every error says whether a retry can help."""

from __future__ import annotations

import re

import pytest

from pulsestream import errors
from pulsestream.errors import PulseStreamError, Reason, StoreError

DRAWN = dict(re.findall(r"── (\w+) +(\S.*)", errors.__doc__))
CLASSES = {
    name: thing
    for name, thing in vars(errors).items()
    if isinstance(thing, type) and issubclass(thing, PulseStreamError) and thing is not PulseStreamError
}


def test_every_error_is_drawn():
    assert DRAWN.keys() == CLASSES.keys()


@pytest.mark.parametrize("name", [name for name, said in DRAWN.items() if re.search(r"\d{3}", said)])
def test_an_error_is_what_is_drawn_of_it(name):
    code, status, exit_code, retryable = DRAWN[name].split()
    error = CLASSES[name]
    assert (error.code, error.http_status, error.exit_code) == (code, int(status), int(exit_code))
    assert error.retryable == (retryable == "yes")


def test_a_retryable_error_has_a_status_that_says_so():
    for error in CLASSES.values():
        assert not error.retryable or error.http_status in (408, 429, 502, 503), error


def test_a_store_in_use_is_a_wrong_call_and_no_passing_cause():
    assert issubclass(errors.StoreInUse, StoreError)
    assert (errors.StoreInUse.exit_code, errors.StoreInUse.retryable) == (2, False)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_status_and_only_what_time_mends_is_retryable(reason):
    assert 400 <= reason.http_status < 600
    assert reason.retryable == (reason in (Reason.OVERLOADED, Reason.RATE_LIMITED, Reason.IN_FUTURE))
    assert (reason.http_status == 503) == (reason is Reason.OVERLOADED)


def test_all_wrong_parameters_are_in_one_line():
    error = errors.BadParameters([("limit", "must be from 1 to 9"), ("q", "is empty")])
    assert str(error) == "limit: must be from 1 to 9; q: is empty"
    assert error.errors == [("limit", "must be from 1 to 9"), ("q", "is empty")]
