"""Every metric has a name of ours, a kind, labels and a help, after the rules of Prometheus."""

from __future__ import annotations

import re

import pytest

from pulsestream.metrics import METRICS, Kind


def test_names_differ():
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_is_named_and_described(metric):
    assert re.fullmatch(r"pulsestream_[a-z_]+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert not re.search(r"_(ms|us|mb|mib|kb)(_|$)", metric.name), "base units only"
    assert metric.help.endswith(".")
    assert metric.help.isascii()
    assert bool(metric.bounds) == (metric.kind is Kind.HISTOGRAM)
    assert list(metric.bounds) == sorted(set(metric.bounds))
