"""Of exports: the beginning of each form."""

from __future__ import annotations

from typing import Any

import msgspec

from pulsestream.api.examples.sample import STORED

ANSWERS: dict[str, Any] = {
    "export": {
        "application/x-ndjson": msgspec.json.encode(STORED).decode() + "\n",
        "text/csv": '"timestamp","received_at","event_id"\r\n'
        '"2026-05-04T10:20:30.123456Z","2026-05-04T10:20:31.000000Z","evt_9b2f6c1d"\r\n',
        "application/vnd.apache.parquet": "PAR1",
        "application/vnd.apache.arrow.file": "ARROW1",
    }
}
