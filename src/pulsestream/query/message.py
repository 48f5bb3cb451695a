"""A message without what differs from call to call: numbers, ids, addresses, quoted values."""

from __future__ import annotations

from pulsestream.query.condition import Bound

LENGTH_MAX = 500  # characters that are looked at

# In RE2 there is no look at what comes before or after, so a word of eight letters and digits at least that has a digit
# is said by where its first digit is.
_ID = "|".join(
    [f"[A-Za-z]{{{before}}}[0-9][A-Za-z0-9]{{{7 - before},}}" for before in range(7)]
    + ["[A-Za-z]{7,}[0-9][A-Za-z0-9]*"]
)
# In this order. \B before a quote: an apostrophe in a word opens nothing.
PLACEHOLDERS = (
    (r'"[^"]*"|`[^`]*`|\B\'[^\']*\'\B', "<text>"),
    (r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", "<uuid>"),
    (r"[0-9A-Za-z_.+%-]+@[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)+", "<email>"),
    (r"\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b", "<ip>"),
    (r"(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|(?:[0-9A-Fa-f]{1,4}:)+(?::[0-9A-Fa-f]{1,4})+", "<ip>"),
    (r"\b0x[0-9A-Fa-f]+\b", "<id>"),
    (r"\b[0-9]+(?:[.,][0-9]+)*(ms|us|ns|s|m|h|th|[kKMGT]i?B|)\b", r"<n>\1"),
    (_ID, "<id>"),
    (r"[0-9]+", "<n>"),
)


def normalised(text: str, bound: Bound) -> str:
    """The SQL of a text with its placeholders."""
    sql = f"leftUTF8({text}, {LENGTH_MAX})"
    for pattern, placeholder in PLACEHOLDERS:
        sql = f"replaceRegexpAll({sql}, {bound.text(pattern)}, {bound.text(placeholder)})"
    return sql
