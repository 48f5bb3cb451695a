"""How words make a search: AND, OR, NOT, parentheses, lists of values, and the one time."""

from __future__ import annotations

import re
from collections.abc import Callable

from pulsestream.errors import BadQuery
from pulsestream.query.catalog import DIMENSIONS, NAMES, Kind
from pulsestream.query.expression import (
    EVERYTHING,
    All,
    During,
    Either,
    Expression,
    Field,
    Has,
    Inside,
    Is,
    Last,
    Not,
    Order,
    Pattern,
    Place,
    Search,
    Text,
    all_of,
    any_of,
    none_of,
)
from pulsestream.query.model import TEXT_MAX
from pulsestream.query.syntax import leaf, moment, quantity
from pulsestream.query.syntax.lexer import Mark, Token, Word, shown
from pulsestream.query.syntax.moment import Present
from pulsestream.query.syntax.place import HAS, place

DEPTH_MAX = 50  # parentheses within parentheses
VALUES_MAX = 1_000
# A list of values is one condition. 1,000 of others take the engine two seconds to look at, of no event at all, or are
# more text than it takes.
WEIGHT_MAX = 200
STARS_MAX = 20  # a pattern of 1,900 takes 1 ms an event
OPERATORS = ("AND", "OR", "NOT")
LAST = "last"
SINCE = {"since": Order.FROM, "until": Order.UP_TO, "before": Order.UNDER}  # what they say of the moment after them

_UNCOLONED = re.compile(r"(\w+)(>=|<=|!=|>|<|=)")
_Group = Callable[[Word], Expression]  # what a value in parentheses means


