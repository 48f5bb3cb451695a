"""The served document is what the server does: schemathesis tries to find a difference."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from pulsestream.api import document
from pulsestream.api.app import HANDLERS
from system.program import KEY, Program

HERE = Path(__file__).parent
SECONDS_MAX = int(os.environ.get("TORTURE_SECONDS", "25"))


def test_the_document_needs_no_key(server):
    answer = server.ask("GET", "/openapi.json", key=None)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.body == document.encode(HANDLERS)


def test_the_pages_of_the_framework_are_gone(server):
    for page in ("swagger", "redoc", "elements", "rapidoc", ""):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{server.url}/schema/{page}")  # noqa: S310 - our own URL


def test_where_the_document_was_leads_to_it(server):
    with urllib.request.urlopen(f"{server.url}/schema/openapi.json") as answer:  # noqa: S310 - our own URL
        assert answer.url == f"{server.url}/api/v1/openapi.json"


def test_who_may_not_call_an_operation_learns_nothing_of_its_parameters(server):
    wrong = "/ingestion/events/search?limit=loud&colour=red"
    assert server.ask("GET", wrong, key=None).status == 401
    made = server.ask("POST", "/keys", json.dumps({"scopes": ["ingest"]}).encode()).json
    assert server.ask("GET", wrong, key=made["key"]).status == 403
    assert server.ask("GET", wrong).status == 422


@pytest.mark.parametrize("scope", ["ingest", "read", "admin"])
def test_an_operation_opens_to_the_scope_that_the_document_names(server, scope):
    key = server.ask("POST", "/keys", json.dumps({"scopes": [scope]}).encode()).json["key"]
    served = server.ask("GET", "/openapi.json", key=None).json
    for path, methods in served["paths"].items():
        for method, operation in methods.items():
            needed = [name for requirement in operation["security"] for name in requirement["ApiKey"]]
            # With a parameter that nobody knows: nothing is done but the looking at the key.
            asked = path.removeprefix("/api/v1").replace("{", "").replace("}", "") + "?colour=red"
            answer = server.ask(method.upper(), asked, b"{}", key=key)
            assert (answer.status == 403) == (bool(needed) and needed != [scope]), (method, path, answer.body)


@pytest.mark.parametrize("path", ["/keys/a/b", "/keys/%00", "/keys/a%2Fb", "/keys/..%2f..", "/keys/%FF%FE", "/keys/%"])
def test_an_odd_id_is_refused_as_any_other(server, path):
    answer = server.ask("DELETE", path)
    assert answer.status in {400, 404}
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/ingestion/events", "/ingestion/events/batch", "/keys", "/tenants/acme"])
def test_a_method_that_a_path_lacks_is_told_which_there_are(server, path):
    answer = server.ask("PUT", path, b"{}")
    assert answer.status == 405
    assert answer.json["code"] == "method_not_allowed"
    served = server.ask("GET", "/openapi.json", key=None).json
    there = {method.upper() for method in served["paths"]["/api/v1" + path.replace("acme", "{name}")]}
    assert set(answer.headers["Allow"].split(", ")) - {"OPTIONS"} == there


@pytest.mark.slow
def test_schemathesis_finds_nothing(tmp_path):
    """Every check there is, in every phase, with settings and their reasons in schemathesis.toml."""
    with Program(tmp_path / "server") as program:
        environment = os.environ | {
            "SCHEMATHESIS_HOOKS": "system.schemathesis_hooks",
            "SCHEMATHESIS_KEY": KEY,
            "PYTHONPATH": os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")]),
        }
        command = [
            *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
            *("--config-file", HERE / "schemathesis.toml", "run", f"{program.url}/api/v1/openapi.json"),
            *("--checks", "all", "--max-examples", str(2 * SECONDS_MAX), "--max-time", str(SECONDS_MAX), "--no-color"),
        ]
        found = subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60 + 10 * SECONDS_MAX,
            check=False,
        )
        assert found.returncode == 0, found.stdout + found.stderr
        assert "Traceback" not in program.log
