"""A removal that has begun is there until it is carried out, and is counted once."""

from __future__ import annotations

import contextlib

import pytest

from pulsestream.control.database import Database
from pulsestream.control.expirations import Expiration, Expirations, Expired
from pulsestream.errors import StoreError


@contextlib.contextmanager
def opened(folder):
    with contextlib.closing(Database(folder / "control.sqlite")) as database:
        yield Expirations(database)


ACME, ZETA = Expiration("acme", 3_600_000_000, 10, 5), Expiration("zeta", 7_200_000_000, 10, 0)


def test_a_tenant_of_which_nothing_expired_has_zero(tmp_path):
    with opened(tmp_path) as expirations:
        assert expirations.of("acme") == Expired(0, None)
        assert expirations.of("acme").events == 0
        assert expirations.pending() == []


def test_what_has_begun_is_pending_after_a_restart_and_counts_already(tmp_path):
    with opened(tmp_path) as expirations:
        expirations.begin([ACME, ZETA])
    with opened(tmp_path) as expirations:
        assert expirations.pending() == [ACME, ZETA]
        assert expirations.of("acme") == Expired(0, ACME)
        assert expirations.of("acme").events == 5


def test_what_has_ended_is_counted_once_and_added_up(tmp_path):
    with opened(tmp_path) as expirations:
        for _ in range(2):
            expirations.begin([ACME, ZETA])
            expirations.end()
            expirations.end()
        kept = [expirations.of("acme"), expirations.of("zeta")]
        assert kept == [Expired(10, None), Expired(0, None)]
    with opened(tmp_path) as expirations:
        assert [expirations.of("acme"), expirations.of("zeta")] == kept
        assert expirations.pending() == []


def test_what_cannot_be_written_down_has_not_begun(tmp_path):
    with opened(tmp_path) as expirations:
        with pytest.raises(StoreError):
            expirations.begin([ACME, Expiration("zeta", "soon", 10, 1)])
        assert expirations.pending() == []
    with opened(tmp_path) as expirations:
        assert expirations.pending() == []


def test_a_store_that_is_empty_again_starts_over(tmp_path):
    with opened(tmp_path) as expirations:
        expirations.begin([ACME])
        expirations.end()
        expirations.begin([ACME])
        expirations.start_over()
        assert expirations.of("acme") == Expired()
    with opened(tmp_path) as expirations:
        assert expirations.of("acme") == Expired()


def test_a_tenant_that_is_removed_is_forgotten(tmp_path):
    with opened(tmp_path) as expirations:
        expirations.begin([ACME])
        expirations.end()
        expirations.forget("acme")
        assert expirations.of("acme") == Expired()
