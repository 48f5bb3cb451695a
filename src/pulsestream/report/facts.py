"""What a report is made of: the answers, and what was asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from pulsestream.client.answers import Basis, Compared, Endpoints, Failures, Red, Services, Timeseries, Top

MOVED = 0.05  # a smaller change of a figure is neither better nor worse


class Facts(Struct, frozen=True, kw_only=True):
    """All answers are of one time range. `course`: one series, its measures those that `page` draws."""

    title: str
    query: str
    made_at: datetime
    zone: ZoneInfo
    services: Services
    course: Timeseries
    most_used: Endpoints
    slowest: Endpoints
    failing: Endpoints
    countries: Top
    cities: Top
    failures: Failures

    @property
    def basis(self) -> Basis:
        return self.services.basis

    @property
    def start(self) -> datetime:
        """The whole range begins; where the server does not say, with the first step of the course."""
        return self.basis.start_time or (self.course.times[0] if self.course.times else self.made_at)

    @property
    def end(self) -> datetime:
        return self.basis.end_time or self.made_at

    @property
    def length(self) -> timedelta:
        return self.end - self.start


def before(one: Red, measure: str) -> Compared:
    """How it was in the period before."""
    return (one.change.previous or {}).get(measure, Compared())
