"""What may be retried, and how much of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.contract.model import CONDITIONS
from proxy.errors import Reason
from proxy.http.headers import RequestHead, read_request
from proxy.routing.retry import FLOOR, Budget, condition, repeatable


def head(method: bytes, *fields: tuple[bytes, bytes]) -> RequestHead:
    made = RequestHead()
    made.method = method
    read_request(made, [(b"host", b"a"), *fields])
    return made


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        (head(b"GET"), True),
        (head(b"HEAD"), True),
        (head(b"GET", (b"content-length", b"0")), True),
        (head(b"GET", (b"content-length", b"1")), False),
        (head(b"GET", (b"transfer-encoding", b"chunked")), False),
        (head(b"GET", (b"connection", b"upgrade"), (b"upgrade", b"websocket")), False),
        (head(b"POST"), False),
        (head(b"PUT"), False),
        (head(b"DELETE"), False),
    ],
)
def test_only_what_is_safe_and_has_no_body_is_sent_twice(asked: RequestHead, answer: bool) -> None:
    assert repeatable(asked) is answer


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_a_condition_of_the_policy_or_none(reason: Reason) -> None:
    assert condition(reason) in (*CONDITIONS, "")


def test_neither_the_clients_fault_nor_our_own_limit_is_retried() -> None:
    assert {condition(r) for r in (Reason.OVERLOAD, Reason.SLOW_REQUEST, Reason.UPSTREAM_MALFORMED)} == {""}
    assert condition(Reason.CONNECT_TIMEOUT) == condition(Reason.CONNECT_REFUSED) == "connect-failure"


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 3)), max_size=400), st.sampled_from([0.0, 0.2, 1.0]))
def test_retries_stay_within_their_share(steps: list[tuple[bool, float]], share: float) -> None:
    budget, now = Budget(), 0.0
    requests: list[int] = []
    retries: list[int] = []
    for is_retry, step in steps:
        now += step
        recent = sum(second > int(now) - 10 for second in requests)
        spent = sum(second > int(now) - 10 for second in retries)
        if not is_retry:
            budget.request(now)
            requests.append(int(now))
        elif budget.spend(now, share):
            retries.append(int(now))
            assert spent < max(FLOOR, share * recent)
        else:
            assert spent >= max(FLOOR, share * recent)
