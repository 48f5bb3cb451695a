"""Columns become NDJSON: pieces of text taken by number and joined, event by event, in Arrow's own loops."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pulsestream.generate import odds, texts
from pulsestream.generate.draw import Columns
from pulsestream.generate.world import CITIES


def _digits(numbers: range, width: int, dtype: str) -> NDArray[np.generic]:
    return np.frombuffer("".join(f"{number:0{width}d}" for number in numbers).encode(), dtype=dtype)


# Text of fixed width as whole machine words.
_HEX = np.frombuffer("".join(f"{number:04x}" for number in range(1 << 16)).encode(), dtype="<u4")
_DIGITS_2 = _digits(range(100), 2, "<u2")
_DIGITS_4 = _digits(range(10_000), 4, "<u4")
_DIGITS_5 = _digits(range(100_000), 5, "S5")
_TIME_OF_DAY = np.frombuffer(
    "".join(f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86_400)).encode(), dtype="<u8"
)
_FIRST_USER = 10_000
_SECOND_US, _DAY_S = 1_000_000, 86_400


class _Strip:
    """Fields of fixed width between constant texts, the same bytes for every event but for the fields."""

    def __init__(self, *parts: str | tuple[str, str, tuple[int, ...]]) -> None:
        names = [f"text{index}" if isinstance(part, str) else part[0] for index, part in enumerate(parts)]
        formats = [f"S{len(part)}" if isinstance(part, str) else part[1:] for part in parts]
        self.dtype = np.dtype(
            [
                (name, *form) if isinstance(form, tuple) else (name, form)
                for name, form in zip(names, formats, strict=True)
            ]
        )
        self.blank = np.zeros(1, dtype=self.dtype)
        for name, part in zip(names, parts, strict=True):
            if isinstance(part, str):
                self.blank[name] = part.encode()

    def rows(self, count: int) -> NDArray[np.void]:
        return np.repeat(self.blank, count)


_WHEN = _Strip(
    ("id", "<u4", (3,)), '","event_type":"api_call","timestamp":"',
    ("year_month", "<u8", ()), ("day", "<u2", ()), "T", ("time", "<u8", ()), ".",
    ("micros_2", "<u2", ()), ("micros_4", "<u4", ()), 'Z","title":"',
)  # fmt: skip
_WHO = _Strip(
    ("user", "S5", ()), '","session_id":"sess_', ("session", "<u4", (4,)),
    '","request_id":"req_', ("request", "<u4", (8,)), '","ip_address":"',
)  # fmt: skip
_TRACED = _Strip(("correlation", "<u4", (4,)), '","trace_id":"trace_', ("trace", "<u4", (8,)), '",')


def render(columns: Columns, first: int) -> pa.Array:
    """One line of NDJSON an event, as an Arrow binary array; `first` is the first event's number in its id."""
    who = _mix(columns.user.astype(np.uint64) * np.uint64(8) + columns.device)
    bits = columns.words[7].view(np.uint16).reshape(-1, 4)
    operation = columns.call // odds.OUTCOMES
    whole, hundredths = np.divmod(columns.time_centi, 100)
    agent = columns.device * np.int32(texts.AGENTS) + (who >> np.uint64(60)).astype(np.int32)
    network = columns.city * np.int32(texts.NETWORKS) + (who & np.uint64(0xFF)).astype(np.int32)
    return pc.binary_join_element_wise(
        b'{"event_id":"evt_',
        _numbers(np.arange(first, first + len(who))),
        b"_",
        _when(columns),
        _take(texts.HEADINGS, columns.call),
        _take(texts.RELEASES, columns.service * np.int32(texts.RELEASES_EACH) + columns.release),
        _take(texts.WHOLE_MS, whole),
        _take(texts.FRACTION_AND_STATUS, hundredths * texts.STATUSES + texts.STATUS_INDEX_OF[columns.call]),
        _take(texts.REQUEST_SIZES, _size(texts.REQUEST_CLASS_OF[columns.call], bits[:, 0])),
        b',"response_size_bytes":',
        _take(texts.ANSWER_SIZES, _size(texts.ANSWER_CLASS_OF[columns.call], bits[:, 1])),
        _take(texts.CACHE_HIT, columns.cached.astype(np.int32)),
        _who(columns, who),
        _take(texts.NETWORK, network),
        _take(texts.HOST, (who >> np.uint64(8) & np.uint64(0xFFFF)).astype(np.int32)),
        _take(texts.AGENT_AND_TAGS, agent * len(CITIES) + columns.city),
        _take(texts.ERROR_DETAILS, columns.call),
        _traced(columns),
        _take(texts.BEFORE, _among(texts.BEFORE_FIRST, texts.BEFORE_COUNT, operation, bits[:, 2])),
        _numbers(_payload_number(columns)),
        _take(texts.AFTER, _among(texts.AFTER_FIRST, texts.AFTER_COUNT, columns.service, bits[:, 3])),
        b"",
    )


