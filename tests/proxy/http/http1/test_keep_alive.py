"""What servers announce of the connections they keep, and what is made of it."""

from math import inf

import pytest

from proxy.http.http1.keep_alive import KeepAlive


@pytest.mark.parametrize(
    ("announced", "idle", "requests"),
    [
        (b"", inf, inf),
        (b"timeout=5", 4.0, inf),
        (b"timeout=1", 0.5, inf),
        (b"timeout=0", 0.0, inf),
        (b"timeout=5, max=100", 4.0, 99),
        (b"max=100;timeout=75", 74.0, 99),
        (b'Timeout = "15", MAX=1', 14.0, 0),
        (b"300", inf, inf),
        (b"timeout=-1, max=x", inf, inf),
        (b"idle-timeout=3", inf, inf),
        (b"timeout=99999999999999", 999999998.0, inf),
    ],
)
def test_an_announcement_is_read_with_a_margin(announced: bytes, idle: float, requests: float) -> None:
    kept = KeepAlive()
    kept.heed(announced)
    assert (kept.idle, kept.requests) == (idle, requests)
    assert kept.ended == (idle == 0.0 or requests == 0)


@pytest.mark.parametrize("counts_down", [False, True])
def test_requests_end_one_early_whether_the_server_counts_down_or_repeats_its_limit(
    counts_down: bool,
) -> None:
    kept = KeepAlive()
    for response in range(1, 5):
        assert not kept.ended
        kept.heed(b"max=%d" % (5 - response if counts_down else 4))
    assert kept.ended
