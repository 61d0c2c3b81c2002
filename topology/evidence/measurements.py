"""The measurements of each endpoint by each reporter in the last half minute.

They are apart from the graph's memory because they are read at every tick, by reporter, and must
cover any window of the last seconds.
"""

from collections import deque
from dataclasses import dataclass, field
from math import exp, exp2, sqrt
from typing import Final

from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Arm, Avoidance
from topology.evidence.tally import ZERO, Tally, tally_of
from topology.model.samples import CallSample, OpenSample

# Fine enough that the shortest window of half a second is exact to a fifth of itself.
SLOT: Final = 0.1  # seconds
# Slots, hence 30 seconds: as long as the longest window of the tests.
MEMORY: Final = 300  # slots
INTERVAL: Final = 0.5  # seconds between two reports of a reporter, at most
FRESH: Final = 1.5  # seconds an open-requests gauge is believed
LATE: Final = 0.1  # seconds a request must be open for anyone to look at it
_LATE: Final = 2.0  # and times what is usual
ALARM_AGAIN: Final = 3.0  # minimum seconds between two alarms by one reporter about one endpoint
_ALARMING: Final = 0.05  # failure rate below which no alarm is raised
SCREEN: Final = 2.0  # seconds, time constant of the quick look
# Standard deviations of log latency below its mean: about 1 call of 40 is faster.
_FASTEST: Final = 2.0
_TYPICAL: Final = 8.0  # seconds, time constant of the latency that weights follow
_USUAL: Final = 60.0  # seconds, time constant of what is usual
_PEAK: Final = 600.0  # seconds, time constant in which a rate once carried is forgotten
_SOUND: Final = 0.1  # failing less than this, an endpoint carries its rate
_WARM: Final = 10.0  # seconds until anything is usual


@dataclass(slots=True)
class Open:
    """The number of open requests, the age of the oldest in seconds, and when that was reported.

    ``avoided`` is why the reporter sends next to nothing, None if it does not, ``failures`` how many it
    met, each at another moment.
    """

    count: int = 0
    oldest: float = 0.0
    at: float = float("-inf")
    avoided: Avoidance | None = None
    failures: int = 0


@dataclass(slots=True)
class ReporterView:
    """One reporter's view of one endpoint."""

    slots: deque[tuple[int, Tally]] = field(default_factory=deque)
    open: Open = field(default_factory=Open)
    completed: float = float("-inf")
    alarmed: float = float("-inf")
    calls: float = 0.0  # this and what follows decay
    shed: float = 0.0
    weight: float = 0.0  # of ``logs`` and ``squares``: number of timed calls
    logs: float = 0.0
    squares: float = 0.0
    at: float = 0.0

    def add(self, tally: Tally, now: float) -> None:
        slot = int(now / SLOT)
        if not self.slots or self.slots[-1][0] < slot:
            self.slots.append((slot, Tally()))
            # Never empties the deque: the slot that was just added is the newest.
            while self.slots[0][0] < slot - MEMORY:
                self.slots.popleft()
        self.slots[-1][1].add(tally)
        self.completed = now
        decay = exp((self.at - now) / _TYPICAL) if self.calls else 0.0
        self.calls = self.calls * decay + tally.count
        self.shed = self.shed * decay + tally.shed
        self.weight = self.weight * decay + tally.timed
        self.logs = self.logs * decay + tally.logs
        self.squares = self.squares * decay + tally.squares
        self.at = now

    @property
    def fastest(self) -> float:
        """The log2 latency that hardly any of its recent timed calls is below; needs ``weight``."""
        mean = self.logs / self.weight
        return mean - _FASTEST * sqrt(max(0.0, self.squares / self.weight - mean * mean))

    def since(self, slot: int) -> Tally:
        total = Tally()
        # Newest first: most windows are short, and the loop ends at their beginning.
        for at, tally in reversed(self.slots):
            if at < slot:
                break
            total.add(tally)
        return total


@dataclass(slots=True)
class Screen:
    """A cheap running average of one endpoint, to see if it is worth a proper comparison."""

    count: float = 0.0
    errors: float = 0.0
    timed: float = 0.0
    logs: float = 0.0
    redirects: float = 0.0
    refusals: float = 0.0
    shed: float = 0.0
    late: float = float("-inf")  # time of the last report of a request open for long
    at: float = 0.0

    @property
    def failing(self) -> float:
        return self.errors / self.count if self.count else 0.0

    def shares(self) -> tuple[float, float, float]:
        """Return the shares of redirects, refusals and answers that shed load."""
        count = self.count or 1.0
        return self.redirects / count, self.refusals / count, self.shed / count

    def rate(self, now: float) -> float:
        """Calls per second over the last seconds."""
        return self.count * exp((self.at - now) / SCREEN) / SCREEN

    def add(self, tally: Tally, now: float) -> None:
        # Exponential averages need no memory of single calls: five numbers for each endpoint.
        decay = exp((self.at - now) / SCREEN) if self.count else 0.0
        self.count = self.count * decay + tally.count
        self.errors = self.errors * decay + tally.errors
        self.timed = self.timed * decay + tally.timed
        self.logs = self.logs * decay + tally.logs
        self.redirects = self.redirects * decay + tally.redirects
        self.refusals = self.refusals * decay + tally.refusals
        self.shed = self.shed * decay + tally.shed
        self.at = now


@dataclass(slots=True)
class Baseline:
    """The usual log2 latency and calls per second of an endpoint, and the ``peak`` it carried well."""

    logs: float | None = None
    rate: float = 0.0
    peak: float = 0.0
    begun: float = 0.0
    at: float = 0.0

    def add(self, tally: Tally, screen: Screen, now: float) -> None:
        rate, elapsed = screen.rate(now), now - self.at
        if self.logs is None and tally.timed:
            self.logs, self.begun = tally.mean, now
        # While warm-up lasts the present rate is the usual one: an average would begin at 0 and make every
        # new endpoint look busier than usual.
        if now - self.begun < _WARM:
            self.rate, self.at = rate, now
        elif elapsed > 0:
            share = 1 - exp(-elapsed / _USUAL)
            self.rate += (rate - self.rate) * share
            if tally.timed and self.logs is not None:
                self.logs += (tally.mean - self.logs) * share
            self.peak *= exp(-elapsed / _PEAK)
            self.at = now
        # A rate at which it failed is none that it carried.
        if screen.failing < _SOUND:
            self.peak = max(self.peak, rate)


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
        view.open = Open(sample.open, sample.oldest, now, sample.avoided, sample.failures)
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
