"""The measurements of each endpoint by each reporter in the last half minute.

They are apart from the graph's memory because they are read at every tick, by reporter, and must
cover any window of the last seconds. Latency is held as the sum of base-2 logarithms: its
mean is the typical latency, which a few outliers do not move.
"""

from collections import deque
from dataclasses import dataclass, field
from math import exp, exp2, log2, sqrt
from typing import Final

from proxy.contract.histogram import SCALE, Histogram
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Avoidance
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
_ZERO: Final = log2(1e-6)  # what a latency of nothing counts as
SCREEN: Final = 2.0  # seconds, time constant of the quick look
_TYPICAL: Final = 8.0  # seconds, time constant of the latency that weights follow
_USUAL: Final = 60.0  # seconds, time constant of what is usual
_PEAK: Final = 600.0  # seconds, time constant in which a rate once carried is forgotten
_SOUND: Final = 0.1  # failing less than this, an endpoint carries its rate
_WARM: Final = 10.0  # seconds until anything is usual


@dataclass(slots=True)
class Tally:
    """Calls within a window. ``timed`` successful ones have ``logs`` as the sum of log2(seconds)."""

    count: int = 0
    errors: int = 0
    timed: int = 0
    logs: float = 0.0
    squares: float = 0.0

    def add(self, other: "Tally") -> None:
        self.count += other.count
        self.errors += other.errors
        self.timed += other.timed
        self.logs += other.logs
        self.squares += other.squares

    def without(self, other: "Tally | None") -> "Tally":
        """Return a copy without the calls of one reporter."""
        if other is None:
            return self
        return Tally(
            self.count - other.count,
            self.errors - other.errors,
            self.timed - other.timed,
            self.logs - other.logs,
            self.squares - other.squares,
        )

    @property
    def mean(self) -> float:
        """The log2 of the typical latency in seconds; needs ``timed``."""
        return self.logs / self.timed

    @property
    def deviation(self) -> float:
        """Standard deviation of log2 latency; needs ``timed``."""
        # Rounding can make equal values differ by a hair, and a root of less than 0 fails.
        return sqrt(max(0.0, self.squares / self.timed - self.mean**2))

    @property
    def failing(self) -> float:
        """The share of calls that failed; 0 without calls."""
        return self.errors / self.count if self.count else 0.0


@dataclass(slots=True)
class Open:
    """The number of open requests, the age of the oldest in seconds, and when that was reported.

    ``avoided`` is why the reporter sends next to nothing, None if it does not avoid the endpoint.
    """

    count: int = 0
    oldest: float = 0.0
    at: float = float("-inf")
    avoided: Avoidance | None = None


@dataclass(slots=True)
class ReporterView:
    """One reporter's view of one endpoint."""

    slots: deque[tuple[int, Tally]] = field(default_factory=deque)
    open: Open = field(default_factory=Open)
    completed: float = float("-inf")
    alarmed: float = float("-inf")
    weight: float = 0.0  # of ``logs``: decayed number of timed calls
    logs: float = 0.0
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
        decay = exp((self.at - now) / _TYPICAL) if self.weight else 0.0
        self.weight = self.weight * decay + tally.timed
        self.logs = self.logs * decay + tally.logs
        self.at = now

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
    late: float = float("-inf")  # time of the last report of a request open for long
    at: float = 0.0

    @property
    def failing(self) -> float:
        return self.errors / self.count if self.count else 0.0

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
    """The result of the last active probe of an endpoint."""

    ok: bool
    detail: str
    at: float


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
        calls = tally_of(sample.histogram, sample.errors)
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
        record, calls = self._record(service, endpoint), tally_of(sample.histogram, sample.errors)
        record.served.add(calls, now)
        record.own.add(calls, now)

    def probe(self, service: ServiceId, endpoint: str, ok: bool, detail: str, now: float) -> None:
        """Note the result of an active probe."""
        self._record(service, endpoint).probed = LastProbe(ok, detail, now)

    def take_touched(self) -> set[ServiceId]:
        """Return the services with new measurements since the last call of this method."""
        services, self._touched = self._touched, set()
        return services

    def open(self, service: ServiceId, endpoint: str, sample: OpenSample, now: float) -> None:
        """Note open requests."""
        record = self._record(service, endpoint)
        view = self._view(record, sample.reporter)
        view.open = Open(sample.open, sample.oldest, now, sample.avoided)
        if sample.avoided is Avoidance.FAILING:
            record.avoided = now
            self._alarm(view, now)
        # Without a baseline yet the second bound is tiny, so that the first alone decides.
        if sample.oldest >= LATE and sample.oldest >= _LATE * exp2(record.baseline.logs or _ZERO):
            record.screen.late = now
            self._alarm(view, now)

    def of(self, service: ServiceId) -> dict[str, Record]:
        """Return the records of a service by endpoint."""
        return self._records.get(service, {})

    def forget(self, service: ServiceId, endpoint: str) -> None:
        """Drop what was measured: another process answers at this address now."""
        self._records.get(service, {}).pop(endpoint, None)

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
        return self._records.setdefault(service, {}).setdefault(endpoint, Record())

    @staticmethod
    def _view(record: Record, reporter: str) -> ReporterView:
        view = record.reporters.get(reporter)
        if view is None:
            view = record.reporters[reporter] = ReporterView()
        return view


def tally_of(histogram: Histogram, errors: int) -> Tally:
    """Return a sample as a tally. Samples come by status, so one with errors times no success."""
    count = histogram.count
    if errors:
        # A failure has no latency worth comparing: a refused connection is quick, a time-out as long as the
        # limit.
        return Tally(count, min(errors, count))
    timed, logs, squares = histogram.zero, histogram.zero * _ZERO, histogram.zero * _ZERO * _ZERO
    for index, number in histogram.counts.items():
        # The middle of a bucket on the log2 scale; buckets of 4.4 % are finer than any threshold in use.
        value = (index + 0.5) / (1 << SCALE)
        timed += number
        logs += number * value
        squares += number * value * value
    return Tally(count, 0, timed, logs, squares)
