"""`pulsestream top`: what there is most of, or what is worst."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from msgspec import Raw
from rich.text import Text

from pulsestream.cli.drawing import bar, figure, percent
from pulsestream.cli.grid import Column, print_columns, print_line
from pulsestream.cli.listing import plain
from pulsestream.cli.printing import print_json, print_report
from pulsestream.cli.question import Question, ask, footing, heading, piped, print_rows, question, read
from pulsestream.client.answers import Group, Top
from pulsestream.query.catalog import measure, measures_of

if TYPE_CHECKING:
    from rich.console import Console

_BAR_MIN, _BAR_MAX = 6, 32


@click.command()
@click.argument("by", metavar="BY")
@question
@click.option(
    "-m",
    "--measures",
    default="count",
    show_default=True,
    metavar="NAMES",
    help="What to measure of each group, such as count,error_rate,p99_ms; what it is sorted by is shown as well.",
)
@click.option(
    "--sort", metavar="MEASURE", help="Sort by this one; -MEASURE has the highest first.  [default: the first, so]"
)
@click.option("-n", "--limit", type=click.IntRange(1), default=10, show_default=True, metavar="N", help="Most groups.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as one JSON object.")
def command(*, question: Question, by: str, measures: str, sort: str | None, limit: int, as_json: bool) -> None:
    """What there is most of: groups of events BY one field or several, with measures of each.

    BY names fields, separated by commas: service,endpoint or country, tag.NAME, payload.KEY. By default of the last
    24 hours. Into a pipe it prints one JSON object a group.
    """
    names = [name.strip() for name in measures.split(",")]
    sorted_by = sort or f"-{names[0]}"
    ranked = sorted_by.removeprefix("-")
    if ranked not in names and measure(ranked) is not None:
        measures = f"{measures},{ranked}"
    table = not as_json and not piped()
    more = [("by", by), ("measures", measures), ("sort", sorted_by), ("limit", str(limit))]
    more += [("other", "true")] if table else []
    raw = ask(question, "/query/top", more, shape=Raw)
    if as_json:
        print_json(raw)
        return
    answer = read(raw, Top)
    if table:
        print_report(lambda console: _render(console, question, answer, ranked))
    else:
        print_rows([row(group) for group in answer.groups])


def row(group: Group) -> dict[str, object]:
    """A group as one flat object: fields, measures, share."""
    return {**group.group, **group.values, **({} if group.share is None else {"share": group.share})}


def _render(console: Console, question: Question, answer: Top, sorted_by: str) -> None:
    groups = f"{len(answer.groups):,} of {answer.groups_total:,} groups" if answer.groups_total else ""
    title = f"By {', '.join(answer.groups[0].group)}" if answer.groups else "Groups"
    print_line(console, heading(title, answer.basis, question.zone, f"  {groups}" if groups else ""), indent=0)
    if not answer.groups:
        console.print("  No event matches. --since 7d looks further back.", style="dim")
        return
    print_columns(console, group_columns(answer, sorted_by))
    console.print()
    print_line(console, Text(footing(answer.basis), style="dim"))


def group_columns(answer: Top, sorted_by: str) -> list[Column]:
    """Fields, measures, a bar of what it is sorted by, and shares; the last row is all that is not shown."""
    rows = [*answer.groups, *([answer.other] if answer.other else [])]
    fields, measures = list(answer.groups[0].group), list(answer.groups[0].values)
    units = {name: one.unit for name, one in measures_of(tuple(measures)).items()}
    columns = [
        Column(
            title=name, cells=[_named(one, name, answer, first=not at) for one in rows], least=10, most=60, inside=True
        )
        for at, name in enumerate(fields)
    ]
    for name in measures:
        style = "bold" if name == sorted_by else ""
        cells = [Text(figure(one.values.get(name), units.get(name, "")), style=style) for one in rows]
        columns.append(Column(title=_title(name), cells=cells, right=True))
    top = max((group.values.get(sorted_by) or 0.0 for group in answer.groups), default=0.0)

    def bars(width: int) -> list[Text]:
        drawn = [Text(bar(group.values.get(sorted_by), top, width), style="bright_blue") for group in answer.groups]
        return drawn + [Text()] * (len(rows) - len(drawn))

    columns.append(Column(title="", draw=bars, least=_BAR_MIN, most=_BAR_MAX, rank=2))
    if any(one.share is not None for one in rows):
        shares = [Text("" if one.share is None else percent(one.share), style="dim") for one in rows]
        columns.append(Column(title="share", cells=shares, right=True, rank=1))
    return columns


def _named(one: Group, field: str, answer: Top, *, first: bool) -> Text:
    if one is answer.other:
        return Text("everything else" if first else "", style="dim")
    value = one.group.get(field)
    if value in (None, ""):
        return Text("(none)", style="dim")
    return Text(plain(str(value)), style="cyan" if first else "")


def _title(measure: str) -> str:
    return measure.replace("_ms", " ms") if measure.endswith("_ms") else measure.replace("_", " ")
