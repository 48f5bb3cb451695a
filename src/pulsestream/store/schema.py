"""The numbered migrations of the event store, and which of them it has already seen."""

from __future__ import annotations

import re
from importlib.resources import files

from msgspec import Struct

_FILE = re.compile(r"(\d{4})_(\w+)\.sql")

# Made before any migration; a row per migration that was carried out whole.
RECORD_TABLE = """
CREATE TABLE IF NOT EXISTS migrations (number UInt32, name String, applied_at DateTime64(6, 'UTC'))
ENGINE = MergeTree ORDER BY number SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""
RECORD = "INSERT INTO migrations SELECT {number:UInt32}, {name:String}, fromUnixTimestamp64Micro({at:Int64}, 'UTC')"
RECORDED = "SELECT max(number) FROM migrations"


class Migration(Struct, frozen=True):
    number: int
    name: str
    statements: tuple[str, ...]


def migrations() -> list[Migration]:
    """All of them, in order. Each statement can be repeated after a stop in the middle of its migration."""
    found = []
    for file in files(__package__).joinpath("migrations").iterdir():
        match = _FILE.fullmatch(file.name)
        if match:
            found.append(Migration(int(match[1]), match[2], _statements(file.read_text("utf-8"))))
    return sorted(found, key=lambda migration: migration.number)


def _statements(text: str) -> tuple[str, ...]:
    without_comments = re.sub(r"(?m)^\s*--.*$", "", text)
    return tuple(part.strip() for part in without_comments.split(";") if part.strip())
