"""Charts as SVG that stretches, with its labels beside it as text, so that they stay readable at any width.

Nothing runs in the page: what a point says is the title of an invisible column over it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from pulsestream.report.html import Html, element
from pulsestream.report.scale import Tick, numbers

Values = Sequence[float | None]
_BREAK = Html("\n")
_WIDTH, _HEIGHT = 1000.0, 100.0  # of the drawing; the page stretches it


class Curve(Struct, frozen=True):
    """`colour`: the name of one of the page's colours. `shown`: how its values are said."""

    name: str
    values: Values
    colour: str


class Chart(Struct, frozen=True, kw_only=True):
    """`spans`: where each value's stretch of time begins and ends, from 0 to 1, and what it is called.

    `said`: a value in full, `axis`: one of the axis. `stacked`: the curves are columns, one on the other; else lines,
    of which a single one is filled.
    """

    title: str
    unit: str
    note: str = ""
    curves: Sequence[Curve]
    spans: Sequence[tuple[float, float, str]]
    ticks: Sequence[Tick]
    said: Callable[[float], str]
    axis: Callable[[float], str]
    stacked: bool = False
    whole: bool = False


def chart(one: Chart) -> Html:
    """A figure, with its title, legend and axes."""
    levels = numbers(_top(one))
    top = levels[-1]
    lines = [
        element("line", class_="grid", x1=0.0, x2=_WIDTH, y1=_y(level, top), y2=_y(level, top)) for level in levels
    ]
    drawn = _columns(one, top) if one.stacked else _lines(one, top)
    drawing = element(
        "svg",
        *lines,
        *drawn,
        *_spots(one),
        viewBox=f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{one.title} {one.unit}. {one.note}".strip(),
    )
    marks = [element("span", one.axis(level), class_="y", style=f"bottom:{level / top:.2%}") for level in levels]
    times = [element("span", tick.label, class_="x", style=f"left:{tick.at:.2%}") for tick in one.ticks]
    caption = element(
        "figcaption",
        element("h3", one.title),
        element("span", " · ".join(part for part in (one.unit, one.note) if part), class_="soft"),
        _legend(one) if len(one.curves) > 1 else None,
    )
    return element(
        "figure",
        caption,
        element("div", drawing, *marks, class_="plot"),
        element("div", *times, class_="hours"),
        class_=f"card chart{' whole' if one.whole else ''}",
    )


def spark(values: Values, colour: str, *, filled: bool = True) -> Html:
    """A curve without axes, from 0 to its highest."""
    top = max((value for value in values if value is not None), default=0.0) or 1.0
    width = len(values) or 1
    spans = [(number / width, (number + 1) / width, "") for number in range(len(values))]
    drawn = [element("path", d=_path(values, spans, top), fill="none", stroke=f"var(--{colour})", stroke_width="1.5")]
    if filled:
        area = _area(values, spans, top)
        drawn.insert(0, element("path", d=area, fill=f"var(--{colour})", fill_opacity="0.14"))
    return _small(drawn)


def bars(values: Values, colour: str) -> Html:
    """Columns without axes, from 0 to the highest. What is more than nothing shows."""
    top = max((value for value in values if value is not None), default=0.0) or 1.0
    step = _WIDTH / (len(values) or 1)
    drawn = []
    for number, value in enumerate(values):
        if value:
            high = max(value / top * _HEIGHT, _HEIGHT / 12)
            place = {"x": number * step + step * 0.1, "width": step * 0.8, "y": _HEIGHT - high, "height": high}
            drawn.append(element("rect", fill=f"var(--{colour})", **place))
    base = element("line", class_="grid", x1=0.0, x2=_WIDTH, y1=_HEIGHT, y2=_HEIGHT)
    return _small([base, *drawn])


