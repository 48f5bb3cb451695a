"""A key opens its tenant's door, is shown once, and is nowhere kept as it is."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from pulsestream.control.keys import FIRST_TENANT, FirstKey, Keys
from pulsestream.errors import StoreError
from unit.ingest.lines import StillClock


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control.sqlite"


def opened(path):
    return contextlib.closing(Keys(path, StillClock()))


def test_the_first_start_makes_a_key_and_shows_it_once(path):
    with opened(path) as keys:
        assert keys.ensure("", "made-1") == FirstKey(FIRST_TENANT, "made-1")
        assert keys.tenant_of("made-1") == FIRST_TENANT
    with opened(path) as keys:
        assert keys.ensure("", "made-2") is None
        assert keys.tenant_of("made-1") == FIRST_TENANT
        assert keys.tenant_of("made-2") is None


def test_a_given_key_is_taken_at_any_start_and_not_shown(path):
    with opened(path) as keys:
        assert keys.ensure("given", "made") is None
        assert keys.tenant_of("given") == FIRST_TENANT
        assert keys.tenant_of("made") is None
    for given in ("given", "another"):
        with opened(path) as keys:
            assert keys.ensure(given, "made") is None
            assert keys.tenant_of(given) == FIRST_TENANT
            assert keys.tenant_of("given") == FIRST_TENANT


@pytest.mark.parametrize("wrong", ["", "GIVEN", "given ", "give", "given\0", "ключ"])
def test_another_key_opens_nothing(path, wrong):
    with opened(path) as keys:
        keys.ensure("given", "made")
        assert keys.tenant_of(wrong) is None


def test_no_key_is_kept_as_it_is(path):
    with opened(path) as keys:
        keys.ensure("given-secret", "made")
    assert b"given-secret" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_a_database_of_a_newer_program_is_refused(path):
    with opened(path):
        pass
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer version"):
        Keys(path, StillClock())


def test_a_file_that_is_no_database_is_named(path):
    path.write_bytes(b"something else" * 100)
    with pytest.raises(StoreError, match=r"control\.sqlite"):
        Keys(path, StillClock())
