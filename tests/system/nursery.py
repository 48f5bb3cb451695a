"""Where servers under test begin: as forks of a process that has imported what they need, which is half of a start.

What is forked has no thread, no engine and no settings yet. From there on it is `python -m pulsestream serve`, in a
process of its own, with its own arguments, environment and output. tests/unit/cli starts that as people do.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

# Not the engine: it starts threads when it is imported, and only a process of one thread can be forked.
_NEEDED = ("pulsestream.cli.serve", "pulsestream.api.app", "pulsestream.api.connection", "uvicorn", "uvloop")
_MESSAGE_BYTES_MAX = 1 << 17
POSSIBLE = sys.platform == "linux"


class Born:
    """A server, in the words of subprocess.Popen."""

    def __init__(self, pid: int, stdout: int, alive: int) -> None:
        self.pid = pid
        self.stdout = os.fdopen(stdout)
        self._alive = alive  # ends when the process does
        self._code: int | None = None

    def send_signal(self, number: int) -> None:
        if self._code is None:
            os.kill(self.pid, number)  # until it is waited for, no other process has its id

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float) -> int:
        if self._code is None:
            if not select.select([self._alive], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("serve", timeout)
            os.close(self._alive)
            self._code = _asked({"wait": self.pid})
        return self._code


def born(arguments: list[str], *, environment: dict[str, str], stderr: int) -> Born:
    """`pulsestream serve` with these arguments."""
    umask = os.umask(0o077)
    os.umask(umask)
    told, stdout = os.pipe()
    alive, living = os.pipe()
    serve = {"arguments": arguments, "environment": environment, "cwd": str(Path.cwd()), "umask": umask}
    pid = _asked(serve, (stdout, stderr, living))
    os.close(stdout)
    os.close(living)
    return Born(pid, told, alive)


def _asked(what: dict[str, Any], files: tuple[int, ...] = ()) -> int:
    socket.send_fds(_nursery(), [json.dumps(what).encode()], files)
    return int(_nursery().recv(64))


@functools.cache
def _nursery() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}  # numpy's would be threads
    with theirs:
        process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()], env=environment
        )

    @atexit.register
    def end() -> None:
        ours.close()
        process.wait()

    return ours


def _run(asking: socket.socket) -> None:
    for name in _NEEDED:
        importlib.import_module(name)
    gc.freeze()
    threads = list(Path("/proc/self/task").iterdir())
    assert len(threads) == 1, "an import of the server started threads: it cannot be forked"
    while True:
        message, files, _, _ = socket.recv_fds(asking, _MESSAGE_BYTES_MAX, 3)
        if not message:
            return
        what = json.loads(message)
        if "wait" in what:
            answer = os.waitstatus_to_exitcode(os.waitpid(what["wait"], 0)[1])
        else:
            answer = os.fork()
            if not answer:
                asking.close()
                _serve(*files, **what)
            for file in files:
                os.close(file)
        asking.send(str(answer).encode())


def _serve(
    stdout: int, stderr: int, living: int, *, arguments: list[str], environment: dict[str, str], cwd: str, umask: int
) -> NoReturn:
    del living  # open as long as the process is there
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.close(stdout)
    os.close(stderr)
    os.chdir(cwd)
    os.umask(umask)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["pulsestream", "serve", *arguments]
    from pulsestream.cli import main

    main()


if __name__ == "__main__":
    del sys.path[0]  # the folder of this file
    _run(socket.socket(fileno=int(sys.argv[1])))
