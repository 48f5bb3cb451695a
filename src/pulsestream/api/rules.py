"""What a parameter has to be, in words: the framework says it by the types of its own language."""

from __future__ import annotations

import re
from enum import Enum

from litestar.typing import FieldDefinition

_BOUND = re.compile(r"Expected `(?:int|float)` (<=|>=) (\S+)")
_LENGTH = re.compile(r"Expected `str` of length <= ([0-9]+)")
_KIND = re.compile(r"Expected `(int|bool)`, got .*")
_CHOICE = re.compile(r"Invalid enum value .*", re.DOTALL)
_KINDS = {"int": "a whole number", "bool": "true or false"}


def stated(message: str, parameter: FieldDefinition | None) -> str:
    """The framework's message about a query parameter, as we say it; as it is where it says something else."""
    if bound := _BOUND.fullmatch(message):
        return f"must be {bound[2]} at {'most' if bound[1] == '<=' else 'least'}"
    if length := _LENGTH.fullmatch(message):
        return f"may have {length[1]} characters at most"
    if kind := _KIND.fullmatch(message):
        return f"must be {_KINDS[kind[1]]}"
    choices = _choices(parameter) if parameter is not None and _CHOICE.fullmatch(message) else ""
    return f"must be one of {choices}" if choices else message


def _choices(parameter: FieldDefinition) -> str:
    of = (parameter.annotation, *(inner.annotation for inner in parameter.inner_types))
    return ", ".join(str(one.value) for kind in of if isinstance(kind, type) and issubclass(kind, Enum) for one in kind)
