"""Keys from the command line, on a real server."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from pulsestream.cli.key import Key, _render, expiry
from pulsestream.cli.printing import ago
from system.program import event

NOW = datetime(2026, 5, 4, 10, 20, 30, tzinfo=UTC)
KEY = r"ps_[0-9a-f]{8}_[A-Za-z0-9_-]{43}"


class StillClock:
    def now(self):
        return NOW

    def monotonic(self):
        return 0.0


def test_a_key_is_alone_on_stdout_and_opens_what_its_scopes_say(operate, server):
    code, out, err = operate("key", "create", "--scope", "ingest", "--name", "checkout")
    assert code == 0
    assert re.fullmatch(KEY + "\n", out)
    key = out.strip()
    assert server.ask("POST", "/ingestion/events", json.dumps(event("of-a-key")).encode(), key=key).status == 200
    assert server.ask("GET", "/ingestion/stats", key=key).status == 403
    assert '"checkout" of tenant default: ingest; good until it is revoked.' in err
    assert "shown this once" in err
    assert key not in err


def test_the_list_shows_what_a_key_is_and_never_the_key(operate):
    key = operate("key", "create", "--scope", "read", "--scope", "ingest", "--name", "the list", "--expires", "90d")[1]
    code, out, _ = operate("key", "list")
    assert code == 0
    [line] = [line for line in out.splitlines() if key[3:11] in line]
    until = (datetime.now(UTC) + timedelta(days=90)).date()
    assert re.search(rf"the list +ingest read +\d{{4}}-\d\d-\d\d +{until} +never +good", line)
    assert key.strip() not in out
    listed = json.loads(operate("key", "list", "--json")[1])["keys"]
    assert [one["scopes"] for one in listed if one["name"] == "the list"] == [["ingest", "read"]]


@pytest.mark.parametrize("written", [lambda key: key, lambda key: key[:11], lambda key: key[3:11]])
def test_a_key_is_revoked_by_its_id_its_prefix_or_itself(operate, server, written):
    key = operate("key", "create", "--scope", "read")[1].strip()
    assert server.ask("GET", "/ingestion/stats", key=key).status == 200
    code, out, _ = operate("key", "revoke", written(key))
    assert code == 0
    assert re.fullmatch(rf"Key {key[3:11]} of tenant default is revoked since [-0-9: ]+ UTC\.\n", out)
    assert server.ask("GET", "/ingestion/stats", key=key).status == 401
    assert "revoked" in next(line for line in operate("key", "list")[1].splitlines() if key[3:11] in line)


def test_several_keys_are_revoked_at_once_and_an_unknown_one_is_named(operate):
    ids = [operate("key", "create", "--scope", "read")[1][3:11] for _ in range(2)]
    code, out, err = operate("key", "revoke", *ids, "00000000")
    assert (code, len(out.splitlines())) == (1, 2)
    assert err == "pulsestream: there is no key with the id '00000000': `pulsestream key list` shows them\n"


def test_a_key_of_another_tenant(operate):
    operate("tenant", "create", "keyed")
    code, out, err = operate("key", "create", "--tenant", "keyed", "--scope", "admin")
    assert code == 0
    assert "of tenant keyed: admin" in err
    theirs = out.strip()
    assert theirs[3:11] in operate("key", "list", "--tenant", "keyed")[1]
    assert theirs[3:11] in operate("key", "list", key=theirs)[1]
    code, _, err = operate("key", "list", "--tenant", "default", key=theirs)
    assert code == 1
    assert "leave out `tenant`" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--scope ingest (send events), --scope read (ask), --scope admin"),
        (["--scope", "write"], "'write' is not one of 'ingest', 'read', 'admin'"),
        (["--scope", "read", "--expires", "soon"], "'soon' is not a time to come: write 90d, 2027-01-31 or"),
        (["--scope", "read", "--expires", "2020-01-31"], "'2020-01-31' is over"),
        (["--scope", "read", "--expires", "9999999999w"], "is not a time to come"),
        (["--scope", "read", "--expires", "999999w"], "is not a time to come"),
    ],
)
def test_a_key_that_cannot_be_is_a_usage_error(operate, arguments, said):
    code, out, err = operate("key", "create", *arguments)
    assert (code, out) == (2, "")
    assert said in err


def test_an_id_that_is_none_is_not_sent(operate):
    code, _, err = operate("key", "revoke", "../tenants/default")
    assert code == 2
    assert "'../tenants/default' is not a key's id: `pulsestream key list` shows them" in err


@pytest.mark.parametrize("arguments", [["key", "list"], ["tenant", "list"], ["tenant", "create", "x"], ["audit"]])
def test_a_key_without_the_scope_is_told_which_it_needs_in_one_line(operate, arguments):
    reader = operate("key", "create", "--scope", "read")[1].strip()
    code, out, err = operate(*arguments, key=reader)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "needs a key with the scope 'admin'" in err


@pytest.mark.parametrize("arguments", [["key", "create", "--scope", "read"], ["key", "list"], ["tenant", "list"]])
def test_no_server_and_a_wrong_key_are_one_line(run, operate, arguments):
    for code, out, err in [run(*arguments, url="http://127.0.0.1:1"), operate(*arguments, key="wrong")]:
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert err.startswith("pulsestream: ")


@pytest.mark.parametrize("fault", ["drop", "lose", 503])
def test_an_act_is_sent_once_because_it_may_have_been_done(run, stand_in, fault):
    stand_in.faults = [fault]
    code, out, err = run("key", "create", "--scope", "read")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert [method for method, _, _ in stand_in.requests] == ["POST"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90d", NOW + timedelta(days=90)),
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T12:00:00+02:00", datetime(2027, 1, 31, 10, tzinfo=UTC)),
    ],
)
def test_an_end_is_a_length_from_now_a_date_or_a_time(text, moment):
    assert expiry(text, StillClock()) == moment


def key(number, **changes):
    whole = {
        "id": f"{number:08x}",
        "prefix": f"ps_{number:08x}",
        "tenant": "default",
        "name": "a service with a name that is rather long",
        "scopes": ["ingest", "read", "admin"],
        "created_at": NOW,
    }
    return Key(**whole | changes)


KEYS = [
    key(1, last_used_at=NOW - timedelta(hours=3)),
    key(2, expires_at=NOW),
    key(3, revoked_at=NOW, expires_at=NOW),
    key(4, expires_at=NOW + timedelta(days=1), name="\x1b[2Jevil"),
]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_list_fits_a_terminal_and_cuts_nothing(width):
    console = Console(width=width, color_system=None, highlight=False)
    with console.capture() as captured:
        _render(console, KEYS, NOW)
    lines = captured.get().splitlines()
    assert all(len(line.rstrip()) <= width for line in lines)
    shown = " ".join(captured.get().split())
    assert "…" not in shown
    assert "\x1b" not in shown
    for one in ("00000001", "3h ago good", "never expired", "never revoked", "2026-05-05 never good", "·[2Jevil"):
        assert one in shown


def test_how_long_ago_is_in_the_largest_unit():
    lengths = [timedelta(seconds=-5), timedelta(seconds=59), timedelta(minutes=1), timedelta(hours=25)]
    assert [ago(NOW - length, NOW) for length in lengths] == ["just now", "just now", "1m ago", "1d ago"]
