"""One owner: a data folder has one process, and a store has one data folder, whose journal gives its positions."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import socket
from pathlib import Path

from pulsestream.errors import ConfigError, StoreInUse
from pulsestream.store.port import Session


def lock(data: Path) -> int:
    """A descriptor that holds the folder until it is closed; makes the folder. Raises StoreInUse, ConfigError."""
    try:
        (data / "journal").mkdir(parents=True, exist_ok=True)
        descriptor = os.open(data / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise ConfigError(f"the data folder {data} cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            raise StoreInUse(
                f"another process serves the data folder {data}: stop it, or give this one a folder of its own (--data)"
            ) from error
        raise ConfigError(f"the data folder {data} cannot be used: {error.strerror}") from error
    return descriptor


def claim(data: Path, session: Session) -> None:
    """The store is this folder's from now on. Raises StoreInUse where it is another's."""
    path = data / "id"
    if not path.exists():
        path.write_text(f"{secrets.token_hex(8)} {data.resolve()} on {socket.gethostname()}")
    mine = path.read_text()
    if session.owner() is None:
        session.claim(mine)
    owner = session.owner()
    if owner != mine:
        raise StoreInUse(
            f"this store belongs to another data folder ({owner}): start the server with that one, or give this "
            "one a database of its own. If that folder is lost for good, empty the table `owner` of the store"
        )
