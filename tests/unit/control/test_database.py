"""A database that is not ours, or of a newer program, is named and left alone."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from pulsestream.control import database as module
from pulsestream.control.database import Database
from pulsestream.errors import StoreError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control.sqlite"


def test_a_database_of_a_newer_program_is_refused(path):
    Database(path).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer version"):
        Database(path)


def test_a_file_that_is_no_database_is_named(path):
    path.write_bytes(b"something else" * 100)
    with pytest.raises(StoreError, match=r"control\.sqlite"):
        Database(path)


def test_the_database_of_before_keeps_its_tenants(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(module._MIGRATIONS[0])
        connection.execute("INSERT INTO tenants VALUES ('default', '2026-01-01T00:00:00+00:00')")
        connection.execute("INSERT INTO keys VALUES (x'00', 'default', '2026-01-01T00:00:00+00:00')")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    with contextlib.closing(Database(path)) as database, database.transaction() as connection:
        assert connection.execute("SELECT name, limits, deleting FROM tenants").fetchall() == [("default", "{}", 0)]
        assert connection.execute("SELECT count(*) FROM keys").fetchone() == (0,)


def test_what_fails_in_a_transaction_leaves_nothing(path):
    database = Database(path)

    def twice():
        with database.transaction() as connection:
            connection.execute("INSERT INTO secrets VALUES ('a', x'01')")
            connection.execute("INSERT INTO secrets VALUES ('a', x'02')")

    with pytest.raises(StoreError, match="cannot be written"):
        twice()
    assert database.secret("a", b"\x03") == b"\x03"
    assert database.secret("a", b"\x04") == b"\x03", "a secret stays"
    database.close()
