"""A line of the log is one line, and holds nothing of what a request brought."""

import logging
import sys
import threading

import pytest

from pulsestream.cli import log
from pulsestream.cli.log import LineFormatter, log_defect

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
