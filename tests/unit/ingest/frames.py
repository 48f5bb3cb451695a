"""Frames of the journal, with true events in them, and segments of such frames."""

from __future__ import annotations

from pulsestream.event import INT_MAX
from pulsestream.ingest.frame import HEADER_BYTES, Counted, Deleted, pack, read_header
from pulsestream.ingest.segments import Span, segment_path
from unit.ingest.lines import checked


def frame(first, events=(), *, deletes=(), counts=(), tenant="acme"):
    """`counts`: (outcome, reason, events). Positions run from `first`: the events', the deletes', the counts'."""
    admitted = [checked(event, tenant=tenant) for event in events]
    lines = [b'{"position":%d%b' % (position, item.line) for position, item in enumerate(admitted, first)]
    position = first + len(lines)
    records = [Deleted(position + number, tenant, event_id) for number, event_id in enumerate(deletes)]
    position += len(records)
    records += [Counted(position + number, tenant, 60, *count) for number, count in enumerate(counts)]
    times = [item.timestamp_us for item in admitted]
    return pack(first, lines, records, (min(times, default=INT_MAX), max(times, default=-INT_MAX)))


def segment(folder, frames, *, first=None, take=0):
    """Write the frames as one segment, and say where each lies."""
    path = segment_path(folder, read_header(frames[0]).first if first is None else first, take)
    path.write_bytes(b"".join(frames))
    spans, offset = [], 0
    for data in frames:
        spans.append(Span(path, offset, len(data), read_header(data[:HEADER_BYTES])))
        offset += len(data)
    return spans
