"""Tempo's HTTP API: search in TraceQL, names and values to write it with, traces by id.

Source: Grafana Tempo, "Tempo HTTP API". Beside what Tempo answers, a search says ``partial``
when a bound kept it from looking at every trace. ``GET /api/traces/{id}`` is Jaeger's here.
"""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from collector.clock import MeshClock
from collector.otlp import jsonform
from collector.otlp.stored_values import Json
from collector.query import params, traceql
from collector.query.bounded_reader import BoundedReader
from collector.query.errors import NotFoundError
from collector.query.jaeger.otlp_json import traces_data
from collector.query.replies import ok, render, rendered
from collector.query.search.summaries import summaries
from collector.query.search.traces import Traces
from collector.query.tempo import params as params_tempo
from collector.query.tempo import tags
from collector.query.tempo.attributes import attribute, text_attribute
from collector.query.tempo.params import TempoSearch
from collector.query.tempo.tags import TagValue
from collector.query.traceql import Compiled, TraceQLError
from collector.query.traceql.evaluate import Facts, MatchedSpanset
from collector.query.traceql.language import names, printer, syntax
from collector.query.traceql.spansets import Match, Spansets
from proxy.contract.protobuf_wire import len_field

# The version of Tempo whose API this is; Grafana looks at it to know what it may ask.
API_VERSION: Final = "2.8.0"
_SCOPES: Final = ("resource", "span", "intrinsic", "event", "link", "instrumentation")
_PROTOBUF: Final = "application/protobuf"


class TempoRoutes:
    """Handlers over the stored spans; ``clock`` is the mesh's."""

    def __init__(self, store: BoundedReader, clock: MeshClock) -> None:
        self._store = store
        self._clock = clock
        self._spansets = Spansets(store)
        self._traces = Traces(store)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/echo", self.echo),
            web.get("/api/status/buildinfo", self.build_info),
            web.get("/status/services", self.services),
            web.get("/api/search", self.search),
            web.get("/api/search/tags", self.tags),
            web.get("/api/search/tag/{name}/values", self.tag_values),
            web.get("/api/v2/search/tags", self.scoped_tags),
            web.get("/api/v2/search/tag/{name}/values", self.typed_values),
            web.get("/api/v2/traces/{trace_id}", self.trace),
        ]

    async def echo(self, request: web.Request) -> web.Response:
        return web.Response(text="echo")

    async def build_info(self, request: web.Request) -> web.Response:
        return ok(
            {
                "version": API_VERSION,
                "revision": "spanmesh",
                "branch": "",
                "buildUser": "",
                "buildDate": "",
                "goVersion": "",
            }
        )

    async def services(self, request: web.Request) -> web.Response:
        """Answer as a healthy Tempo: Kiali checks it here."""
        return web.Response(text="query-frontend: Running\n")

    async def search(self, request: web.Request) -> web.Response:
        search = params_tempo.search(request.query, *self._clock.present_us())
        compiled = traceql.compiled(search.query, search.window)
        answer = await self._spansets.search(compiled, search.limit)
        lines = {
            line["traceId"]: line
            for line in await summaries(self._store, [match.trace_id for match in answer.matches])
        }
        found = [match for match in answer.matches if match.trace_id in lines]
        return await rendered(
            lambda: {
                "traces": [_trace(match, lines[match.trace_id], compiled, search) for match in found],
                "metrics": {"inspectedTraces": len(found)},
                "partial": answer.partial,
            }
        )

    async def tags(self, request: web.Request) -> web.Response:
        scopes = await self._scopes(request)
        return ok({"tagNames": sorted({tag for known in scopes.values() for tag in known})})

    async def scoped_tags(self, request: web.Request) -> web.Response:
        scopes = await self._scopes(request)
        return ok({"scopes": [{"name": name, "tags": known} for name, known in scopes.items()]})

    async def tag_values(self, request: web.Request) -> web.Response:
        return ok({"tagValues": [text for _, text in await self._values(request)]})

    async def typed_values(self, request: web.Request) -> web.Response:
        found = await self._values(request)
        return ok({"tagValues": [{"type": kind, "value": text} for kind, text in found]})

    async def trace(self, request: web.Request) -> web.Response:
        trace_id = params.trace_id(request.match_info["trace_id"], "trace_id")
        found = await self._traces.by_ids([trace_id])
        if not found:
            raise NotFoundError(f"trace {trace_id} is not stored: it may be too new, or past the retention")
        if _PROTOBUF not in request.headers.get("Accept", ""):
            return await rendered(lambda: {"trace": traces_data(found, raw=True)})
        # By way of JSON: one conversion to maintain, and this route is asked for one trace at a time.
        message = jsonform.parse(TracesData(), render(traces_data(found, raw=True)).encode())
        # TraceByIDResponse.trace, field 1; Tempo's Trace is TracesData on the wire.
        reply = len_field(b"\x0a", message.SerializeToString())
        return web.Response(body=reply, content_type=_PROTOBUF)

    async def _scopes(self, request: web.Request) -> dict[str, list[str]]:
        wanted = request.query.get("scope", "")
        if wanted not in ("", "none", *_SCOPES):
            raise params.bad("scope", wanted, f"write one of {', '.join(_SCOPES)}")
        found = await tags.keys(self._store)
        found["intrinsic"] = sorted(names.BARE) + sorted(names.INTRINSICS)
        return {scope: known for scope, known in found.items() if wanted in ("", "none", scope)}

    async def _values(self, request: web.Request) -> list[TagValue]:
        """Return the values of the field a path names; a bare name may be an attribute's."""
        name = request.match_info["name"]
        try:
            field = traceql.field(name)
        except TraceQLError:
            field = syntax.Attribute(syntax.Scope.ANY, name)
        window = params_tempo.window(request.query, *self._clock.present_us())
        return await tags.values(self._store, field, request.query.get("q", ""), window)


