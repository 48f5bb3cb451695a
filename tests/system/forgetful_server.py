"""`pulsestream serve` on a disk that keeps only what was synced: what a power cut leaves of a server.

What is appended stays in this process until its file is synced; a file has no name until its folder is synced.
"""

from __future__ import annotations

import os
from pathlib import Path

from pulsestream import wiring
from pulsestream.cli.serve import command
from pulsestream.ingest.files import Files


class ForgetfulFiles(Files):
    def __init__(self) -> None:
        self._unsynced: dict[int, bytes] = {}
        self._nameless: dict[Path, Path] = {}

    def create(self, path: Path) -> int:
        nameless = path.with_name(f"unnamed-{os.getpid()}-{path.name}.tmp")
        self._nameless[path] = nameless
        descriptor = os.open(nameless, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)
        self.sync_folder(path.parent)
        return descriptor

    def sync_folder(self, folder: Path) -> None:
        super().sync_folder(folder)
        for path in [path for path in self._nameless if path.parent == folder]:
            self._nameless.pop(path).rename(path)

    def append(self, descriptor: int, data: bytes) -> None:
        self._unsynced[descriptor] = self._unsynced.get(descriptor, b"") + data

    def sync(self, descriptor: int) -> None:
        super().append(descriptor, self._unsynced.pop(descriptor, b""))


if __name__ == "__main__":
    wiring.Files = ForgetfulFiles
    command()
