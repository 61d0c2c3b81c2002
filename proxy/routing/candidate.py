"""One endpoint as the balancer sees it: open requests, latency, and recent answers. Pure.

Latency is a peak EWMA (Finagle, Tower): one above the average replaces it at once, one below it decays in.
Time is seconds.
"""

from math import exp
from typing import Final

from proxy.contract.model import Endpoint
from proxy.contract.traffic import Avoidance
from proxy.routing.answers import Answers
from proxy.routing.breaker import Breaker, State
from proxy.routing.trials import NEVER, Trials

# Seconds in which a latency fades e-fold without a new answer: Finagle's default for peak EWMA.
DECAY: Final = 10.0
# Seconds assumed for an endpoint that has not answered yet, so that its open requests count for something:
# without it every endpoint that is new would get every request until its first answer.
DEFAULT_LATENCY: Final = 0.03
# Times the usual latency: what is faster is not explained by a better endpoint, as what is four times slower
# is not by a busier one.
EXPLAINED: Final = 0.25
_RISE: Final = 60.0  # seconds, time constant in which what is typical grows
_CUT: Final = 2.0  # times what is typical that count of a slow answer
_FALL: Final = 0.2  # of the way down with each faster answer


class Candidate:
    """One endpoint as this sidecar sees it.

    ``open`` counts its open requests; ``waiting`` maps those without a response head yet to
    their start. A long download or a tunnel is open and not waiting: it is no sign of a stall.
    """

    __slots__ = (
        "_begun",
        "_cost",
        "_heard",
        "_sent",
        "_stamp",
        "answers",
        "breaker",
        "endpoint",
        "last_news",
        "open",
        "pace",
        "spared",
        "trials",
        "typical",
        "waiting",
    )

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.open = 0
        self.waiting: dict[object, float] = {}
        self.breaker = Breaker()
        self.trials = Trials()
        self.answers = Answers()
        self.pace = DEFAULT_LATENCY  # seconds that its peers' averages are about
        self.spared = 0.0  # until when it asked to be left alone
        self.typical = 0.0  # seconds that its good answers take, the faster ones
        self.last_news = float("-inf")  # when something about it was last reported at once
        self._cost = 0.0
        self._stamp = 0.0
        self._sent = 0.0
        self._begun = 0.0
        self._heard = 0.0

    def avoided(self, now: float) -> Avoidance | None:
        """Return why next to nothing is sent here, until a trial goes well; None if it is not so."""
        if self.breaker.state is not State.CLOSED or (self.trials.due != NEVER and self.trials.failed):
            return Avoidance.ANSWERS if self.answers.faulty else Avoidance.FAILING
        if self.trials.due != NEVER:
            return Avoidance.SLOW
        return Avoidance.LOAD if self.spared > now else None

    def oldest(self, now: float) -> float:
        """Return the age in seconds of the oldest request that waits for its response, 0 without one."""
        # A dict keeps its order of insertion, so the first value is the oldest start: no search is needed.
        for start in self.waiting.values():
            return max(now - start, 0.0)
        return 0.0

    def begin(self, request: object, now: float) -> None:
        """Count a request that is sent."""
        self.open += 1
        self._sent = self._lately(now, self.pace) + 1.0
        self._begun = now
        self.waiting[request] = now

    def end(self, request: object) -> None:
        """Count a request that is over."""
        self.open -= 1
        self.waiting.pop(request, None)

    def latency(self, now: float, usual: float = 0.0) -> float:
        """Return the peak-EWMA latency in seconds, decayed to now; at least the age of the oldest request.

        It decays so that a bad endpoint is tried again, but never below ``usual``: idle time is no
        evidence of speed. An endpoint that asked to be spared takes the time that is left of it.
        """
        cost = self._cost
        if cost > usual:
            cost = max(cost * exp((self._stamp - now) / DECAY), usual)
        if self.spared > now + cost:
            cost = self.spared - now  # a request sent now would wait at least as long for a good answer
        age = self.oldest(now)
        # Written out, here and below: these run twice for each request, and ``max`` costs a call.
        return age if age > cost else cost

    def load(self, now: float, usual: float = 0.0) -> float:
        """Return the load that the choice compares; lower is better.

        An endpoint whose answers take less than a quarter of the usual latency counts as one of its peers'
        pace, in its open requests too: it may do less than they.
        """
        latency = self.latency(now, usual)
        pending: float = self.open
        # By what it does lately and not by the average, which takes seconds to fall.
        if self.typical < EXPLAINED * usual and latency < self.pace and self.typical:
            latency = self.pace
            # As many as if each took that long: fewer open requests would be a merit of speed again.
            sent = self._lately(now, latency)
            if sent > pending:
                pending = sent
        elif not latency and self.open:
            latency = DEFAULT_LATENCY
        return (pending + 1) * latency * latency

    def sample(self, latency: float, now: float) -> None:
        """Take one latency into the average."""
        cost = self._cost
        if latency >= cost:
            self._cost = latency
        else:
            share = exp((self._stamp - now) / DECAY)
            self._cost = cost * share + latency * (1.0 - share)
        self._stamp = now

    def learn(self, latency: float, now: float) -> None:
        """Take the latency of a good answer into what is typical."""
        typical = self.typical
        share = _FALL if latency < typical else 1.0 - exp((self._heard - now) / _RISE)
        # A slow answer is cut off: otherwise one outlier would hide the next ones, and what turned slow
        # would be usual within seconds.
        self.typical = typical + (min(latency, _CUT * typical) - typical) * share if typical else latency
        self._heard = now

    def readmit(self) -> None:
        """Let the next trial be due now, as the mesh sends requests here again."""
        self.trials.hurry()
        self.breaker.hurry()

    def settle(self, latency: float, now: float) -> None:
        """Let one latency replace the average."""
        self._cost, self._stamp = latency, now

    def _lately(self, now: float, seconds: float) -> float:
        """Return how many requests were sent within about these seconds; older ones count for less."""
        # A request that waited to be sent may be older than the one before it.
        past = now - self._begun
        return self._sent * exp(-past / seconds) if past > 0.0 else self._sent
