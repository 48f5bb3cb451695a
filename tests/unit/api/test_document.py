"""The document names every operation, each with a summary, its scope, its errors, and examples that fit its schemas."""

from __future__ import annotations

import re

import jsonschema
import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler

from pulsestream import errors
from pulsestream.api import document, examples, ingest, problems
from pulsestream.api.app import HANDLERS
from pulsestream.api.operation import Terms
from pulsestream.control.keys import Scope
from pulsestream.errors import PulseStreamError, Reason

# They end a command or a start of the server, never a request.
NOT_ANSWERS = {
    errors.UsageError,
    errors.ConfigError,
    errors.InputUnreadable,
    errors.ServerUnreachable,
    errors.RemoteError,
    errors.StoreInUse,
}
DOCUMENT = msgspec.json.decode(document.encode(HANDLERS))
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
each_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)


def subclasses(kind):
    for found in kind.__subclasses__():
        yield found
        yield from subclasses(found)


def fits(value, schema):
    validator = jsonschema.Draft202012Validator(
        schema | {"components": DOCUMENT["components"]}, format_checker=jsonschema.FormatChecker()
    )
    return [error.message for error in validator.iter_errors(value)]


def contents():
    """(where, schema, examples) of every parameter, body and answer."""
    for name, operation in OPERATIONS.items():
        for parameter in operation["parameters"]:
            yield f"{name} {parameter['name']}", parameter["schema"], parameter["examples"]
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{name} {kind}", content["schema"], content["examples"]
        for status, answer in operation["responses"].items():
            for content in answer["content"].values():
                yield f"{name} {status}", content["schema"], content["examples"]


CONTENTS = list(contents())


def codes():
    return {
        example["value"]["code"]
        for operation in OPERATIONS.values()
        for status, answer in operation["responses"].items()
        if status >= "400"
        for content in answer["content"].values()
        for example in content["examples"].values()
    }


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: handler.handler_name)
def test_every_handler_is_in_the_document_and_says_who_may_call_it(handler):
    assert isinstance(handler, HTTPRouteHandler)
    [path], [method] = handler.paths, handler.http_methods
    assert f"{method} /api/v1{document.written(path)}" in OPERATIONS
    assert isinstance(handler.opt.get("terms"), Terms)


@pytest.mark.parametrize("path", [ingest.SINGLE_PATH, ingest.BATCH_PATH])
def test_the_ingest_paths_are_in_the_document(path):
    operation = OPERATIONS[f"POST {path}"]
    names = {parameter["name"] for parameter in operation["parameters"]}
    assert names == {*ingest.CHOICES, "Idempotency-Key", "Content-Encoding"}
    assert "application/json" in operation["requestBody"]["content"]


@each_operation
def test_every_operation_says_what_it_is_and_how_it_refuses(operation):
    assert re.fullmatch(r"[A-Z].{5,80}[^.]", operation["summary"])
    assert operation["description"]
    [tag] = operation["tags"]
    assert tag in {tag["name"] for tag in DOCUMENT["tags"]}
    statuses = set(operation["responses"])
    assert {"400", "408", "422", "429", "431", "503"} < statuses
    if operation["security"]:
        [[scopes]] = [requirement.values() for requirement in operation["security"]]
        assert set(scopes) <= set(Scope)
        assert "401" in statuses
        assert ("403" in statuses) == bool(scopes)
    if "requestBody" in operation:
        assert "413" in statuses


def test_the_names_of_operations_are_unique():
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(names) == len(set(names))


def test_every_path_parameter_is_described():
    for name, operation in OPERATIONS.items():
        in_path = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", name))


@pytest.mark.parametrize(("schema", "found"), [part[1:] for part in CONTENTS], ids=[part[0] for part in CONTENTS])
def test_every_example_fits_its_schema(schema, found):
    assert found
    for example in found.values():
        assert fits(example["value"], schema) == []


def test_a_value_that_is_wrong_does_not_fit():
    body = OPERATIONS["POST /api/v1/ingestion/events"]["requestBody"]["content"]["application/json"]
    assert fits(examples.EVENT | {"severity": "loud"}, body["schema"])
    assert fits(examples.EVENT | {"source": {"service": "orders"}}, body["schema"])


@pytest.mark.parametrize(
    "error", sorted(set(subclasses(PulseStreamError)) - NOT_ANSWERS, key=lambda kind: kind.__name__)
)
def test_every_error_that_can_be_an_answer_is_in_the_document(error):
    assert error.code in codes()


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_in_the_document(reason):
    assert reason in codes()
    assert reason in DOCUMENT["components"]["schemas"]["Reason"]["enum"]


def test_the_codes_of_a_problem_are_a_closed_list():
    known = set(DOCUMENT["components"]["schemas"]["Problem"]["properties"]["code"]["enum"])
    assert codes() - set(Reason) <= known
    assert known >= {"internal", *problems.FRAMEWORK_CODES.values()}


def test_nothing_is_referred_to_that_is_not_there():
    text = msgspec.json.encode(DOCUMENT).decode()
    assert set(re.findall(r"#/components/schemas/(\w+)", text)) == set(DOCUMENT["components"]["schemas"])
    assert "$defs" not in text
