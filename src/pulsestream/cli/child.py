"""The server as a child process: started, waited for, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import tempfile
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Self

from pulsestream.errors import ConfigError, ServerUnreachable

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

STOP_S_MAX = 20.0  # the server's own time for its last requests, and some for closing the store
_ADDRESS = re.compile(rb"listens on (http://\S+?),? ")


class Server(AbstractAsyncContextManager["Server"]):
    """`pulsestream serve` on a folder and a port, in a process group of its own.

    So a Ctrl-C in the terminal reaches only us, and the server still answers our last questions. Settings in
    the environment (a store, a configuration file) are not passed on: they are for the person's real server.
    """

    def __init__(self, data: Path, port: int, api_key: str, *, sign_in: str = "key") -> None:
        self.url = ""
        self._data = data
        self._port = port
        self._own = {"PULSESTREAM_API_KEY": api_key, "PULSESTREAM_SIGN_IN": sign_in}
        self._process: asyncio.subprocess.Process | None = None
        self._drain: asyncio.Task[bytes] | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the server

    async def __aenter__(self) -> Self:
        """Start it and wait until it listens. Raises ConfigError with the server's own last words."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PULSESTREAM_")}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "pulsestream",
            "serve",
            "--data",
            str(self._data),
            "--port",
            str(self._port),
            env=environment | self._own,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._log,
            process_group=0,
        )
        try:
            assert self._process.stdout is not None  # noqa: S101 - it was asked for
            async for line in self._process.stdout:
                found = _ADDRESS.search(line)
                if found:
                    self.url = found[1].decode()
                    # Whatever else it prints must not fill the pipe.
                    self._drain = asyncio.create_task(self._process.stdout.read())
                    return self
            raise ConfigError(self._last_words(await self._process.wait()))
        except BaseException:
            await self._end()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def ended(self) -> None:
        """Wait until the server ends by itself, and raise ServerUnreachable with what it said last."""
        assert self._process is not None  # noqa: S101 - entered
        raise ServerUnreachable(self._last_words(await self._process.wait()))

    async def _end(self) -> None:
        """Ask it to stop and wait; kill it when that takes too long or we are in a hurry ourselves."""
        process = self._process
        try:
            if process is not None and process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
                async with asyncio.timeout(STOP_S_MAX):
                    await process.wait()
        except TimeoutError:
            pass
        finally:
            if process is not None and process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            if self._drain is not None:
                await self._drain
            self._log.close()

    def _last_words(self, code: int) -> str:
        self._log.seek(0)
        lines = [line for line in self._log.read().decode("utf-8", "replace").splitlines() if line.strip()]
        last = lines[-1].removeprefix("pulsestream: ") if lines else "nothing"
        return last if code == ConfigError.exit_code else f"the server ended with code {code}; it said last: {last}"