class Grammar:
    """Reads the tokens of one text, once."""

    def __init__(self, tokens: list[Token], present: Present) -> None:
        self._tokens = tokens
        self._present = present
        self._at = 0
        self._values = 0
        self._time: Last | During | None = None
        self._timed: Word | None = None  # where the time stood

    def search(self) -> Search:
        """Raises BadQuery."""
        if self._sees(""):
            return Search()
        where = self._either(None, 0)
        if not self._sees(""):
            raise self._next.wrong("no parenthesis was opened that this one closes")
        if weight(where) > WEIGHT_MAX:
            raise BadQuery(
                f"there may be {WEIGHT_MAX} conditions at most; a list of values counts as one",
                position=self._tokens[0].start,
                length=self._next.start - self._tokens[0].start,
            )
        return Search(where, self._time)

    # ---- tokens

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        token = self._next
        self._at += not self._sees("")
        return token

    def _sees(self, sign: str) -> bool:
        return isinstance(self._next, Mark) and self._next.sign == sign

    def _sees_word(self, text: str) -> bool:
        return isinstance(self._next, Word) and self._next.plain and self._next.text == text

    def _takes(self, operator: str) -> bool:
        found = self._sees_word(operator)
        self._at += found
        return found

    # ---- conditions joined

    def _either(self, group: _Group | None, depth: int) -> Expression:
        parts = [self._every(group, depth)]
        while self._takes("OR"):
            parts.append(self._every(group, depth))
        if len(parts) > 1 and self._timed:
            raise self._misplaced(self._timed)
        return any_of(parts)

    def _every(self, group: _Group | None, depth: int) -> Expression:
        parts = [self._negated(group, depth)]
        while True:
            joined = self._takes("AND")
            if not joined and (self._sees("") or self._sees(")") or self._sees_word("OR")):
                return all_of(parts)
            if group is not None and not joined:
                raise self._next.wrong("OR is missing between two values; one with a space in it stands in quotes")
            parts.append(self._negated(group, depth))

    def _negated(self, group: _Group | None, depth: int) -> Expression:
        before = self._at
        while self._takes("NOT"):
            pass
        times = self._at - before
        part = self._one(group, depth, negated=times > 0)
        return none_of(part) if times % 2 else part

    def _one(self, group: _Group | None, depth: int, *, negated: bool) -> Expression:
        if self._sees("("):
            return self._inner(group, depth)
        token = self._take()
        if isinstance(token, Mark):
            raise token.wrong("something is missing before this" if token.sign else "something is missing at the end")
        if token.plain and token.text in OPERATORS:
            raise token.wrong(f"something is missing before this: {shown(token.text)} as a text stands in quotes")
        if group is not None:
            return self._value(group, token)
        return self._word(token, depth, negated=negated)

    def _inner(self, group: _Group | None, depth: int) -> Expression:
        opening = self._take()
        if depth == DEPTH_MAX:
            raise opening.wrong(f"parentheses may be nested {DEPTH_MAX} times at most")
        part = self._either(group, depth + 1)
        if not self._sees(")"):
            raise opening.wrong("this parenthesis is not closed")
        self._take()
        return part

    # ---- one condition

    def _word(self, word: Word, depth: int, *, negated: bool) -> Expression:
        if self._take_time(word, depth, negated=negated):
            return EVERYTHING
        bare = word.mask.lstrip("-")
        dashes = len(word.mask) - len(bare)
        if dashes:
            part = self._unsigned(word.part(dashes), word, depth)
            return none_of(part) if dashes % 2 else part
        return self._named(word, depth, negated=negated)

    def _unsigned(self, rest: Word, whole: Word, depth: int) -> Expression:
        """What stands behind a dash."""
        if rest.given:
            if self._take_time(rest, depth, negated=True):
                return EVERYTHING
            return self._named(rest, depth, negated=True)
        if self._sees("(") and self._next.start == whole.end:
            return self._inner(None, depth)
        raise whole.wrong("a dash stands right before what is not wanted; as a text it stands in quotes", '"-"')

    def _named(self, word: Word, depth: int, *, negated: bool) -> Expression:
        colon = word.mask.find(":")
        if colon < 0:
            return self._text(word)
        name, value = word.part(0, colon), word.part(colon + 1)
        if not name.given:
            raise word.wrong("the name of a field is missing before the colon", _in_quotes(word))
        if value.text.startswith("//"):
            raise word.wrong("a text with a colon in it stands in quotes", _in_quotes(word))
        group: _Group
        if name.plain and name.text.lower() == HAS:
            group = _has
        else:
            at = place(name)
            if at == Field("timestamp"):
                return self._timestamp(name, value, depth, negated=negated)

            def group(value: Word) -> Expression:
                return leaf.condition(at, value, self._present)

        if value.given:
            self._adjacent(value)
            return self._value(group, value, listed=False)
        if self._sees("(") and self._next.start == word.end:
            return self._inner(group, depth)
        raise word.wrong(f'a value is missing after the colon; for an empty one write {name.text}:""')

    def _value(self, group: _Group, value: Word, *, listed: bool = True) -> Expression:
        if listed and "," in value.mask:
            raise value.wrong("OR stands between values; one with a comma in it stands in quotes", _in_quotes(value))
        self._count(value)
        return group(value)

    def _text(self, word: Word) -> Expression:
        self._adjacent(word)
        if word.plain and word.text.lower() == "or":
            raise word.wrong('write OR between alternatives, or "or" for the word', "OR")
        compared = _UNCOLONED.match(word.mask)
        if compared and compared[1].lower() in NAMES:
            name, sign = compared.groups()
            meant = f"{'-' if sign == '!=' else ''}{name}:{'' if sign in ('=', '!=') else sign}"
            what = f"a colon stands between a field and its value: did you mean {meant}…?"
            raise word.wrong(what, meant + word.text[compared.end() :] if word.plain else "")
        self._count(word)
        return leaf.text(word)

    def _adjacent(self, word: Word) -> None:
        if self._sees("(") and self._next.start == word.end:
            raise self._next.wrong("a space is missing before this; a text with parentheses in it stands in quotes")

    def _count(self, word: Word) -> None:
        self._values += 1
        if self._values > VALUES_MAX:
            raise word.wrong(f"there may be {VALUES_MAX} values at most")
        if word.mask.count("*") > STARS_MAX:
            raise word.wrong(f"a value may have {STARS_MAX} wildcards at most")
        if max(map(len, word.pieces())) > TEXT_MAX:
            raise word.wrong(f"a value may have {TEXT_MAX} characters at most")

    # ---- the time

    def _timestamp(self, name: Word, value: Word, depth: int, *, negated: bool) -> Expression:
        if not value.given:
            raise name.wrong(f"a time is missing after {shown(name.text)}: write one as {moment.EXAMPLES}")
        if value.text == "*":
            return Has(Field("timestamp"))
        order, rest = leaf.ordered(value)
        self._set_time(leaf.span_of(rest, order, self._present), value, depth, negated=negated)
        return EVERYTHING

    def _take_time(self, word: Word, depth: int, *, negated: bool) -> bool:
        """Whether a time begins here; it is taken, with the words that belong to it."""
        found = self._last() if _is(word, LAST) else self._since(word) or self._during(word)
        if found is not None:
            self._set_time(found, word, depth, negated=negated)
        return found is not None

    def _last(self) -> Last | None:
        """The words after `last`: 15m, 24 hours, hour."""
        first, second = self._next, self._tokens[min(self._at + 1, len(self._tokens) - 1)]
        if not isinstance(first, Word):
            return None
        length, words = quantity.duration(first) or quantity.long_duration(None, first), 1
        if length is None and isinstance(second, Word):
            length, words = quantity.long_duration(first, second), 2
        if length is None:
            return None
        self._at += words
        return Last(length)

    def _since(self, word: Word) -> During | None:
        order = next((order for name, order in SINCE.items() if _is(word, name)), None)
        if order is None or not isinstance(self._next, Word) or not moment.moment(self._next, self._present):
            return None
        found = moment.compared(order, self._next, self._present)
        self._take()
        return found

    def _during(self, word: Word) -> During | None:
        """A range of times, or a day."""
        if not word.plain:
            return None
        ends = moment.ends(word, self._present)
        if ends:
            return moment.between(*ends, self._present)
        span = moment.moment(word, self._present) if word.text[:1].isdigit() else None
        if span and span.start_us == span.end_us:
            raise word.wrong("a time of day alone is no range: write since, until or before it", f"since {word.text}")
        return During(span.start_us, span.end_us) if span else None

    def _set_time(self, time: Last | During, word: Word, depth: int, *, negated: bool) -> None:
        if depth or negated:
            raise self._misplaced(word)
        known = self._time
        if isinstance(known, During) and isinstance(time, During):
            starts = [each.start_us for each in (known, time) if each.start_us is not None]
            ends = [each.end_us for each in (known, time) if each.end_us is not None]
            if len(starts) == len(ends) == 1:
                if starts[0] >= ends[0]:
                    raise word.wrong("the time would end before it begins")
                known, time = None, During(starts[0], ends[0])
        if known is not None:
            raise word.wrong("there is a time already: write one, such as 2026-11-01..2026-11-07 or last 15m")
        self._time, self._timed = time, word

    def _misplaced(self, word: Word) -> Exception:
        return word.wrong("the time stands beside all conditions: not in parentheses, not after NOT, not beside OR")


def weight(where: Expression) -> int:
    """About how many comparisons the engine makes of it."""
    match where:
        case All(parts) | Either(parts):
            return sum(map(weight, parts))
        case Not(part):
            return weight(part)
        case Text():
            return 1
        case Is(at, values):
            # Values to be equal to are compared at once.
            apart = isinstance(at, Field) and DIMENSIONS[at.name].kind is Kind.TEXT
            patterns = sum(isinstance(value, Pattern) for value in values)
            each = len(values) if apart else patterns + (patterns < len(values))
            return each * _keys(at)
        case _:
            return _keys(where.place)


def _keys(at: Place) -> int:
    return len(at.keys) if isinstance(at, Inside) else 1


def _has(word: Word) -> Expression:
    return Has(place(word))


def _is(word: Word, name: str) -> bool:
    return word.plain and word.text.lower() == name


def _in_quotes(word: Word) -> str:
    return f'"{word.text}"' if word.plain and len(word.text) <= 100 else ""  # noqa: PLR2004 - what fits into a message
