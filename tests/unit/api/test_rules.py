"""What a parameter has to be is said in words, not in the types of a programming language."""

from __future__ import annotations

from typing import Annotated

import msgspec
import pytest
from litestar.typing import FieldDefinition
from msgspec import Meta

from pulsestream.api.rules import stated
from pulsestream.query.scale import Scale


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        ("1001", Annotated[int, Meta(le=1000)], "must be 1000 at most"),
        ("99999999999999999999", Annotated[int, Meta(le=1000)], "must be 1000 at most"),
        ("0", Annotated[int, Meta(ge=1)], "must be 1 at least"),
        ("x", int, "must be a whole number"),
        ("1.5", int, "must be a whole number"),
        ("", int, "must be a whole number"),
        ("maybe", bool, "must be true or false"),
        ("ab", Annotated[str, Meta(max_length=1)], "may have 1 characters at most"),
        ("LOG", Scale, "must be one of log, linear"),
        ("", Scale | None, "must be one of log, linear"),
        ("a\nb", Scale | None, "must be one of log, linear"),
        ("x", Annotated[str, Meta(min_length=2)], "Expected `str` of length >= 2"),
    ],
)
def test_a_rule_that_is_broken(value, kind, words):
    with pytest.raises(msgspec.ValidationError) as broken:
        msgspec.convert(value, kind, strict=False)
    assert stated(str(broken.value), FieldDefinition.from_annotation(kind)) == words
