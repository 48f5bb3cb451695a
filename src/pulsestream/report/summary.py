"""What the figures say, in sentences: facts only, no guesses at causes."""

from __future__ import annotations

from collections.abc import Sequence

from pulsestream.client.answers import Red
from pulsestream.report.facts import MOVED, Facts, before
from pulsestream.report.figures import count, growth, length, milliseconds, percent

_NAMED = 3  # services that are named; more are counted


def sentences(facts: Facts) -> list[str]:
    total = facts.services.total
    if not total.requests:
        return ["There was no request in this time."]
    said = [_traffic(facts), _speed(total)]
    change = _change(facts)
    if change:
        said.append(change)
    said += [_health(facts.services.services), _failures(facts)]
    return [one for one in said if one]


def _traffic(facts: Facts) -> str:
    total = facts.services.total
    said = f"{count(total.requests)} requests, of which {percent(1 - (total.error_rate or 0.0))} succeeded."
    if total.errors:
        refused = total.errors - total.errors_5xx
        said += (
            f" {count(total.errors)} failed: the servers failed {count(total.errors_5xx)} (status 5xx),"
            f" and refused {count(refused)} (4xx)."
        )
    return said


def _speed(total: Red) -> str:
    return (
        f"Half of the requests took up to {milliseconds(total.p50_ms)}, 95 % up to {milliseconds(total.p95_ms)},"
        f" 99 % up to {milliseconds(total.p99_ms)}."
    )


def _change(facts: Facts) -> str:
    total = facts.services.total
    requests, errors, speed = (before(total, name) for name in ("requests", "error_rate", "p95_ms"))
    if requests.change is None:
        return ""
    said = f"Compared with the {length(facts.length)} before: "
    said += "as many requests" if abs(requests.change) < MOVED else f"{growth(requests.change)} requests"
    if requests.change + 1 >= 2:  # noqa: PLR2004 - then `growth` says it as times
        said = said.removesuffix(" requests") + " as many requests"
    if errors.before is not None:
        now = percent(total.error_rate)
        said += f", an error rate of {now} " + (
            f"instead of {percent(errors.before)}" if now != percent(errors.before) else "as before"
        )
    if speed.before is not None:
        now = milliseconds(total.p95_ms)
        slower = speed.change is not None and abs(speed.change) >= MOVED
        said += f", and 95 % of requests within {now} " + (
            f"instead of {milliseconds(speed.before)}" if slower else "much as before"
        )
    return said + "."


def _health(services: Sequence[Red]) -> str:
    known = [(one.service, one.health.state) for one in services if one.health and one.health.state]
    if not known:
        return ""
    ill = [(name, state) for name, state in known if state != "healthy"]
    if not ill:
        return f"All {len(known)} services are healthy." if len(known) > 1 else "The service is healthy."
    said = []
    for state in ("failing", "degraded", "silent"):
        names = [name for name, found in ill if found == state]
        if names:
            listed = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
            said.append(f"{listed} {'is' if len(names) == 1 else 'are'} {state}")
    well = len(known) - len(ill)
    return f"Of {len(known)} services {well or 'none'} {'are' if well > 1 else 'is'} healthy; {'; '.join(said)}."


def _failures(facts: Facts) -> str:
    groups = facts.failures.groups
    if not groups:
        return ""
    worst = groups[0]
    said = f"What failed most often, {count(worst.count)} times: {worst.message or 'no message'} ({worst.service})."
    new = sum(one.new for one in groups)
    if new:
        said += f" New among the {len(groups)} most frequent failures: {new}."
    return said
