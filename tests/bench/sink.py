"""Counts every span it is sent: ``python -m tests.bench.sink GRPC_PORT COUNT_PORT``.

A connection to COUNT_PORT is answered with the number so far, so that a benchmark can hold
what arrived against what was requested.
"""

import asyncio
import sys

import grpc
import grpc.aio
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as traces_grpc


class Traces(traces_grpc.TraceServiceServicer):
    """Decodes, so that a malformed span would not be counted."""

    count = 0

    async def Export(  # noqa: N802 - the name is the service's
        self, request: traces.ExportTraceServiceRequest, context: object
    ) -> traces.ExportTraceServiceResponse:
        Traces.count += sum(len(s.spans) for r in request.resource_spans for s in r.scope_spans)
        return traces.ExportTraceServiceResponse()


class Metrics(metrics_grpc.MetricsServiceServicer):
    async def Export(  # noqa: N802 - the name is the service's
        self, request: metrics.ExportMetricsServiceRequest, context: object
    ) -> metrics.ExportMetricsServiceResponse:
        return metrics.ExportMetricsServiceResponse()


async def _tell(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(str(Traces.count).encode())
    writer.close()


async def serve(grpc_port: int, count_port: int) -> None:
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 64 << 20)])
    traces_grpc.add_TraceServiceServicer_to_server(Traces(), server)
    metrics_grpc.add_MetricsServiceServicer_to_server(Metrics(), server)
    server.add_insecure_port(f"127.0.0.1:{grpc_port}")
    await server.start()
    counter = await asyncio.start_server(_tell, "127.0.0.1", count_port)
    await counter.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
