"""A line of the log is one line, and holds nothing of what a request brought."""

import json
import logging
import sys
import threading
from datetime import datetime, timedelta

import pytest

from pulsestream.api import request
from pulsestream.cli import log
from pulsestream.cli.log import JsonFormatter, LineFormatter, log_defect

MARKER = "4929-1111-2222-3333"


def logged(message, *arguments, error=None):
    record = logging.LogRecord("pulsestream.x", logging.ERROR, __file__, 1, message, arguments, error)
    return LineFormatter().format(record)


def read(card):
    return int(card)


def failed():
    """A defect as it arises: caused by another one, each with data in its text."""
    try:
        try:
            read(MARKER)
        except ValueError as cause:
            raise KeyError({"card": MARKER}) from cause
    except KeyError:
        return sys.exc_info()


def test_a_defect_is_its_types_and_places_without_its_text():
    said = logged("a request failed by a defect", error=failed())
    assert said.splitlines()[0].endswith("ERROR pulsestream.x: a request failed by a defect")
    assert MARKER not in said
    assert "KeyError" in said
    assert "ValueError" in said
    assert "in read" in said


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "a\x1b[2Jb", "a\u2028b"])
def test_a_message_cannot_be_two_lines_or_steer_a_terminal(text):
    said = logged("delete event %s", text)
    assert said.splitlines() == [said]
    assert said.isprintable()
    assert "São Paulo" in logged("%s", "São Paulo")


def test_a_task_and_a_thread_that_end_by_a_defect_are_said_without_its_text(caplog):
    _, error, _ = failed()
    log_defect(None, {"message": f"Exception in callback f({MARKER})", "exception": error, "handle": MARKER})
    thread = threading.Thread(name="feeder")
    log._on_thread_defect(threading.ExceptHookArgs((type(error), error, None, thread)))
    said = [LineFormatter().format(record) for record in caplog.records]
    assert ["a task of the server ended by a defect" in said[0], "the thread feeder ended" in said[1]] == [True, True]
    assert MARKER not in "".join(said)
    assert all("KeyError" in one for one in said)


@pytest.fixture
def in_request():
    request.enter({"request_id": b"trace-7"}, "acme")
    yield
    request.enter({}, "")


def as_json(message, *arguments, error=None):
    record = logging.LogRecord("pulsestream.x", logging.ERROR, __file__, 1, message, arguments, error)
    line = JsonFormatter().format(record)
    assert line.splitlines() == [line]
    assert line.isprintable()
    return json.loads(line)


@pytest.mark.usefixtures("in_request")
def test_a_line_of_a_request_has_its_name_in_both_forms():
    assert logged("a request failed").endswith("ERROR pulsestream.x: a request failed [trace-7]")
    line = as_json("%d more", 3)
    assert datetime.fromisoformat(line.pop("time")).utcoffset() == timedelta(0)
    assert line == {
        "level": "error",
        "logger": "pulsestream.x",
        "message": "3 more",
        "request_id": "trace-7",
        "tenant": "acme",
    }


def test_json_has_an_exception_without_its_text_and_no_names_where_there_is_no_request():
    line = as_json("a request failed by a defect", error=failed())
    assert line.keys() == {"time", "level", "logger", "message", "exception"}
    assert MARKER not in line["exception"]
    assert "KeyError" in line["exception"]
    assert "Which came of" in line["exception"]


@pytest.mark.parametrize("text", ["a\nb", "a\x1b[2Jb", "a\u2028b", "a\x9fb", 'a"b\\', "São Paulo"])
def test_json_says_the_text_as_it_is(text):
    assert as_json("%s", text)["message"] == text
