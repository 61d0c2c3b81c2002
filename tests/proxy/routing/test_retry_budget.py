"""Retries of one service in ten seconds: a share of its requests, and a floor."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.routing.retry_budget import FLOOR, RetryBudget


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 3)), max_size=400), st.sampled_from([0.0, 0.2, 1.0]))
def test_retries_stay_within_their_share(steps: list[tuple[bool, float]], share: float) -> None:
    budget, now = RetryBudget(), 0.0
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
