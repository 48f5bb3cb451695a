"""The report as one page: HTML that needs no network and no script."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from pulsestream.client.answers import Red
from pulsestream.report import tables
from pulsestream.report.chart import Chart, Curve, Values, chart
from pulsestream.report.facts import MOVED, Facts, before
from pulsestream.report.figures import (
    axis_milliseconds,
    axis_percent,
    count,
    growth,
    instant,
    length,
    milliseconds,
    minute,
    percent,
    ratio,
    short,
    span,
)
from pulsestream.report.html import Html, element, together
from pulsestream.report.scale import times
from pulsestream.report.style import STYLE
from pulsestream.report.summary import sentences

MEASURES = ("requests", "rate_4xx", "rate_5xx", "p50_ms", "p95_ms", "p99_ms")  # of the course
# Nothing is loaded and nothing runs, even if something hostile got past the escaping.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
_UNITS = (("second", 1), ("minute", 60), ("hour", 3_600), ("day", 86_400))
_READABLE = 2.0  # a rate of at least so much is read easily
_PERCENT_MIN = 0.01  # the least that an axis of rates reaches to
_STEADY = 0.005  # a smaller change of a figure is not said


def page(facts: Facts) -> str:
    """The whole document."""
    total = facts.services.total
    parts = [_head(facts), _short(facts)]
    if total.requests:
        parts += [
            _tiles(facts),
            _section("Over time", "", _charts(facts)),
            _section("Services", _of(len(facts.services.services), facts.services.services_total), _services(facts)),
            _section("Endpoints", "the first ten of each", _endpoints(facts)),
            _section("Where requests came from", "", _places(facts)),
            _section(
                "What failed",
                _of(len(facts.failures.groups), facts.failures.groups_total, "groups of the same failure"),
                tables.failures(facts),
            ),
        ]
    parts.append(_basis(facts))
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="robots", content="noindex"),
        element("title", f"{facts.title} – {span(facts.start, facts.end, facts.zone)}"),
        element("style", STYLE),
    )
    body = element("body", element("main", *parts))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _section(title: str, note: str, *parts: Html) -> Html:
    return element("section", element("h2", title, element("small", note) if note else None), *parts)


def _of(shown: int, total: int, what: str = "") -> str:
    if total <= shown:
        return f"{count(shown)} {what}".strip() if what else ""
    return f"{count(shown)} of {count(total)} {what}".strip()


def _head(facts: Facts) -> Html:
    when = f"{span(facts.start, facts.end, facts.zone)} ({facts.zone.key})"
    query = element("p", "Only events that match ", element("code", facts.query), class_="filter")
    return element(
        "header",
        element(
            "div",
            element("p", "PulseStream", class_="mark"),
            element("h1", facts.title),
            element("p", when, class_="when"),
            query if facts.query else None,
        ),
        element("p", f"{length(facts.length)}", class_="when"),
        class_="head",
    )


def _short(facts: Facts) -> Html:
    return element("div", *(element("p", one) for one in sentences(facts)), class_="card short")


# ---- headline figures


def _tiles(facts: Facts) -> Html:
    total = facts.services.total
    return element(
        "div",
        _tile(total, "Requests", "requests", count),
        _tile(total, "Error rate", "error_rate", percent, worse=1),
        _tile(total, "Server failures (5xx)", "rate_5xx", percent, worse=1),
        _tile(total, "Response time p95", "p95_ms", milliseconds, worse=1),
        _tile(total, "Response time p99", "p99_ms", milliseconds, worse=1),
        _tile(total, "Apdex", "apdex", ratio, worse=-1),
        class_="tiles",
    )


def _tile(total: Red, name: str, measure: str, said: Callable[[float | None], str], worse: int = 0) -> Html:
    """`worse`: 1 where more of it is worse, -1 where less is, 0 where neither is."""
    then = before(total, measure)
    style, change = "soft", "nothing before"
    if then.before is not None:
        change = f"{said(then.before)} before"
    if then.change is not None and abs(then.change) >= _STEADY:
        change = f"{growth(then.change)}, {change}"
        if worse and abs(then.change) >= MOVED:
            style = "worse" if then.change * worse > 0 else "better"
    return element(
        "div",
        element("div", name, class_="name"),
        element("div", said(getattr(total, measure)), class_="value"),
        element("div", change, class_=f"change {style}"),
        class_="card tile",
    )


# ---- charts


def _charts(facts: Facts) -> Html:
    series = facts.course.series[0].values if facts.course.series else {}
    ends = _ends(facts)
    unit, seconds = _rate_unit(facts)
    requests: Values = [
        None if value is None or end <= start else value / (end - start).total_seconds() * seconds
        for value, (start, end) in zip(series.get("requests", []), ends, strict=True)
    ]
    spans = [
        (
            (start - facts.start) / facts.length,
            (end - facts.start) / facts.length,
            f"{instant(start, facts.zone)} to {end.astimezone(facts.zone):%H:%M}",
        )
        for start, end in ends
    ]
    ticks = times(facts.start, facts.end, facts.zone)
    narrow = times(facts.start, facts.end, facts.zone, most=5)
    refused, failed = series.get("rate_4xx", []), series.get("rate_5xx", [])
    errors = [(one or 0.0) + (other or 0.0) for one, other in zip(refused, failed, strict=True)]
    return element(
        "div",
        chart(
            Chart(
                title="Requests",
                unit=f"per {unit}",
                note=_peak(requests, ends, facts, _rate),
                curves=[Curve("requests", requests, "blue")],
                spans=spans,
                ticks=ticks,
                said=_rate,
                axis=short,
                whole=True,
            )
        ),
        chart(
            Chart(
                title="Errors",
                unit="share of requests",
                note=_peak(errors, ends, facts, percent),
                curves=[Curve("5xx", failed, "failed"), Curve("4xx", refused, "refused")],
                spans=spans,
                ticks=narrow,
                said=percent,
                axis=axis_percent,
                stacked=True,
            )
        ),
        chart(
            Chart(
                title="Response time",
                unit="",
                note="",
                curves=[Curve(name, series.get(f"{name}_ms", []), name) for name in ("p50", "p95", "p99")],
                spans=spans,
                ticks=narrow,
                said=milliseconds,
                axis=axis_milliseconds,
            )
        ),
        class_="charts",
    )


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"  # noqa: PLR2004 - three digits


def _ends(facts: Facts) -> list[tuple[datetime, datetime]]:
    """Where each step begins and ends, as far as it is in the range."""
    begins = facts.course.times
    step = begins[1] - begins[0] if len(begins) > 1 else facts.length
    following = [*begins[1:], begins[-1] + step] if begins else []
    return [(max(start, facts.start), min(end, facts.end)) for start, end in zip(begins, following, strict=True)]


def _rate_unit(facts: Facts) -> tuple[str, int]:
    """The unit of time that makes the mean rate readable, and its seconds."""
    per_second = facts.services.total.requests / max(facts.length / timedelta(seconds=1), 1.0)
    return next(((name, size) for name, size in _UNITS if per_second * size >= _READABLE), _UNITS[-1])


def _peak(values: Values, ends: list[tuple[datetime, datetime]], facts: Facts, said: Callable[[float], str]) -> str:
    known = [(value, start) for value, (start, _) in zip(values, ends, strict=True) if value]
    if not known:
        return ""
    value, start = max(known, key=lambda pair: pair[0])
    return f"peak {said(value)}, {instant(start, facts.zone)}"


# ---- tables


def _services(facts: Facts) -> Html:
    return tables.services(facts.services.services, facts.services.total)


def _endpoints(facts: Facts) -> Html:
    failing = [one for one in facts.failing.endpoints if one.errors]
    return element(
        "div",
        tables.endpoints("Most used", "requests", facts.most_used.endpoints, "requests"),
        tables.endpoints("Slowest", "p95", facts.slowest.endpoints, "p95_ms"),
        tables.endpoints("Most failures", "errors", failing, "errors"),
        class_="columns",
    )


def _places(facts: Facts) -> Html:
    return element(
        "div",
        tables.places("Countries", facts.countries),
        tables.places("Cities", facts.cities),
        class_="columns two",
    )


# ---- what it rests on


def _basis(facts: Facts) -> Html:
    basis, total = facts.basis, facts.services.total
    exact = "All figures are exact."
    if not basis.exact:
        bounds = "; ".join(f"{name} ({bound})" for name, bound in basis.estimated.items())
        exact = f"Counts are exact. Estimated: {bounds}."
    rows = [
        ("Time range", f"{span(facts.start, facts.end, facts.zone)}, time zone {facts.zone.key}"),
        ("Events", f"{count(basis.events)} in this time; the figures are of those that were requests with a status."),
        ("Filter", facts.query or "none: all events"),
        ("Accuracy", exact),
        ("Compared with", _compared(facts)),
        ("Error", "a request with a status of 400 or more; server failures are those of 500 or more."),
        ("Response time", "p95: 95 % of the requests took up to so long."),
    ]
    if total.apdex is not None:
        threshold = total.apdex_threshold_ms
        within = f"within {milliseconds(threshold)}" if threshold else "within the threshold of their endpoint"
        rows.append(
            ("Apdex", f"share of requests answered {within}, and half of those within four times that; from 0 to 1.")
        )
    since = facts.failures.compared_since
    if since is not None and any(one.new for one in facts.failures.groups):
        rows.append(("New failures", f"those that had not been seen since {minute(since, facts.zone)}."))
    if not basis.fresh:
        rows.append(("Newest events", "some may be missing: the server was still filing them."))
    rows.append(("Made", minute(facts.made_at, facts.zone)))
    listed = together(*(together(element("dt", name), element("dd", said)) for name, said in rows))
    return element("section", element("h2", "What this rests on"), element("dl", listed), class_="card basis")


def _compared(facts: Facts) -> str:
    previous = facts.services.previous
    if previous is None:
        return "nothing: the period before cannot be seen, or had no request."
    return f"the {length(facts.length)} before, {span(previous.start_time, previous.end_time, facts.zone)}"
