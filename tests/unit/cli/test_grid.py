"""Columns that fit a terminal of any width."""

import pytest
from rich.text import Text

from pulsestream.cli import grid
from pulsestream.cli.grid import Column


def cells(*texts):
    return [Text(text) for text in texts]


def table():
    return [
        Column(title="name", cells=cells("a-very-long-name-of-a-service", "中文中文中文中文中文"), least=8),
        Column(title="route", cells=cells("/api/v1/orders/{order_id}/items", "/x"), least=12, inside=True),
        Column(title="requests", cells=cells("1,234,567", "3"), right=True),
        Column(title="nice", cells=cells("to have", ""), rank=2),
        Column(title="bars", draw=lambda width: cells("#" * width, "#"), least=4, most=20, rank=1),
    ]


def shown(width):
    return [line.plain for line in grid.lines(table(), width)]


@pytest.mark.parametrize("width", range(36, 160, 3))
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut(width):
    assert all(line.cell_len <= width for line in grid.lines(table(), width))
    assert "1,234,567" in shown(width)[1]
    assert " 3 " in f"{shown(width)[2]} "


def test_what_matters_least_goes_first_and_names_give_way_before_that():
    assert shown(160)[0].split() == ["name", "route", "requests", "nice", "bars"]
    assert "a-very-long-name-of-a-service" in shown(160)[1]
    assert shown(55)[0].split() == ["name", "route", "requests", "nice", "bars"]
    assert "…" in shown(55)[1]
    assert shown(45)[0].split() == ["name", "route", "requests", "bars"]
    assert shown(36)[0].split() == ["name", "route", "requests"]


def test_a_route_is_cut_inside_because_its_end_says_most():
    assert "/api/v1…r_id}/items" not in shown(160)[1]
    route = shown(40)[1].split()[1]
    assert route.startswith("/ap")
    assert route.endswith("/items")


def test_numbers_stand_on_the_right():
    first, second = (line.plain for line in grid.lines([Column(title="n", cells=cells("10", "9"), right=True)], 80)[1:])
    assert (first, second) == ("10", " 9")
