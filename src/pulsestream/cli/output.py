"""Where a verb writes what it makes: stdout, or a file that appears under its name when it is whole."""

from __future__ import annotations

import gzip
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, NoReturn, cast

from pulsestream.errors import PulseStreamError, UsageError

STDOUT = "-"
_GZIP_LEVEL = 4  # on generated events, level 6 makes 6 % less and takes twice as long


def write_all(file: BinaryIO, text: bytes) -> int:
    """Stdout of an unbuffered Python (`-u`) takes only what the pipe has room for."""
    left = memoryview(text)
    while left:
        left = left[file.write(left) :]
    return len(text)


def packing(name: str) -> str:
    """The extension of a file that is compressed; empty for any other."""
    return next((extension for extension in (".gz", ".zst") if name.endswith(extension)), "")


@contextmanager
def target(output: str) -> Iterator[BinaryIO]:
    """The open output. A file appears under its name when it is complete; until then it has another one."""
    if output == STDOUT:
        with _quiet_pipe():
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        return
    path = Path(os.path.realpath(output))  # a link stays a link
    try:
        if path.is_dir():
            raise UsageError(f"{output} is a folder; name a file in it")
        if path.exists() and not path.is_file():  # a device or a named pipe: there is nothing to rename
            with path.open("wb") as file, _compressed(file, output) as writer:
                yield writer
            return
        with _renamed(path) as partial, _compressed(partial, output) as writer:
            yield writer
    except OSError as error:
        raise PulseStreamError(f"cannot write {output}: {_reason(error, path)}") from None


@contextmanager
def _renamed(path: Path) -> Iterator[IO[bytes]]:
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    with _stopped_by_signal():
        try:
            with partial.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:  # a signal may arrive as soon as the file is there
            partial.unlink(missing_ok=True)


@contextmanager
def _stopped_by_signal() -> Iterator[None]:
    """Turn SIGTERM into an exit that cleans up."""

    def stop(number: int, _frame: object) -> NoReturn:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _compressed(file: IO[bytes], name: str) -> Iterator[BinaryIO]:
    packed = packing(name)
    if packed == ".gz":
        # No name and no time inside, so that the same events are the same bytes.
        with gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as writer:
            yield cast("BinaryIO", writer)
    elif packed == ".zst":
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
        with zstd.ZstdFile(file, "wb") as writer:
            yield cast("BinaryIO", writer)
    else:
        yield cast("BinaryIO", file)


@contextmanager
def _quiet_pipe() -> Iterator[None]:
    """A reader that has seen enough (`| head`) is no failure."""
    try:
        yield
    except BrokenPipeError:
        # Python flushes stdout once more at exit; give it somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        raise PulseStreamError(f"cannot write to stdout: {error.strerror}") from None


def _reason(error: OSError, path: Path) -> str:
    if isinstance(error, FileNotFoundError) and not path.parent.exists():
        return f"there is no folder {path.parent}; make it first"
    if isinstance(error, PermissionError):
        return "you have no permission; choose another place or ask its owner"
    return f"{error.strerror or error}; nothing was kept"


def size(count: int) -> str:
    """So many bytes, in decimal units."""
    value, unit = float(count), "bytes"
    for larger in ("kB", "MB", "GB"):
        if value < 1000:  # noqa: PLR2004 - decimal units
            break
        value, unit = value / 1000, larger
    return f"{count} bytes" if unit == "bytes" else f"{value:.1f} {unit}"
