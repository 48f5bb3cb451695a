"""Every metric has a name of ours, a kind, labels and a help, after the rules of Prometheus."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pulsestream.metrics import METRICS, Kind, Stage

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
BEGIN, END = "<!-- metrics -->", "<!-- /metrics -->"


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


def table():
    rows = ["| metric | kind | labels | what |", "| --- | --- | --- | --- |"]
    rows += [
        f"| `{metric.name}` | {metric.kind} | {', '.join(f'`{label}`' for label in metric.labels)} | {metric.help} |"
        for metric in METRICS
    ]
    return "\n".join(rows)


def rewritten():
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


def test_the_page_has_every_metric_as_it_is():
    said = PAGE.read_text("utf-8")
    assert said == rewritten(), f"metrics have changed: run python {Path(__file__).relative_to(PAGE.parents[1])}"


def test_the_page_tells_of_every_stage():
    said = PAGE.read_text("utf-8")
    assert [stage.label for stage in Stage if f"| `{stage.label}` |" not in said] == []


if __name__ == "__main__":
    PAGE.write_text(rewritten(), "utf-8")
