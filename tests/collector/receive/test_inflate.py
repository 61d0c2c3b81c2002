"""Request bodies out of their encoding."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.receive.inflate import EncodingError, TooLargeError, UnknownEncodingError, inflate


@given(st.binary(max_size=500))
def test_what_was_compressed_comes_back(body: bytes) -> None:
    assert inflate(body, "", 1000) == body
    assert inflate(body, "identity", 1000) == body
    assert inflate(gzip.compress(body), "GZIP ", 1000) == body
    assert inflate(zlib.compress(body), "deflate", 1000) == body
    assert inflate(gzip.compress(body) + gzip.compress(b"more"), "gzip", 1000) == body + b"more"


def test_the_limit_is_kept_exactly() -> None:
    body = gzip.compress(b"x" * 100)
    assert inflate(body, "gzip", 100) == b"x" * 100
    with pytest.raises(TooLargeError, match="larger than 99 bytes"):
        inflate(body, "gzip", 99)
    with pytest.raises(TooLargeError):
        inflate(gzip.compress(b"x" * 60) * 2, "gzip", 100)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    with pytest.raises(TooLargeError):
        inflate(bomb, "gzip", 1000)


@given(st.binary(min_size=1, max_size=100))
def test_what_is_not_gzip_is_refused(body: bytes) -> None:
    with pytest.raises((EncodingError, TooLargeError)):
        inflate(b"\x00" + body, "gzip", 1000)


def test_a_body_cut_short_is_refused() -> None:
    with pytest.raises(EncodingError, match="cut short"):
        inflate(gzip.compress(b"hello" * 50)[:-5], "gzip", 1000)
    with pytest.raises(EncodingError):
        inflate(b"", "gzip", 1000)


def test_an_unknown_encoding_is_named() -> None:
    with pytest.raises(UnknownEncodingError, match="'br'"):
        inflate(b"", "br", 10)
