"""Realistic API traffic, made as columns: `generate` for a history, `Traffic` for what is going on now."""

from pulsestream.generate.rhythm import busyness
from pulsestream.generate.summary import ServiceSummary, Summary
from pulsestream.generate.traffic import Generation, Traffic, generate

__all__ = ["Generation", "ServiceSummary", "Summary", "Traffic", "busyness", "generate"]
