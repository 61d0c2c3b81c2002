"""Counts everything it is sent: ``python -m tests.bench.sink GRPC_PORT COUNT_PORT``.

A connection to COUNT_PORT is answered with the numbers so far, as JSON, so that they can be held
against what was requested.
"""

import asyncio
import json
import sys
from collections import Counter
from typing import Final

import grpc
import grpc.aio
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as traces_grpc
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from proxy.contract import attributes

# Requests that a sidecar refused before anything of them could be known have no span.
_UNKNOWN: Final = "_OTHER"
_INSTRUMENTS: Final = {attributes.SERVER_DURATION: "server", attributes.CLIENT_DURATION: "client"}
_KINDS: Final = {
    trace_pb2.Span.SPAN_KIND_SERVER: "server_spans",
    trace_pb2.Span.SPAN_KIND_CLIENT: "client_spans",
}

Counts = Counter[str]
"""``spans``, ``server_spans``, ``client_spans``; ``server``, ``client``, ``refused`` by metrics."""


class Traces(traces_grpc.TraceServiceServicer):
    """Decodes, so that a malformed span would not be counted."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    async def Export(  # noqa: N802 - the name is the service's
        self, request: traces.ExportTraceServiceRequest, context: object
    ) -> traces.ExportTraceServiceResponse:
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self._counts["spans"] += len(scope.spans)
                self._counts.update(_KINDS.get(span.kind, "other_spans") for span in scope.spans)
        return traces.ExportTraceServiceResponse()


class Metrics(metrics_grpc.MetricsServiceServicer):
    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    async def Export(  # noqa: N802 - the name is the service's
        self, request: metrics.ExportMetricsServiceRequest, context: object
    ) -> metrics.ExportMetricsServiceResponse:
        for resource in request.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.exponential_histogram.data_points:
                        self._counts[_name(metric.name, point)] += point.count
        return metrics.ExportMetricsServiceResponse()


def _name(instrument: str, point: metrics_pb2.ExponentialHistogramDataPoint) -> str:
    if any(a.key == attributes.METHOD and a.value.string_value == _UNKNOWN for a in point.attributes):
        return "refused"
    return _INSTRUMENTS.get(instrument, instrument)


async def serve(grpc_port: int, count_port: int) -> None:
    counts: Counts = Counter()

    async def tell(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(json.dumps(counts).encode())
        writer.close()

    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 64 << 20)])
    traces_grpc.add_TraceServiceServicer_to_server(Traces(counts), server)
    metrics_grpc.add_MetricsServiceServicer_to_server(Metrics(counts), server)
    server.add_insecure_port(f"127.0.0.1:{grpc_port}")
    await server.start()
    counter = await asyncio.start_server(tell, "127.0.0.1", count_port)
    await counter.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
