"""A ClickHouse server for tests, run from the chDB wheel: a real one over HTTP, with nothing to install.

chDB holds the whole server and only starts no listener. Its own `query` takes `SYSTEM START LISTEN`, so a process
that starts the HTTP listener and then never ends its query is a ClickHouse server. What it cannot do: replicate
data (ReplicatedMergeTree), ON CLUSTER, Keeper. The way in is private to chDB, so only tests may take it.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

READY_SECONDS_MAX = 60
STOP_SECONDS_MAX = 20

_CONFIG = """<clickhouse>
  <listen_host>127.0.0.1</listen_host>
  <http_port>{port}</http_port>
  <users_config>users.xml</users_config>
  <mark_cache_size>67108864</mark_cache_size>
  <logger><log>{folder}/server.log</log><errorlog>{folder}/server.err.log</errorlog></logger>
</clickhouse>
"""

_USERS = """<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <access_management>1</access_management>
    </default>
  </users>
</clickhouse>
"""

# Reads standard input to its end, which comes when the process that started the node closes it, or dies.
_SERVE = (
    "SYSTEM START LISTEN HTTP;"
    " SELECT count() FROM file('/dev/stdin', 'LineAsString')"
    " SETTINGS max_execution_time = 0, storage_file_read_method = 'read'"
)


class Node:
    """A running server on `http_port` of 127.0.0.1, with its data and its logs in `folder`."""

    def __init__(self, folder: Path, http_port: int, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self.http_port = http_port
        self._process = process

    @classmethod
    def start(cls, folder: Path, port: int | None = None) -> Node:
        """Start a server that keeps its data in `folder`, and return when it answers.

        A folder that had a node before gives a node with its data. Raises RuntimeError, with the end of the
        server's log, when it does not answer within READY_SECONDS_MAX.
        """
        folder = folder.resolve()
        # The import runs an engine of its own, which would read the config.xml of the folder it starts in.
        importing = folder / "import"
        importing.mkdir(parents=True, exist_ok=True)
        port = port or _free_port()
        (folder / "config.xml").write_text(_CONFIG.format(port=port, folder=folder))
        (folder / "users.xml").write_text(_USERS)
        with (folder / "output.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, str(Path(__file__).resolve()), str(folder)],
                cwd=importing,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
            )
        node = cls(folder, port, process)
        try:
            node._wait_until_it_answers()
        except BaseException:
            node.kill()
            raise
        return node

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def dsn(self, database: str = "default") -> str:
        """What `pulsestream serve --store` takes."""
        return f"http://default@127.0.0.1:{self.http_port}/{database}"

    def ask(self, sql: str) -> str:
        """One statement over plain HTTP, without the driver: for what a test sets up or looks at on the side."""
        request = urllib.request.Request(self.url, data=sql.encode())  # noqa: S310 - our own URL
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own URL
                return str(answer.read(), "utf-8").rstrip("\n")
        except urllib.error.HTTPError as error:
            raise RuntimeError(str(error.read(), "utf-8").strip()) from None

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """End it as an operator would: listeners close, parts are written. Raises RuntimeError if it crashed.

        Takes 0.1 s, or 5 s while a driver keeps an idle connection open.
        """
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            code = self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"the node did not stop within {STOP_SECONDS_MAX} s\n{self.log_end()}") from None
        if code != 0:
            raise RuntimeError(f"the node ended with exit code {code}\n{self.log_end()}")

    def kill(self) -> None:
        """End it as a power cut of the process would (SIGKILL). The folder can be started again."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()

    def log_end(self, lines: int = 30) -> str:
        """The end of what the server printed and logged, for the message of a failure."""
        ends = []
        for name in ("output.log", "server.err.log"):
            path = self.folder / name
            if path.exists():
                ends += [f"-- {path}", *path.read_text(errors="replace").splitlines()[-lines:]]
        return "\n".join(ends)

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline:
            if not self.running:
                raise RuntimeError(f"the node ended with exit code {self._process.returncode}\n{self.log_end()}")
            with contextlib.suppress(OSError, RuntimeError):
                if self.ask("SELECT 1") == "1":
                    return
            time.sleep(0.02)
        raise RuntimeError(f"the node did not answer within {READY_SECONDS_MAX} s\n{self.log_end()}")


def _free_port() -> int:
    """A port that nothing listens on now. Another process may take it first; the node then fails to start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _serve(folder: Path) -> None:
    from chdb import _chdb

    os.chdir(folder)
    _chdb.query(_SERVE, "TabSeparated", path=str(folder / "data"))


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
