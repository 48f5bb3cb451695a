"""The few file operations that durability rests on, in one place so that a test can make them fail or forget."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform == "darwin":
    import fcntl


class Files:
    """The real ones. Every method raises OSError, and nothing here catches it."""

    def create(self, path: Path) -> int:
        """A new file, open for appending, whose name survives a power cut. Returns its descriptor."""
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)
        try:
            self.sync_folder(path.parent)
        except OSError:
            self.close(descriptor)
            raise
        return descriptor

    def open_for_append(self, path: Path) -> int:
        """A file that may exist already. Returns its descriptor."""
        if not path.exists():
            return self.create(path)
        return os.open(path, os.O_WRONLY | os.O_APPEND)

    def append(self, descriptor: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]

    def cut(self, descriptor: int, length: int) -> None:
        """Keep the first `length` bytes."""
        os.ftruncate(descriptor, length)

    def sync(self, descriptor: int) -> None:
        """What was appended is on the disk itself when this returns."""
        if sys.platform == "darwin":
            # Plain fsync leaves the data in the drive's cache there (fsync(2), macOS).
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        else:
            os.fdatasync(descriptor)

    def sync_folder(self, folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def read(self, path: Path, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`, or fewer where the file ends."""
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def replace(self, path: Path, data: bytes) -> None:
        """The file holds `data` and nothing else; after a power cut either that or what it held before."""
        fresh = path.with_name(path.name + ".new")
        self.remove(fresh)
        descriptor = self.create(fresh)
        try:
            self.append(descriptor, data)
            self.sync(descriptor)
        finally:
            self.close(descriptor)
        fresh.replace(path)
        self.sync_folder(path.parent)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
