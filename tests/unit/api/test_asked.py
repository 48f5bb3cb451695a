"""What every question has."""

import pytest

from pulsestream.api import asked
from pulsestream.errors import BadParameters
from pulsestream.query.expression import Field, Inside, Tag


@pytest.mark.parametrize(
    "name",
    [
        "Mars/Olympus",
        "",
        "../etc/passwd",
        "Europe",
        "x" * 5000,
        "\0",
        "localtime",
        "posixrules",
        "right/UTC",
        "europe/berlin",
    ],
)
def test_a_zone_that_there_is_not_is_refused_by_name(name):
    with pytest.raises(BadParameters, match="tz: is no time zone: send a name of the IANA database"):
        asked._zone(name)


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "US/Eastern", "Etc/GMT-14", "EST5EDT"])
def test_a_zone_of_the_iana_database_is_taken(name):
    assert asked._zone(name).key == name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('tag."a,b"', (Tag("a,b"),)),
        ('svc , tag." a,b " ,payload."c,d".e', (Field("service"), Tag(" a,b "), Inside("payload", ("c,d", "e")))),
        ("service,,endpoint,", (Field("service"), Field("endpoint"))),
        (" , ,", ()),
        ("", ()),
    ],
)
def test_a_comma_in_quotes_is_part_of_a_name(text, found):
    assert asked.places("by", text) == found


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("tag.a,tag.", "by: the name of a tag is missing"),
        ('service,""', "by: there is no field"),
        ('tag."a,b', "by: this quote is not closed"),
        (",".join(f"tag.a{number}" for number in range(9)), "by: may name 8 fields at most"),
        ("service,payload", "by: payload is not one value: in q, has:payload says"),
    ],
)
def test_what_is_no_list_of_places_is_refused(text, what):
    with pytest.raises(BadParameters, match=what):
        asked.places("by", text)
