"""What the questions under /query are answered with, as far as the command line and the report read it."""

from __future__ import annotations

from datetime import datetime

from msgspec import Raw, Struct


class Basis(Struct, frozen=True, kw_only=True):
    """What an answer rests on. `events`: those of the time range, whatever a filter leaves of them."""

    start_time: datetime | None = None
    end_time: datetime | None = None
    events: int = 0
    exact: bool = True
    estimated: dict[str, str] = {}
    fresh: bool = True
    took_ms: float = 0.0


class Page(Struct, frozen=True, kw_only=True):
    """Events. `matched`: on all pages together."""

    events: list[Raw]
    matched: int
    next_cursor: str | None = None
    basis: Basis = Basis()


class Group(Struct, frozen=True, kw_only=True):
    """`share`: of the events that match, those of this group."""

    group: dict[str, str | int | float | bool | None] = {}
    values: dict[str, int | float | None] = {}
    share: float | None = None


class Top(Struct, frozen=True, kw_only=True):
    groups: list[Group]
    groups_total: int = 0
    matched: int = 0
    other: Group | None = None
    basis: Basis = Basis()


class Health(Struct, frozen=True):
    state: str = ""
    reason: str = ""


class Sparkline(Struct, frozen=True, kw_only=True):
    step: str = ""
    times: list[datetime] = []
    requests: list[float | None] = []
    errors: list[float | None] = []
    p95_ms: list[float | None] = []


class Compared(Struct, frozen=True):
    """`change`: how much it has grown since, as a ratio: 0.25 is a quarter more. Null where there is nothing to say."""

    before: float | None = None
    change: float | None = None


class Changes(Struct, frozen=True):
    """By measure: against the period before, of the same length, and the same time a week ago. Null where unknown."""

    previous: dict[str, Compared] | None = None
    last_week: dict[str, Compared] | None = None


class Red(Struct, frozen=True, kw_only=True):
    """Rate, errors, duration of a service, of an endpoint of one, or of all."""

    service: str = ""
    endpoint: str = ""
    method: str = ""
    requests: int = 0
    request_rate: float = 0.0
    errors: int = 0
    error_rate: float | None = None
    errors_5xx: int = 0
    rate_5xx: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    apdex: float | None = None
    apdex_threshold_ms: float | None = None
    last_seen: datetime | None = None
    health: Health | None = None  # told where services or endpoints are compared with before
    sparkline: Sparkline = Sparkline()
    change: Changes = Changes()


class Window(Struct, frozen=True):
    start_time: datetime
    end_time: datetime


class Services(Struct, frozen=True, kw_only=True):
    """`services_total`: how many there are, also beyond those that are listed. `previous`: what the rows are compared
    with; null where that cannot be seen.
    """

    total: Red
    services: list[Red]
    services_total: int = 0
    previous: Window | None = None
    basis: Basis = Basis()


class Endpoints(Struct, frozen=True, kw_only=True):
    """As `Services`."""

    total: Red
    endpoints: list[Red]
    endpoints_total: int = 0
    basis: Basis = Basis()


class Failure(Struct, frozen=True, kw_only=True):
    """A group of errors: what failed in the same way. `trend`: how many in each step."""

    id: str = ""
    service: str = ""
    endpoint: str = ""
    method: str = ""
    status_code: int | None = None
    message: str = ""
    count: int = 0
    users: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    new: bool = False
    trend: list[int] = []
    example: str = ""


class Failures(Struct, frozen=True, kw_only=True):
    """`compared_since`: from when on it was looked whether a group is new; null where there was nothing to look at."""

    groups: list[Failure]
    groups_total: int = 0
    matched: int = 0
    step: str = ""
    times: list[datetime] = []
    compared_since: datetime | None = None
    basis: Basis = Basis()


class Series(Struct, frozen=True, kw_only=True):
    group: dict[str, str | int | float | bool | None] = {}
    other: bool = False
    values: dict[str, list[float | None]] = {}


class Timeseries(Struct, frozen=True, kw_only=True):
    step: str
    times: list[datetime]
    series: list[Series]
    basis: Basis = Basis()


class Location(Struct, frozen=True, kw_only=True):
    country: str = ""
    region: str = ""
    city: str = ""
    values: dict[str, float | None] = {}


class Geography(Struct, frozen=True, kw_only=True):
    places: list[Location]
    basis: Basis = Basis()
