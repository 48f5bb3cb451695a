"""An export holds the events that match, each with all that was sent, in any of its formats."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime

import pyarrow as pa
from hypothesis import strategies as st
from msgspec.structs import replace
from pyarrow import parquet

from differential import reckoned
from differential.oracle import field, tags
from differential.questions import asked_in_any_order, views
from differential.reckoned import came_back
from pulsestream.clock import to_micros
from pulsestream.query import export
from pulsestream.query.catalog import DIMENSIONS, Kind
from pulsestream.query.export import COLUMNS, FORMS, Format

_HOUR_US = 3_600_000_000


def test_an_export_holds_what_matches(filled):
    def asked(world):
        return {"drawn": asked_in_any_order(world), "form": st.sampled_from(Format), "view": views(world)}

    filled.agrees(15, _export, asked)


def _export(filled, tenant, drawn, form, view):
    query = replace(drawn[0], tenant=tenant)
    view, rows = filled.seen(tenant, view), filled.worlds[tenant]
    mine = sorted(reckoned.asked_about(rows, query, view), key=_place)
    fed = filled.position
    [[matched, largest]] = filled.session.ask(export.size(query, fed=fed, view=view)).rows
    assert matched == len(mine)
    statement = export.statement(query, form, fed=fed, view=view)
    stream = filled.session.stream(statement, FORMS[form], "export", block_rows=export.block_rows(largest))
    whole = b"".join(export.finished(form, stream))
    if form is Format.NDJSON:
        assert [json.loads(line) for line in whole.splitlines()] == [came_back(row.event) for row in mine]
        return
    found = _table(form, whole)
    assert len(found) == len(mine)
    for line, row in zip(found, mine, strict=True):
        assert list(line) == list(COLUMNS)
        for name in COLUMNS:
            assert name == "extra" or _alike(form, name, line[name], row.event), (name, line[name], row.event)


def _place(row):
    at = field(row.event, "timestamp")
    return at // _HOUR_US, field(row.event, "service").encode(), at, row.position


def _table(form, whole):
    if form is Format.CSV:
        return list(csv.DictReader(io.StringIO(whole.decode(), newline="")))
    if form is Format.PARQUET:
        return parquet.read_table(io.BytesIO(whole)).to_pylist()
    return pa.ipc.open_file(io.BytesIO(whole)).read_all().to_pylist()


def _alike(form, name, found, event):  # noqa: PLR0911 - a case each
    """As each format has it. No value is NULL, of CSV an empty cell; a map without tags is empty."""
    if name == "tags":
        has = (json.loads(found or "{}")) if form is Format.CSV else dict(found)
        return has == tags(event)
    if name in ("payload", "metadata"):
        return (json.loads(found) if found else None) == event.get(name)
    expected = field(event, name)
    if DIMENSIONS[name].kind is Kind.TIME:
        return to_micros(datetime.fromisoformat(found) if form is Format.CSV else found) == expected
    if form is not Format.CSV:
        return found == (None if expected == "" else expected)
    if isinstance(expected, bool):
        return found == str(expected).lower()
    if isinstance(expected, int | float):
        return type(expected)(found) == expected
    return found == (expected or "")
