"""A tenant's own limits hold for it, the server's where it has none; a line tells of every change."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest

from pulsestream.control.audit import Actor, Audit
from pulsestream.control.database import Database
from pulsestream.control.tenants import Limits, OwnLimits, Tenants, effective
from pulsestream.errors import Exists, Forbidden, NotFound
from unit.ingest.lines import StillClock

ACTOR = Actor("test", "default")
DEFAULTS = Limits(
    rate_events_per_s=None,
    burst_events=1,
    retention=None,
    body_bytes_max=1 << 20,
    batch_events_max=1_000,
    requests_max=10,
    connections_max=20,
    scrub="",
    apdex="",
)


@contextlib.contextmanager
def opened(folder, changed=lambda _: None):
    database = Database(folder / "control.sqlite")
    audit = Audit(database, StillClock())
    tenants = Tenants(database, audit, StillClock(), defaults=DEFAULTS, changed=changed)
    tenants.audit = audit
    try:
        yield tenants
    finally:
        database.close()


def test_the_operators_tenant_is_there_from_the_start_and_stays(tmp_path):
    with opened(tmp_path) as tenants:
        assert [tenant.name for tenant in tenants.all()] == ["default"]
        with pytest.raises(Forbidden, match="operator"):
            tenants.begin_delete(ACTOR, "default")


def test_limits_survive_a_restart(tmp_path):
    with opened(tmp_path) as tenants:
        tenants.create(ACTOR, "acme", OwnLimits(rate_events_per_s=1_000, retention_days=30, scrub="card:mask"))
    with opened(tmp_path) as tenants:
        limits = tenants.limits("acme")
        assert (limits.rate_events_per_s, limits.burst_events) == (1_000, 1_000)
        assert limits.retention == timedelta(days=30)
        assert limits.scrub == "card:mask"
        assert tenants.limits("default") == DEFAULTS


@pytest.mark.parametrize(
    ("own", "name", "expected"),
    [
        (OwnLimits(), "rate_events_per_s", None),
        (OwnLimits(rate_events_per_s=0.5), "burst_events", 1),
        (OwnLimits(rate_events_per_s=250), "burst_events", 250),
        (OwnLimits(rate_events_per_s=250, burst_events=9), "burst_events", 9),
        (OwnLimits(rate_events_per_s=0), "rate_events_per_s", None),
        (OwnLimits(retention_days=0), "retention", None),
        (OwnLimits(body_bytes_max=2048), "body_bytes_max", 2048),
        (OwnLimits(body_bytes_max=1 << 30), "body_bytes_max", 1 << 20),
        (OwnLimits(batch_events_max=10), "batch_events_max", 10),
        (OwnLimits(batch_events_max=10**6), "batch_events_max", 1_000),
        (OwnLimits(requests_max=99), "requests_max", 99),
        (OwnLimits(connections_max=99), "connections_max", 99),
        (OwnLimits(scrub="email:drop"), "scrub", "email:drop"),
        (OwnLimits(apdex="300ms"), "apdex", "300ms"),
    ],
)
def test_an_own_limit_holds_and_a_size_never_exceeds_the_servers(own, name, expected):
    assert getattr(effective(own, DEFAULTS), name) == expected


def test_a_tenant_can_switch_off_what_the_server_sets():
    defaults = Limits(
        rate_events_per_s=5,
        burst_events=5,
        retention=timedelta(days=1),
        body_bytes_max=1,
        batch_events_max=1,
        requests_max=1,
        connections_max=1,
        scrub="card:mask",
        apdex="300ms",
    )
    own = effective(OwnLimits(rate_events_per_s=0, retention_days=0, scrub="", apdex=""), defaults)
    assert (own.rate_events_per_s, own.retention, own.scrub, own.apdex) == (None, None, "", "")
    assert effective(OwnLimits(), defaults) == defaults


def test_a_name_is_taken_until_its_tenant_is_gone(tmp_path):
    with opened(tmp_path) as tenants:
        tenants.create(ACTOR, "acme", OwnLimits())
        with pytest.raises(Exists):
            tenants.create(ACTOR, "acme", OwnLimits())
        tenants.begin_delete(ACTOR, "acme")
        with pytest.raises(Exists, match="being removed"):
            tenants.create(ACTOR, "acme", OwnLimits())
    with opened(tmp_path) as tenants:
        assert tenants.get("acme").deleting
        tenants.end_delete("acme")
        with pytest.raises(NotFound, match="tenant list"):
            tenants.get("acme")
        tenants.create(ACTOR, "acme", OwnLimits())


def test_whoever_depends_on_limits_is_told(tmp_path):
    changed = []
    with opened(tmp_path, changed.append) as tenants:
        changed.clear()
        tenants.create(ACTOR, "acme", OwnLimits())
        tenants.update(ACTOR, "acme", OwnLimits(burst_events=5))
        tenants.begin_delete(ACTOR, "acme")
        tenants.end_delete("acme")
        assert changed == ["acme", "acme", "acme"]


def test_every_act_leaves_a_line(tmp_path):
    with opened(tmp_path) as tenants:
        tenants.create(ACTOR, "acme", OwnLimits())
        tenants.update(ACTOR, "acme", OwnLimits(burst_events=5))
        tenants.begin_delete(ACTOR, "acme")
        lines = tenants.audit.lines(tenant="acme", limit=10)
        assert [line.act for line in lines] == ["delete tenant", "update tenant", "create tenant"]
        assert lines[1].detail == '{"burst_events":5}'
        assert tenants.audit.lines(tenant="other", limit=10) == []
        assert len(tenants.audit.lines(tenant=None, limit=2)) == 2
