"""The measurements of each endpoint, by each reporter, its own sidecar and active probes.

They are apart from the graph's memory because they are read at every tick, by reporter, and must
cover any window of the last seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import exp2
from typing import Final

from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm, Avoidance
from topology.evidence.averages import Baseline, Screen
from topology.evidence.reporter_view import MEMORY, SLOT, OpenReport, ReporterView
from topology.evidence.tally import ZERO, tally_of
from topology.model.samples import CallSample, OpenSample

INTERVAL: Final = 0.5  # seconds between two reports of a reporter, at most
FRESH: Final = 1.5  # seconds an open-requests gauge is believed
LATE: Final = 0.1  # seconds a request must be open for anyone to look at it
_LATE: Final = 2.0  # and times what is usual
ALARM_AGAIN: Final = 3.0  # minimum seconds between two alarms by one reporter about one endpoint
_ALARMING: Final = 0.05  # failure rate below which no alarm is raised


@dataclass(frozen=True, slots=True)
class LastProbe:
    """The result of the last active probe of an endpoint.

    ``refused`` says that no process took the connection, ``back`` that this was so for the probe before and
    that a good answer came now: a process was started.
    """

    ok: bool
    detail: str
    at: float
    refused: bool = False
    back: bool = False


@dataclass(slots=True)
class Record:
    """All measurements of one endpoint.

    ``served`` has the calls that its own sidecar counted, ``own`` the running figures of them. ``avoided``
    is when a reporter last avoided it for its failures.
    """

    reporters: dict[str, ReporterView] = field(default_factory=dict)
    screen: Screen = field(default_factory=Screen)
    baseline: Baseline = field(default_factory=Baseline)
    served: ReporterView = field(default_factory=ReporterView)
    own: Screen = field(default_factory=Screen)
    avoided: float = float("-inf")
    probed: LastProbe | None = None

    def gauges(self, now: float) -> Iterator[tuple[str, OpenReport]]:
        """Yield the reporters with their last report of open requests, where that is believed still.

        A reporter that is gone sends no last 0: its reading must expire.
        """
        for name, view in self.reporters.items():
            if now - view.open.at <= FRESH:
                yield name, view.open


class Evidence:
    """Records by service and endpoint."""

    def __init__(self) -> None:
        self._records: dict[ServiceId, dict[str, Record]] = {}
        self._touched: set[ServiceId] = set()
        self.urgent = False
        """True once a measurement should not wait for the next step, which resets it."""

    def call(self, service: ServiceId, endpoint: str, sample: CallSample, now: float) -> None:
        """Note finished calls."""
        record = self._record(service, endpoint)
        calls = tally_of(sample.histogram, sample.errors, sample.answer)
        if sample.arm is Arm.DIRECT:
            # The application chose: it may keep callers of one kind at one endpoint.
            calls.redirects = calls.refusals = 0
        # Before the baseline, which reads the rate from the screen.
        record.screen.add(calls, now)
        record.baseline.add(calls, record.screen, now)
        view = self._view(record, sample.reporter)
        view.add(calls, now)
        # A rare failure among many good calls must not wake the engine out of turn.
        if calls.errors and record.screen.failing >= _ALARMING:
            self._alarm(view, now)

    def own_calls(self, service: ServiceId, endpoint: str, sample: CallSample, now: float) -> None:
        """Note calls that the endpoint's own sidecar counted."""
        record = self._record(service, endpoint)
        calls = tally_of(sample.histogram, sample.errors, sample.answer)
        record.served.add(calls, now)
        record.own.add(calls, now)

    def probe(
        self, service: ServiceId, endpoint: str, ok: bool, detail: str, now: float, *, refused: bool = False
    ) -> None:
        """Note the result of an active probe."""
        record = self._record(service, endpoint)
        back = ok and record.probed is not None and record.probed.refused
        record.probed = LastProbe(ok, detail, now, refused, back)

    def take_touched(self) -> set[ServiceId]:
        """Return the services with new measurements since the last call of this method."""
        services, self._touched = self._touched, set()
        return services

    def open(self, service: ServiceId, endpoint: str, sample: OpenSample, now: float) -> None:
        """Note open requests."""
        record = self._record(service, endpoint)
        view = self._view(record, sample.reporter)
        view.open = OpenReport(sample.open, sample.oldest, now, sample.avoided, sample.failures)
        if sample.avoided is Avoidance.FAILING:
            record.avoided = now
            self._alarm(view, now)
        # Without a baseline yet the second bound is tiny, so that the first alone decides.
        if sample.oldest >= LATE and sample.oldest >= _LATE * exp2(record.baseline.logs or ZERO):
            record.screen.late = now
            self._alarm(view, now)

    def of(self, service: ServiceId) -> dict[str, Record]:
        """Return the records of a service by endpoint."""
        return self._records.get(service, {})

    def forget(self, service: ServiceId, endpoint: str) -> None:
        """Drop what was measured: another process answers at this address now."""
        self._records.get(service, {}).pop(endpoint, None)

    def move(self, service: ServiceId, before: str, after: str) -> None:
        """Carry over what was measured: the process at one address is at another one now."""
        record = self._records.get(service, {}).pop(before, None)
        if record is not None:
            self._records[service][after] = record

    def sweep(self, now: float) -> None:
        """Drop reporters and endpoints without measurements for the length of the memory."""
        oldest = now - MEMORY * SLOT
        for service, records in list(self._records.items()):
            for endpoint, record in list(records.items()):
                record.reporters = {
                    name: view
                    for name, view in record.reporters.items()
                    if max(view.at, view.open.at) >= oldest
                }
                # An endpoint that only its own sidecar or a probe has seen is kept too, until these are as
                # old.
                probed = record.probed.at if record.probed else oldest
                if not record.reporters and max(record.served.at, probed) <= oldest:
                    del records[endpoint]
            if not records:
                del self._records[service]

    def _alarm(self, view: ReporterView, now: float) -> None:
        if now - view.alarmed >= ALARM_AGAIN:
            view.alarmed = now
            self.urgent = True

    def _record(self, service: ServiceId, endpoint: str) -> Record:
        self._touched.add(service)
        records = self._records.setdefault(service, {})
        record = records.get(endpoint)
        # Not ``setdefault``, which would make one for each report.
        if record is None:
            record = records[endpoint] = Record()
        return record

    @staticmethod
    def _view(record: Record, reporter: str) -> ReporterView:
        view = record.reporters.get(reporter)
        if view is None:
            view = record.reporters[reporter] = ReporterView()
        return view
