"""HTML as values: what is not made here is text, and is escaped."""

from __future__ import annotations

import html


class Html(str):
    """Text that is HTML already. Only `element` and `together` make it, and who writes style sheets."""

    __slots__ = ()


Child = str | int | None

_EMPTY = frozenset({"meta", "wbr"})


def element(name: str, /, *children: Child, **attributes: str | float | None) -> Html:
    """`class_` is the attribute class; a _ in a name is a -; an attribute or a child that is None is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _EMPTY:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{together(*children)}</{name}>")


def together(*children: Child) -> Html:
    return Html("".join(_escaped(child) for child in children if child is not None))


def _escaped(child: str | int) -> str:
    return child if isinstance(child, Html) else html.escape(_printable(str(child)))


def _printable(text: str) -> str:
    """Control characters are shown as dots: some are no HTML at all, others turn the direction of what follows."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "·" for letter in text)


def _value(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return _printable(str(value))
