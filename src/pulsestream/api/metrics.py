"""What the server measures, as Prometheus reads it. For the operator: it counts over all tenants."""

from __future__ import annotations

import asyncio
import platform
import shutil
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from itertools import accumulate

from litestar import Response, get
from prometheus_client import GC_COLLECTOR, PROCESS_COLLECTOR
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, SummaryMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from pulsestream import metrics
from pulsestream.api.auth import guard
from pulsestream.api.observer import METRICS_PATH
from pulsestream.api.operation import terms
from pulsestream.api.parameters import AnyRequest, caller, only, server_of
from pulsestream.control.keys import FIRST_TENANT, Scope
from pulsestream.errors import Forbidden
from pulsestream.meters import Histogram, Meters, Passed
from pulsestream.metrics import METRICS, Kind, Metric, Stage
from pulsestream.store.probe import Seen
from pulsestream.wiring import Server

Gauges = Mapping[Metric, Mapping[tuple[str, ...], float]]

_VERSION = version("pulsestream")
_SCOPES = frozenset((Scope.READ, Scope.ADMIN))
# Of the process: memory, CPU time, open files (Linux only), and the collector of garbage.
_PROCESS = (PROCESS_COLLECTOR, GC_COLLECTOR)


@get(METRICS_PATH, opt=terms(), guards=[guard])
async def prometheus(request: AnyRequest) -> Response[bytes]:
    """All metrics, in the text format of Prometheus or as OpenMetrics, whichever is asked for."""
    only(request, ())
    key = caller(request)
    if key.tenant != FIRST_TENANT or _SCOPES.isdisjoint(key.scopes):
        raise Forbidden(
            f"this is about all tenants: it needs a key of the tenant {FIRST_TENANT!r} with the scope 'read' or 'admin'"
        )
    server = server_of(request)
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    gauges = _gauges(server, await server.probe.look())
    # Writing some hundred lines takes a few milliseconds.
    stages = server.minutes.stages() | server.meters.stages()
    body = await asyncio.to_thread(encode, _Exposed(server.meters, gauges, stages))
    # As a header: of a media type that is text the framework would say the charset again.
    return Response(body, headers={"content-type": content_type})


def _gauges(server: Server, seen: Seen) -> Gauges:
    found: dict[Metric, dict[tuple[str, ...], float]] = {
        metric: {(): value} for metric, value in server.meters.gauges().items()
    }
    found[metrics.JOURNAL_CORRUPT] = {(): server.corrupt_segments}
    found[metrics.DISK_FREE_BYTES] = {(): shutil.disk_usage(server.data).free}
    found[metrics.BUILD_INFO] = {(_VERSION, platform.python_version()): 1}
    found[metrics.ENGINE_UP] = {(): seen.up}
    if seen.state is not None:
        found[metrics.ENGINE_PARTS] = {(): seen.state.parts}
        found[metrics.ENGINE_PARTS_MAX] = {(): seen.state.parts_in_partition_max}
        found[metrics.ENGINE_ROWS] = {(): seen.state.rows}
        found[metrics.ENGINE_DISK_BYTES] = {(): seen.state.disk_bytes}
        found[metrics.ENGINE_MEMORY_BYTES] = {(): seen.state.memory_bytes}
        found[metrics.ENGINE_MERGES] = {(): seen.state.merges}
    return found


class _Exposed(Collector):
    def __init__(self, meters: Meters, gauges: Gauges, stages: Mapping[Stage, Passed]) -> None:
        self._meters = meters
        self._gauges = gauges
        self._stages = stages

    def collect(self) -> Iterable[Family]:
        for metric in METRICS:
            yield self._family(metric)
        for collector in _PROCESS:
            yield from collector.collect()

    def _family(self, metric: Metric) -> Family:
        if metric.kind is Kind.HISTOGRAM:
            return _histograms(metric, self._meters.histograms(metric))
        if metric.kind is Kind.SUMMARY:
            return _summaries(metric, {(stage.label,): passed for stage, passed in self._stages.items()})
        family: CounterMetricFamily | GaugeMetricFamily
        values: Mapping[tuple[str, ...], float]
        if metric.kind is Kind.GAUGE:
            family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
            values = self._gauges.get(metric, {})
        else:
            family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
            values = self._meters.counts(metric)
            if metric is metrics.STAGE_EVENTS:
                values = {(stage.label,): passed.events for stage, passed in self._stages.items()}
        for labels, value in values.items():
            family.add_metric(labels, value)
        return family


def _summaries(metric: Metric, found: Mapping[tuple[str, ...], Passed]) -> Family:
    family = SummaryMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, passed in found.items():
        family.add_metric(labels, passed.times, passed.seconds)
    return family


def _histograms(metric: Metric, found: Mapping[tuple[str, ...], Histogram]) -> Family:
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, histogram in found.items():
        bounds = [*map(floatToGoString, histogram.bounds), "+Inf"]
        family.add_metric(labels, list(zip(bounds, accumulate(histogram.counts.copy()), strict=True)), histogram.sum)
    return family