def _take(table: pa.Array, index: NDArray[np.int32]) -> pa.Array:
    return pc.take(table, pa.array(index), boundscheck=False)


def _numbers(values: NDArray[np.int64]) -> pa.Array:
    return pc.cast(pa.array(values), pa.string()).view(pa.binary())


def _mix(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A well-spread hash (the finisher of splitmix64, Steele et al. 2014): equal keys, equal bits."""
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
    chance = columns.words[9].view(np.uint32)[1::2] * 2.0**-32
    chance *= np.where(texts.NUMBER_SKEWED[columns.service], chance * chance, 1.0)
    above = (chance * texts.NUMBER_SPAN[columns.service]).astype(np.int64)
    numbers: NDArray[np.int64] = texts.NUMBER_LOW[columns.service] + above
    return numbers


def _hex(words: NDArray[np.uint64]) -> NDArray[np.uint32]:
    return _HEX[words.view(np.uint16)].reshape(len(words), -1)


def _when(columns: Columns) -> pa.Array:
    rows = _WHEN.rows(len(columns.time_us))
    rows["id"] = _hex(columns.words[0])[:, :3]
    seconds, micros = np.divmod(columns.time_us, _SECOND_US)
    days, second = np.divmod(seconds, _DAY_S)
    dates = b"".join(
        (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=int(day))).date().isoformat().encode()
        for day in range(days[0], days[-1] + 1)
    )
    date = np.frombuffer(dates, dtype=[("year_month", "<u8"), ("day", "<u2")])
    for name in ("year_month", "day"):
        rows[name] = date[name][days - days[0]]
    rows["time"] = _TIME_OF_DAY[second]
    high, low = np.divmod(micros, 10_000)
    rows["micros_2"], rows["micros_4"] = _DIGITS_2[high], _DIGITS_4[low]
    return _fixed(rows)


def _who(columns: Columns, who: NDArray[np.uint64]) -> pa.Array:
    rows = _WHO.rows(len(who))
    rows["user"] = _DIGITS_5[_FIRST_USER + columns.user]
    # A session is what one user does on one device within 36 minutes (2^31 us), each with its own phase.
    phase = (who >> np.uint64(33)).astype(np.int64)
    rows["session"] = _hex(_mix(who ^ ((columns.time_us + phase) >> 31).astype(np.uint64)))
    rows["request"][:, :4], rows["request"][:, 4:] = _hex(columns.words[1]), _hex(columns.words[2])
    return _fixed(rows)


def _traced(columns: Columns) -> pa.Array:
    rows = _TRACED.rows(len(columns.user))
    rows["correlation"] = _hex(columns.words[3])
    rows["trace"][:, :4], rows["trace"][:, 4:] = _hex(columns.words[4]), _hex(columns.words[5])
    return _fixed(rows)


def _fixed(rows: NDArray[np.void]) -> pa.Array:
    width = rows.dtype.itemsize
    offsets = np.arange(0, (len(rows) + 1) * width, width, dtype=np.int32)
    return pa.Array.from_buffers(pa.binary(), len(rows), [None, pa.py_buffer(offsets), pa.py_buffer(rows)])
