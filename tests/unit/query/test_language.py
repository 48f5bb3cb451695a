"""What a text means, how it is refused, and how it is printed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pulsestream.clock import to_micros
from pulsestream.errors import BadParameters, BadQuery
from pulsestream.query import language
from pulsestream.query.catalog import DIMENSIONS
from pulsestream.query.expression import (
    EVERYTHING,
    NOTHING,
    All,
    Between,
    Compared,
    During,
    Either,
    Field,
    Has,
    Inside,
    Is,
    Last,
    Not,
    Order,
    Pattern,
    Search,
    Tag,
    Text,
)
from pulsestream.query.model import TEXT_MAX
from pulsestream.query.syntax.grammar import DEPTH_MAX, STARS_MAX, VALUES_MAX, WEIGHT_MAX
from pulsestream.query.syntax.place import write as write_place

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
STATUS, TIME = Field("status_code"), Field("response_time_ms")


def read(text):
    return language.read(text, now=NOW, zone=BERLIN)


def is_(name, *values):
    return Is(Field(name), values)


def payload(*keys):
    return Inside("payload", keys)


MEANT = [
    ("", EVERYTHING),
    ("  \t\n", EVERYTHING),
    ("*", EVERYTHING),
    # fields
    ("service:payment-service", is_("service", "payment-service")),
    ("svc:a", is_("service", "a")),
    ("Service:a", is_("service", "a")),
    ("path:/api/v1/orders/{id}", is_("endpoint", "/api/v1/orders/{id}")),
    ("path:/api/v1/orders/*", is_("endpoint", Pattern(("/api/v1/orders/", "")))),
    ("path:/a/**/b*", is_("endpoint", Pattern(("/a/", "/b", "")))),
    ("service:*", Has(Field("service"))),
    ('service:""', is_("service", "")),
    ('service:"*"', is_("service", "*")),
    ('service:"a b"*', is_("service", Pattern(("a b", "")))),
    ('city:"São Paulo"', is_("city", "São Paulo")),
    (r'service:"a \"b\" \\ \c"', is_("service", 'a "b" \\ \\c')),
    (r"service:a\b", is_("service", r"a\b")),
    ("service:-a", is_("service", "-a")),
    ("ip:2001:db8::1", is_("ip_address", "2001:db8::1")),
    ("version:1..2", is_("version", "1..2")),
    ("severity:ERROR", is_("severity", "error")),
    ("level:*r*", is_("severity", "warning", "error", "critical")),
    ("cache:true", is_("cache_hit", True)),
    ("cache:NO", is_("cache_hit", False)),
    ("message:timeout", is_("message", "timeout")),
    ("message:*gate*out*", is_("message", Pattern(("gate", "out")))),
    ('message:""', Not(Has(Field("message")))),
    ("has:error", Has(Field("error"))),
    ("error:*", Has(Field("error"))),
    ("has:(user OR tag.plan)", Either((Has(Field("user_id")), Has(Tag("plan"))))),
    # numbers
    ("status:500", is_("status_code", 500)),
    ('status:"500"', is_("status_code", 500)),
    ("status:>=500", Compared(STATUS, Order.FROM, 500)),
    ("status:<500", Compared(STATUS, Order.UNDER, 500)),
    ("status:500..599", Between(STATUS, 500, 599)),
    ("status:5xx", Between(STATUS, 500, 599)),
    ("status:(4XX OR 500)", Either((Between(STATUS, 400, 499), is_("status_code", 500)))),
    ("status:500..", Compared(STATUS, Order.FROM, 500)),
    ("status:..399", Compared(STATUS, Order.UP_TO, 399)),
    ("latency:>1.5s", Compared(TIME, Order.OVER, 1500)),
    ("latency:100ms..1s", Between(TIME, 100, 1000)),
    ("latency:0.25..1m30s", Between(TIME, 0.25, 90_000)),
    ("latency:<=250us", Compared(TIME, Order.UP_TO, 0.25)),
    ("size:2MiB", is_("response_size_bytes", 2 * 1024 * 1024)),
    ("size:>1.5kB", Compared(Field("response_size_bytes"), Order.OVER, 1500)),
    ("size:<=10b", Compared(Field("response_size_bytes"), Order.UP_TO, 10)),
    # tags and payload
    ("tag.plan:pro", Is(Tag("plan"), ("pro",))),
    ("tags.k8s.pod:a*", Is(Tag("k8s.pod"), (Pattern(("a", "")),))),
    ('tag."odd key:1":x', Is(Tag("odd key:1"), ("x",))),
    ("tag.weight:>2.5", Compared(Tag("weight"), Order.OVER, 2.5)),
    ("payload.amount:>100", Compared(payload("amount"), Order.OVER, 100)),
    ("payload.amount:-5..-1", Between(payload("amount"), -5, -1)),
    ("payload.amount:100", Is(payload("amount"), ("100",))),
    ("payload.user.name:joe", Is(payload("user", "name"), ("joe",))),
    ('payload."a.b".c:a..b', Is(payload("a.b", "c"), ("a..b",))),
    ('metadata.x:">5"', Is(Inside("metadata", ("x",)), (">5",))),
    # words
    ("timeout", Text(("timeout",))),
    ('"gateway timeout"', Text(("gateway timeout",))),
    ("gate*out*", Text(("gate", "out"))),
    ("gateway timeout", All((Text(("gateway",)), Text(("timeout",))))),
    ('"service:a"', Text(("service:a",))),
    ("and", Text(("and",))),
    ("key=value", Text(("key=value",))),
    ("last order", All((Text(("last",)), Text(("order",))))),
    ("since then", All((Text(("since",)), Text(("then",))))),
    ('"last" 15m', All((Text(("last",)), Text(("15m",))))),
    # joined
    ("a AND b", All((Text(("a",)), Text(("b",))))),
    ("a OR b c", Either((Text(("a",)), All((Text(("b",)), Text(("c",))))))),
    ("(a OR b) c", All((Either((Text(("a",)), Text(("b",)))), Text(("c",))))),
    ("-a", Not(Text(("a",)))),
    ("--a", Text(("a",))),
    ("NOT NOT NOT a", Not(Text(("a",)))),
    ("-env:staging", Not(is_("environment", "staging"))),
    ("-(a b)", Not(All((Text(("a",)), Text(("b",)))))),
    ("NOT(a OR b)", Not(Either((Text(("a",)), Text(("b",)))))),
    ("-*", NOTHING),
    ("method:(POST OR PUT)", is_("method", "POST", "PUT")),
    ("method:POST OR method:PUT", is_("method", "POST", "PUT")),
    ("-method:(POST OR PUT)", Not(is_("method", "POST", "PUT"))),
    ("status:(>=400 AND NOT 404)", All((Compared(STATUS, Order.FROM, 400), Not(is_("status_code", 404))))),
    ("message:(gateway AND (timeout OR reset))", All((is_("message", "gateway"), is_("message", "timeout", "reset")))),
    ("payload.x:(-5 OR 5)", Is(payload("x"), ("-5", "5"))),
]


@pytest.mark.parametrize(("text", "where"), MEANT, ids=[text for text, _ in MEANT])
def test_a_text_means(text, where):
    assert read(text) == Search(where)


def micros(text):
    return to_micros(datetime.fromisoformat(text).astimezone(UTC))


TIMES = [
    ("last 15m", Last(timedelta(minutes=15))),
    ("LAST 7d", Last(timedelta(days=7))),
    ("last 1h30m", Last(timedelta(minutes=90))),
    ("last 1.5h", Last(timedelta(minutes=90))),
    ("last 24 hours", Last(timedelta(days=1))),
    ("last 2 h", Last(timedelta(hours=2))),
    ("last week", Last(timedelta(days=7))),
    ("2026-11-01..2026-11-07", During(micros("2026-11-01T00:00+01:00"), micros("2026-11-08T00:00+01:00"))),
    ("2026-11-01", During(micros("2026-11-01T00:00+01:00"), micros("2026-11-02T00:00+01:00"))),
    # The day on which the clocks go back has 25 hours.
    ("2026-10-25", During(micros("2026-10-25T00:00+02:00"), micros("2026-10-26T00:00+01:00"))),
    ("2026-11-01..", During(micros("2026-11-01T00:00+01:00"), None)),
    ("..2026-11-01", During(None, micros("2026-11-02T00:00+01:00"))),
    ("2026-11-01T10:00..2026-11-01T11:00", During(micros("2026-11-01T10:00+01:00"), micros("2026-11-01T11:00+01:00"))),
    ("now-2h..now-1h", During(to_micros(NOW) - 7_200_000_000, to_micros(NOW) - 3_600_000_000)),
    ("-15m..", During(to_micros(NOW) - 900_000_000, None)),
    ("since 2026-11-01T10:00", During(micros("2026-11-01T10:00+01:00"), None)),
    ("since 2026-11-01T10:00:00.5Z", During(micros("2026-11-01T10:00:00.5+00:00"), None)),
    ("since yesterday", During(micros("2026-11-19T00:00+01:00"), None)),
    ("until 2026-11-07", During(None, micros("2026-11-08T00:00+01:00"))),
    ("before 2026-11-07", During(None, micros("2026-11-07T00:00+01:00"))),
    (
        "since 2026-11-01T10:00-05:00 before today",
        During(micros("2026-11-01T10:00-05:00"), micros("2026-11-20T00:00+01:00")),
    ),
    ("timestamp:>2026-11-01", During(micros("2026-11-02T00:00+01:00"), None)),
    ("time:>=2026-11-01 ts:<2026-11-03", During(micros("2026-11-01T00:00+01:00"), micros("2026-11-03T00:00+01:00"))),
    ("timestamp:<=2026-11-01T10:00Z", During(None, micros("2026-11-01T10:00:00.000001+00:00"))),
    ("timestamp:2026-11-01", During(micros("2026-11-01T00:00+01:00"), micros("2026-11-02T00:00+01:00"))),
    ('timestamp:"2026-11-01 10:00".."2026-11-01 11:00"', During(
        micros("2026-11-01T10:00+01:00"), micros("2026-11-01T11:00+01:00")
    )),
]  # fmt: skip


@pytest.mark.parametrize(("text", "time"), TIMES, ids=[text for text, _ in TIMES])
def test_a_time_means_and_stands_anywhere_beside_conditions(text, time):
    assert read(text) == Search(time=time)
    assert read(f"service:a {text} b") == Search(All((is_("service", "a"), Text(("b",)))), time)
    assert read(f"(a OR b) AND {text}") == Search(Either((Text(("a",)), Text(("b",)))), time)


def test_the_time_of_receipt_is_a_condition_like_others():
    at, day = Field("received_at"), micros("2026-11-01T00:00+01:00")
    end = day + 86_400_000_000
    assert read("-received_at:2026-11-01 last 1h").where == Not(Between(at, day, end - 1))
    assert read("received_at:>2026-11-01").where == Compared(at, Order.OVER, end - 1)
    assert read("received_at:<2026-11-01").where == Compared(at, Order.UNDER, day)
    assert read("received_at:..2026-11-01").where == Compared(at, Order.UNDER, end)
    assert read("received_at:now-1h..").where == Compared(at, Order.FROM, to_micros(NOW) - 3_600_000_000)


# The text, what of it is wrong, what the message says, what may stand there instead.
REFUSED = [
    ("sevice:a", "sevice", "no field 'sevice': did you mean service?", "service"),
    ("status:500 AND Methd:GET", "Methd", "no field", "method"),
    ("context.user_id:a", "context.user_id", "no field", "user_id"),
    ("context.tags.plan:pro", "context.tags.plan", "no field", "tag.plan"),
    ("plan:pro", "plan", "no field", "tag.plan"),
    ("has:eror", "eror", "no field", "error"),
    ("http://x", "http://x", "stands in quotes", '"http://x"'),
    ("service:", "service:", 'for an empty one write service:""', ""),
    ("status:>", ">", "a value is missing after >", ""),
    ("-status: 500", "status:", "a value is missing", ""),
    (":a", ":a", "the name of a field is missing", '":a"'),
    ("tag.:a", "", "the name of a tag is missing", ""),
    ("payload.a..b:1", "", "the name of a value inside payload is missing", ""),
    ("status>=500", "status>=500", "a colon stands between", "status:>=500"),
    ("status!=500", "status!=500", "a colon stands between", "-status:500"),
    ("user=7", "user=7", "a colon stands between", "user:7"),
    ("status:abc", "abc", "is no number", ""),
    ("status:5s", "5s", "is no number", ""),
    ("status:5*", "5*", "no wildcards", ""),
    ("status:500,502", "500,502", "with OR between", "(500 OR 502)"),
    ("status:600..500", "500", "is less than", ""),
    ("latency:5parsecs", "5parsecs", "one with a unit: us, ms, s, m, h, d or w", ""),
    ("size:5ms", "5ms", "B, kB, MB", ""),
    ("status:9223372036854775808", "9223372036854775808", "too large", ""),
    ("payload.x:>1e999", "1e999", "too large", ""),
    ("payload.x:>abc", "abc", "is no number", ""),
    ("service:>a", ">a", "service has no order", '">a"'),
    ("severity:warn", "warn", "did you mean warning?", "warning"),
    ("severity:xyz", "xyz", "there are info, warning, error, critical", ""),
    ("cache:maybe", "maybe", "neither true nor false", ""),
    ("error:boom", "boom", "write has:error", ""),
    ("method:(POST PUT)", "PUT", "OR is missing between two values", ""),
    ("method:(POST,PUT)", "POST,PUT", "OR stands between values", '"POST,PUT"'),
    ("a or b", "or", "write OR", "OR"),
    ("a OR", "", "something is missing at the end", ""),
    ("AND a", "AND", "something is missing before this", ""),
    ("a OR AND b", "AND", "something is missing before this", ""),
    ("a NOT", "", "something is missing at the end", ""),
    ("()", ")", "something is missing before this", ""),
    ("(a", "(", "is not closed", ""),
    ("a (b (c) d", "(", "is not closed", ""),
    ("a)", ")", "no parenthesis was opened", ""),
    ("service:(a", "(", "is not closed", ""),
    ("f(x)", "(", "a space is missing", ""),
    ("path:/a(b)", "(", "a space is missing", ""),
    ('a "b c', '"b c', "this quote is not closed", '"b c"'),
    ("a - b", "-", "a dash stands right before", '"-"'),
    ("last 0s", "0s", "too short", ""),
    ("last 999999999w", "999999999w", "too long", ""),
    ("2026-13-01", "2026-13-01", "there is no time", ""),
    ("since 2026-02-30", "2026-02-30", "there is no time", ""),
    ("2026-11", "2026-11", "write one as", ""),
    ("2026-11-07..2026-11-01", "2026-11-01", "is not after", ""),
    ("2026-11-01..soon", "soon", "is no time", ""),
    ("2026-11-01T10:00", "2026-11-01T10:00", "alone is no range", "since 2026-11-01T10:00"),
    ("timestamp:", "timestamp", "a time is missing", ""),
    ("timestamp:(today OR yesterday)", "timestamp", "a time is missing", ""),
    ("timestamp:>soon", "soon", "is no time", ""),
    ("last 15m last 1h", "last", "there is a time already", ""),
    ("since 2026-11-01 since 2026-11-02", "since", "there is a time already", ""),
    ("since 2026-11-02 until 2026-11-01", "until", "would end before it begins", ""),
    ("a OR last 15m", "last", "beside all conditions", ""),
    ("last 15m OR a", "last", "beside all conditions", ""),
    ("(last 15m)", "last", "beside all conditions", ""),
    ("-last 15m", "last", "beside all conditions", ""),
    ("NOT 2026-11-01", "2026-11-01", "beside all conditions", ""),
    ("a OR timestamp:>now-1h", ">now-1h", "beside all conditions", ""),
    ("\ud800", "\ud800", "send the query as UTF-8", ""),
]


@pytest.mark.parametrize(("text", "wrong", "says", "suggestion"), REFUSED, ids=[ascii(row[0]) for row in REFUSED])
def test_what_is_wrong_is_shown_with_its_place_and_what_may_stand_there(text, wrong, says, suggestion):
    with pytest.raises(BadQuery) as refused:
        read(text)
    error = refused.value
    assert text[error.position : error.position + error.length] == wrong
    assert says in str(error)
    assert error.suggestion == suggestion


def test_a_suggestion_mends_the_text():
    mended = [row for row in REFUSED if row[3]]
    for text, *_ in mended:
        try:
            read(text)
        except BadQuery as error:
            read(text[: error.position] + error.suggestion + text[error.position + error.length :])
    assert len(mended) > 15


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x" * (language.LENGTH_MAX + 1), "60000 characters at most"),
        ("x" * 4_001, "4000 characters at most"),
        (f"tag.{'x' * 4_001}:1", "4000 characters at most"),
        ("a" + "*a" * 21, "20 wildcards at most"),
        (f"payload{'.a' * 51}:1", "50 objects deep at most"),
        (" ".join(f"w{number}" for number in range(201)), "200 conditions at most"),
        (" ".join(f"-payload.a.b.c:{number}" for number in range(67)), "200 conditions at most"),
        (f"path:({' OR '.join(f'{number}*' for number in range(201))})", "200 conditions at most"),
        (f"message:({' OR '.join(f'm{number}' for number in range(201))})", "200 conditions at most"),
        (f"status:({' OR '.join(map(str, range(1_001)))})", "1000 values at most"),
        ("(" * 51 + "a" + ")" * 51, "nested 50 times at most"),
        ("-(" * 51 + "a" + ")" * 51, "nested 50 times at most"),
        ("service:" + "(" * 51 + "a" + ")" * 51, "nested 50 times at most"),
    ],
    ids=lambda value: value if "most" in value else "",
)
def test_everything_has_a_limit(text, says):
    with pytest.raises(BadQuery, match=says):
        read(text)


def test_up_to_the_limits_a_text_is_read():
    assert read("(" * 50 + "a" + ")" * 50).where == Text(("a",))
    assert len(read(" ".join(f"w{number}" for number in range(200))).where.parts) == 200
    assert len(read(f"status:({' OR '.join(map(str, range(1_000)))})").where.values) == 1_000


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("svc:a  AND  status:5xx", "service:a status_code:500..599"),
        ("latency:>1.5s size:1KiB", "response_time_ms:>1500 response_size_bytes:1024"),
        ("a OR (b c) OR -(d e)", "a OR (b c) OR -(d e)"),
        ("(a OR b) last 60m", "(a OR b) last 1h"),
        ("last 7d", "last 7d"),
        ("2026-11-01", "2026-10-31T23:00:00Z..2026-11-01T23:00:00Z"),
        ('city:"Paris" path:"/a b"*', 'city:Paris endpoint:"/a b"*'),
        ('service:("OR" OR x)', 'service:("OR" OR x)'),
        ("-*", "-*"),
        ("*", ""),
        ("received_at:2026-11-01", "received_at:2026-10-31T23:00:00Z..2026-11-01T23:00:00Z"),
        ('tag."a b":1 tag.c:2 payload."a.b":3', 'tag."a b":1 tag.c:2 payload."a.b":3'),
        ('"last" "-x" "a:b" wörd', '"last" "-x" "a:b" wörd'),
    ],
)
def test_a_search_is_printed_in_one_form(text, printed):
    assert language.write(read(text)) == printed


def test_a_place_is_a_name_of_the_language():
    assert language.place("by", "svc") == Field("service")
    assert language.place("by", "tag.plan") == Tag("plan")
    assert language.place("by", "tag.two words (odd)") == Tag("two words (odd)")
    assert language.place("by", 'payload."a.b".c') == Inside("payload", ("a.b", "c"))
    with pytest.raises(BadParameters) as refused:
        language.place("by", "sevice")
    assert refused.value.errors == [("by", "there is no field 'sevice': did you mean service?")]
    with pytest.raises(BadParameters, match="not closed"):
        language.place("by", 'tag."x')


def test_every_field_is_found_by_all_of_its_names():
    for name, dimension in DIMENSIONS.items():
        for alias in (name, *dimension.aliases):
            assert read(f"has:{alias}").where == Has(Field(name))


PAGE = (Path(__file__).parents[3] / "docs" / "query.md").read_text(encoding="utf-8")


def _examples(kind):
    blocks = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return [re.split(r"\s+# ", line)[0] for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("text", _examples("query"))
def test_an_example_of_the_page_is_read(text):
    assert read(text) != Search()
    assert read(language.write(read(text))) == read(text)


@pytest.mark.parametrize("text", _examples("refused"))
def test_what_the_page_says_is_refused_is(text):
    with pytest.raises(BadQuery):
        read(text)


def test_the_page_has_every_field_with_its_names():
    assert len(_examples("query")) > 60
    assert len(_examples("refused")) > 5
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \| ", PAGE, re.MULTILINE))
    assert rows == {name: " ".join(f"`{alias}`" for alias in one.aliases) for name, one in DIMENSIONS.items()}
    assert f"may have {language.LENGTH_MAX:,} characters, {WEIGHT_MAX} conditions" in PAGE
    assert f"{VALUES_MAX:,} values, {DEPTH_MAX} parentheses" in PAGE
    assert f"a value {TEXT_MAX:,} characters and {STARS_MAX} wildcards" in PAGE


def test_places_are_listed_between_commas_that_are_not_quoted():
    listed = language.places("by", ' svc , tag."a,b" ,,payload.x."y,\\"z" ')
    assert listed == (Field("service"), Tag("a,b"), Inside("payload", ("x", 'y,"z')))
    assert language.places("by", ",".join(map(write_place, listed))) == listed
    assert language.places("by", " ,") == ()
    for wrong in ("service,colour", 'tag."a,b', "tag."):
        with pytest.raises(BadParameters):
            language.places("by", wrong)


def test_the_last_moment_there_is_ends_a_range():
    last_us = micros("9999-12-31T23:59:59.999999+00:00")
    for text in ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999999Z", "9999-12-31"):
        found = language.read(f"until {text}", now=NOW, zone=ZoneInfo("UTC")).time
        assert last_us - 1 <= found.end_us <= last_us
