"""`pulsestream serve` with defects of its own and an engine that refuses rows: each error holds data of a request."""

from __future__ import annotations

from pulsestream.cli.serve import command
from pulsestream.ingest import feed
from pulsestream.query.run import Questions
from pulsestream.store.clickhouse import ClickHouseSession
from pulsestream.store.port import Statement

insert_events, ask, stream, event, block_of = (
    ClickHouseSession.insert_events,
    ClickHouseSession.ask,
    ClickHouseSession.stream,
    Questions.event,
    feed.block_of,
)
fed = []


def insert_refused(self, block):
    """The engine's own refusal, which repeats the row."""
    lines = [
        b'{"position":"' + line[line.index(b"poison") :] if b"poison" in line else line
        for line in block.splitlines(keepends=True)
    ]
    insert_events(self, b"".join(lines))


def ask_refused(self, statement, *name):
    """The engine's own error, which repeats the value that was asked for."""
    for value in statement.parameters.values():
        if "unanswerable" in str(value):
            ask(self, Statement("SELECT toUInt8({value:String})", {"value": str(value)}))
    return ask(self, statement, *name)


def stream_refused(self, statement, *args, **how):
    """The engine's own error behind all that there was."""
    yield from stream(self, statement, *args, **how)
    for value in statement.parameters.values():
        if "halfway" in str(value):
            ask(self, Statement("SELECT toUInt8({value:String})", {"value": str(value)}))


async def event_defect(self, tenant, event_id):
    if "defect" in event_id:
        raise ValueError({"asked": event_id})
    return await event(self, tenant, event_id)


def block_defect(frames):
    """A defect on the feeder's thread, the first time an event asks for it."""
    [line] = [frame.events for frame in frames if b"undigested" in frame.events][:1] or [b""]
    if line and line not in fed:
        fed.append(line)
        raise ValueError(line)
    return block_of(frames)


if __name__ == "__main__":
    ClickHouseSession.insert_events = insert_refused
    ClickHouseSession.ask = ask_refused
    ClickHouseSession.stream = stream_refused
    Questions.event = event_defect
    feed.block_of = block_defect
    command()
