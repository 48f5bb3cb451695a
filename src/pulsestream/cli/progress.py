"""What a person sees of a bulk ingest: a line that moves while it runs, and the report at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pulsestream.cli.listing import plain
from pulsestream.client.tally import NO_ANSWER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from pulsestream.client.bulk import Bulk
    from pulsestream.client.receipt import BrokenRule
    from pulsestream.client.source import Source
    from pulsestream.client.tally import Tally
    from pulsestream.clock import Clock

PATHS_SHOWN = 10
_ESTIMATE_FROM = 0.01  # the share from which an ETA means something


class Snapshot(Struct, frozen=True):
    """Where a run stands. `fraction`: 0 to 1, None when the size of the input cannot be known.

    `held_s`: how long the server's rate limit has held the run up, while the run goes by it. `concurrency`: how
    many requests may be in flight at the moment.
    """

    events: int
    fraction: float | None
    elapsed_s: float
    in_flight: int
    retries: int
    trouble: str
    held_s: float | None = None
    concurrency: int | None = None

    @property
    def under_way(self) -> str:
        most = "" if self.concurrency is None else f" of {max(self.concurrency, self.in_flight)}"
        return f"{self.in_flight}{most} in flight"

    @property
    def rate(self) -> float:
        return self.events / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def state(self) -> str:
        """What is out of the ordinary, in words; empty while nothing is."""
        if self.trouble:
            return f"trying again: {self.trouble}"
        return "" if self.held_s is None else f"waiting for the server's rate limit, {self.held_s:,.1f} s so far"

    @property
    def eta_s(self) -> float | None:
        if self.fraction is None or self.fraction < _ESTIMATE_FROM:
            return None
        return self.elapsed_s * (1 - self.fraction) / self.fraction


class Watch:
    """Looks at a run as it goes."""

    def __init__(self, bulk: Bulk, sources: Sequence[Source], *, limit: int | None, clock: Clock) -> None:
        self._bulk = bulk
        self._sources = sources
        self._limit = limit
        self._clock = clock

    def snapshot(self) -> Snapshot:
        bulk, tally = self._bulk, self._bulk.tally
        elapsed = 0.0 if bulk.started_s is None else self._clock.monotonic() - bulk.started_s
        held_s = bulk.waited_s if bulk.held else None
        return Snapshot(
            tally.sent,
            self._fraction(),
            elapsed,
            bulk.in_flight,
            tally.retries,
            tally.trouble,
            held_s,
            bulk.concurrency,
        )

    def _fraction(self) -> float | None:
        """The share of the input that is answered for.

        What is read is known in bytes on disk, what is answered in bytes of events: the one scales the other,
        so a packed file counts right too.
        """
        tally = self._bulk.tally
        by_count = None if self._limit is None else min(1.0, tally.sent / self._limit)
        sizes = [source.size_bytes for source in self._sources]
        known = [size for size in sizes if size is not None]
        if len(known) < len(sizes) or not sum(known):
            return by_count
        read = sum(source.position_bytes for source in self._sources) / sum(known)
        answered = tally.bytes_sent / self._bulk.bytes_read if self._bulk.bytes_read else 0.0
        by_bytes = min(1.0, read * answered)
        return by_bytes if by_count is None else max(by_count, by_bytes)


def bar(snapshot: Snapshot, width: int) -> RenderableType:
    """Two lines: how far, and how it goes."""
    first = Table.grid(padding=(0, 1), expand=False)
    fraction = snapshot.fraction
    if fraction is None:
        first.add_row(ProgressBar(pulse=True, width=min(40, width // 3)), Text(f"{_clock(snapshot.elapsed_s)} so far"))
    else:
        eta = "--:--" if snapshot.eta_s is None else _clock(snapshot.eta_s)
        first.add_row(
            ProgressBar(total=1.0, completed=fraction, width=max(10, min(50, width - 24))),
            Text(f"{fraction:4.0%}", style="bold"),
            Text(f"ETA {eta}", style="cyan"),
        )
    parts = [
        f"{snapshot.events:,} events",
        f"{snapshot.rate:,.0f}/s",
        snapshot.under_way,
        f"{snapshot.retries:,} {'retry' if snapshot.retries == 1 else 'retries'}",
    ]
    second = Text(" · ".join(parts), no_wrap=True, overflow="ellipsis")
    lines: list[RenderableType] = [first, second]
    if snapshot.state:
        style = "yellow" if snapshot.trouble else "cyan"
        lines.append(Text(snapshot.state, style=style, no_wrap=True, overflow="ellipsis"))
    return Group(*lines)


def line(snapshot: Snapshot) -> str:
    """The same for a log."""
    share = "" if snapshot.fraction is None else f"{snapshot.fraction:.0%} · "
    eta = "" if snapshot.eta_s is None else f" · ETA {_clock(snapshot.eta_s)}"
    state = f" · {snapshot.state}" if snapshot.state else ""
    return (
        f"{share}{snapshot.events:,} events · {snapshot.rate:,.0f}/s · {snapshot.under_way} · "
        f"{snapshot.retries:,} retries{eta}{state}"
    )


class Sending(Struct, frozen=True):
    """How a run sent its events. `concurrency`: requests at once, at its end; `adaptive`: as it found out."""

    batch_size: int
    dry_run: bool
    concurrency: int
    adaptive: bool
    compression: str
    waited_s: float


def render_report(console: Console, tally: Tally, *, headline: Text, seconds: float, sending: Sending) -> None:
    """The report at the end of a run."""
    console.print(headline)
    console.print()
    console.print(_indented(_counts(tally, dry_run=sending.dry_run)))
    console.print()
    console.print(_indented(_facts(tally, seconds, sending)))
    if tally.refusals:
        console.print()
        _print_refusals(console, tally)


def _counts(tally: Tally, *, dry_run: bool) -> Table:
    counts = Table.grid(padding=(0, 2))
    # Without notes rich measures the grid too narrow, and would break the longest name.
    counts.add_column(min_width=15 if dry_run else 10)
    counts.add_column(justify="right")
    counts.add_column(justify="right")
    counts.add_column(style="dim")
    rows = [
        ("would be stored" if dry_run else "stored", tally.stored, "green", ""),
        ("duplicate", tally.duplicate, "cyan", _duplicate_note(tally)),
        ("rejected", tally.rejected, "red", ""),
        ("limited", tally.limited, "yellow", "refused for the time being; send again later"),
    ]
    for name, count, style, note in rows:
        share = f"{count / tally.sent:.1%}" if tally.sent else ""
        counts.add_row(
            Text(name),
            Text(f"{count:,}", style=style if count else "dim"),
            Text(share),
            note if count else "",
        )
    counts.add_row(Text("sent", style="bold"), Text(f"{tally.sent:,}", style="bold"), "", "")
    if tally.unsent:
        counts.add_row(
            "unsent",
            Text(f"{tally.unsent:,}", style="yellow"),
            "",
            "read, no answer: run it again, nothing is stored twice",
        )
    return counts


def _facts(tally: Tally, seconds: float, sending: Sending) -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(min_width=11)
    facts.add_column()
    if seconds > 0 and tally.sent:
        facts.add_row(
            "throughput",
            f"{tally.sent / seconds:,.0f} events/s, {tally.bytes_sent / seconds / 1e6:,.1f} MB/s",
        )
    facts.add_row("latency", _latency(tally, sending.batch_size))
    statuses = ", ".join(
        f"{status if status == NO_ANSWER else f'status {status}'}: {count:,}"
        for status, count in tally.statuses.most_common()
    )
    facts.add_row("requests", f"{tally.requests:,} ({statuses})" if statuses else "0")
    facts.add_row("retries", f"{tally.retries:,}")
    facts.add_row("concurrency", f"{sending.concurrency:,}{' at the end (auto)' if sending.adaptive else ''}")
    if sending.compression:
        facts.add_row("compressed", sending.compression)
    if tally.over_rate:
        refused = f"{tally.over_rate:,} {'request' if tally.over_rate == 1 else 'requests'} refused for the moment"
        facts.add_row("waited", f"{sending.waited_s:,.1f} s for the server's rate limit ({refused})")
    if tally.scrubbed:
        facts.add_row("to scrub" if sending.dry_run else "scrubbed", _scrubbed(tally))
    if tally.reasons:
        facts.add_row("reasons", ", ".join(f"{count:,} {reason}" for reason, count in tally.reasons.most_common()))
    return facts


def _indented(table: Table) -> Padding:
    return Padding(table, (0, 0, 0, 2), expand=False)


def _scrubbed(tally: Tally) -> str:
    shown = ", ".join(f"{plain(path)} {count:,}" for path, count in tally.scrubbed.most_common(PATHS_SHOWN))
    more = len(tally.scrubbed) - PATHS_SHOWN
    return shown + (f" and {more:,} more (--json has them)" if more > 0 else "")


def _duplicate_note(tally: Tally) -> str:
    if tally.repeated:
        return f"in already; {tally.repeated:,} sent again after a lost answer"
    return "in already"


def _latency(tally: Tally, batch_size: int) -> str:
    shown = []
    for name, fraction in (("p50", 0.50), ("p95", 0.95), ("p99", 0.99)):
        value = tally.latencies.percentile_ms(fraction)
        if value is None:
            return "no answer"
        shown.append(f"{name} {value:,.1f} ms")
    return "  ".join(shown) + ("" if batch_size == 1 else f"  (a request of up to {batch_size:,} events)")


def _print_refusals(console: Console, tally: Tally) -> None:
    total = tally.rejected + tally.limited
    shown = len(tally.refusals)
    title = "Refused" if total == shown else f"Refused, the first {shown} of {total:,}"
    console.print(Text(title, style="bold"))
    for refusal in sorted(tally.refusals, key=lambda item: (item.name, item.place)):
        first = Text.assemble("  ", (f"{refusal.name}:{refusal.place}", "bold"), "  ", (plain(refusal.reason), "red"))
        if refusal.event_id:
            first.append(f"  {plain(refusal.event_id)}", style="dim")
        console.print(first)
        for broken in refusal.errors:
            console.print(Padding(_broken(broken), (0, 0, 0, 6), expand=False))


def _broken(broken: BrokenRule) -> Text:
    text = Text()
    if broken.field != "$":
        text.append(f"{plain(broken.field)}: ", style="cyan")
    text.append(plain(broken.rule))
    if broken.value:
        text.append(f"; got {plain(broken.value)}")
    if broken.help:
        text.append(f". {broken.help[:1].upper()}{plain(broken.help[1:])}", style="dim")
    return text


def _clock(seconds: float) -> str:
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes:02}:{left:02}"
