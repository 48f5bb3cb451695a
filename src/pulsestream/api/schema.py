"""JSON schemas of bodies, answers and parameters, from the Structs and the handlers' annotations."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from litestar.params import BodyKwarg, ParameterKwarg
from msgspec import Meta, Raw, Struct, defstruct
from msgspec.structs import fields

from pulsestream.event import EVENT_TYPES, GROUPS, OPAQUE, RULES, SEVERITIES, Event, StoredEvent
from pulsestream.query.catalog import DIMENSIONS
from pulsestream.query.export import Format
from pulsestream.query.model import TEXT_MAX

Json = dict[str, Any]

_UNIONS = (UnionType, Union)
_REF = "#/components/schemas/{name}"
_TIME: Json = {"type": "string", "format": "date-time"}
_TEXT: Json = {"type": "string", "maxLength": TEXT_MAX}
# What a parameter may hold is looked at by the handler, not by its type.
_PARAMETERS: dict[str, tuple[Json, str]] = {
    **{name: (_TEXT, dimension.help) for name, dimension in DIMENSIONS.items()},
    "event_type": ({"enum": [*EVENT_TYPES]}, DIMENSIONS["event_type"].help),
    "severity": ({"enum": [*SEVERITIES]}, DIMENSIONS["severity"].help),
    "status_code": ({"type": "string", "pattern": "^[1-5][0-9][0-9]$"}, DIMENSIONS["status_code"].help),
    "tag": (_TEXT | {"pattern": "^[^:]+:"}, ""),
    "q": (_TEXT, ""),
    "start_time": (_TIME, ""),
    "end_time": (_TIME, ""),
    "format": ({"enum": [*Format]}, ""),
    "cursor": ({"type": "string"}, "`next_cursor` of the page before, as it was given"),
    "after": ({"type": "string"}, "`next` of the answer before, as it was given"),
    "step": ({"type": "string", "pattern": "^[1-9][0-9]{0,5}[smhdwM]$"}, ""),
    "offset": ({}, "events to leave out; for pages that must not shift use `cursor`"),
    "event_id": ({"type": "string", "minLength": 1}, "the event's id"),
    "trace": ({"type": "string", "minLength": 1}, "the trace's id"),
    "session": ({"type": "string", "minLength": 1}, "the session's id"),
    "key_id": ({"type": "string", "minLength": 1}, "the key's id, as `GET /keys` shows it"),
    "name": ({"type": "string", "minLength": 1}, "the tenant's name"),
}


class Schemas:
    """Makes schemas, and keeps those that have a name for the document's components."""

    def __init__(self) -> None:
        self.components: dict[str, Json] = {}

    def of(self, hint: object) -> Json:
        """Of an answer or a body."""
        hint = _plain(hint)
        if get_origin(hint) in _UNIONS:
            return {"anyOf": [self.of(one) for one in get_args(hint)]}
        if hint in (Event, StoredEvent):
            return self._of_event(hint)
        (schema,), named = msgspec.json.schema_components([hint], ref_template=_REF)
        self.components |= named
        for struct in _structs(hint):
            self._say_more(struct)
        return schema

    def _of_event(self, struct: type[Struct]) -> Json:
        """Unknown fields and empty optional ones are taken and given back, see `extra`: the types are stricter."""
        shape = defstruct(
            struct.__name__,
            [
                (field.name, field.type)
                if field.required
                else (field.name, dict[str, Any] | None, None)
                if field.name in OPAQUE
                else (field.name, field.type, field.default)
                for field in fields(struct)
            ],
        )
        shape.__doc__ = struct.__doc__
        schema = self.of(shape)
        self._open(self.components[struct.__name__], "")
        for group, inner in GROUPS.items():
            self._open(self.components[inner.__name__], group + ".")
        return schema

    def _open(self, schema: Json, prefix: str) -> None:
        schema.pop("additionalProperties", None)
        for name, inner in schema["properties"].items():
            rule, what = RULES.get(prefix + name, ("", ""))
            if rule:
                inner["description"] = f"{rule}; {what}"
            if name not in schema.get("required", ()):
                for form in inner.get("anyOf", [inner]):
                    if name != "event_id":
                        form.pop("minLength", None)
                        form.pop("minProperties", None)

    def _say_more(self, struct: type[Struct]) -> None:
        """What msgspec does not say: the format of times; that a list of Raw is of events."""
        schema = self.components[struct.__name__]
        schema["description"] = " ".join(schema.get("description", "").split())
        for field in fields(struct):
            inner = schema["properties"][field.name]
            if datetime in (field.type, *get_args(field.type)):
                for form in inner.get("anyOf", [inner]):
                    if form.get("type") == "string":
                        form["format"] = "date-time"
            if field.type == list[Raw]:
                inner["items"] = self.of(StoredEvent)

    @staticmethod
    def of_parameter(name: str, hint: object) -> tuple[Json, str]:
        """The schema and the description."""
        meta = next((part for part in _parts(hint) if isinstance(part, ParameterKwarg)), ParameterKwarg())
        given, description = _PARAMETERS.get(name, ({}, ""))
        if meta.max_length is not None:  # of questions, where it is more than the same name was before
            given = {"type": "string", "maxLength": meta.max_length}
        kind = _plain(hint)
        if get_origin(kind) in _UNIONS:
            [kind] = [part for part in get_args(kind) if part is not type(None)]
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            schema: Json = {"enum": [*kind]}  # one that is referred to would have to stand somewhere
        elif get_origin(kind) is list:
            schema = {"type": "array", "items": given or {"type": "string"}}
        else:
            schema = given or msgspec.json.schema(Annotated[kind, Meta(ge=meta.ge, le=meta.le)])
        return dict(schema), description or meta.description or name


def ref(struct: type[Struct]) -> Json:
    return {"$ref": _REF.format(name=struct.__name__)}


def _parts(hint: object) -> Iterator[object]:
    """A hint, its parts and what annotates them."""
    yield hint
    for part in (*get_args(hint), *getattr(hint, "__metadata__", ())):
        yield from _parts(part)


def _plain(hint: object) -> Any:  # noqa: ANN401 - a type of any kind
    """Without what annotates it for the framework."""
    if get_origin(hint) is Annotated:
        inner, *notes = get_args(hint)
        return inner if any(isinstance(note, ParameterKwarg | BodyKwarg) for note in notes) else hint
    return hint


def _structs(hint: object, seen: set[type[Struct]] | None = None) -> set[type[Struct]]:
    """Every Struct in a type, and in the fields of those."""
    seen = set() if seen is None else seen
    for part in _parts(hint):
        if isinstance(part, type) and issubclass(part, Struct) and part not in seen:
            seen.add(part)
            for field in fields(part):
                _structs(field.type, seen)
    return seen
