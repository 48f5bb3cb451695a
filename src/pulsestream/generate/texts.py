"""Every text an event is put together from, as Arrow arrays that `render` takes from by number.

Each table joins all that one number decides, up to the next field that differs from event to event: the fewer
pieces an event has, the faster it is made.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pulsestream.generate import arrow, odds
from pulsestream.generate.draw import TIME_MAX_CENTI
from pulsestream.generate.payloads import SHAPES, before, fraction
from pulsestream.generate.world import CITIES, DEVICES, SERVICES

CALLS = range(odds.CALLS)
SIZES = 1 << 10  # quantiles of each class of body size
AGENTS = 1 << 4  # places of each device, shared out among its user agents
NETWORKS = 1 << 8


def _heading(call: int) -> str:
    """From the title to the version of the service."""
    status = int(odds.STATUS_OF[call])
    if not status:
        return ""
    operation = odds.OPERATIONS[call // odds.OUTCOMES]
    service, path, method = SERVICES[operation.service].name, operation.route.path, operation.method
    failure = odds.failure_of(call)
    severity = failure.severity if failure else "info"
    message = failure.message if failure else f"Successfully processed request to {service}"
    return (
        f'{method} {path}","message":"{message}","severity":"{severity}",'
        f'"source":{{"service":"{service}","endpoint":"{path}","method":"{method}","version":"'
    )


def _error_details(call: int) -> str:
    failure = odds.failure_of(call)
    details = ""
    if failure:
        details = (
            f',"error_details":{{"error_code":"{failure.code}","error_message":"{failure.message}",'
            f'"error_type":"{failure.error_type}"}}'
        )
    return details + ',"payload":{"correlation_id":"corr_'


HEADINGS = arrow.texts(map(_heading, CALLS))
ERROR_DETAILS = arrow.texts(map(_error_details, CALLS))

WHOLE_MS = arrow.texts(map(str, range(TIME_MAX_CENTI // 100 + 1)))
_STATUSES = sorted({int(status) for status in odds.STATUS_OF})
STATUSES = len(_STATUSES)
STATUS_INDEX_OF = np.array([_STATUSES.index(int(status)) for status in odds.STATUS_OF], dtype=np.int32)


# hundredths * STATUSES + status
FRACTION_AND_STATUS = arrow.texts(
    f'{fraction(hundredths)},"status_code":{status},"request_size_bytes":'
    for hundredths in range(100)
    for status in _STATUSES
)

# Median bytes of a request without and with a body, and of the answers by kind.
_REQUEST_MEDIANS = (460, 1_250)
_GET_MEDIANS = (640, 1_900, 2_300, 7_800, 4_600, 2_900, 14_000, 9_200)  # by service
_WRITTEN_MEDIAN, _ERROR_MEDIAN = 520, 310
_ANSWER_MEDIANS = (*_GET_MEDIANS, _WRITTEN_MEDIAN, _ERROR_MEDIAN)
_EMPTY = len(_ANSWER_MEDIANS)
_NO_BODY = (204, 304)


def _sizes(medians: Iterable[int], sigma: float) -> list[str]:
    spread = odds.quantiles(sigma, SIZES)[:SIZES]
    return [str(round(median * factor)) for median in medians for factor in spread]


def _answer_class(call: int) -> int:
    operation, status = odds.OPERATIONS[call // odds.OUTCOMES], odds.STATUS_OF[call]
    if odds.failure_of(call):
        return _ANSWER_MEDIANS.index(_ERROR_MEDIAN)
    if status in _NO_BODY:
        return _EMPTY
    return operation.service if operation.method == "GET" else _ANSWER_MEDIANS.index(_WRITTEN_MEDIAN)


REQUEST_SIZES = arrow.texts(_sizes(_REQUEST_MEDIANS, 0.45))
ANSWER_SIZES = arrow.texts([*_sizes(_ANSWER_MEDIANS, 0.8), *["0"] * SIZES])
_WITH_BODY = ("POST", "PUT", "PATCH")
REQUEST_CLASS_OF = np.array(
    [odds.OPERATIONS[call // odds.OUTCOMES].method in _WITH_BODY for call in CALLS], dtype=np.int32
)
ANSWER_CLASS_OF = np.array([_answer_class(call) for call in CALLS], dtype=np.int32)

CACHE_HIT = arrow.texts(f',"cache_hit":{word}}},"context":{{"user_id":"user_' for word in ("false", "true"))

# Addresses of 240.0.0.0/4 belong to nobody. Each city has its own first number.
NETWORK = arrow.texts(f"{240 + city}.{number}." for city in range(len(CITIES)) for number in range(NETWORKS))
HOST = arrow.texts(f"{high}.{low}" for high in range(256) for low in range(256))


def _agents() -> Iterable[str]:
    for device in DEVICES:
        for place in range(AGENTS):
            # The first ones are the common ones.
            agent = device.user_agents[int((place / AGENTS) ** 1.5 * len(device.user_agents))]
            for city in CITIES:
                yield (
                    f'","user_agent":"{agent}","tags":{{"country":"{city.country}","city":"{city.name}",'
                    f'"region":"{city.region}","device_type":"{device.name}"}}}}'
                )


# (device * AGENTS + place) * cities + city
AGENT_AND_TAGS = arrow.texts(_agents())

_BEFORE = [before(operation, SERVICES[operation.service].name) for operation in odds.OPERATIONS]
_AFTER = [SHAPES[service.name].after for service in SERVICES]


def _firsts(groups: Iterable[tuple[str, ...]]) -> tuple[NDArray[np.int32], NDArray[np.uint32]]:
    """Where each group begins in the table of them all, and how many it has."""
    counts = np.array([len(group) for group in groups])
    return (np.cumsum(counts) - counts).astype(np.int32), counts.astype(np.uint32)


BEFORE = arrow.texts(text for group in _BEFORE for text in group)
BEFORE_FIRST, BEFORE_COUNT = _firsts(_BEFORE)
AFTER = arrow.texts(text + "}}\n" for group in _AFTER for text in group)
AFTER_FIRST, AFTER_COUNT = _firsts(_AFTER)

_SHAPES = [SHAPES[service.name] for service in SERVICES]
NUMBER_LOW = np.array([shape.low for shape in _SHAPES], dtype=np.int64)
NUMBER_SPAN = np.array([shape.high - shape.low + 1 for shape in _SHAPES], dtype=np.float64)
NUMBER_SKEWED = np.array([shape.skewed for shape in _SHAPES])
