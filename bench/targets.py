"""What each figure of `make bench` should be, and by how much it is missed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Target(NamedTuple):
    """`figure`: its place in the part's result, names joined by dots; `part.figure` of another part after a slash."""

    part: str
    figure: str
    what: str
    bound: float
    unit: str
    at_least: bool = True


TARGETS = (
    Target("generator", "per_second", "events made on one core", 300_000, "/s"),
    Target("bulk", "share_of_the_ceiling", "batches until searchable, of the engine alone (aim 0.7)", 0.5, ""),
    Target("singles_1", "p50_ms", "one event a request, 1 connection, p50", 1.5, " ms", at_least=False),
    Target("singles_16", "per_second", "one event a request, 16 connections", 7_000, "/s"),
    Target("singles_64", "per_second", "one event a request, 64 connections", 9_000, "/s"),
    Target("singles_64", "p99_ms", "one event a request, 64 connections, p99", 20, " ms", at_least=False),
    Target("overload", "worst.share_of_best", "overload: throughput, of the best", 0.8, ""),
    Target("overload", "worst.share_of_the_memory_bound", "overload: memory, of its bound", 1.0, "", at_least=False),
    Target("overload", "worst.not_told", "overload: requests without an answer or Retry-After", 0, "", at_least=False),
    Target("overload", "worst.p99_ms", "overload: what is admitted, p99", 5_000, " ms", at_least=False),
    Target("sharing", "kept", "ingest at half its best, kept while dashboards ask", 0.9, ""),
    Target("sharing", "slowdown", "questions while that is ingested, times alone", 2.0, "", at_least=False),
    Target("dedup", "new_event_us", "10M known: CPU of a new event", 1.0, " us", at_least=False),
    Target("dedup", "bytes_per_event_at_most", "10M known: memory of an event", 20, " bytes", at_least=False),
    Target("dedup", "known_1000_ms", "10M known: 1,000 of them again", 20, " ms", at_least=False),
    Target("dedup", "start_s", "10M known: a start until ready", 3, " s", at_least=False),
    Target("asking", "overview_ms", "10M of 30 days: the overview of 24 hours", 150, " ms", at_least=False),
    Target("asking", "day_ms_at_most", "10M: any single question over 24 hours", 100, " ms", at_least=False),
    Target("asking", "month_ms_at_most", "10M: any single question over 30 days", 500, " ms", at_least=False),
    Target("asking", "by_id_ms", "10M: one event by its id", 15, " ms", at_least=False),
    Target("asking", "text_ms", "10M: free text over 24 hours", 200, " ms", at_least=False),
    Target("asking", "growth_at_most", "a 24-hour question at 10M, times at 1M", 3, "", at_least=False),
    Target("export", "parquet_s", "1M events to Parquet", 5, " s", at_least=False),
    Target("export", "memory_mb", "exports of 1M events: memory of the server", 1_000, " MB", at_least=False),
    Target("tail", "matches_per_second", "tail: what each of 5 listeners is told", 1_000, "/s"),
    Target("tail", "dropped", "tail: dropped, of what was told", 0, "", at_least=False),
    Target("tail", "lag_p99_ms", "tail: from receipt to listener, p99", 500, " ms", at_least=False),
    Target("pages", "overview_s", "pages: the overview of 24 hours among 10M, complete", 1.0, " s", at_least=False),
    Target("pages", "range_ms", "pages: another range, until all of it is there", 300, " ms", at_least=False),
    Target("pages", "longest_task_ms", "pages: 100,000 rows scrolled, longest task", 50, " ms", at_least=False),
    Target("pages", "script_kb", "pages: script at a first look, compressed", 160, " kB", at_least=False),
    Target("search", "ms.newest", "search among 1M, newest", 50, " ms", at_least=False),
    Target("search", "ms.all", "search among 1M, five filters", 50, " ms", at_least=False),
)


def value_of(result: Mapping[str, Any], figure: str) -> float:
    found: Any = result
    for name in figure.split("."):
        found = found[name]
    return float(found)


def verdict(target: Target, value: float) -> str:
    """`met`, or by how much it is missed, as a share of the target."""
    if value >= target.bound if target.at_least else value <= target.bound:
        return "met"
    if not target.bound:
        return f"missed by {shown(value)}"
    return f"missed by {abs(value - target.bound) / target.bound:.0%}"


def shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 1_000 or value == int(value) else f"{value:,.3g}"


def rows(results: Mapping[str, Any], part: str = "") -> list[tuple[str, str, str, str]]:
    """(what, figure, target, verdict) of every target whose part was measured."""
    found = []
    for target in TARGETS:
        if target.part not in results or (part and target.part != part):
            continue
        value = value_of(results[target.part], target.figure)
        bound = f"{'≥' if target.at_least else '≤'} {shown(target.bound)}{target.unit}"
        found.append((target.what, shown(value) + target.unit, bound, verdict(target, value)))
    return found
