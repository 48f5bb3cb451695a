"""What administrators did, as the command line shows it, on a real server."""

import json
from datetime import UTC, datetime

import pytest
from rich.console import Console

from pulsestream.cli.audit import Line, _render


def test_the_newest_act_is_first_with_who_did_it(operate):
    operate("tenant", "create", "audited", "--rate", 5)
    key_id = operate("key", "create", "--tenant", "audited", "--scope", "read")[1][3:11]
    code, out, _ = operate("audit", "--limit", 2)
    assert code == 0
    _, newest, before = (line.split(maxsplit=2)[2] for line in out.splitlines())
    assert newest.split() == ["create", "key", key_id, "read", "audited", "given@default"]
    assert before.split() == ["create", "tenant", "audited", "rate_events_per_s", "5.0", "audited", "given@default"]
    lines = json.loads(operate("audit", "--json", "--limit", 1)[1])["lines"]
    assert [(line["act"], line["subject"]) for line in lines] == [("create key", key_id)]


@pytest.mark.parametrize("width", [80, 120])
def test_the_lines_fit_a_terminal(width):
    when = datetime(2026, 5, 4, 10, 20, 30, tzinfo=UTC)
    name = "a-tenant-with-a-long-name"
    detail = '{"rate_events_per_s":1000.0,"scrub":"card:mask\\u001b[2J"}'
    console = Console(width=width, color_system=None, highlight=False)
    with console.capture() as captured:
        _render(console, [Line(when, name, "01234567@default", "update tenant", name, detail)])
    lines = captured.get().splitlines()
    assert all(len(line.rstrip()) <= width for line in lines)
    assert "rate_events_per_s" in captured.get()
    assert "\x1b" not in captured.get()
    assert ("@default" in captured.get()) == (width >= 100)


def test_an_admin_of_a_tenant_sees_what_is_about_it(operate):
    operate("tenant", "create", "seen")
    theirs = operate("key", "create", "--tenant", "seen", "--scope", "admin")[1].strip()
    out = operate("audit", key=theirs)[1]
    assert {line.split()[-2] for line in out.splitlines()[1:]} == {"seen"}
