"""Versions are those that the events themselves give, and new where the events before say so."""

from __future__ import annotations

from msgspec.structs import replace

from differential import reckoned
from differential.oracle import field
from differential.questions import in_a_range, views
from pulsestream.clock import to_micros
from pulsestream.query.versions import versions


def test_versions_are_listed_with_what_is_new(filled):
    filled.agrees(60, _versions, lambda world: {"query": in_a_range(world, by=0), "view": views(world)})


def _versions(filled, tenant, *, query, view):
    query = replace(query, tenant=tenant, group_by=(), measures=())
    view, rows = filled.seen(tenant, view), filled.worlds[tenant]
    found = filled.run(versions(filled.questions, query))
    assert found.basis.events == reckoned.basis_events(rows, query, view)
    groups = {}
    for row in reckoned.asked_about(rows, query, view):
        if all(_key(row.event)):
            groups.setdefault(_key(row.event), []).append(row.event)
    assert found.total == len(groups)
    before = [row.event for row in reckoned.asked_about(rows, replace(query, start=None, end=query.start), view)]
    old, services = set(map(_key, before)), {field(event, "service") for event in before}
    expected = []
    for key, events in groups.items():
        times = [field(event, "timestamp") for event in events]
        statuses = [field(event, "status_code") or 0 for event in events]
        figures = len([one for one in statuses if one]), len([one for one in statuses if one >= 400])
        expected.append((-min(times), *key, max(times), *figures, key not in old and key[0] in services))
    assert [
        (
            -to_micros(one.first_seen),
            one.service,
            one.version,
            to_micros(one.last_seen),
            one.requests,
            one.errors,
            one.new,
        )
        for one in found.versions
    ] == sorted(expected, key=lambda one: (one[0], one[1].encode(), one[2].encode()))


def _key(event):
    return field(event, "service"), field(event, "version")
