"""HTML as values."""

import pytest

from pulsestream.report.html import Html, element, together


def test_text_is_escaped_and_html_is_not():
    inner = element("b", "a & <b>")
    assert inner == "<b>a &amp; &lt;b&gt;</b>"
    assert element("p", inner, "<i>", None, 3) == "<p><b>a &amp; &lt;b&gt;</b>&lt;i&gt;3</p>"
    assert together("<", inner) == f"&lt;{inner}"


def test_what_is_made_of_html_as_text_is_text_again():
    assert not isinstance(element("b", "x") + "<i>", Html)
    assert element("p", element("b", "x") + "<i>") == "<p>&lt;b&gt;x&lt;/b&gt;&lt;i&gt;</p>"


@pytest.mark.parametrize(
    ("attributes", "written"),
    [
        ({"class_": "a b"}, '<i class="a b"></i>'),
        ({"aria_label": 'x" onload="y'}, '<i aria-label="x&quot; onload=&quot;y"></i>'),
        ({"title": None}, "<i></i>"),
        ({"x": 12.0, "y": 1.239}, '<i x="12" y="1.24"></i>'),
        ({"name": "n"}, '<i name="n"></i>'),
    ],
)
def test_attributes_are_escaped(attributes, written):
    assert element("i", **attributes) == written


def test_characters_that_could_steer_what_follows_are_dots():
    assert element("p", "a\x1b\u202eb\x00") == "<p>a··b·</p>"
