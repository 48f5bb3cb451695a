"""Every setting, route, filter and refusal reason is in the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from pulsestream.api import ingest
from pulsestream.api.app import HANDLERS
from pulsestream.api.parameters import FILTERS
from pulsestream.config import SETTINGS
from pulsestream.errors import Reason
from pulsestream.event import RULES

DOCS = Path(__file__).parents[3] / "docs"


def page(name):
    return (DOCS / name).read_text("utf-8")


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.name)
def test_every_setting_is_documented_with_its_default(setting):
    row = next(line for line in page("operations.md").splitlines() if line.startswith(f"| `{setting.name}` |"))
    assert str(setting.default) in row


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: next(iter(handler.paths)))
def test_every_route_is_documented(handler):
    [path] = handler.paths
    [method] = handler.http_methods
    written = path.replace(":str", "").replace(":path", "")
    assert f"`{method} {written}`" in page("search.md") + page("tenants.md")


@pytest.mark.parametrize("path", [ingest.SINGLE_PATH, ingest.BATCH_PATH])
def test_every_ingest_path_is_documented(path):
    assert f"`POST {path.removeprefix('/api/v1')}`" in page("ingest.md")


@pytest.mark.parametrize("name", [*FILTERS, "limit", "cursor", "offset", "fresh"])
def test_every_search_parameter_is_documented(name):
    assert f"`{name}" in page("search.md")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_documented_with_its_status(reason):
    row = next(line for line in page("ingest.md").splitlines() if line.startswith(f"| `{reason.value}` |"))
    assert f"| {reason.http_status} |" in row
    assert ("| yes" in row) == reason.retryable


@pytest.mark.parametrize("path", RULES)
def test_every_field_is_documented(path):
    assert f"`{path.rpartition('.')[2]}`" in page("events.md")
