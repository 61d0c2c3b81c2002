"""``spanmesh import``: traces in files to a collector."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from collector.formats import documents
from collector.otlp.body import MalformedError
from collector.otlp.values import Refusals
from deploy.importer import jsonfile
from deploy.importer.config import ImportConfig
from deploy.importer.otlp_upload import TooLargeError, send
from proxy.contract.attributes import SERVICE_NAME
from proxy.contract.failure import ConfigError
from proxy.contract.option import named

_BATCH_SPANS: Final = 2000
_BATCH_BYTES: Final = 4 << 20
_TRACES: Final = 1_000_000  # counted one by one up to here
_COMPLAINTS: Final = 20  # shown one by one up to here
_DAY: Final = 86_400 * 1_000_000_000


@dataclass
class ImportCounts:
    """The contents of the files, and how much of it was left out; times are nanoseconds since 1970.

    ``spans`` are those that were read; ``unread`` ones are not among them, those that were ``refused`` are.
    """

    spans: int = 0
    traces: set[bytes] = field(default_factory=set)
    services: set[str] = field(default_factory=set)
    oldest: int = 0
    newest: int = 0
    unread: int = 0  # spans whose document could be read
    refused: int = 0  # by the collector
    unreadable: int = 0  # documents

    def add(self, request: ExportTraceServiceRequest) -> None:
        """Count the spans of a request."""
        for resource in request.resource_spans:
            for pair in resource.resource.attributes:
                if pair.key == SERVICE_NAME:
                    self.services.add(pair.value.string_value)
        for span in documents.spans(request):
            self.spans += 1
            if len(self.traces) < _TRACES:
                self.traces.add(span.trace_id)
            if span.start_time_unix_nano:
                self.oldest = min(self.oldest or span.start_time_unix_nano, span.start_time_unix_nano)
                self.newest = max(self.newest, span.start_time_unix_nano, span.end_time_unix_nano)

    def __str__(self) -> str:
        if not self.spans:
            return "no spans"
        more = "at least " if len(self.traces) == _TRACES else ""
        return (
            f"{_count(self.spans, 'span')} of {more}{_count(len(self.traces), 'trace')} and "
            f"{_count(len(self.services), 'service')}, "
            f"{_date(self.oldest)} to {_date(self.newest)}"
        )


class Import:
    """One run over ``files``, begun at ``now`` (ns); ``say`` gets lines for the user."""

    def __init__(
        self,
        files: Sequence[Path],
        say: Callable[[str], None],
        progress: Progress,
        now: int,
        sleep: Callable[[float], None],
    ) -> None:
        self._files = files
        self._say = say
        self._progress = progress
        self._now = now
        self._sleep = sleep
        self._sizes = {path: _size(path) for path in files}

    def count(self, title: str) -> ImportCounts:
        """Read everything and send nothing. Raises ConfigError."""
        counts = ImportCounts()
        for request in self._requests(counts, title, 0):
            counts.add(request)
        return counts

    def send(self, url: str, shift: int) -> ImportCounts:
        """Send everything to the collector, times moved by ``shift`` ns. Raises ConfigError, ApiError."""
        counts = ImportCounts()
        requests = self._requests(counts, "importing", shift)
        for batch in documents.batches(requests, _BATCH_SPANS, _BATCH_BYTES):
            counts.add(batch)
            self._send(url, batch, counts)
        return counts

    def _send(self, url: str, batch: ExportTraceServiceRequest, counts: ImportCounts) -> None:
        try:
            refused, reason = send(url, batch, self._sleep)
        except TooLargeError:
            count = sum(1 for _ in documents.spans(batch))
            if count > 1:
                for half in documents.batches([batch], (count + 1) // 2, _BATCH_BYTES):
                    self._send(url, half, counts)
                return
            refused, reason = (
                1,
                f"the span is larger than the collector takes; raise its {named('max_request_bytes')}",
            )
        if refused:
            if not counts.refused:
                self._say(f"left out by the collector, the first of them: {reason}")
            counts.refused += refused

    def _requests(self, counts: ImportCounts, title: str, shift: int) -> Iterator[ExportTraceServiceRequest]:
        task = self._progress.add_task(title, total=sum(self._sizes.values()))
        before = 0

        def complain(error: ValueError) -> None:
            counts.unreadable += 1
            if counts.unreadable <= _COMPLAINTS:
                self._say(str(error))

        for path in self._files:
            for place, document, read in jsonfile.documents(path, complain):
                refused = Refusals()
                try:
                    request = documents.convert(document, self._now, refused)
                except MalformedError as error:
                    complain(ValueError(f"{place}: {error}"))
                    continue
                if refused.count:
                    if not counts.unread:
                        self._say(f"{place}: left out, the first of them: {refused.message}")
                    counts.unread += refused.count
                if shift:
                    documents.shift(request, shift)
                yield request
                self._progress.update(task, completed=before + read)
            before += self._sizes[path]
            self._progress.update(TaskID(task), completed=before)


def run(
    files: Sequence[Path],
    config: ImportConfig,
    console: Console,
    clock: Callable[[], int] = time.time_ns,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Import ``files``, or only count them; return the exit status, 1 when anything was left out.

    Raises ConfigError for files that cannot be read and ApiError when the collector takes nothing.
    """

    def say(line: str) -> None:
        console.print(line, markup=False)

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        work = Import(files, say, progress, clock(), sleep)
        if config.dry_run:
            counts = work.count("reading")
            say(f"{counts}; nothing was sent")
            return 1 if counts.unread or counts.unreadable else 0
        newest = work.count("looking for the newest span").newest if config.shift_to_now else 0
        # The newest ends now, when everything before it lies in the past.
        counts = work.send(config.to, clock() - newest if newest else 0)
    left_out = counts.unread + counts.refused
    say(f"{counts}; {counts.spans - counts.refused} taken, {left_out} left out")
    if counts.unreadable:
        say(f"{_count(counts.unreadable, 'document')} could not be read")
    if counts.refused and counts.oldest < clock() - _DAY:
        say(
            f"the collector keeps spans no older than its {named('retention_days')}: "
            f"move these with {named('shift_to_now')}, "
            "or start it with more days"
        )
    return 1 if left_out or counts.unreadable else 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name a readable file") from None


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _date(time_ns: int) -> str:
    try:
        return f"{datetime.fromtimestamp(time_ns / 1e9, UTC):%Y-%m-%d %H:%M:%S}Z"
    except (ValueError, OverflowError, OSError):
        return "the far future"
