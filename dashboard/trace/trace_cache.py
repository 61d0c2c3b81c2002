"""A cache of the traces that are looked at, so that a click on a span sends the collector no request.

What came from a file lives here alone: it is gone when others have taken its place, or the dashboard
was started anew.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from dashboard.api.client import Client
from dashboard.api.trace import Trace, of_jaeger

SPANS_MAX: Final = 60_000  # of all traces held; the one that came last stays however large
FROM_FILE: Final = "file-"


class FileError(ValueError):
    """A file that is no trace this page can show; the text says why and what would be."""


class TraceCache:
    """Traces by id; those not used for longest are dropped first. Threads may share it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._traces: OrderedDict[str, Trace] = OrderedDict()
        self._lock = threading.Lock()

    def fetch(self, trace_id: str) -> Trace | None:
        """Return the trace as the store has it now; None when it has none. Raises ApiError."""
        if trace_id.startswith(FROM_FILE):
            return self._known(trace_id)
        # Always asked for anew when the page is opened: late spans may have come since.
        trace = self._client.trace(trace_id)
        if trace is not None:
            self._keep(trace_id, trace)
        return trace

    def get(self, trace_id: str) -> Trace | None:
        """Return the trace as it was fetched, fetched now when it is not cached. Raises ApiError."""
        return self._known(trace_id) or self.fetch(trace_id)

    def upload(self, body: bytes) -> list[Trace]:
        """Return the traces of a file, OTLP JSON or Jaeger's, under ids of their own; none of it is stored.

        Raises FileError, and ApiError when the collector, which reads OTLP, does not answer.
        """
        # The same file gets the same ids, so a link to it works until the trace is dropped.
        digest = hashlib.sha256(body).hexdigest()[:8]
        try:
            data = _documents(json.loads(body), self._client, body)
            found = of_jaeger(data)
        except UnicodeDecodeError:
            raise FileError("The file is not text: choose OTLP JSON or Jaeger's, not compressed.") from None
        except FileError:
            raise
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise FileError(
                "The file is neither OTLP JSON nor Jaeger's JSON "
                f"({type(error).__name__}: {str(error)[:120]})."
            ) from None
        if not found:
            raise FileError("There is no span in the file.")
        named = [replace(trace, id=f"{FROM_FILE}{digest}-{trace.id}") for trace in found]
        # The first of the file is kept last, and so dropped last.
        for trace in reversed(named):
            self._keep(trace.id, trace)
        return named

    def _known(self, trace_id: str) -> Trace | None:
        with self._lock:
            if trace_id in self._traces:
                self._traces.move_to_end(trace_id)
            return self._traces.get(trace_id)

    def _keep(self, trace_id: str, trace: Trace) -> None:
        with self._lock:
            self._traces[trace_id] = trace
            self._traces.move_to_end(trace_id)
            held = sum(len(each.spans) for each in self._traces.values())
            # By spans and not by traces: one large trace takes as much memory as thousands of small ones.
            while held > SPANS_MAX and len(self._traces) > 1:
                _, dropped = self._traces.popitem(last=False)
                held -= len(dropped.spans)


def _documents(document: Any, client: Client, body: bytes) -> Sequence[Any]:
    """Return Jaeger's ``data`` array of a file."""
    if isinstance(document, dict) and "result" in document and "resourceSpans" in (document["result"] or {}):
        document = document["result"]  # a reply of /api/v3/traces
        # The collector reads OTLP without the envelope.
        body = json.dumps(document).encode()
    if isinstance(document, dict) and "resourceSpans" in document:
        return client.transform(body)
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        return list(document["data"])
    if isinstance(document, dict) and "spans" in document:
        return [document]
    if isinstance(document, list) and document and "spans" in document[0]:
        return document
    raise FileError('The file is neither OTLP JSON ({"resourceSpans": …}) nor Jaeger\'s ({"data": […]}).')
