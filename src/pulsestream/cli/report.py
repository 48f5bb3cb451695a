"""`pulsestream report`: how the APIs did, as a page to send to somebody."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from msgspec import Raw
from msgspec.structs import replace
from rich.console import Console

from pulsestream.cli import options
from pulsestream.cli.connect import connect
from pulsestream.cli.question import Question, put, question, read
from pulsestream.client.answers import Endpoints, Failures, Services, Timeseries, Top
from pulsestream.clock import SystemClock, from_micros
from pulsestream.errors import BadQuery, PulseStreamError, UsageError
from pulsestream.query import language
from pulsestream.query.expression import During, Last, Search
from pulsestream.report.facts import Facts
from pulsestream.report.page import MEASURES, page
from pulsestream.report.scale import step

if TYPE_CHECKING:
    from pulsestream.client.connection import Params

_STDOUT = "-"
_DAY = timedelta(hours=24)
_FIRST = datetime.min.replace(tzinfo=UTC)  # nothing can be before it
_ROWS = "10"
_PLACES = [("measures", "requests,error_rate,p95_ms"), ("sort", "-requests"), ("limit", _ROWS), ("other", "true")]
# What the report has -> the question that is asked for it.
_QUESTIONS: dict[str, tuple[str, Params]] = {
    "services": ("/query/services", []),
    "course": ("/query/timeseries", [("measures", ",".join(MEASURES))]),
    "most_used": ("/query/endpoints", [("sort", "-requests"), ("limit", _ROWS), ("compare", "false")]),
    "slowest": ("/query/endpoints", [("sort", "-p95_ms"), ("limit", _ROWS), ("compare", "false")]),
    "failing": ("/query/endpoints", [("sort", "-errors"), ("limit", _ROWS), ("compare", "false")]),
    "countries": ("/query/top", [("by", "country"), *_PLACES]),
    "cities": ("/query/top", [("by", "country,city"), *_PLACES]),
    "failures": ("/query/errors", [("limit", _ROWS)]),
}


@click.command()
@question
@click.option(
    "-o",
    "--output",
    default="report.html",
    show_default=True,
    metavar="FILE",
    help="Where to write the page; - is stdout.",
)
@click.option("--title", default="API report", show_default=True, metavar="TEXT", help="What stands at its top.")
@click.option("--json", "as_json", is_flag=True, help="Print what the page would be made of, as one JSON object.")
def command(*, question: Question, output: str, title: str, as_json: bool) -> None:
    """Write a report as one HTML page: headline figures, charts, services, endpoints, places, failures.

    It needs no network and no script, so it can be mailed and opened anywhere, and be printed. By default it is of the
    last 24 hours; a figure is compared with the time of the same length before.
    """
    now = SystemClock().now()
    question = _of_one_time(question, now)
    answers = asyncio.run(_ask(question))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(answers), indent=2))
        return
    facts = _facts(question, title, now, answers)
    written = page(facts).encode()
    if output == _STDOUT:
        sys.stdout.buffer.write(written)
        sys.stdout.buffer.flush()
        return
    _write(Path(output), written)
    said = f"{output}: {facts.services.total.requests:,} requests, {len(written) / 1000:,.0f} kB."
    Console(stderr=True, highlight=False).print(said, style="dim", soft_wrap=True)


def _of_one_time(question: Question, now: datetime) -> Question:
    """With both ends, so that all answers are of the same time, whenever each is asked.

    A time that the query has wins, as the server has it, and stands beside the query from then on.
    """
    times = {name: datetime.fromisoformat(text) for name, text in question.times}
    start, end = times.get("start_time"), times.get("end_time")
    search = _understood(question, now)
    match search and search.time:
        case Last(length):
            start, end = now - min(length, now - _FIRST), now
        case During(start_us, end_us):
            start = None if start_us is None else from_micros(start_us)
            end = None if end_us is None else from_micros(end_us)
        case _:
            search = None
    query = question.query if search is None else language.write(replace(search, time=None))
    end = end or now
    start = start or end - min(_DAY, end - _FIRST)
    both = (("start_time", options.rfc3339(start)), ("end_time", options.rfc3339(end)))
    return replace(question, query=query, times=both)


def _understood(question: Question, now: datetime) -> Search | None:
    """None: the server may understand it; it says so if not."""
    try:
        return language.read(question.query, now=now, zone=question.zone)
    except BadQuery:
        return None


async def _ask(question: Question) -> dict[str, Raw]:
    times = [datetime.fromisoformat(dict(question.times)[name]) for name in ("start_time", "end_time")]
    questions = dict(_QUESTIONS)
    path, more = questions["course"]
    questions["course"] = (path, [*more, ("step", step(times[1] - times[0]))])
    async with connect(question.url, question.api_key, connections=len(_QUESTIONS)) as client:
        asked = [put(client, path, [*question.parameters, *more], shape=Raw) for path, more in questions.values()]
        # All are waited for, also where one fails: none may be left under way when the connections are closed.
        answers = await asyncio.gather(*asked, return_exceptions=True)
    found = {}
    for name, answer in zip(questions, answers, strict=True):
        if isinstance(answer, BaseException):
            raise answer
        found[name] = answer
    return found


def _facts(question: Question, title: str, now: datetime, answers: dict[str, Raw]) -> Facts:
    return Facts(
        title=title,
        query=question.query,
        made_at=now,
        zone=question.zone,
        services=read(answers["services"], Services),
        course=read(answers["course"], Timeseries),
        most_used=read(answers["most_used"], Endpoints),
        slowest=read(answers["slowest"], Endpoints),
        failing=read(answers["failing"], Endpoints),
        countries=read(answers["countries"], Top),
        cities=read(answers["cities"], Top),
        failures=read(answers["failures"], Failures),
    )


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: a page of before is not lost to a full disk."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it")
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise PulseStreamError(f"cannot write {path}: {error.strerror or error}") from None
