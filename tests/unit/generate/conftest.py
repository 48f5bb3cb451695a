from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pulsestream.event import Event
from pulsestream.generate import generate

END = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Sample:
    """A week of 200,000 events, and the summary made with them."""

    def __init__(self) -> None:
        generation = generate(200_000, start=END - timedelta(days=7), end=END, seed=20)
        decoder = msgspec.json.Decoder(Event)
        self.events = [event for block in generation for event in decoder.decode_lines(block)]
        self.payloads = [msgspec.json.decode(event.payload) for event in self.events]
        self.summary = generation.summary

    def shares(self, key):
        """The share of events by what `key` says of each."""
        counts = {}
        for event in self.events:
            counts[key(event)] = counts.get(key(event), 0) + 1
        return {name: count / len(self.events) for name, count in counts.items()}


@pytest.fixture(scope="session")
def sample():
    return Sample()