def _trace(match: Match, line: Mapping[str, Any], compiled: Compiled, search: TempoSearch) -> Json:
    sets = [_spanset(found, match, compiled, search.spans) for found in match.sets]
    took = int(line["maxEndTimeUnixNano"]) - int(line["minStartTimeUnixNano"])
    return {
        "traceID": match.trace_id,
        "rootServiceName": line["rootServiceName"],
        "rootTraceName": line["rootOperationName"],
        "startTimeUnixNano": line["minStartTimeUnixNano"],
        "durationMs": took // 1_000_000,
        "spanSets": sets,
        "spanSet": sets[0],  # as clients before Tempo 2.2 read it
        "serviceStats": {
            each["name"]: {"spanCount": each["spanCount"], "errorCount": each["errorSpanCount"]}
            for each in line["services"]
        },
    }


def _spanset(found: MatchedSpanset, match: Match, compiled: Compiled, limit: int) -> Json:
    spans = [_span(match.spans[index], compiled) for index in sorted(found.spans)[:limit]]
    reply: Json = {"spans": spans, "matched": len(found.spans)}
    if found.groups:
        reply["attributes"] = [_group(*group) for group in found.groups]
    return reply


def _group(field: syntax.Expression, value: str | None, kind: str) -> Json:
    key = f"by({printer.short_text(field)})"
    return text_attribute(key, "nil") if value is None else attribute(key, field, value, kind)


def _span(span: Facts, compiled: Compiled) -> Json:
    return {
        "spanID": span.span_id,
        "name": span.name,
        "startTimeUnixNano": str(span.start),
        "durationNanos": str(span.duration),
        "attributes": [
            attribute(_key(field), field, value, kind)
            for field, value, kind in zip(compiled.fields, span.texts, span.types, strict=False)
            if value is not None
        ],
    }


def _key(field: syntax.Field) -> str:
    return field.key if isinstance(field, syntax.Attribute) else printer.short_text(field)
