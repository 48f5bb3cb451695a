"""Names of what a condition looks at: fields by long or short name, tags, values inside payload and metadata."""

from __future__ import annotations

import re
from difflib import get_close_matches

from pulsestream.query.catalog import NAMES
from pulsestream.query.expression import Field, Inside, Place, Tag
from pulsestream.query.model import TEXT_MAX
from pulsestream.query.syntax.lexer import Word, quoted, shown

HAS = "has"
KEYS_MAX = 50
TAG_ROOTS = ("tag", "tags")
INSIDE_ROOTS = ("payload", "metadata")
_WORDS = (*NAMES, HAS, "tag")
LIKENESS_MIN = 0.77  # one letter of four: `usr` is like user, `plan` not like span
_GUESSED_MAX = 40  # characters of a name that others are compared with

_PLAIN_TAG = re.compile(r"[\w.@/-]+")
_PLAIN_KEY = re.compile(r"[\w@/-]+")


def place(word: Word) -> Place:
    """Raises BadQuery, with the name that may have been meant."""
    dot = word.mask.find(".")
    root = word.text[:dot].lower()
    if dot < 0 and word.plain and word.text.lower() in NAMES:
        return Field(NAMES[word.text.lower()])
    if dot > 0 and '"' not in word.mask[:dot]:
        if root in TAG_ROOTS:
            return Tag(_given(word.part(dot + 1), "a tag").text)
        if root in INSIDE_ROOTS:
            keys = word.part(dot + 1).split(".")
            if len(keys) > KEYS_MAX:
                raise word.wrong(f"a value is {KEYS_MAX} objects deep at most")
            return Inside(root, tuple(_given(key, f"a value inside {root}").text for key in keys))
    suggestion = guess(word.text)
    meant = f": did you mean {suggestion}?" if suggestion else ""
    raise word.wrong(f"there is no field {shown(word.text)}{meant}", suggestion)


def _given(word: Word, what: str) -> Word:
    if not word.given:
        raise word.wrong(f"the name of {what} is missing")
    if len(word.text) > TEXT_MAX:
        raise word.wrong(f"the name of {what} may have {TEXT_MAX} characters at most")
    return word


def guess(name: str) -> str:
    """The name that may have been meant; a tag, where none is like it."""
    if len(name) > _GUESSED_MAX:
        return ""
    # As in the event: context.user_id, context.tags.plan.
    *_, group, last = ("", *name.lower().split("."))
    if group in TAG_ROOTS:
        return f"tag.{last}"
    if group and last in NAMES:
        return last
    near = get_close_matches(name.lower(), _WORDS, n=1, cutoff=LIKENESS_MIN)
    return near[0] if near else f"tag.{name}" if _PLAIN_KEY.fullmatch(name) else ""


def write(place: Place) -> str:
    match place:
        case Field(name):
            return name
        case Tag(name):
            return f"tag.{name if _PLAIN_TAG.fullmatch(name) else quoted(name)}"
        case Inside(root, keys):
            return ".".join((root, *(key if _PLAIN_KEY.fullmatch(key) else quoted(key) for key in keys)))
