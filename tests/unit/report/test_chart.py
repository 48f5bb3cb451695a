"""Charts: what is drawn is what there is."""

import re

import pytest

from pulsestream.report.chart import Chart, Curve, bars, chart, spark
from pulsestream.report.scale import Tick


def drawn(*curves, stacked=False):
    count = len(curves[0])
    return chart(
        Chart(
            title="Requests",
            unit="per minute",
            curves=[Curve(f"c{number}", values, "blue") for number, values in enumerate(curves)],
            spans=[(number / count, (number + 1) / count, f"step {number}") for number in range(count)],
            ticks=[Tick(0.5, "noon")],
            said=lambda value: f"{value:g}",
            axis=lambda value: f"{value:g}",
            stacked=stacked,
        )
    )


def paths(written):
    return re.findall(r'd="([^"]*)"', written)


def test_a_line_goes_through_the_middles_of_its_steps_up_to_the_axis():
    [_, line] = paths(drawn([0, 5, 10]))
    assert line == "M166.7 100.00L500.0 50.00L833.3 0.00"


def test_a_line_is_broken_where_there_is_no_value_and_one_alone_is_a_dash():
    [_, line] = paths(drawn([4, None, 4, 4]))
    assert line == "M0.0 0.00L250.0 0.00M625.0 0.00L875.0 0.00"


def test_columns_stand_on_each_other():
    below, above = paths(drawn([1, 0], [1, 2], stacked=True))
    assert below == "M50.0 100.00V50.00H450.0V100.00Z"
    assert above == "M50.0 50.00V0.00H450.0V50.00ZM550.0 100.00V0.00H950.0V100.00Z"


def test_each_step_tells_its_values():
    assert re.findall(r"<title>([^<]*)</title>", drawn([1, None], [2, None])) == [
        "step 0\nc0 1\nc1 2",
        "step 1\nno requests",
    ]


def test_the_axes_have_their_labels():
    written = drawn([0, 5, 10])
    assert 'style="bottom:0.00%">0<' in written
    assert 'style="bottom:100.00%">10<' in written
    assert 'style="left:50.00%">noon<' in written


@pytest.mark.parametrize("values", [[], [None], [0, 0], [None, 3, None], [1] * 500])
def test_whatever_there_is_can_be_drawn(values):
    for written in (spark(values, "blue"), bars(values, "red")):
        assert written.startswith("<svg")
        assert "nan" not in written
        assert "inf" not in written
