"""Columns become NDJSON: pieces of text taken by number and joined, event by event, in Arrow's own loops."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pulsestream.generate import arrow, draw, odds, texts
from pulsestream.generate.draw import Columns
from pulsestream.generate.world import CITIES, FIRST_USER, USERS


def _table(texts: Iterable[str], dtype: str) -> NDArray[Any]:
    """Texts of one width, as machine words that are copied in one go."""
    return np.frombuffer("".join(texts).encode(), dtype=dtype)


def _pairs(halves: NDArray[Any], dtype: str) -> NDArray[Any]:
    """Every text of the table before every text of the table."""
    count = len(halves)
    return np.stack([np.repeat(halves, count), np.tile(halves, count)], axis=1).view(dtype).ravel()


_HEX = _pairs(_table((f"{number:02x}" for number in range(256)), "<u2"), "<u4")
_DIGITS_2 = _table((f"{number:02d}" for number in range(100)), "<u2")
_DIGITS_4 = _pairs(_DIGITS_2, "<u4")
_TIME_OF_DAY = _table((f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86_400)), "<u8")
_USER = _table((str(number) for number in range(FIRST_USER, FIRST_USER + USERS)), "S5")
_SECOND_US, _DAY_S = 1_000_000, 86_400


def _strip(*parts: str | tuple[str, str] | tuple[str, str, int]) -> NDArray[np.void]:
    """One row of fixed width: constant texts, and fields (name, type, how many) that are filled in later."""
    row = np.zeros(1, [(part, f"S{len(part)}") if isinstance(part, str) else part for part in parts])
    for part in parts:
        if isinstance(part, str):
            row[part] = part.encode()
    return row


_WHEN = _strip(
    ("id", "<u4", 3), '","event_type":"api_call","timestamp":"',
    ("year_month", "<u8"), ("day", "<u2"), "T", ("time", "<u8"), ".",
    ("micros_2", "<u2"), ("micros_4", "<u4"), 'Z","title":"',
)  # fmt: skip
_WHO = _strip(
    ("user", "S5"), '","session_id":"sess_', ("session", "<u4", 4),
    '","request_id":"req_', ("request", "<u4", 8), '","ip_address":"',
)  # fmt: skip
_TRACED = _strip(("correlation", "<u4", 4), '","trace_id":"trace_', ("trace", "<u4", 8), '",')

_EVENT_ID = arrow.constant('{"event_id":"evt_')
_UNDERSCORE = arrow.constant("_")
_ANSWER_SIZE = arrow.constant(',"response_size_bytes":')


def render(columns: Columns, first: int, releases: pa.Array) -> pa.Array:
    """One line of NDJSON an event, as an Arrow binary array; `first` is the first event's number in its id.

    `releases`: the texts that `columns.release` are places of.
    """
    who = _mix(columns.user.astype(np.uint64) * np.uint64(8) + columns.device)
    bits = columns.words[draw.TEXTS].view(np.uint16).reshape(-1, 4)
    operation = columns.call // odds.OUTCOMES
    whole, hundredths = np.divmod(columns.time_centi, 100)
    agent = columns.device * np.int32(texts.AGENTS) + (who >> np.uint64(60)).astype(np.int32)
    network = columns.city * np.int32(texts.NETWORKS) + (who & np.uint64(0xFF)).astype(np.int32)
    return arrow.join(
        _EVENT_ID,
        arrow.numbers(np.arange(first, first + len(who))),
        _UNDERSCORE,
        _when(columns),
        arrow.take(texts.HEADINGS, columns.call),
        arrow.take(releases, columns.release),
        arrow.take(texts.WHOLE_MS, whole),
        arrow.take(texts.FRACTION_AND_STATUS, hundredths * texts.STATUSES + texts.STATUS_INDEX_OF[columns.call]),
        arrow.take(texts.REQUEST_SIZES, _size(texts.REQUEST_CLASS_OF[columns.call], bits[:, 0])),
        _ANSWER_SIZE,
        arrow.take(texts.ANSWER_SIZES, _size(texts.ANSWER_CLASS_OF[columns.call], bits[:, 1])),
        arrow.take(texts.CACHE_HIT, columns.cached.astype(np.int32)),
        _who(columns, who),
        arrow.take(texts.NETWORK, network),
        arrow.take(texts.HOST, (who >> np.uint64(8) & np.uint64(0xFFFF)).astype(np.int32)),
        arrow.take(texts.AGENT_AND_TAGS, agent * len(CITIES) + columns.city),
        arrow.take(texts.ERROR_DETAILS, columns.call),
        _traced(columns),
        arrow.take(texts.BEFORE, _among(texts.BEFORE_FIRST, texts.BEFORE_COUNT, operation, bits[:, 2])),
        arrow.numbers(_payload_number(columns)),
        arrow.take(texts.AFTER, _among(texts.AFTER_FIRST, texts.AFTER_COUNT, columns.service, bits[:, 3])),
    )


def _mix(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A well-spread hash (splitmix64, Steele et al. 2014): equal keys, equal bits."""
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))


