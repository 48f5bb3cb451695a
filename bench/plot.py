"""Pictures of measured series, for the docs: on a light ground of their own, to be read on a dark page too."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

GROUND = "#ffffff"
INK = "#24292f"
FAINT = "#6e7781"
GRID = "#e6e9ed"
BLUE, ORANGE, GREEN, PURPLE = "#1f6fd1", "#c4570f", "#1a8754", "#7a4fc4"
MIB = 1 << 20
SLICES = 20  # of a run, at least: what a rate is counted over
BEFORE_S = 0.5  # the first request: so much is shown
LABELS_APART = 0.054  # of the figure's height: two lines of text


class Line(NamedTuple):
    """`label` stands at its end, in its colour; a line break parts the name from what sums it up."""

    label: str
    color: str
    times: Sequence[float]
    values: Sequence[float]


def draw_scale(result: dict[str, Any], path: Path) -> None:
    """Throughput, latency and memory over the time of one run of bench/scale.py, as SVG or PNG by the name."""
    mpl.rcParams.update(
        {
            "font.family": "DejaVu Sans",
            "font.size": 10,
            "text.color": INK,
            "axes.labelcolor": FAINT,
            "xtick.color": FAINT,
            "ytick.color": FAINT,
            "axes.edgecolor": GRID,
            "svg.fonttype": "path",
            "svg.hashsalt": "pulsestream",
        }
    )
    figure = Figure(figsize=(9, 7.6), facecolor=GROUND)
    throughput, latency, memory = figure.subplots(3, 1, sharex=True, height_ratios=(5, 5, 3))
    figure.subplots_adjust(left=0.075, right=0.79, top=0.865, bottom=0.065, hspace=0.32)
    samples = result["samples"]
    start = _first_request(samples)
    for axes, title in (
        (throughput, "Throughput, events/s"),
        (latency, "What others wait meanwhile, ms"),
        (memory, "Memory of the server, and its journal, MiB"),
    ):
        axes.set_title(title, loc="left", fontsize=11, fontweight="bold", pad=9)
        _tidy(axes)
    _draw_throughput(throughput, result, start)
    _draw_latency(latency, result["neighbour"], start)
    _draw_memory(memory, samples, start)
    memory.set_xlim(max(-BEFORE_S, samples[0]["at_s"] - start), samples[-1]["at_s"] - start)
    memory.set_xlabel("seconds since the first request")
    machine = result["machine"]
    title = f"{result['events']:,} events by pulsestream ingest"
    figure.text(0.012, 0.972, title, fontsize=15, fontweight="bold", va="top")
    told = f"from an empty folder; server, sender and neighbours on one machine of {machine['cpus']} CPUs"
    figure.text(0.012, 0.93, f"{told} ({machine['processor']})", fontsize=9.5, color=FAINT, va="top")
    figure.savefig(path, facecolor=GROUND, dpi=110, metadata={"Date": None} if path.suffix == ".svg" else None)


def _first_request(samples: list[dict[str, float]]) -> float:
    """When positions began to grow by more than a neighbour's event at a time."""
    for before, after in pairwise(samples):
        if after["acknowledged_position"] - before["acknowledged_position"] > 100:
            return before["at_s"]
    return samples[0]["at_s"]


def _draw_throughput(axes: Axes, result: dict[str, Any], start: float) -> None:
    lines = []
    for name, label, color in (("acknowledged", "acknowledged", BLUE), ("searchable", "searchable", ORANGE)):
        times, rates = _rates(result["samples"], f"{name}_position")
        mean = f"{label}\n{result[f'{name}_per_second']:,.0f}/s over all"
        lines.append(Line(mean, color, [at - start for at in times], rates))
    axes.set_ylim(0, max(value for line in lines for value in line.values) * 1.08)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    _draw(axes, lines, at="middle")


def _rates(samples: list[dict[str, float]], name: str) -> tuple[list[float], list[float]]:
    """Over so long around each sample that a block of the feeder is no spike of its own."""
    times = [sample["at_s"] for sample in samples]
    half = max(0.5, (times[-1] - times[0]) / SLICES) / 2
    rates, low, high = [], 0, 0
    for at in times:
        while times[low] < at - half:
            low += 1
        while high + 1 < len(times) and times[high + 1] <= at + half:
            high += 1
        passed = times[high] - times[low]
        rates.append((samples[high][name] - samples[low][name]) / passed if passed else 0.0)
    return times, rates


def _draw_latency(axes: Axes, neighbour: dict[str, Any], start: float) -> None:
    asked = neighbour["questions"]
    series = {
        "one event": (BLUE, [(at - start, ms) for at, ms in neighbour["events"]]),
        "a search": (PURPLE, [(at - start, ms) for at, name, ms in asked if name not in ("stats", "services")]),
        "statistics": (GREEN, [(at - start, ms) for at, name, ms in asked if name == "stats"]),
        "services": (ORANGE, [(at - start, ms) for at, name, ms in asked if name == "services"]),
    }
    lines = []
    for label, (color, points) in series.items():
        if points:
            times, values = zip(*points, strict=True)
            axes.scatter(times, values, s=14, color=color, alpha=0.35, linewidths=0)
            middle = statistics.median(values)
            lines.append(Line(f"{label}\nmedian {middle:.0f} ms", color, times, _running_median(values)))
    axes.set_yscale("log")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    _draw(axes, lines, at="end")


def _running_median(values: Sequence[float], width: int = 5) -> list[float]:
    half = width // 2
    return [statistics.median(values[max(0, at - half) : at + half + 1]) for at in range(len(values))]


def _draw_memory(axes: Axes, samples: list[dict[str, float]], start: float) -> None:
    times = [sample["at_s"] - start for sample in samples]
    memory, journal = ([sample[name] / MIB for sample in samples] for name in ("rss_bytes", "journal_bytes"))
    axes.fill_between(times, memory, color=BLUE, alpha=0.1, linewidth=0)
    axes.set_ylim(0, max(memory) * 1.15)
    _draw(
        axes,
        [
            Line(f"resident\n{max(memory):,.0f} at most", BLUE, times, memory),
            Line(f"journal, on disk\n{max(journal):,.0f} at most", ORANGE, times, journal),
        ],
        at="end",
    )


def _draw(axes: Axes, lines: list[Line], *, at: str) -> None:
    """Each line with its label at the right, near its end or its middle value, and none over another."""
    for line in lines:
        axes.plot(line.times, line.values, color=line.color, linewidth=2, solid_capstyle="round")
    to_height = axes.transAxes.inverted()
    places = []
    for line in lines:
        value = line.values[-1] if at == "end" else statistics.median(line.values)
        _, height = to_height.transform(axes.transData.transform((line.times[-1], value)))
        places.append(max(0.06, min(0.94, float(height))))
    apart = LABELS_APART / axes.get_position().height
    order = sorted(range(len(lines)), key=places.__getitem__)
    for lower, upper in pairwise(order):
        places[upper] = max(places[upper], places[lower] + apart)
    highest = 0.94
    for index in reversed(order):
        places[index] = min(places[index], highest)
        highest = places[index] - apart
    for line, height in zip(lines, places, strict=True):
        axes.text(
            *(1.015, height, line.label),
            transform=axes.transAxes,
            color=line.color,
            va="center",
            fontsize=9.5,
            linespacing=1.35,
        )


def _tidy(axes: Axes) -> None:
    axes.set_facecolor(GROUND)
    axes.grid(axis="y", color=GRID, linewidth=1)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
