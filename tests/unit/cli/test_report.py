"""The report's verb: what it asks, and where the page goes."""

import json

import msgspec
import pytest

from unit.report.sample import ANSWERS


@pytest.fixture
def answered(stand_in):
    sent = json.loads(msgspec.json.encode(ANSWERS))
    paths = {"services": "services", "timeseries": "course", "top": "countries", "errors": "failures"}
    stand_in.answers |= {path: [sent[name]] for path, name in paths.items()}
    stand_in.answers["endpoints"] = [sent["most_used"]]
    return stand_in


@pytest.mark.usefixtures("answered")
def test_the_page_is_written_whole_and_its_name_is_said(run, tmp_path):
    path = tmp_path / "week.html"
    path.write_text("of last week")
    code, out, err = run("report", "-o", path, "--since", "7d", "-q", "env:production", "--title", "Weekly <report>")
    assert (code, out) == (0, "")
    assert err.startswith(f"{path}: 36,000 requests, ")
    written = path.read_text()
    assert written.startswith("<!DOCTYPE html>")
    assert "Weekly &lt;report&gt;" in written
    assert [one.name for one in tmp_path.iterdir()] == ["week.html"]


def test_all_questions_are_of_the_same_events_and_the_same_time(answered, run, tmp_path):
    run("report", "-o", tmp_path / "r.html", "-q", "env:production", "--tz", "Asia/Tokyo")
    asked = [answered.asked(index) for index in range(len(answered.requests))]
    assert len(asked) == 8
    for name in ("q", "start_time", "end_time", "tz"):
        assert len({one[name] for one in asked}) == 1
    assert {one["step"] for one in asked if "step" in one} == {"15m"}  # of a day
    assert {one["sort"] for one in asked if "compare" in one} == {"-requests", "-p95_ms", "-errors"}


@pytest.mark.parametrize(
    ("query", "sent", "step"),
    [
        ("env:production last 7d", "environment:production", "2h"),
        ("2026-11-01..2026-12-01", None, "1d"),
        ("since 2026-11-01 until 2026-11-02", None, "30m"),  # both days
        ("last 100000w", None, "1M"),
    ],
)
@pytest.mark.usefixtures("answered")
def test_a_time_in_the_query_is_the_time_of_all_questions(run, stand_in, query, sent, step):
    run("report", "-o", "-", "-q", query)
    asked = [stand_in.asked(index) for index in range(len(stand_in.requests))]
    assert {one.get("q") for one in asked} == {sent}
    assert len({(one["start_time"], one["end_time"]) for one in asked}) == 1
    assert {one["step"] for one in asked if "step" in one} == {step}


def test_the_page_can_go_to_stdout(answered, run):
    code, out, err = run("report", "-o", "-")
    assert (code, err) == (0, "")
    assert out.endswith("</html>\n")
    assert answered.requests


def test_json_is_what_the_page_would_be_made_of(answered, run):
    _, out, _ = run("report", "--json", "--from", "2026-11-19", "--to", "2026-11-20")
    found = json.loads(out)
    assert found.keys() == ANSWERS.keys()
    assert found["services"] == answered.answers["services"][0]


def test_a_place_that_cannot_be_written_is_one_line(answered, run, tmp_path):
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder", tmp_path / "none" / "r.html"):
        code, _, err = run("report", "-o", path)
        assert code != 0
        assert err.startswith("pulsestream: ")
        assert err.count("\n") == 1
    assert answered.requests


def test_a_query_that_is_not_understood_is_drawn(stand_in, run, tmp_path):
    problem = {"code": "bad_query", "detail": "there is no field servce", "position": 0, "length": 6}
    stand_in.faults = [(problem, 422)] * 8
    code, _, err = run("report", "-q", "servce:auth", "-o", tmp_path / "r.html")
    assert code == 2
    assert "  servce:auth\n  ^^^^^^\n" in err
    assert list(tmp_path.iterdir()) == []
