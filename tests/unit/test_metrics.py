"""Every metric has a name of ours, a kind and a help; counts are by tenant and label."""

from __future__ import annotations

import re

import pytest

from pulsestream.metrics import METRICS, Counters, Kind


def test_names_are_ours_and_differ():
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    for metric in METRICS:
        assert re.fullmatch(r"pulsestream_[a-z_]+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
        assert metric.help.endswith(".")


@pytest.mark.parametrize("metric", METRICS)
def test_counts_are_kept_apart_by_tenant_and_label(metric):
    counters = Counters()
    for tenant, label in [("acme", "a"), ("acme", "a"), ("acme", "b"), ("zeta", "a")]:
        counters.add(metric, tenant, label)
    assert counters.of_tenant(metric, "acme") == {"a": 2, "b": 1}
    assert counters.of_tenant(metric, "zeta") == {"a": 1}
    assert counters.of_tenant(metric, "nobody") == {}
    counters.forget("acme")
    assert counters.of_tenant(metric, "acme") == {}
    assert counters.of_tenant(metric, "zeta") == {"a": 1}