def _small(drawn: Sequence[Html]) -> Html:
    return element(
        "svg",
        *drawn,
        class_="spark",
        viewBox=f"0 -4 {_WIDTH:.0f} {_HEIGHT + 8:.0f}",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def _top(one: Chart) -> float:
    if not one.stacked:
        return max((value for curve in one.curves for value in curve.values if value is not None), default=0.0)
    return max((sum(value or 0.0 for value in column) for column in zip(*_all(one), strict=True)), default=0.0)


def _all(one: Chart) -> list[Values]:
    return [curve.values for curve in one.curves]


def _legend(one: Chart) -> Html:
    keys = [
        element("span", element("i", style=f"background:var(--{curve.colour})"), curve.name) for curve in one.curves
    ]
    return element("span", *keys, class_="legend")


def _lines(one: Chart, top: float) -> list[Html]:
    drawn = []
    if len(one.curves) == 1:
        curve = one.curves[0]
        area = _area(curve.values, one.spans, top)
        drawn.append(element("path", d=area, fill=f"var(--{curve.colour})", fill_opacity="0.13"))
    for curve in one.curves:
        path = _path(curve.values, one.spans, top)
        drawn.append(element("path", d=path, class_="curve", stroke=f"var(--{curve.colour})"))
    return drawn


def _columns(one: Chart, top: float) -> list[Html]:
    below = [0.0] * len(one.spans)
    drawn = []
    for curve in one.curves:
        path = []
        for number, (value, (start, end, _)) in enumerate(zip(curve.values, one.spans, strict=True)):
            if value:
                gap = (end - start) * 0.1
                left, right = (start + gap) * _WIDTH, (end - gap) * _WIDTH
                low, high = _y(below[number], top), _y(below[number] + value, top)
                path.append(f"M{left:.1f} {low:.2f}V{high:.2f}H{right:.1f}V{low:.2f}Z")
                below[number] += value
        drawn.append(element("path", d="".join(path), fill=f"var(--{curve.colour})"))
    return drawn


def _spots(one: Chart) -> list[Html]:
    """Over each stretch of time a column that tells its values."""
    drawn = []
    for number, (start, end, name) in enumerate(one.spans):
        known = [(curve.name, curve.values[number]) for curve in one.curves]
        said = [f"{word} {one.said(value)}" for word, value in known if value is not None]
        lines = [part for line in said or ["no requests"] for part in (_BREAK, line)]
        title = element("title", name, *lines)
        place = {"x": start * _WIDTH, "width": (end - start) * _WIDTH, "y": 0.0, "height": _HEIGHT}
        drawn.append(element("rect", title, class_="spot", **place))
    return drawn


def _y(value: float, top: float) -> float:
    return _HEIGHT * (1 - value / top)


def _path(values: Values, spans: Sequence[tuple[float, float, str]], top: float) -> str:
    """Through the middles of the stretches; broken where there is no value, a dash where a value is alone."""
    written = []
    for run in _runs(values):
        points = [((spans[at][0] + spans[at][1]) / 2 * _WIDTH, _y(values[at] or 0.0, top)) for at in run]
        if len(points) == 1:
            start, end, _ = spans[run[0]]
            points = [(start * _WIDTH, points[0][1]), (end * _WIDTH, points[0][1])]
        written.append("M" + "L".join(f"{x:.1f} {y:.2f}" for x, y in points))
    return "".join(written)


def _area(values: Values, spans: Sequence[tuple[float, float, str]], top: float) -> str:
    written = []
    for run in _runs(values):
        points = [((spans[at][0] + spans[at][1]) / 2 * _WIDTH, _y(values[at] or 0.0, top)) for at in run]
        inside = "L".join(f"{x:.1f} {y:.2f}" for x, y in points)
        written.append(f"M{points[0][0]:.1f} {_HEIGHT:.0f}L{inside}L{points[-1][0]:.1f} {_HEIGHT:.0f}Z")
    return "".join(written)


def _runs(values: Values) -> list[list[int]]:
    runs: list[list[int]] = []
    for at, value in enumerate(values):
        if value is None:
            continue
        if runs and runs[-1][-1] == at - 1:
            runs[-1].append(at)
        else:
            runs.append([at])
    return runs
