"""One call, attempt after attempt: where each one goes, what follows a failed one, and its record. Pure."""

from proxy.contract.traffic import Answer
from proxy.errors import Reason
from proxy.http.answers import answer_of, grpc_answer, retry_after
from proxy.http.listener_context import ListenerContext
from proxy.http.messages import IDEMPOTENT, Fields, RequestHead, ResponseHead
from proxy.http.pool import Reuse
from proxy.routing import retry
from proxy.routing.router import Attempt
from proxy.telemetry.facts import CallFacts, PeerFacts


class Call(CallFacts):
    """The facts of the attempt under way, and the attempts before it.

    ``attempt`` is where it goes, None while that is not known. ``final`` says that no time is left for
    another one.
    """

    attempt: Attempt | None = None
    final = False
    _failed: tuple[Attempt, ...] = ()

    def __init__(self, head: RequestHead, client_peer: PeerFacts, context: ListenerContext) -> None:
        self.method = head.method
        self.target = head.path
        self.authority = head.authority
        self.caller = head.caller
        self.client_peer = client_peer
        self.start = context.clock()
        self.trace = context.tracer.start(head.traceparent, head.tracestate, head.b3)
        self._head = head
        self._context = context

    def begin(self, attempt: Attempt) -> None:
        """Count the request as open at the attempt's endpoint."""
        self.attempt = attempt
        attempt.destination.open += 1
        attempt.candidate.begin(self, self.start * 1e-9)

    def answered(self, head: ResponseHead) -> None:
        """Note the class of a response, and how long an overloaded destination asks to be left alone."""
        # Nearly all: None says so, and the instance stays small.
        if head.status == 200 and head.length > 0:
            return
        self.answer = answer_of(head)
        if self.answer is Answer.SHED:
            self.retry_after = retry_after(head.fields)

    def trailed(self, trailers: Fields) -> None:
        """Note the class that the trailers of a response say, where its head said none but success."""
        if trailers and self.status == 200 and self.answer in (None, Answer.OK):
            self.answer = grpc_answer(trailers)

    def reuse(self, whole: bool) -> Reuse:
        """Return the kept connections that may carry the request; ``whole`` says that all of it has come."""
        method = self._head.method
        if method == b"CONNECT":
            return Reuse.NONE
        return Reuse.ANY if whole and method in IDEMPOTENT else Reuse.SURE

    def respond(self) -> None:
        """Note that a response has begun that takes more than one read.

        Its request stays open for as long as that takes, and is no sign of a stalled endpoint.
        """
        self.first_byte = self._context.clock()
        if self.attempt is not None:
            self.attempt.candidate.waiting.pop(self, None)

    def next_for(self, reason: Reason) -> Attempt | None:
        """Return what follows the attempt under way if it failed for ``reason``; None to give up."""
        return self._next(retry.condition(reason))

    def next_for_status(self, status: int) -> Attempt | None:
        """Return what follows the attempt under way, answered with ``status``; None to pass that on."""
        return self._next(retry.FAILED_STATUS) if status >= 500 else None

    def follow(self, following: Attempt, error: str) -> None:
        """Record the attempt under way as failed, by ``error`` or by its status, and begin the next."""
        now = self._context.clock()
        self.error = error
        self.record(now)
        if self.attempt is not None:
            self._failed += (self.attempt,)
        self.restart(self._context.tracer.sibling(self.trace), now)
        self.begin(following)

    def record(self, end: int) -> None:
        """Record the attempt under way, which ended at ``end`` (monotonic nanoseconds)."""
        self.end = end
        attempt = self.attempt
        if attempt is not None:
            attempt.destination.open -= 1
            # Counted down here for every way in which an attempt ends, so that no path can forget it.
            attempt.candidate.end(self)
        self._context.direction.record(self, attempt)

    def _next(self, condition: str) -> Attempt | None:
        retries, attempt = self._context.direction.retries, self.attempt
        if retries is None or attempt is None or self.final:
            return None
        now = self._context.clock() * 1e-9
        repeatable = self._head.repeatable
        return retries.next_attempt((*self._failed, attempt), condition, now, repeatable=repeatable)
