"""Every setting, route, filter and way to be refused is in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pulsestream import errors
from pulsestream.api import examples, ingest, refusals
from pulsestream.api.app import HANDLERS
from pulsestream.api.parameters import FILTERS
from pulsestream.api.problems import FRAMEWORK_CODES
from pulsestream.config import SETTINGS
from pulsestream.errors import PulseStreamError, Reason
from pulsestream.event import RULES

# By code: the errors that are answers, and all the others.
ANSWERS = {error.code: error for error in examples.ERRORS}
OTHERS = {
    error.code: error
    for error in vars(errors).values()
    if isinstance(error, type)
    and issubclass(error, PulseStreamError)
    and error.code not in {*ANSWERS, *FRAMEWORK_CODES.values(), "error"}
}
DOCS = Path(__file__).parents[3] / "docs"


def page(name):
    return (DOCS / name).read_text("utf-8")


PAGES = "".join(path.read_text("utf-8") for path in sorted(DOCS.glob("*.md")))


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.name)
def test_every_setting_is_documented_with_its_default(setting):
    row = next(line for line in page("operations.md").splitlines() if line.startswith(f"| `{setting.name}` |"))
    assert str(setting.default) in row


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: next(iter(handler.paths)))
def test_every_route_is_documented(handler):
    [path] = handler.paths
    [method] = handler.http_methods
    written = path.replace(":str", "").replace(":path", "")
    assert f"`{method} {written}`" in PAGES


@pytest.mark.parametrize("path", [ingest.SINGLE_PATH, ingest.BATCH_PATH])
def test_every_ingest_path_is_documented(path):
    assert f"`POST {path.removeprefix('/api/v1')}`" in page("ingest.md")


@pytest.mark.parametrize("name", [*FILTERS, "limit", "cursor", "offset", "fresh"])
def test_every_search_parameter_is_documented(name):
    assert f"`{name}" in page("search.md")


def rows(title):
    """The cells of each row of a table of refusals, by the name in the first."""
    _, _, section = page("refusals.md").partition(f"\n## {title}\n")
    lines = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    found = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return {cells[0].strip("`"): cells for cells in found}


def plain(text):
    """Without marks and links."""
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text).replace("`", "")


def test_every_reason_is_documented_with_its_status_and_whether_a_retry_helps():
    found = rows("Why an event is refused")
    assert set(found) == set(Reason)
    for reason in Reason:
        _, status, retry, kept, counted, what_to_do = found[reason]
        assert int(status) == reason.http_status
        assert retry.startswith("yes") == reason.retryable
        assert kept
        assert counted == (reason if reason in {"rate_limited", "overloaded"} else "rejected")
        assert plain(what_to_do) == ": ".join(refusals.EVENTS[reason])


def test_every_code_of_a_request_is_documented_with_its_status_and_whether_a_retry_helps():
    found = rows("Why a request is refused")
    assert set(found) == {*ANSWERS, *FRAMEWORK_CODES.values(), "internal"}
    assert all(len(cells) == 6 and all(cells) for cells in found.values())
    assert {code: plain(cells[5]) for code, cells in found.items()} == {
        code: ": ".join(words) for code, words in refusals.REQUESTS.items()
    }
    for code, error in ANSWERS.items():
        assert int(found[code][1]) == error.http_status
        assert found[code][2].startswith("yes") == error.retryable
    for status, code in FRAMEWORK_CODES.items():
        assert int(found[code][1]) == status


def test_every_code_of_the_commands_only_is_documented_as_such():
    found = rows("Codes that only commands have")
    assert set(found) == set(OTHERS)
    for code, error in OTHERS.items():
        assert int(found[code][1]) == error.exit_code
        assert found[code][2].startswith("yes") == error.retryable


@pytest.mark.parametrize("path", RULES)
def test_every_field_is_documented(path):
    assert f"`{path.rpartition('.')[2]}`" in page("events.md")
