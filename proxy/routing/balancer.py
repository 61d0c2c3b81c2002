"""The balancer of one service: power of two choices over ``(open + 1) x peak-EWMA latency squared``. Pure.

An endpoint is drawn as one of the two in proportion to its fleet weight, however good or bad it looks: one
on probation at a tenth is drawn a tenth as often as the others.

Sources: Mitzenmacher, "The power of two choices" (2001); Finagle and Tower peak EWMA: a latency
above the average replaces it at once, one below it decays in. A failure counts as a latency of
``PENALTY``, so failing fast is not attractive. The age of the oldest open request counts as a
latency too: a stalled endpoint gives no sample, its age does. Time is seconds, ``rng`` gives a
float in [0, 1).

The latency is squared because one sidecar has few requests open at an endpoint: overload shows in the
latency long before it shows in their number.

An endpoint that failed, or is SUSPECT, is asked again after a while however it looks (``trials``), and one
good answer ends what the bad ones left.

Two at random may both be bad: when the better one is SUSPECT, all are compared. When most endpoints
fail and those that are left are overloaded, these keep what they can carry and the failing ones get the
rest.

By what is usual among the endpoints (``usual_latency``) an endpoint is suspect. What is faster by as much
counts as the usual pace, in latency and in open requests: it may do less than its peers. So no endpoint
draws much more than its share by being fast, whatever it answers. Redirects and refusals are often quick and
never make an endpoint look fast; where its peers do not give them they are failures (``answers``). Answers
that ask for less load are no failures, and keep the endpoint from being asked for a while.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, Protocol

from proxy.contract.model import Endpoint, another_process
from proxy.contract.traffic import Answer
from proxy.routing.breaker import State
from proxy.routing.candidate import Candidate
from proxy.routing.trials import NEVER
from proxy.routing.usual_latency import UsualLatency

# Seconds, far above any latency in use: an endpoint that refuses at once would otherwise be the fastest.
PENALTY: Final = 5.0
# Times the usual latency beyond which an endpoint is suspect; and, with what is open there, overloaded.
SUSPECT: Final = 4.0
OVERLOAD: Final = 12.0
# Seconds that a request must wait to be news, and at least twice what 99 % take; and seconds between two
# pieces of news about one endpoint.
LATE: Final = 0.1
NEWS_AGAIN: Final = 3.0
_DRAWS: Final = 20  # by weight, after which any endpoint is taken
# Seconds that an endpoint is spared that asks for less load: least, and the longest that Retry-After may ask.
_SPARED: Final = 1.0
_SPARED_MOST: Final = 30.0


class Picker(Protocol):
    """The interface of whatever chooses among the endpoints of one service."""

    @property
    def candidates(self) -> Mapping[str, Candidate]:
        """Return all endpoints by address."""

    def update(self, endpoints: Iterable[Endpoint]) -> None:
        """Take a new set of endpoints; what was learned of those that stay is kept."""

    def pick(self, now: float, avoid: Collection[Candidate] = ()) -> Candidate | None:
        """Return the endpoint for one request; None without any, or without one beside those to avoid."""

    def turn(self) -> Candidate | None:
        """Return the next endpoint for a request whose endpoint the mesh does not choose."""

    def observe(
        self,
        candidate: Candidate,
        latency: float,
        failed: bool,
        now: float,
        answer: Answer | None = None,
        retry_after: float = 0.0,
    ) -> None:
        """Record the outcome of a request; latency in seconds.

        ``answer`` is the class of the answer to a request for which the picker chose the endpoint, or that
        asks for less load; ``retry_after`` are the seconds for which it does.
        """

    def give_up(self, candidate: Candidate, latency: float, now: float) -> None:
        """Record that a client gave up a request after ``latency`` seconds without an answer."""

    def news(self, now: float) -> bool:
        """Return True if something failed since the last call that other sidecars should know at once."""


Rng = Callable[[], float]


class Balancer:
    """The endpoints of one service: the picker of the product."""

    def __init__(self, rng: Rng) -> None:
        self._rng = rng
        self._turn = 0
        self._requests = 0
        self._typical = UsualLatency()
        self._news = False
        self._even = True
        self._most = 1.0  # weight of any
        self.candidates: dict[str, Candidate] = {}
        # Three nested pools, kept ready so that a choice filters nothing: all that serve, those of them
        # that the mesh has not ejected, and those of them whose breaker is closed.
        self._present: list[Candidate] = []
        self._healthy: list[Candidate] = []
        self._ready: list[Candidate] = []
        self._tripped: list[Candidate] = []

    def update(self, endpoints: Iterable[Endpoint]) -> None:
        """Take a new set of endpoints; what was learned of those that stay is kept."""
        fresh: dict[str, Candidate] = {}
        listed = list(endpoints)
        addresses = {endpoint.address for endpoint in listed}
        # One process may change its address: a sidecar that reconnects by another network has another.
        moved = {
            candidate.endpoint.identity: candidate
            for address, candidate in self.candidates.items()
            if address not in addresses and all(candidate.endpoint.identity)
        }
        for endpoint in listed:
            # The mesh sends a new set for every weight that moves; forgetting latencies each time would
            # make the choice random for seconds.
            candidate = self.candidates.get(endpoint.address)
            # What was learned is of the process that was there, not of the address.
            if candidate is None or another_process(candidate.endpoint.identity, endpoint.identity):
                candidate = moved.get(endpoint.identity) or Candidate(endpoint)
            # The mesh has reason to try it: what was learned before is older than that.
            elif endpoint.healthy and not candidate.endpoint.healthy:
                candidate.readmit()
            candidate.endpoint = endpoint
            fresh[endpoint.address] = candidate
        self.candidates = fresh
        # If all drain, some requests still have to go somewhere.
        self._present = [c for c in fresh.values() if not c.endpoint.draining] or list(fresh.values())
        self._healthy = [c for c in fresh.values() if c.endpoint.healthy]
        weights = {c.endpoint.weight for c in self._healthy}
        # Equal weights are the normal case, for which two plain draws are enough.
        self._even, self._most = len(weights) < 2, max(weights, default=1.0)
        self._sort()

    def pick(self, now: float, avoid: Collection[Candidate] = ()) -> Candidate | None:
        """Return the endpoint for one request; None without any, or without one beside those to avoid.

        An endpoint whose breaker is open gets a single probe when that is due. Otherwise ejected and
        tripped endpoints are used only when no other is left, or when they are the majority and the
        others are overloaded. ``avoid`` are those that failed this request already.
        """
        self._requests += 1
        if self._tripped and not avoid:
            for candidate in self._tripped:
                if candidate.breaker.admits_probe(now):
                    return candidate
        # Fail open: a bad endpoint is better than an error made by the mesh itself.
        pool = self._ready or self._healthy or self._present
        if avoid:
            pool = [candidate for candidate in pool if candidate not in avoid]
        count = len(pool)
        if count < 2:
            return pool[0] if pool else None
        if self._even:
            first, second = int(self._rng() * count), int(self._rng() * (count - 1))
            # Two different indices without a loop: skip the first when the second reaches it.
            second += second >= first
        else:
            first = self._drawn(pool)
            second = self._drawn(pool, first)
        usual = self._typical.usual
        one, other = pool[first], pool[second]
        alike = one.load(now, usual) <= other.load(now, usual)
        better, worse = (one, other) if alike else (other, one)
        # By load alone a single bad answer would keep it from being asked for most of a minute.
        if worse.trials.due <= now and worse.trials.admits(now, self._requests):
            return worse
        # The scan over all is O(n), so it is kept for the rare case that both draws are bad, measured by the
        # fastest of those whose speed is explained.
        if usual and better.latency(now) > SUSPECT * self._typical.least:
            return self._best(pool, avoid, now)
        return better

    def _drawn(self, pool: list[Candidate], but: int = -1) -> int:
        """Draw an index in proportion to weight, other than ``but``, by rejection, which keeps no sums."""
        rng, count = self._rng, len(pool)
        drawn = but
        for _ in range(_DRAWS):
            drawn = int(rng() * count)
            if drawn != but and rng() * self._most < pool[drawn].endpoint.weight:
                return drawn
        return drawn if drawn != but else (drawn + 1) % count

    def _best(self, pool: list[Candidate], avoid: Collection[Candidate], now: float) -> Candidate:
        """Return the best of all, or a failing one when most fail and the rest is overloaded.

        An endpoint that is not suspect comes before one that is, however many requests it has open: one
        that takes seconds must not look good beside one that is merely busy.
        """
        usual = self._typical.usual
        limit = SUSPECT * usual
        # From a random one on: many are equal, and the first of them would get all.
        start = int(self._rng() * len(pool))
        best = min(
            pool[start:] + pool[:start],
            key=lambda each: (each.latency(now) > limit, each.load(now, usual)),
        )
        failing = len(self._present) - len(self._ready)
        queued = (best.open + 1) * best.latency(now)
        if 2 * failing > len(self._present) and queued > OVERLOAD * usual:
            others = [c for c in self._present if c not in self._ready and c not in avoid]
            if others:
                return others[int(self._rng() * len(others))]
        return best

    def turn(self) -> Candidate | None:
        """Return the next endpoint in rotation, as a DNS name would give it: no weights, no ejections."""
        if not self._present:
            return None
        self._turn = (self._turn + 1) % len(self._present)
        return self._present[self._turn]

    def observe(
        self,
        candidate: Candidate,
        latency: float,
        failed: bool,
        now: float,
        answer: Answer | None = None,
        retry_after: float = 0.0,
    ) -> None:
        """Record the outcome of a request; latency in seconds."""
        good = not failed
        if answer is not None and good:
            candidate.answers.add(answer)
            if answer is not Answer.OK:
                good = False
                failed = self._is_wrong(candidate, answer, retry_after, now)
        # Never lower than it took: a time-out after 30 s is worse than a failure that counts as 5 s.
        cost = max(latency, PENALTY) if failed else latency
        if failed:
            candidate.answers.faulty = answer is not None and answer is not Answer.FAILED
        # What is no success is often quick, and no sign of speed.
        if good or failed or cost > candidate.latency(now):
            candidate.sample(cost, now)
        trials, usual = candidate.trials, self._typical.usual
        trials.answers += 1
        if failed:
            trials.failure(now - latency, cost, now, self._requests, self._rng())
        elif usual and latency > SUSPECT * usual:
            self._slow(candidate, latency, now)
        # Decaying it would take half a minute for what one good answer shows.
        elif trials.bad and trials.success(now - latency):
            candidate.settle(latency, now)
        # Failures must not teach what is usual: their latency is the penalty, or the time-out.
        if good:
            if self._typical.learn(candidate, latency, now):
                self._survey(now)
        elif failed and now - candidate.last_news >= NEWS_AGAIN:
            candidate.last_news = now
            self._news = True
        breaker = candidate.breaker
        changed = breaker.failure(now, self._rng(), trials.wait) if failed else breaker.success(now)
        if changed:
            self._sort()

    def _is_wrong(self, candidate: Candidate, answer: Answer, retry_after: float, now: float) -> bool:
        """Return True if the endpoint's peers do not answer so; spare one that asks for less load."""
        answers = candidate.answers
        if answer is not Answer.SHED:
            return answers.wrong(each.answers for each in self._ready)
        # By the share that it sheds, squared: where that is small, what it serves must not be lost.
        wanted = max(retry_after, _SPARED_MOST * answers.shed**2, _SPARED)
        candidate.spared = now + min(wanted, _SPARED_MOST)
        return False

    def give_up(self, candidate: Candidate, latency: float, now: float) -> None:
        """Record that a client gave up a request after ``latency`` seconds without an answer."""
        candidate.sample(latency, now)
        usual = self._typical.usual
        if usual and latency > SUSPECT * usual:
            self._slow(candidate, latency, now)

    def _slow(self, candidate: Candidate, latency: float, now: float) -> None:
        sent, number = now - latency, len(self._present)
        candidate.trials.slow(sent, latency, now, self._requests, self._rng(), endpoints=number)

    def news(self, now: float) -> bool:
        """Return True if an endpoint began to fail, or to keep requests waiting much longer than usual."""
        # Called by a timer several times a second, not by requests: what only waits causes no event.
        found, self._news = self._news, False
        late = max(LATE, 2.0 * self._typical.long)
        for candidate in self._healthy:
            if candidate.waiting and now - candidate.last_news >= NEWS_AGAIN and candidate.oldest(now) > late:
                candidate.last_news = now
                found = True
        return found

    def _survey(self, now: float) -> None:
        """Look at what is usual, and for endpoints that are slow by it."""
        pool = self._ready or self._present
        if not self._typical.survey(pool, now):
            return
        limit = SUSPECT * self._typical.usual
        for candidate in pool:
            # Slow before it was known what is usual, as in a fleet that is new at once.
            if candidate.trials.due == NEVER and not candidate.waiting:
                latency = candidate.latency(now)
                if latency > limit:
                    self._slow(candidate, latency, now)

    def _sort(self) -> None:
        self._ready = [c for c in self._healthy if c.breaker.state is State.CLOSED]
        self._tripped = [c for c in self._healthy if c.breaker.state is not State.CLOSED]
