"""The way between numpy and Arrow: buffers are shared, nothing is copied or converted.

`pyarrow.array` and `pyarrow.scalar` would do the same, but their first call imports pandas: a second of start-up.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def texts(several: Iterable[str]) -> pa.Array:
    """A binary array of the texts in UTF-8."""
    encoded = [text.encode() for text in several]
    return _binary(np.cumsum([0, *map(len, encoded)]), b"".join(encoded))


def constant(text: str) -> pa.Scalar:
    """The same text in every row of a `join`."""
    return texts([text])[0]


def strips(rows: NDArray[np.void]) -> pa.Array:
    """A binary array of the rows of a structured array, all equally wide."""
    width = rows.dtype.itemsize
    return _binary(np.arange(0, (len(rows) + 1) * width, width), rows)


def numbers(values: NDArray[np.int64]) -> pa.Array:
    """A binary array of the values in decimal."""
    array = pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])
    return pc.cast(array, pa.string()).view(pa.binary())


def take(table: pa.Array, index: NDArray[np.int32]) -> pa.Array:
    """The texts at the given places. Not checked: a place outside the table crashes the process."""
    array = pa.Array.from_buffers(pa.int32(), len(index), [None, pa.py_buffer(np.ascontiguousarray(index, np.int32))])
    return pc.take(table, array, boundscheck=False)


def join(*columns: pa.Array | pa.Scalar) -> pa.Array:
    """The columns' texts side by side, row by row."""
    return pc.binary_join_element_wise(*columns, _NOTHING)


def lines(rows: pa.Array) -> memoryview:
    """All the bytes of a binary array, one row after the other, as they lie in it."""
    _, offsets, data = rows.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32)[rows.offset : rows.offset + len(rows) + 1]
    return memoryview(data)[ends[0] : ends[-1]]


def _binary(offsets: NDArray[np.int64], data: bytes | NDArray[np.void]) -> pa.Array:
    ends = pa.py_buffer(offsets.astype(np.int32))
    return pa.Array.from_buffers(pa.binary(), len(offsets) - 1, [None, ends, pa.py_buffer(data)])


_NOTHING = constant("")
