"""Charts of block characters, and numbers as people read them."""

import pytest

from pulsestream.cli import drawing


@pytest.mark.parametrize(
    ("values", "width", "bars"),
    [
        ([], 5, ""),
        ([0, 0], 5, "▁▁"),
        ([0, 1, 2, 4, 8], 5, "▁▂▃▅█"),
        ([8, 8, 1, 2], 2, "▅█"),
    ],
)
def test_a_sparkline_goes_from_zero_to_its_own_highest(values, width, bars):
    assert drawing.sparkline(values, width) == bars


@pytest.mark.parametrize(
    ("values", "width", "bars"),
    [
        ([], 5, ""),
        ([0, 0, 0], 5, "▁▁▁"),
        ([0, 1, 1000], 5, "▁▂█"),  # little is more than nothing
        ([None, 4, None], 5, " █ "),
        ([8, 8, 4, 4, 0, 0], 3, "█▅▁"),
        ([None, None, 3, 5], 2, " █"),
        (range(7), 3, "▂▅█"),
    ],
)
def test_a_trend_has_all_values_in_the_room_there_is(values, width, bars):
    assert drawing.trend(list(values), width) == bars


@pytest.mark.parametrize(
    ("value", "top", "drawn"),
    [
        (8, 8, "████"),
        (4, 8, "██"),
        (3, 8, "█▌"),
        (0.0001, 8, "▏"),
        (0, 8, ""),
        (None, 8, ""),
        (9, 8, "████"),
        (1, 0, ""),
    ],
)
def test_a_bar_is_as_long_as_its_value(value, top, drawn):
    assert drawing.bar(value, top, 4) == drawn


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (950, "950"), (9_950, "9,950"), (12_400, "12.4k"), (124_000, "124k"), (3_100_000, "3.1M")],
)
def test_a_count_is_short(value, said):
    assert drawing.count(value) == said


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (None, "ms", "-"),
        (0.0314, "ratio", "3.1%"),
        (1_500_000, "bytes/s", "1.5 MB"),
        (950, "bytes", "950 B"),
        (2801.0, "events", "2,801"),
        (2.967, "requests/s", "2.97"),
        (29.67, "ms", "29.7"),
        (1203.4, "ms", "1,203"),
    ],
)
def test_a_figure_has_as_many_decimals_as_say_something(value, unit, said):
    assert drawing.figure(value, unit) == said
