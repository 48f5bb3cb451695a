"""Has the web pages built before they go into a wheel or an sdist. hatchling runs it: see pyproject.toml."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent


class Pages(BuildHookInterface):
    """Builds them in a checkout where web/ has changed. An sdist has them already, an editable install needs none."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node.js, where pages have to be built and the machine has none that is new enough."""
        if not _in_checkout():
            return []
        nodejs, web = _scripts()
        return [] if web.is_built() or nodejs.find() else [nodejs.requirement()]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        del build_data
        if version == "editable" or not _in_checkout():
            return
        _, web = _scripts()
        try:
            web.build(web.Lines())
        except web.Failed as failure:
            sys.exit(f"the web pages, which belong into the package, could not be built: {failure}")


def _in_checkout() -> bool:
    """Not unpacked from an sdist, which says so by this file."""
    return not (ROOT / "PKG-INFO").exists()


def _scripts() -> tuple[Any, Any]:
    if str(ROOT / "scripts") not in sys.path:
        sys.path.insert(0, str(ROOT / "scripts"))
    import nodejs
    import web

    return nodejs, web
