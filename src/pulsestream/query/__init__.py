"""What is asked, one file a question. Called, as `pulsestream.query(…)`, it asks: see `pulsestream.tables.query`."""

from __future__ import annotations

import importlib
import sys
import types


class _Door(types.ModuleType):
    """The package has the name that people call. What is behind it is imported with the first call, by its name: it is
    above this package, which does not depend on it.
    """

    def __call__(self, *args: object, **named: object) -> object:
        return importlib.import_module("pulsestream.tables").query(*args, **named)


sys.modules[__name__].__class__ = _Door
