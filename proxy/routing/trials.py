"""The schedule by which an endpoint that looks bad is asked again. Pure: time in seconds is an argument.

No single answer is a verdict: it may have been chance, a pause of a garbage collector, a cold cache or a
restart. So whatever an endpoint looks like, it gets one request when its trial is due, and a good answer to
that brings it back at once. The wait until then is short after the first bad answer and grows with each bad
one that follows, so that what stays bad is met seldom. It ends at a multiple of what a request there costs:
to ask a slow endpoint is cheap, to ask a failing one is not.

An endpoint that is new and slow warms up: caches fill and code is compiled by requests, not by time. So it
gets a part of an even share, one request at a time, until it was fast for a while or has had its chance.
"""

from typing import Final

# Seconds until the first trial: longer than a fleet with a mesh takes to eject what really fails.
FIRST: Final = 1.0
# Times, with each bad answer that follows. Doubling would meet a dead endpoint 5 times in half a minute
# instead of 3 times.
GROWTH: Final = 5.0
# Times the latency of the last bad answer beyond which the wait does not grow, and seconds.
PATIENCE: Final = 10.0
LONGEST: Final = 30.0
# The wait in requests to the whole service, doubled with each bad answer: one every ten seconds would
# otherwise make each of them a trial.
REQUESTS: Final = 4
_MOST_DOUBLINGS: Final = 6
# Of the wait: the sidecars of many callers met the bad answer together and must not ask again together.
JITTER: Final = 0.5
# Good answers in a row that end the growth. One is not enough: an endpoint that fails one request in five
# gives many in between.
FORGIVEN: Final = 20
# Good answers after which an endpoint is warm, and answers after which it has had its chance.
WARM: Final = 10
CHANCE: Final = 100
# Of an even share of the requests, what an endpoint gets that warms up: 1 of so many.
WARMING: Final = 4
# Seconds after which a trial without an answer lets another one through.
EXPIRY: Final = 10.0
NEVER: Final = float("inf")


class Trials:
    """The trials of one endpoint.

    ``due`` is when the next one is, ``NEVER`` while nothing speaks against the endpoint. ``bad`` counts bad
    answers that followed each other and ``failures`` those that were not only slow, each of another moment;
    ``failed`` says that the last one was a failure.
    ``answers`` counts all answers of the endpoint, for its user to add to.
    """

    __slots__ = (
        "_good",
        "_requests",
        "_since",
        "_slow",
        "_wait",
        "answers",
        "bad",
        "due",
        "failed",
        "failures",
    )

    def __init__(self) -> None:
        self.due = NEVER
        self.bad = 0
        self.failed = False
        self.answers = 0
        self._slow = self.failures = 0
        self._good = 0
        self._since = float("-inf")
        self._wait = FIRST
        self._requests = 0

    @property
    def wait(self) -> float:
        """The seconds from the last bad answer to the next trial."""
        return self._wait

    def slow(
        self, sent: float, latency: float, now: float, requests: int, share: float, *, endpoints: int
    ) -> None:
        """Record an answer that took much longer than is usual; arguments as of ``failure``.

        ``endpoints`` is how many there are to share the requests.
        """
        self.failed = False
        self._slow += 1
        if self.answers - self._slow >= WARM or self.answers >= CHANCE:
            self._bad(self.bad, sent, latency, now, requests, share)
            return
        # Due at once, when the others had their requests: the next one leaves after the answer to this one.
        self._good, self._since, self._wait = 0, now, 0.0
        self.due, self._requests, self.bad = now, requests + WARMING * endpoints, max(self.bad, 1)

    def failure(self, sent: float, cost: float, now: float, requests: int, share: float) -> None:
        """Record a failure of a request that was sent at ``sent``.

        ``cost`` is the latency in seconds that it counts as, ``requests`` the number to the whole service so
        far and ``share`` the jitter, 0 to 1.
        """
        self.failed = True
        # Answers that were only slow count for no failure: a single one must not cost more for them.
        if self._bad(self.failures, sent, cost, now, requests, share):
            self.failures += 1

    def _bad(self, level: int, sent: float, cost: float, now: float, requests: int, share: float) -> bool:
        """Schedule the next trial; return False if the answer tells nothing new."""
        self._good = 0
        # A request from before the last bad answer tells of the same moment: ten that were under way
        # together are one reason to wait, not ten.
        if sent < self._since:
            return False
        doublings = min(level, _MOST_DOUBLINGS)
        wait = min(FIRST * GROWTH**doublings, max(FIRST, PATIENCE * cost), LONGEST)
        self._wait = wait * (1.0 + JITTER * share)
        self._requests = requests + REQUESTS * 2**doublings
        self.due, self._since = now + self._wait, now
        self.bad += 1
        return True

    def success(self, sent: float) -> bool:
        """Record a good answer to a request sent at ``sent``; return True if it was a passed trial."""
        self._good += 1
        if self._good >= FORGIVEN:
            self.bad = self.failures = 0
        # An answer to what was sent before the bad one does not take that back.
        if self.due == NEVER or sent < self._since:
            return False
        self.due = NEVER
        return True

    def hurry(self) -> None:
        """Let the next trial be due now, if one is to come."""
        if self.due != NEVER:
            self.due, self._requests = 0.0, 0

    def admits(self, now: float, requests: int) -> bool:
        """Return True if one request may be sent as a trial, and count it as sent."""
        if now < self.due or requests < self._requests:
            return False
        # The state changes here, at the choice, so that concurrent requests cannot become trials as well.
        self.due = now + EXPIRY
        return True
