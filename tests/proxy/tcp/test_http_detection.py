"""HTTP is told from the first bytes, however they are cut, and nothing else is taken for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.tcp.http_detection import speaks_http


@pytest.mark.parametrize(
    "start", [b"GET /", b"POST /a", b"\r\nGET / HTTP/1.1", b"OPTIONS * HTTP/1.1", b"PROPFIND /x HTTP/1.1\r\n"]
)
def test_a_known_method_with_a_path_is_http(start: bytes) -> None:
    assert speaks_http(start) is True


@pytest.mark.parametrize(
    "start",
    [
        b"\x16\x03\x01\x02\x00",
        b"PRI * HTTP/2.0\r\n",
        b"CONNECT a:1 HTTP/1.1",
        b"GET http://a/ HTTP/1.1",
        b"SSH-2.0-x\r\n",
        b"*1\r\n$4\r\nPING\r\n",
        b"get / HTTP/1.1",
        b" GET /",
        b"\r\n" * 40,
    ],
)
def test_everything_else_is_not(start: bytes) -> None:
    assert speaks_http(start) is False


def test_a_start_that_could_become_http_is_undecided() -> None:
    for start in (b"", b"G", b"GET", b"GET ", b"PROP", b"\r\n", b"\r\nPO"):
        assert speaks_http(start) is None


@given(st.binary(max_size=200) | st.sampled_from([b"GET / HTTP/1.1", b"\r\nDELETE /x", b"GETX /"]))
def test_a_verdict_once_given_stays_and_comes_within_a_few_bytes(data: bytes) -> None:
    verdicts = [speaks_http(data[:size]) for size in range(len(data) + 1)]
    decided = [verdict for verdict in verdicts if verdict is not None]
    assert len(set(decided)) <= 1
    assert all(verdict is not None for verdict in verdicts[40:])
