"""A key opens its tenant's door, is shown once, is nowhere kept as it is, and ends when it should."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import timedelta

import pytest

from pulsestream.control import keys as module
from pulsestream.control.audit import Actor, Audit
from pulsestream.control.database import Database
from pulsestream.control.keys import FIRST_TENANT, Keys, Scope, allow
from pulsestream.control.tenants import OwnLimits, Tenants
from pulsestream.errors import Exists, Forbidden, NotFound, Unauthorized
from unit.control.test_tenants import DEFAULTS
from unit.ingest.lines import NOW, StillClock

ACTOR = Actor("test", FIRST_TENANT)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "control.sqlite"


class Clock(StillClock):
    def __init__(self):
        super().__init__()
        self.time = NOW

    def now(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


@contextlib.contextmanager
def opened(path, clock, *, given=""):
    database = Database(path)
    audit = Audit(database, clock)
    tenants = Tenants(database, audit, clock, defaults=DEFAULTS, changed=lambda _: None)
    keys = Keys(database, audit, clock, given=given)
    keys.tenants, keys.audit = tenants, audit
    try:
        yield keys
    finally:
        keys.close()
        database.close()


def refused(keys, text):
    with pytest.raises(Unauthorized) as refusal:
        keys.authenticate(text)
    return str(refusal.value)


def test_the_first_start_makes_a_key_for_everything_and_later_ones_none(path, clock):
    with opened(path, clock) as keys:
        made = keys.ensure_operator()
        assert made.key.tenant == FIRST_TENANT
        assert made.key.is_operator
        assert set(made.key.scopes) == set(Scope)
    with opened(path, clock) as keys:
        assert keys.ensure_operator() is None
        assert keys.authenticate(made.secret).id == made.key.id


def test_who_lost_the_last_key_gets_a_new_one_at_the_next_start(path, clock):
    with opened(path, clock) as keys:
        made = keys.create(ACTOR, FIRST_TENANT, Scope, expires_at=NOW + timedelta(days=1))
        keys.create(ACTOR, FIRST_TENANT, [Scope.READ])
        clock.time += timedelta(days=2)
        assert keys.ensure_operator().secret != made.secret


def test_a_made_key_has_256_random_bits_and_begins_with_its_prefix(path, clock):
    with opened(path, clock) as keys:
        made = [keys.create(ACTOR, FIRST_TENANT, [Scope.READ]) for _ in range(20)]
        assert len({one.secret for one in made}) == 20
        for one in made:
            assert one.secret.startswith(one.key.prefix + "_")
            assert len(one.secret.removeprefix(one.key.prefix + "_")) == 43  # base64 of 32 bytes


def test_a_given_key_opens_everything_while_it_is_given_and_is_kept_nowhere(path, clock):
    with opened(path, clock, given="given-secret") as keys:
        assert keys.ensure_operator() is None
        assert keys.authenticate("given-secret").is_operator
        assert keys.of_tenant(FIRST_TENANT) == []
    with opened(path, clock, given="another") as keys:
        assert "not known" in refused(keys, "given-secret")
        assert keys.authenticate("another").is_operator
    assert b"given-secret" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


@pytest.mark.parametrize("wrong", ["GIVEN", "given ", "give", "given\0", "ключ", "ps_00000000_" + "x" * 43])
def test_another_key_opens_nothing(path, clock, wrong):
    with opened(path, clock, given="given") as keys:
        assert "not known" in refused(keys, wrong)
        assert "X-API-Key" in refused(keys, "")
        assert "X-API-Key" in refused(keys, None)


def test_the_right_prefix_with_another_secret_opens_nothing(path, clock):
    with opened(path, clock) as keys:
        made = keys.create(ACTOR, FIRST_TENANT, [Scope.READ])
        wrong = made.secret[:-1] + ("A" if made.secret[-1] != "A" else "B")
        assert "not known" in refused(keys, wrong)


def test_no_key_is_kept_as_it_is(path, clock):
    with opened(path, clock) as keys:
        made = keys.create(ACTOR, FIRST_TENANT, [Scope.READ], name="kept")
    secret = made.secret.removeprefix(made.key.prefix + "_").encode()
    kept = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"kept" in kept
    assert secret not in kept


def test_a_revoked_key_opens_nothing_now_and_after_a_restart(path, clock):
    with opened(path, clock, given="given") as keys:
        made = keys.create(ACTOR, FIRST_TENANT, [Scope.READ])
        assert keys.revoke(ACTOR, made.key.id, tenant=None).revoked_at == NOW
        assert keys.revoke(ACTOR, made.key.id, tenant=None).revoked_at == NOW, "once is enough"
        assert "revoked" in refused(keys, made.secret)
    with opened(path, clock) as keys:
        assert "revoked" in refused(keys, made.secret)
        assert [key.revoked_at for key in keys.of_tenant(FIRST_TENANT)] == [NOW]


def test_an_expired_key_opens_nothing(path, clock):
    with opened(path, clock) as keys:
        made = keys.create(ACTOR, FIRST_TENANT, [Scope.READ], expires_at=NOW + timedelta(hours=1))
        clock.time += timedelta(minutes=59)
        assert keys.authenticate(made.secret).id == made.key.id
        clock.time += timedelta(minutes=1)
        assert "expired" in refused(keys, made.secret)


def test_another_tenants_key_is_as_if_it_were_not_there(path, clock):
    with opened(path, clock) as keys:
        keys.tenants.create(ACTOR, "acme", OwnLimits())
        made = keys.create(ACTOR, "acme", Scope)
        assert not made.key.is_operator
        with pytest.raises(NotFound, match="key list"):
            keys.revoke(ACTOR, made.key.id, tenant="zeta")
        with pytest.raises(NotFound):
            keys.revoke(ACTOR, "00000000", tenant=None)


def test_the_last_key_that_manages_the_server_stays(path, clock):
    with opened(path, clock) as keys:
        first = keys.ensure_operator()
        with pytest.raises(Forbidden, match="last key"):
            keys.revoke(ACTOR, first.key.id, tenant=None)
        keys.create(ACTOR, FIRST_TENANT, [Scope.ADMIN])
        keys.revoke(ACTOR, first.key.id, tenant=None)


def test_a_key_without_the_scope_is_told_which_one_it_needs(path, clock):
    with opened(path, clock) as keys:
        key = keys.create(ACTOR, FIRST_TENANT, [Scope.READ]).key
        allow(key, Scope.READ)
        with pytest.raises(Forbidden, match=r"'ingest'.*yours has read"):
            allow(key, Scope.INGEST)


def test_when_a_key_was_last_used_is_known_at_once_and_after_a_restart(path, clock):
    with opened(path, clock) as keys:
        made = keys.create(ACTOR, FIRST_TENANT, [Scope.READ])
        assert keys.of_tenant(FIRST_TENANT)[0].last_used_at is None
        clock.time += timedelta(seconds=10)
        keys.authenticate(made.secret)
        assert keys.of_tenant(FIRST_TENANT)[0].last_used_at == NOW + timedelta(seconds=10)
    with opened(path, clock) as keys:
        assert keys.of_tenant(FIRST_TENANT)[0].last_used_at == NOW + timedelta(seconds=10)


def test_a_given_key_may_look_like_one_that_was_made(path, clock):
    given = "ps_00000000_" + "x" * 43
    with opened(path, clock, given=given) as keys:
        assert keys.authenticate(given).is_operator


def test_a_tenant_has_no_more_keys_than_it_may_and_dead_ones_make_room(path, clock, monkeypatch):
    monkeypatch.setattr(module, "KEYS_MAX", 3)
    with opened(path, clock) as keys:
        made = [keys.create(ACTOR, FIRST_TENANT, [Scope.READ]).key for _ in range(3)]
        with pytest.raises(Exists, match="revoke"):
            keys.create(ACTOR, FIRST_TENANT, [Scope.READ])
        keys.tenants.create(ACTOR, "acme", OwnLimits())
        keys.create(ACTOR, "acme", [Scope.READ])
        keys.revoke(ACTOR, made[1].id, tenant=None)
        new = keys.create(ACTOR, FIRST_TENANT, [Scope.READ])
        left = [made[0].id, made[2].id, new.key.id]
        assert [key.id for key in keys.of_tenant(FIRST_TENANT)] == left
    with opened(path, clock) as keys:
        assert {key.id for key in keys.of_tenant(FIRST_TENANT)} == set(left)
        assert keys.authenticate(new.secret).id == new.key.id


def test_a_key_opens_also_while_the_database_cannot_be_written(path, clock):
    with opened(path, clock) as keys, contextlib.closing(sqlite3.connect(path)) as other:
        made = keys.create(ACTOR, FIRST_TENANT, [Scope.READ])
        other.execute("BEGIN IMMEDIATE")
        clock.time += timedelta(minutes=5)
        assert keys.authenticate(made.secret).id == made.key.id
        other.rollback()
        clock.time += timedelta(minutes=5)
        keys.authenticate(made.secret)
    with opened(path, clock) as keys:
        assert keys.of_tenant(FIRST_TENANT)[0].last_used_at == NOW + timedelta(minutes=10)


def test_every_act_leaves_a_line_that_names_no_secret(path, clock):
    with opened(path, clock, given="given") as keys:
        made = keys.create(Actor("abc", "default"), FIRST_TENANT, [Scope.READ, Scope.INGEST])
        keys.revoke(Actor("abc", "default"), made.key.id, tenant=None)
        newest, oldest = keys.audit.lines(tenant=FIRST_TENANT, limit=10)
    assert (newest.act, newest.subject, newest.actor) == ("revoke key", made.key.id, "abc@default")
    assert (oldest.act, oldest.detail) == ("create key", "ingest read")
    assert made.secret.split("_", 2)[2] not in str([newest, oldest])
