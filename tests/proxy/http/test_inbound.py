"""The inbound choice: the application, or another port of this machine, within a bound."""

import pytest

from proxy.errors import Reason
from proxy.http.affinity import Affinity
from proxy.http.inbound import Inbound
from proxy.http.messages import RequestHead
from proxy.routing.router import Attempt, Refusal
from proxy.telemetry.call_recorder import CallRecorder
from proxy.telemetry.meter import Meter


def head(method: bytes = b"GET", path: bytes = b"/") -> RequestHead:
    made = RequestHead()
    made.method, made.path, made.authority, made.fields = method, path, b"shop", []
    return made


def inbound(max_requests: int = 2) -> Inbound:
    return Inbound("127.0.0.1:9080", CallRecorder(Meter(), list[bytes]().append, 0), max_requests)


@pytest.mark.parametrize(("original", "address"), [("", "127.0.0.1:9080"), ("10.0.0.1:81", "10.0.0.1:81")])
def test_a_request_goes_to_the_application_or_where_it_was_intercepted(original: str, address: str) -> None:
    for path in (b"/", b"*"):
        choice = inbound().choose(head(path=path), Affinity(original), 0.0)
        assert isinstance(choice, Attempt)
        assert (choice.address, choice.names_caller, choice.timeouts) == (address, False, None)


@pytest.mark.parametrize("request_head", [head(b"CONNECT"), head(path=b"https://shop/")])
def test_what_is_no_request_for_a_path_is_refused(request_head: RequestHead) -> None:
    choice = inbound().choose(request_head, Affinity(), 0.0)
    assert isinstance(choice, Refusal)
    assert choice.reason is Reason.NOT_IMPLEMENTED


def test_open_requests_are_bounded_wherever_they_go() -> None:
    direction = inbound(max_requests=2)
    for original in ("", "10.0.0.1:81"):
        attempt = direction.choose(head(), Affinity(original), 0.0)
        assert isinstance(attempt, Attempt)
        attempt.destination.open += 1
    assert direction.open == 2
    choice = direction.choose(head(), Affinity(), 0.0)
    assert isinstance(choice, Refusal)
    assert choice.reason is Reason.OVERLOAD


def test_the_inbound_side_never_retries() -> None:
    assert inbound().retries is None
