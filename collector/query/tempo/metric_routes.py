"""Tempo's HTTP API for series: TraceQL metrics over time, and as one value each.

Source: Grafana Tempo, "Tempo HTTP API", and tempo.proto's QueryRangeResponse and QueryInstantResponse as
jsonpb writes them, which Grafana reads. A reply that a bound has made incomplete has the status PARTIAL and
says why.
"""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from collector.clock import MeshClock
from collector.otlp.stored_values import Json
from collector.query.bounded_reader import BoundedReader
from collector.query.replies import rendered
from collector.query.tempo.attributes import attribute, number_attribute, text_attribute
from collector.query.tempo.metric_params import MetricsRequest, parse_request
from collector.query.traceql.metrics.metrics import Metrics, SeriesAnswer
from collector.query.traceql.metrics.series import Exemplar, Label, Series, name_of
from collector.query.traceql.metrics.steps import Steps

# All at once, where Tempo splits a query into jobs: Grafana draws progress from them.
_JOBS: Final = {"completedJobs": 1, "totalJobs": 1}


class MetricRoutes:
    """Handlers over the stored spans; ``clock`` is the mesh's."""

    def __init__(self, store: BoundedReader, clock: MeshClock) -> None:
        self._metrics = Metrics(store)
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/metrics/query_range", self.query_range),
            web.get("/api/metrics/query", self.query),
        ]

    async def query_range(self, request: web.Request) -> web.Response:
        wanted, answer = await self._answer(request.query, instant=False)
        return await rendered(
            lambda: _reply(answer, [_over_time(each, wanted.steps) for each in answer.series])
        )

    async def query(self, request: web.Request) -> web.Response:
        _, answer = await self._answer(request.query, instant=True)
        return await rendered(lambda: _reply(answer, [_at_once(each) for each in answer.series]))

    async def _answer(self, query: Mapping[str, str], instant: bool) -> tuple[MetricsRequest, SeriesAnswer]:
        wanted = parse_request(query, instant, *self._clock.present_us())
        return wanted, await self._metrics.run(wanted.query, wanted.steps, wanted.exemplars)


def _reply(answer: SeriesAnswer, series: list[Json]) -> Json:
    reply: dict[str, Any] = {"series": series, "metrics": _JOBS}
    # Left out where they say nothing: Grafana's older releases refuse fields they do not know.
    if answer.partial:
        reply |= {"status": "PARTIAL", "message": answer.partial}
    return reply


def _over_time(series: Series, steps: Steps) -> Json:
    samples = [
        {"timestampMs": str(steps.time_ms(place)), "value": value}
        for place, value in enumerate(series.values)
        if value is not None
    ]
    reply: Json = {"labels": [_label(label) for label in series.labels], "samples": samples}
    if series.exemplars:
        reply["exemplars"] = [_exemplar(each) for each in series.exemplars]
    return reply


def _at_once(series: Series) -> Json:
    value = next(value for value in series.values if value is not None)
    return {"labels": [_label(label) for label in series.labels], "value": value}


def _label(label: Label) -> Json:
    field, value = label
    key = name_of(field)
    if value is None:
        return text_attribute(key, "nil")
    if isinstance(value, float):
        return number_attribute(key, value)
    if isinstance(value, str) or isinstance(field, str):
        return text_attribute(key, str(value))
    return attribute(key, field, value.text, value.type)


def _exemplar(exemplar: Exemplar) -> Json:
    texts = {
        "trace:id": exemplar.trace_id,
        "span:id": exemplar.span_id,
        "name": exemplar.name,
        "resource.service.name": exemplar.service,
    }
    return {
        "labels": [text_attribute(key, text) for key, text in texts.items()],
        "value": exemplar.value,
        "timestampMs": str(exemplar.time_ms),
    }
