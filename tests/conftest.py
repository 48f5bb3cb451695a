"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# Nothing is timed: a machine may have other things to do.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
