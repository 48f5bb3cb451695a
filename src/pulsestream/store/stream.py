"""The answer to a SELECT as the engine writes it, in one of its formats, while it is being made."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import threading
from collections.abc import Callable, Generator
from typing import Any, Final, cast

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from msgspec import Struct
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from pulsestream.store.failure import FAILURES, of_a_question
from pulsestream.store.port import Form, Statement

Chunks = Generator[bytes, None, None]

_CHUNK_BYTES = 1 << 20
_CANCEL_PAUSE_S = 0.05  # a statement that is just beginning is not known to the engine yet

# Little memory, however much there is: small blocks, written as they come. Reading in order opens every part; by
# default it also reads ahead in each, which takes 22 MB a part where this takes 5.
_SETTINGS: Final[dict[str, object]] = {
    "read_in_order_use_buffering": 0,
    "max_read_buffer_size_local_fs": 65_536,
    "min_insert_block_size_rows": 0,
    "min_insert_block_size_bytes": 0,
    "output_format_parallel_formatting": 0,
    "prefer_column_name_to_alias": 1,  # a column of the answer has the name of one that is filtered by
    # JSON as we write it ourselves.
    "output_format_json_escape_forward_slashes": 0,
    "output_format_json_quote_64bit_integers": 0,
    # RFC 4180 and RFC 3339; a value that is not there is nothing, one that is empty is "".
    "output_format_csv_crlf_end_of_line": 1,
    "format_csv_null_representation": "",
    "date_time_output_format": "iso",
    "output_format_parquet_row_group_size": 65_536,
    "output_format_parquet_row_group_size_bytes": 32 << 20,
    "output_format_parquet_parallel_encoding": 0,  # its threads would each have some row groups
    "output_format_parquet_compression_method": "zstd",
    "output_format_compression_level": 1,  # of generated events smaller than with 3, and quicker
    "output_format_parquet_write_bloom_filter": 0,  # an eighth of the file
    "output_format_parquet_string_as_string": 1,
    "output_format_arrow_string_as_string": 1,
    # As dictionaries they would be a third smaller; but new words come in later blocks, and not every reader has that.
    "output_format_arrow_low_cardinality_as_dictionary": 0,
    "output_format_arrow_compression_method": "zstd",
}
_HTTP_SETTINGS: Final[dict[str, object]] = {"cancel_http_readonly_queries_on_client_close": 1}

_TAG = "X-ClickHouse-Exception-Tag"
_CODE = re.compile(rb"Code: (\d+)\.")


class Streamed(Struct, frozen=True):
    """One statement and how it is answered."""

    statement: Statement
    form: Form
    name: str
    block_rows: int

    @property
    def parameters(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self.statement.parameters)

    @property
    def settings(self) -> dict[str, object]:
        return _SETTINGS | {"max_block_size": self.block_rows, "log_comment": self.name}


def piped(client: Client, asked: Streamed, *, cancel: Callable[[], object]) -> Chunks:
    """From the embedded engine, through a pipe that it writes to as to a file.

    The driver's own streams of chDB are a file for each block, which no reader of Parquet takes for one. A pipe that
    is full stops the engine; one that nobody reads any more ends the statement, and so does `cancel`, at the latest.
    """
    reading, writing = os.pipe()
    with contextlib.suppress(OSError, AttributeError):  # Linux; as much as this user may
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _CHUNK_BYTES)
    failures: list[Exception] = []

    def answer() -> None:
        try:
            client.command(
                f"INSERT INTO FUNCTION file('/dev/fd/{writing}', '{asked.form}') {asked.statement.sql}",
                parameters=asked.parameters,
                settings=asked.settings,
            )
        except FAILURES as error:
            failures.append(error)
        finally:
            os.close(writing)

    thread = threading.Thread(target=answer, name="stream")
    thread.start()
    try:
        while chunk := os.read(reading, _CHUNK_BYTES):
            yield chunk
        thread.join()
        if failures:
            raise of_a_question(failures[0]) from failures[0]
    finally:
        os.close(reading)
        thread.join(_CANCEL_PAUSE_S)  # its next write fails
        while thread.is_alive():
            cancel()
            thread.join(_CANCEL_PAUSE_S)


def over_http(client: Client, asked: Streamed) -> Chunks:
    """From a ClickHouse server, which ends the statement when this connection is closed.

    A statement that fails after its answer has begun ends it with a text between tags of that answer.
    """
    try:
        response = cast(
            "BaseHTTPResponse",
            client.raw_stream(
                asked.statement.sql,
                parameters=asked.parameters,
                fmt=asked.form,
                settings=asked.settings | _HTTP_SETTINGS,
            ),
        )
    except FAILURES as error:
        raise of_a_question(error) from error
    mark = b"\r\n__exception__\r\n" + response.headers.get(_TAG, "").encode() + b"\r\n"
    held = b""  # what could be the beginning of that text
    broken: Exception | None = None
    try:
        chunks = response.stream(_CHUNK_BYTES)
        while True:
            try:
                chunk = next(chunks, b"")
            except (HTTPError, OSError) as error:  # a server that failed does not end its chunks
                broken, chunk = error, b""
            if not chunk:
                break
            text = held + chunk
            at = text.find(mark)
            cut = at if at >= 0 else len(text) - len(mark) + 1
            if cut > 0:
                yield text[:cut]
                held = text[cut:]
            else:
                held = text
        if held.startswith(mark) or broken is not None:
            failure = _said(held) if held.startswith(mark) else broken
            raise of_a_question(cast("Exception", failure)) from broken
        if held:
            yield held
    finally:
        response.close()


def _said(text: bytes) -> DatabaseError:
    """What the engine says in the middle of an answer, as the driver's error."""
    _, _, said = text.removeprefix(b"\r\n").partition(b"\r\n")
    said = said.partition(b"\r\n")[2]
    code = _CODE.search(said)
    return DatabaseError(said.decode(errors="replace").strip(), code=int(code[1]) if code else None)
