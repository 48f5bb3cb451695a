"""What personal data looks like in a text: card numbers, e-mail addresses, bearer tokens.

Every pattern is read in linear time whatever the text: repetitions are possessive, and a lookbehind lets a long run
be entered at its first character only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

Kind = Literal["card", "email", "bearer"]


class Finding(NamedTuple):
    """A place in a text. `masked` may be shown; `canonical` is what equal values share however they are written."""

    start: int
    end: int
    masked: str
    canonical: str


def _cards_pattern() -> str:
    """Each shape is a group of its own, because one start may be the start of several and only one passes Luhn.

    Digits grouped in any way count only where nothing follows them ("4111 1111 1111 1111 12/27" holds 18). Beside
    other digits a number is known by the groups that cards are printed in.
    """
    shapes = [
        r"(?<![0-9][ -])[0-9](?:[ -]?[0-9]){12,18}+(?![ -]?[0-9])",
        r"[0-9]{13,19}+",
        r"[0-9]{4}(?:[ -][0-9]{4}){3}[ -][0-9]{1,3}",
        r"[0-9]{4}(?:[ -][0-9]{4}){3}",
        r"[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5}",
    ]
    # Not inside an identifier, not the decimals of a number. Only ASCII: Chinese puts no space before a number.
    start = r"(?<![0-9A-Za-z_])(?<![0-9]\.)(?=[2-6])"
    return start + "".join(rf"(?:(?=({shape})(?![0-9A-Za-z_]))|)" for shape in shapes)


_CARDS = re.compile(_cards_pattern())
_THIRTEEN_DIGITS = re.compile(r"[0-9](?:[ -]?[0-9]){12}")
_UUID = re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9A-Za-z])")
_UUID_LENGTH = 36
# In JSON text, where a line break before a number is the letters of its escape.
_CARD_WRITTEN = re.compile(rb"(?:(?<![0-9A-Za-z_])|(?<=\\[bfnrt]))[2-6](?:[ -]?[0-9]){12}")
_SEPARATORS = str.maketrans("", "", " -")
_DOUBLED = str.maketrans("0123456789", "0246813579")  # the sum of the digits of twice the digit

# Letters and digits of every script; the marks that Indic and Thai words are written with are no \w.
_WORD = r"\w\u0300-\u036f\u0900-\u0eff\u200c\u200d"
_LOCAL = rf"[{_WORD}.+'-]"
_EMAILS = re.compile(
    rf"(?:(?<![{_WORD}.+'%-])|(?<=%40))"
    r"['.+%-]*+"
    rf"(?P<address>{_LOCAL}++(?:%(?!40){_LOCAL}*+)*+(?P<at>@|%40)"
    rf"(?P<domain>[{_WORD}-]++(?:\.[{_WORD}-]++)*\.[^\W\d_][{_WORD}-]+))"
)

_TOKEN = "[A-Za-z0-9._~+/=-]"  # noqa: S105 - the characters of one, RFC 6750 section 2.1
# What follows "bearer" in prose and in headers that carry no token.
_PROSE = (
    "bearer|tokens?|auth|authentication|authorization|scheme|header|realm|format|credentials?|error|is|was|of|and|or"
    "|in|for|not|must|missing|required|invalid|expired"
)
_BEARERS = re.compile(
    rf"(?<![A-Za-z])bearer[\s:=]++(?:tokens?[\s:=]++)?(?!(?:{_PROSE})(?!\.?[\w~+/=-]))(?P<token>{_TOKEN}++)",
    re.IGNORECASE,
)
# Three parts, or the five of an encrypted one (RFC 7516). A prefix such as `token_` belongs to the same run.
_WEB_TOKENS = re.compile(
    r"(?<![A-Za-z0-9_-])(?>(?P<lead>(?:[A-Za-z0-9_-]*?[_-])??)(?=eyJ))(?P<token>eyJ[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]*+){2,4}+)"
)


def cards(text: str) -> Iterator[Finding]:
    """Card numbers: 13 to 19 digits that begin with 2 to 6 and pass Luhn, perhaps with single spaces or dashes.

    Other first digits belong to no payment card (ISO/IEC 7812), and a time in milliseconds begins with 1.
    """
    if _THIRTEEN_DIGITS.search(text) is None:
        return
    free = 0
    for match in _CARDS.finditer(text):
        start = match.start()
        if start < free:
            continue
        for group in sorted(filter(None, match.groups()), key=len, reverse=True):
            digits = group.translate(_SEPARATORS)
            if is_card(digits) and not _in_uuid(text, start, start + len(group)):
                free = start + len(group)
                yield Finding(start, free, masked_card(digits), digits)
                break


def is_card(digits: str) -> bool:
    """Whether a string of 13 to 19 digits is a card number. Luhn: ISO/IEC 7812-1, annex B."""
    if digits[0] not in "23456" or digits == digits[0] * len(digits):
        return False
    total = sum(map(int, digits[-1::-2])) + sum(map(int, digits[-2::-2].translate(_DOUBLED)))
    return total % 10 == 0


def masked_card(digits: str) -> str:
    return "*" * (len(digits) - 4) + digits[-4:]


def _in_uuid(text: str, start: int, end: int) -> bool:
    around = _UUID.finditer(text, max(0, start - _UUID_LENGTH), end + _UUID_LENGTH)
    return any(uuid.start() < end and start < uuid.end() for uuid in around)


def emails(text: str) -> Iterator[Finding]:
    """Addresses, also with `%40` for the `@` as in a query string. The domain stays readable in the mask."""
    if "@" not in text and "%40" not in text:
        return
    for match in _EMAILS.finditer(text):
        address = match["address"]
        canonical = address if match["at"] == "@" else "@".join(address.rsplit("%40", 1))
        yield Finding(*match.span("address"), f"***{match['at']}{match['domain']}", canonical.lower())


def bearers(text: str) -> Iterator[Finding]:
    """`Bearer` and what follows it, and JSON Web Tokens wherever they stand."""
    if "bearer" in text.lower():
        for match in _BEARERS.finditer(text):
            yield Finding(*match.span(), "Bearer ***", match["token"])


def web_tokens(text: str) -> Iterator[Finding]:
    if "eyJ" in text:
        for match in _WEB_TOKENS.finditer(text):
            yield Finding(*match.span("token"), "Bearer ***", match["token"])


# In the order in which a text is read: a token may hold what looks like an address or a number.
FINDERS: dict[Kind, tuple[Callable[[str], Iterator[Finding]], ...]] = {
    "bearer": (bearers, web_tokens),
    "email": (emails,),
    "card": (cards,),
}

_ONE_DIGIT = bytes(ord("0") if chr(byte).isdecimal() and byte < 128 else byte for byte in range(256))  # noqa: PLR2004 - ASCII


def may_hold(kind: Kind, raw: bytes, lowered: bytes) -> bool:
    r"""Whether a JSON text without `\u` escapes can hold a finding of this kind; wrong only by saying yes.

    `lowered` is `raw` in ASCII lower case. A microsecond for 1 kB; the patterns above take a hundred.
    """
    match kind:
        case "card":
            return b"0" * 13 in raw.translate(_ONE_DIGIT, b" -") and _CARD_WRITTEN.search(raw) is not None
        case "email":
            return b"@" in raw or b"%40" in raw
        case "bearer":
            return b"bearer" in lowered or b"eyj" in lowered
