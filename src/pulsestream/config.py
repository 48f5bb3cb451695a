"""The SETTINGS table: every setting with its name, default, bounds and help.

A setting is read, first wins, from a command-line option, from the environment (`PULSESTREAM_` and the name in
capitals), from a TOML file (`--config`, else `PULSESTREAM_CONFIG`), and from here.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import fields

from pulsestream.errors import ConfigError

ENVIRONMENT_PREFIX = "PULSESTREAM_"

_MIB = 1024 * 1024


def _number(low: int, high: int, help_: str) -> Meta:
    return Meta(ge=low, le=high, description=help_)


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    data: Annotated[str, Meta(description="folder of everything that is kept")] = "pulsestream-data"
    host: Annotated[str, Meta(description="address to listen on; 0.0.0.0 for all of the machine's")] = "127.0.0.1"
    port: Annotated[int, _number(0, 65535, "port to listen on; 0 takes a free one")] = 8000
    store: Annotated[
        str,
        Meta(description="where events are stored: chdb:///folder, chdb://memory, http://user:password@host:8123/db"),
    ] = ""
    api_key: Annotated[
        str,
        Meta(
            pattern="^[!-~]*$",  # what an HTTP header carries unchanged
            description="a key that may do everything while the server runs with it; better in the environment or a "
            "file than here, where every process of the machine can read it",
        ),
    ] = ""
    sign_in: Annotated[
        Literal["key", "open"],
        Meta(
            description="how people sign in on the pages: key, with a key; open, by themselves, with api_key, "
            "where only this machine can reach the server"
        ),
    ] = "key"
    retention_days: Annotated[
        int, _number(0, 36_500, "events older than this many days are refused and removed; 0 keeps all")
    ] = 0
    rate_events_per_s: Annotated[int, _number(0, 10**9, "events a second that each tenant may send; 0 is no limit")] = 0
    burst_events: Annotated[int, _number(0, 10**9, "most events of a tenant at once; 0 is one second's")] = 0
    scrub: Annotated[
        str, Meta(max_length=4000, description="rules for personal data in every event, such as card:mask email:hash")
    ] = ""
    apdex: Annotated[
        str,
        Meta(max_length=4000, description="response times that satisfy, such as 300ms /api/v1/search*=100ms"),
    ] = ""
    tenant_requests_max: Annotated[int, _number(1, 10**6, "most requests of one tenant under way at one time")] = 1000
    tenant_connections_max: Annotated[int, _number(1, 10**6, "most open connections of one tenant")] = 2000
    body_bytes_max: Annotated[
        int, _number(1024, 1024 * _MIB, "largest request body, in bytes, as sent and after decompression")
    ] = 64 * _MIB
    batch_events_max: Annotated[int, _number(1, 1_000_000, "most events in one batch request")] = 50_000
    inflight_bytes_max: Annotated[
        int, _number(_MIB, 64 * 1024 * _MIB, "bodies being read or decoded at one time, in bytes; beyond it 503")
    ] = 256 * _MIB
    backlog_bytes_max: Annotated[
        int, _number(_MIB, 1024 * 1024 * _MIB, "acknowledged events not yet in the store, in bytes; beyond it 503")
    ] = 2048 * _MIB
    feed_linger_ms: Annotated[int, _number(1, 60_000, "longest time an event waits for a larger block")] = 250
    query_threads: Annotated[int, _number(1, 64, "questions of one tenant answered at one time")] = 2
    query_seconds_max: Annotated[int, _number(1, 3600, "longest time a question may take the engine, in seconds")] = 30
    query_rows_max: Annotated[int, _number(1000, 10**12, "most events that the engine may read for one question")] = (
        1_000_000_000
    )
    query_memory_mib: Annotated[
        int, _number(64, 1024 * 1024, "most memory the engine may use for one question, in MiB")
    ] = 2048
    export_threads: Annotated[int, _number(1, 64, "exports of one tenant under way at one time")] = 2
    export_seconds_max: Annotated[int, _number(1, 86_400, "longest time an export may take, in seconds")] = 3600
    engine_memory_mib: Annotated[int, _number(256, 1024 * 1024, "most memory the engine may use, in MiB")] = 4096
    connections_max: Annotated[
        int, _number(1, 1_000_000, "connections open at one time, and at most half of the process's files; beyond: 503")
    ] = 10_000
    header_timeout_s: Annotated[
        int, _number(1, 3600, "longest time until the headers of a request are whole, in seconds")
    ] = 30
    body_timeout_s: Annotated[
        int, _number(1, 3600, "longest time a body, or the reading of answers, may be under 1 kB a second, in seconds")
    ] = 30
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="least severe message that is logged")
    ] = "info"
    log_format: Annotated[
        Literal["text", "json"], Meta(description="form of the log on standard error; json: an object a line")
    ] = "text"

    @property
    def store_dsn(self) -> str:
        return self.store or f"chdb://{Path(self.data).resolve() / 'store'}"


class Setting(Struct, frozen=True):
    """One row of the table."""

    name: str
    type: type[str] | type[int]
    default: str | int
    help: str

    @property
    def variable(self) -> str:
        return ENVIRONMENT_PREFIX + self.name.upper()


def _row(field: msgspec.structs.FieldInfo) -> Setting:
    meta = next(part for part in get_args(field.type) if isinstance(part, Meta))
    default: str | int = field.default
    return Setting(field.name, type(default), default, meta.description or "")


SETTINGS: dict[str, Setting] = {field.name: _row(field) for field in fields(Settings)}


def load(given: Mapping[str, str | int], environment: Mapping[str, str], file: Path | None) -> Settings:
    """The settings from all their places. Raises ConfigError, which names the setting and the place."""
    values: dict[str, str | int] = {}
    if file is not None:
        values |= _from_file(file)
    for setting in SETTINGS.values():
        if setting.variable in environment:
            values[setting.name] = environment[setting.variable]
    values |= given
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{_places(str(error))}; `pulsestream serve --help` lists the settings") from error


def is_exposed(file: Path) -> bool:
    """Whether a file of settings that holds a key can be read by others on this machine.

    A group may be meant to, as in root:pulsestream 0640; but not the group of one's own file.
    """
    status = file.stat()
    others = stat.S_IROTH | (stat.S_IRGRP if status.st_uid == os.geteuid() else 0)
    return bool(status.st_mode & others) and "api_key" in _from_file(file)


def _from_file(file: Path) -> dict[str, str | int]:
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"the settings file {file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the settings file {file} is not TOML: {error}") from error
    unknown = sorted(values.keys() - SETTINGS.keys())
    if unknown:
        raise ConfigError(f"the settings file {file} has unknown settings: {', '.join(unknown)}")
    return values


def _places(error: str) -> str:
    """The decoder says where a value is wrong as `$.port`; people look for the variable and the option."""
    message, _, path = error.partition(" - at `$.")
    name = path.rstrip("`")
    if name not in SETTINGS:
        return error
    setting = SETTINGS[name]
    option = "--" + name.replace("_", "-")
    return f"{name} ({option}, {setting.variable}): {message[:1].lower()}{message[1:]}"