def _size(kind: NDArray[np.int32], bits: NDArray[np.uint16]) -> NDArray[np.int32]:
    return kind * texts.SIZES + (bits >> 6)


def _among(
    first: NDArray[np.int32], count: NDArray[np.uint32], group: NDArray[np.integer], bits: NDArray[np.uint16]
) -> NDArray[np.int32]:
    chosen: NDArray[np.int32] = first[group] + (bits * count[group] >> 16).astype(np.int32)
    return chosen


def _payload_number(columns: Columns) -> NDArray[np.int64]:
    chance = columns.words[draw.EXTENT].view(np.uint32)[1::2] * 2.0**-32
    chance *= np.where(texts.NUMBER_SKEWED[columns.service], chance * chance, 1.0)
    above = (chance * texts.NUMBER_SPAN[columns.service]).astype(np.int64)
    numbers: NDArray[np.int64] = texts.NUMBER_LOW[columns.service] + above
    return numbers


def _hex(words: NDArray[np.uint64]) -> NDArray[np.uint32]:
    return _HEX[words.view(np.uint16)].reshape(len(words), -1)


def _when(columns: Columns) -> pa.Array:
    rows = np.repeat(_WHEN, len(columns.time_us))
    rows["id"] = _hex(columns.words[draw.EVENT_ID])[:, :3]
    seconds, micros = np.divmod(columns.time_us, _SECOND_US)
    days, second = np.divmod(seconds, _DAY_S)
    dates = [(date(1970, 1, 1) + timedelta(days=day)).isoformat() for day in range(days[0], days[-1] + 1)]
    parts = np.frombuffer("".join(dates).encode(), dtype=[("year_month", "<u8"), ("day", "<u2")])
    for name in ("year_month", "day"):
        rows[name] = parts[name][days - days[0]]
    rows["time"] = _TIME_OF_DAY[second]
    high, low = np.divmod(micros, 10_000)
    rows["micros_2"], rows["micros_4"] = _DIGITS_2[high], _DIGITS_4[low]
    return arrow.strips(rows)


def _who(columns: Columns, who: NDArray[np.uint64]) -> pa.Array:
    rows = np.repeat(_WHO, len(who))
    rows["user"] = _USER[columns.user]
    # A session is what one user does on one device within 36 minutes (2^31 us), each with its own phase.
    phase = (who >> np.uint64(33)).astype(np.int64)
    rows["session"] = _hex(_mix(who ^ ((columns.time_us + phase) >> 31).astype(np.uint64)))
    rows["request"] = np.hstack([_hex(words) for words in columns.words[draw.REQUEST_ID]])
    return arrow.strips(rows)


def _traced(columns: Columns) -> pa.Array:
    rows = np.repeat(_TRACED, len(columns.user))
    rows["correlation"] = _hex(columns.words[draw.CORRELATION_ID])
    rows["trace"] = np.hstack([_hex(words) for words in columns.words[draw.TRACE_ID]])
    return arrow.strips(rows)
