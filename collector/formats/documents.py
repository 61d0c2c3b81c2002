"""Traces in JSON files: detection of the format, conversion to OTLP, and batching into requests."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.formats import jaeger_json, zipkin, zipkin_json
from collector.formats.lenient_json import type_name
from collector.otlp import jsonform
from collector.otlp.body import MalformedError
from collector.otlp.values import Refusals

_OTHER: Final = frozenset({"resourceMetrics", "resourceLogs", "resourceProfiles"})
_LATEST: Final = (1 << 64) - 1
# Bytes of tags and lengths around a resource with its scope, and around a span, rounded up.
_HEAD_OVERHEAD: Final = 64
_SPAN_OVERHEAD: Final = 8


def convert(document: Any, arrived: int, refused: Refusals) -> ExportTraceServiceRequest:
    """Convert decoded JSON (OTLP, Jaeger's, Zipkin's, or a list of these documents) to one OTLP request.

    ``arrived``, nanoseconds since the epoch, is the time of Zipkin spans that have none. Spans that cannot be
    read are counted. Raises MalformedError that names the position in the document.
    """
    if isinstance(document, list):
        if any(isinstance(item, dict) and "traceId" in item for item in document):
            return zipkin.convert(zipkin_json.from_list(document, refused), arrived)
        return _convert_each(document, arrived, refused)
    if not isinstance(document, dict):
        raise MalformedError(f"expected an object or a list, got {type_name(document)}")
    if "resourceSpans" in document or "resource_spans" in document:
        try:
            return jsonform.fill(ExportTraceServiceRequest(), document, refused)
        except (ValueError, RecursionError) as error:
            raise MalformedError(str(error)) from None
    if isinstance(document.get("data"), list):
        return jaeger_json.convert(document["data"], refused)
    if "spans" in document and "processes" in document:
        return jaeger_json.convert([document], refused)
    if "traceId" in document and "id" in document:
        return zipkin.convert(zipkin_json.from_list([document], refused), arrived)
    if not document or document.keys() & _OTHER:
        return ExportTraceServiceRequest()  # metrics or logs, which file exporters write beside traces
    keys = ", ".join(sorted(document)[:5])
    raise MalformedError(
        f"an object with the keys {keys} is no trace: expected OTLP (resourceSpans), Jaeger (data) or "
        "a list of Zipkin spans"
    )


def _convert_each(documents: Iterable[Any], arrived: int, refused: Refusals) -> ExportTraceServiceRequest:
    """Convert each document and merge the results. Raises MalformedError with the index."""
    request = ExportTraceServiceRequest()
    for number, document in enumerate(documents):
        try:
            request.MergeFrom(convert(document, arrived, refused))
        except MalformedError as error:
            raise MalformedError(f"[{number}]: {error}") from None
        except RecursionError:
            raise MalformedError("lists in lists, nested too deeply") from None
    return request


def spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    """Yield every span of a request."""
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            yield from scope.spans


def shift(request: ExportTraceServiceRequest, by: int) -> None:
    """Move every time of a request by ``by`` nanoseconds; zero means no time and stays zero."""
    for span in spans(request):
        span.start_time_unix_nano = _shifted(span.start_time_unix_nano, by)
        span.end_time_unix_nano = _shifted(span.end_time_unix_nano, by)
        for event in span.events:
            event.time_unix_nano = _shifted(event.time_unix_nano, by)


def _shifted(time: int, by: int) -> int:
    return min(max(time + by, 1), _LATEST) if time else 0


def batches(
    requests: Iterable[ExportTraceServiceRequest], most_spans: int, most_bytes: int
) -> Iterator[ExportTraceServiceRequest]:
    """Yield the spans of ``requests`` in order, in requests of at most ``most_spans`` and ``most_bytes``.

    A request is larger only when a single span with its resource is.
    """
    batch, count, size = ExportTraceServiceRequest(), 0, 0
    for request in requests:
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                head = resource.resource.ByteSize() + scope.scope.ByteSize() + _HEAD_OVERHEAD
                into = None
                for span in scope.spans:
                    more = span.ByteSize() + _SPAN_OVERHEAD
                    if count and (count == most_spans or size + more + (0 if into else head) > most_bytes):
                        yield batch
                        batch, count, size, into = ExportTraceServiceRequest(), 0, 0, None
                    if into is None:
                        outer = batch.resource_spans.add(schema_url=resource.schema_url)
                        outer.resource.CopyFrom(resource.resource)
                        into = outer.scope_spans.add(schema_url=scope.schema_url)
                        into.scope.CopyFrom(scope.scope)
                        size += head
                    into.spans.add().CopyFrom(span)
                    count, size = count + 1, size + more
    if count:
        yield batch
