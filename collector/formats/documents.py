"""Traces in files: what kind of JSON it is, its spans in OTLP, and those in requests of a fair size."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.formats import jaeger_json, zipkin, zipkin_json
from collector.formats.lenient_json import kind
from collector.otlp import jsonform
from collector.otlp.body import MalformedError

_OTHER: Final = frozenset({"resourceMetrics", "resourceLogs", "resourceProfiles"})
_LATEST: Final = (1 << 64) - 1


def convert(document: Any, arrived: int) -> ExportTraceServiceRequest:
    """The spans of decoded JSON: OTLP, Jaeger's or Zipkin's, or a list of such.

    ``arrived``, nanoseconds since the epoch, is the time of Zipkin spans that have none. Raises
    MalformedError that names the place.
    """
    if isinstance(document, list):
        if any(isinstance(item, dict) and "traceId" in item for item in document):
            return zipkin.convert(zipkin_json.from_list(document), arrived)
        return _together(document, arrived)
    if not isinstance(document, dict):
        raise MalformedError(f"expected an object or a list, got {kind(document)}")
    if "resourceSpans" in document or "resource_spans" in document:
        try:
            return jsonform.fill(ExportTraceServiceRequest(), document)
        except (ValueError, RecursionError) as error:
            raise MalformedError(str(error)) from None
    if isinstance(document.get("data"), list):
        return jaeger_json.convert(document["data"])
    if "spans" in document and "processes" in document:
        return jaeger_json.convert([document])
    if "traceId" in document and "id" in document:
        return zipkin.convert(zipkin_json.from_list([document]), arrived)
    if not document or document.keys() & _OTHER:
        return ExportTraceServiceRequest()  # what file exporters write beside traces
    keys = ", ".join(sorted(document)[:5])
    raise MalformedError(
        f"an object with the keys {keys} is no trace: expected OTLP (resourceSpans), Jaeger (data) or "
        "a list of Zipkin spans"
    )


def _together(documents: Iterable[Any], arrived: int) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    for number, document in enumerate(documents):
        try:
            request.MergeFrom(convert(document, arrived))
        except MalformedError as error:
            raise MalformedError(f"[{number}]: {error}") from None
        except RecursionError:
            raise MalformedError("lists in lists, nested too deeply") from None
    return request


def spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    """Every span of a request."""
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            yield from scope.spans


def shift(request: ExportTraceServiceRequest, by: int) -> None:
    """Move every time of a request by so many nanoseconds; what has no time stays without."""
    for span in spans(request):
        span.start_time_unix_nano = _moved(span.start_time_unix_nano, by)
        span.end_time_unix_nano = _moved(span.end_time_unix_nano, by)
        for event in span.events:
            event.time_unix_nano = _moved(event.time_unix_nano, by)


def _moved(time: int, by: int) -> int:
    return min(max(time + by, 1), _LATEST) if time else 0


def batches(
    requests: Iterable[ExportTraceServiceRequest], most_spans: int, most_bytes: int
) -> Iterator[ExportTraceServiceRequest]:
    """The same spans in the same order, in requests of at most so many spans and bytes.

    One is larger only when a single span with its resource is.
    """
    batch, count, size = ExportTraceServiceRequest(), 0, 0
    for request in requests:
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                head = resource.resource.ByteSize() + scope.scope.ByteSize() + 64
                into = None
                for span in scope.spans:
                    more = span.ByteSize() + 8
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
