"""What schemathesis cannot know of this API: how bodies are sent, and whose limits it must not touch."""

from __future__ import annotations

import gzip
import json
import sys

import schemathesis
from schemathesis.generation.meta import TestPhase

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_COMPRESS = {"gzip": gzip.compress, "zstd": zstd.compress}


def _encoded(context, data):
    headers = {name.lower(): value for name, value in (context.case.headers or {}).items()}
    return _COMPRESS.get(headers.get("content-encoding"), bytes)(data)


@schemathesis.hook
def before_call(_context, case, _kwargs):
    """Who asks keeps the limits of its tenant: with one connection all that follows would be answered 429.

    What others are to find later is really sent: a dry run makes nothing.
    """
    if case.path_parameters and case.path_parameters.get("name") == "default":
        case.path_parameters["name"] = "acme"
    stateful = case.meta is not None and case.meta.phase.name is TestPhase.STATEFUL
    if stateful and case.query and case.query.get("dry_run") == "true":
        case.query["dry_run"] = "false"


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    return _encoded(context, value.encode() if isinstance(value, str) else json.dumps(value).encode())


@schemathesis.serializer("application/json")
def document(context, value):
    return _encoded(context, value if isinstance(value, bytes) else json.dumps(value).encode())
