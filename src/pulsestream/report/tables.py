"""The tables and lists of the report: services, endpoints, places, failures."""

from __future__ import annotations

from collections.abc import Sequence

from pulsestream.client.answers import Failure, Group, Red, Top
from pulsestream.report import chart
from pulsestream.report.facts import MOVED, Facts, before
from pulsestream.report.figures import NOTHING, ago, count, growth, milliseconds, percent, ratio
from pulsestream.report.html import Html, element, together

_STATES = {"healthy": "Healthy", "degraded": "Degraded", "failing": "Failing", "silent": "Silent"}
_ILL = ("failing", "degraded", "silent")
_SERVER, _CLIENT = 500, 400  # statuses from which on it is whose fault


def services(rows: Sequence[Red], total: Red) -> Html:
    names = [
        ("Service", "text"),
        ("Health", "text medium"),
        ("Requests", ""),
        ("", "wide"),
        ("Error rate", ""),
        ("p50", "medium"),
        ("p95", ""),
        ("p99", "medium"),
        ("Apdex", "medium"),
    ]
    head = element("tr", *(element("th", name, class_=css or None) for name, css in names))
    body = [row for one in sorted(rows, key=_wellness) for row in (_service(one), _why(one, len(names))) if row]
    body.append(_service(total, css="all"))
    return _table(element("thead", head), element("tbody", *body))


def _wellness(one: Red) -> int:
    """Whoever needs to be looked at comes first; else the order stays."""
    return _ILL.index(one.health.state) if one.health and one.health.state in _ILL else len(_ILL)


def _why(one: Red, columns: int) -> Html | None:
    """A row of its own, because it needs the room."""
    if not one.health or one.health.state not in _ILL or not one.health.reason:
        return None
    return element("tr", element("td", one.health.reason, class_="why", colspan=columns))


def _service(one: Red, css: str | None = None) -> Html:
    state = one.health.state if one.health else ""
    health = element("span", _STATES[state], class_=f"state {state}") if state in _STATES else None
    explained = "ill" if _why(one, 1) else None
    spark = chart.spark(one.sparkline.requests, "blue") if one.sparkline.requests else None
    return element(
        "tr",
        element(
            "td",
            element("span", one.service or "All services", class_="name"),
            element("div", health, class_="narrow") if health else None,
            class_="text",
        ),
        element("td", health, class_="text medium"),
        element("td", count(one.requests), _moved(one, "requests")),
        element("td", spark, class_="wide"),
        element("td", percent(one.error_rate), _moved(one, "error_rate", bad=True)),
        element("td", milliseconds(one.p50_ms), class_="medium"),
        element("td", milliseconds(one.p95_ms), _moved(one, "p95_ms", bad=True)),
        element("td", milliseconds(one.p99_ms), class_="medium"),
        element("td", ratio(one.apdex), class_="medium"),
        class_=css or explained,
    )


def _moved(one: Red, measure: str, *, bad: bool = False) -> Html | None:
    """A second line: how much it has changed. `bad`: more is worse."""
    change = before(one, measure).change
    if change is None or abs(change) < MOVED:
        return None
    style = ("worse" if change > 0 else "better") if bad else "soft"
    return element("span", growth(change), class_=f"was {style}")


def _table(*parts: Html) -> Html:
    return element("div", element("div", element("table", *parts), class_="scroll"), class_="card")


def endpoints(title: str, unit: str, rows: Sequence[Red], measure: str) -> Html:
    """A list with bars of `measure`: requests, p95_ms or errors."""
    values = [float(getattr(one, measure) or 0) for one in rows]
    top = max(values, default=0.0) or 1.0
    style = {"errors": " bad", "p95_ms": " slow"}.get(measure, "")
    drawn = []
    for one, value in zip(rows, values, strict=True):
        named = element("span", _call(one.method, one.endpoint), class_="name")
        figure = milliseconds(one.p95_ms) if measure == "p95_ms" else count(value)
        beside = f"{percent(one.error_rate)} of {count(one.requests)}" if measure == "errors" else ""
        beside = beside or (f"{count(one.requests)} requests" if measure == "p95_ms" else milliseconds(one.p95_ms))
        drawn.append(_row(named, figure, one.service, beside, share=value / top, style=style))
    return _list(title, unit, drawn)


def _call(method: str, endpoint: str) -> Html:
    """A route may be broken behind its slashes, and nowhere else if that is enough."""
    parts = (endpoint or "(no endpoint)").split("/")
    route = together(parts[0], *(together("/", element("wbr"), part) for part in parts[1:]))
    return together(element("span", method, class_="method") if method else None, route)


def _row(named: Html, figure: str, under: str, beside: str, *, share: float, style: str = "") -> Html:
    return element(
        "div",
        element("div", named, element("span", figure, class_="figure"), class_="line"),
        element("div", element("span", under), element("span", beside), class_="under"),
        element("div", element("i", style=f"width:{max(share, 0.004):.1%}"), class_=f"bar{style}"),
        class_="row",
    )


def _list(title: str, unit: str, drawn: Sequence[Html]) -> Html:
    nothing = element("p", "None in this time.", class_="soft")
    return element("div", element("h3", title, element("span", unit)), *(drawn or [nothing]), class_="card list")


def places(title: str, found: Top) -> Html:
    """Where requests came from, with bars of how many."""
    groups = [*found.groups, *([Group(values=found.other.values, share=found.other.share)] if found.other else [])]
    top = max((group.values.get("requests") or 0.0 for group in found.groups), default=0.0) or 1.0
    drawn = []
    for group in groups:
        requests = group.values.get("requests") or 0.0
        words = [str(value) for value in reversed(group.group.values()) if value not in (None, "")]
        name = ", ".join(words) if words else "Not known" if group.group else "All others"
        under = f"{percent(group.values.get('error_rate'))} errors"
        beside = f"p95 {milliseconds(group.values.get('p95_ms'))}"
        share = "" if group.share is None else f" · {percent(group.share)}"
        named = element("span", name, class_="name")
        drawn.append(_row(named, f"{count(requests)}{share}", under, beside, share=min(requests / top, 1.0)))
    return _list(title, "requests · share", drawn)


def failures(facts: Facts) -> Html:
    """Errors in groups of the same failure."""
    if not facts.failures.groups:
        return element("p", "Nothing failed in this time.", class_="card none")
    rows = [_failure(one, facts) for one in facts.failures.groups]
    return element("div", *rows, class_="card long")


def _failure(one: Failure, facts: Facts) -> Html:
    users = f"{count(one.users)} {'user' if one.users == 1 else 'users'}"
    since = [f"first {ago(one.first_seen, facts.end)}"] if one.first_seen else []
    since += [f"last {ago(one.last_seen, facts.end)}"] if one.last_seen else []
    example = together(" · example ", element("code", one.example)) if one.example else None
    said = element(
        "div",
        element("span", "NEW", class_="fresh") if one.new else None,
        element("span", _status(one.status_code), class_=f"status {_fault(one.status_code)}"),
        one.message or "(no message)",
        class_="said",
    )
    where = element("div", _call(one.method, one.endpoint), f" · {one.service}", class_="facts")
    return element(
        "div",
        element("div", count(one.count), class_="count"),
        element("div", said, where, element("div", " · ".join([users, *since]), example, class_="facts")),
        chart.bars(one.trend, "failed"),
        class_="failure",
    )


def _status(code: int | None) -> str:
    return str(code) if code else NOTHING


def _fault(code: int | None) -> str:
    return "server" if (code or 0) >= _SERVER else "client" if (code or 0) >= _CLIENT else ""
