"""A session is as good as its key, ends by itself, and is there again after a restart; its token is kept nowhere."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import timedelta

import pytest

from pulsestream.control import sessions as module
from pulsestream.control.audit import Actor, Audit
from pulsestream.control.database import Database
from pulsestream.control.keys import FIRST_TENANT, Keys, Scope
from pulsestream.control.sessions import IDLE_MAX, LIFETIME_MAX, Sessions
from pulsestream.control.tenants import OwnLimits, Tenants
from pulsestream.errors import StoreError, Unauthorized
from unit.control.test_keys import Clock
from unit.control.test_tenants import DEFAULTS

ACTOR = Actor("test", FIRST_TENANT)
SECOND = timedelta(seconds=1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control.sqlite"


@pytest.fixture
def clock():
    return Clock()


@contextlib.contextmanager
def opened(path, clock, *, given="given"):
    database = Database(path)
    audit = Audit(database, clock)
    tenants = Tenants(database, audit, clock, defaults=DEFAULTS, changed=lambda _: None)
    keys = Keys(database, audit, clock, given=given)
    sessions = Sessions(database, keys, clock)
    sessions.keys, sessions.tenants = keys, tenants
    try:
        yield sessions
    finally:
        sessions.close()
        keys.close()
        database.close()


def made_key(sessions, **given):
    return sessions.keys.create(ACTOR, FIRST_TENANT, [Scope.READ], **given).key


def opens(sessions, token):
    try:
        sessions.find(token.encode())
    except Unauthorized:
        return False
    return True


def rows(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT key_id FROM sessions").fetchall()


def test_a_session_is_its_keys(path, clock):
    with opened(path, clock) as sessions:
        key = made_key(sessions)
        new = sessions.open(key)
        session, found = sessions.find(new.token.encode())
        assert (session, found.id) == (new.session, key.id)


def test_tokens_are_long_and_all_different(path, clock):
    with opened(path, clock) as sessions:
        key = made_key(sessions)
        new = [sessions.open(key) for _ in range(20)]
        assert len({one.token for one in new} | {one.session.csrf for one in new}) == 40
        assert {len(one.token) for one in new} == {43}  # base64 of 32 bytes


def test_no_token_is_kept_as_it_is(path, clock):
    with opened(path, clock) as sessions:
        token = sessions.open(made_key(sessions)).token
    assert rows(path)
    assert token.encode() not in b"".join(file.read_bytes() for file in path.parent.iterdir())


@pytest.mark.parametrize("token", [b"", b"x", b"x" * 43, b"\xff" * 43, b"x" * 60_000])
def test_another_token_opens_nothing(path, clock, token):
    with opened(path, clock) as sessions:
        sessions.open(made_key(sessions))
        with pytest.raises(Unauthorized, match="sign in"):
            sessions.find(token)


def test_a_session_ends_when_it_was_not_used_for_half_a_day(path, clock):
    with opened(path, clock) as sessions:
        new = sessions.open(made_key(sessions))
        clock.time += IDLE_MAX - SECOND
        assert opens(sessions, new.token)
        assert sessions.ends_at(new.session) == clock.time + IDLE_MAX
        clock.time += IDLE_MAX
        assert not opens(sessions, new.token)


def test_a_session_ends_after_a_week_however_much_it_was_used(path, clock):
    with opened(path, clock) as sessions:
        new = sessions.open(made_key(sessions))
        end = clock.time + LIFETIME_MAX
        while clock.time < end:
            assert opens(sessions, new.token)
            clock.time += timedelta(hours=6)
        assert not opens(sessions, new.token)


def test_a_session_and_its_last_use_survive_a_restart(path, clock):
    with opened(path, clock) as sessions:
        key = made_key(sessions)
        new = sessions.open(key)
        idle = sessions.open(key)
        clock.time += timedelta(hours=11)
        assert opens(sessions, new.token)
    clock.time += timedelta(hours=11)
    with opened(path, clock) as sessions:
        session, found = sessions.find(new.token.encode())
        assert (session, found.id) == (new.session, key.id)
        assert not opens(sessions, idle.token)
    assert len(rows(path)) == 1, "what is over is not kept"


def test_a_session_that_was_used_is_kept_so_without_an_orderly_end(path, clock):
    with opened(path, clock) as sessions:
        new = sessions.open(made_key(sessions))
        clock.time += timedelta(hours=11)
        assert opens(sessions, new.token)
        with contextlib.closing(sqlite3.connect(path)) as other:
            [[used_at]] = other.execute("SELECT last_used_at FROM sessions").fetchall()
        assert used_at == clock.time.isoformat()


def test_a_revoked_key_ends_its_sessions(path, clock):
    with opened(path, clock) as sessions:
        key, other = made_key(sessions), made_key(sessions)
        new, stays = sessions.open(key), sessions.open(other)
        sessions.keys.revoke(ACTOR, key.id, tenant=None)
        with pytest.raises(Unauthorized, match="revoked"):
            sessions.find(new.token.encode())
        assert opens(sessions, stays.token)
    with opened(path, clock) as sessions:
        assert not opens(sessions, new.token)
    assert rows(path) == [(other.id,)]


def test_an_expired_key_ends_its_sessions(path, clock):
    with opened(path, clock) as sessions:
        new = sessions.open(made_key(sessions, expires_at=clock.time + timedelta(hours=1)))
        clock.time += timedelta(hours=1)
        with pytest.raises(Unauthorized, match="expired"):
            sessions.find(new.token.encode())


def test_a_tenant_that_goes_takes_its_sessions_along(path, clock):
    with opened(path, clock) as sessions:
        sessions.tenants.create(ACTOR, "acme", OwnLimits())
        new = sessions.open(sessions.keys.create(ACTOR, "acme", [Scope.READ]).key)
        sessions.tenants.begin_delete(ACTOR, "acme")
        sessions.keys.forget("acme")
        with pytest.raises(Unauthorized, match="not there any more"):
            sessions.find(new.token.encode())


def test_a_session_is_not_of_another_key_that_got_the_same_id(path, clock):
    with opened(path, clock) as sessions:
        key = made_key(sessions)
        new = sessions.open(key)
        sessions.keys._hashes[key.id] = b"another"
        assert not opens(sessions, new.token)


def test_another_key_in_the_settings_ends_the_sessions_of_the_one_before(path, clock):
    with opened(path, clock, given="one") as sessions:
        new = sessions.open(sessions.keys.authenticate("one"))
    with opened(path, clock, given="one") as sessions:
        assert opens(sessions, new.token)
    with opened(path, clock, given="two") as sessions:
        assert not opens(sessions, new.token)
    with opened(path, clock, given="one") as sessions:
        assert not opens(sessions, new.token), "and for good"


def test_a_key_has_so_many_sessions_and_the_one_unused_for_longest_makes_room(path, clock, monkeypatch):
    monkeypatch.setattr(module, "SESSIONS_MAX", 3)
    with opened(path, clock) as sessions:
        key = made_key(sessions)
        other = sessions.open(made_key(sessions))
        new = [sessions.open(key) for _ in range(3)]
        clock.time += SECOND
        for used in (new[0], new[2]):
            assert opens(sessions, used.token)
        new.append(sessions.open(key))
        assert [opens(sessions, one.token) for one in new] == [True, False, True, True]
        assert opens(sessions, other.token)
        assert len(rows(path)) == 4


def test_a_session_that_was_ended_is_over_also_after_a_restart(path, clock):
    with opened(path, clock) as sessions:
        new = sessions.open(made_key(sessions))
        sessions.end(new.token.encode())
        sessions.end(new.token.encode())
        assert not opens(sessions, new.token)
    with opened(path, clock) as sessions:
        assert not opens(sessions, new.token)


def test_a_session_works_also_while_the_database_cannot_be_written(path, clock):
    with opened(path, clock) as sessions, contextlib.closing(sqlite3.connect(path)) as other:
        new = sessions.open(made_key(sessions))
        other.execute("BEGIN IMMEDIATE")
        clock.time += timedelta(minutes=5)
        assert opens(sessions, new.token)
        with pytest.raises(StoreError):
            sessions.end(new.token.encode())
        assert opens(sessions, new.token), "it was not ended, and that was said"
        other.rollback()
        sessions.end(new.token.encode())
        assert not opens(sessions, new.token)
