"""How much may wait."""

import pytest

from collector.ingest.admission import Admission, BusyError


def test_what_passes_the_limit_is_told_to_wait() -> None:
    admission = Admission(100)
    with admission.reserve(60):
        with pytest.raises(BusyError, match="60 bytes wait") as busy, admission.reserve(41):
            raise AssertionError
        assert busy.value.retry_after >= 1
        with admission.reserve(40):
            assert admission.pending == 100
    assert admission.pending == 0


def test_a_single_large_request_is_let_in() -> None:
    admission = Admission(10)
    with admission.reserve(50):
        assert admission.pending == 50


def test_a_failure_gives_its_bytes_back() -> None:
    admission = Admission(10)
    with pytest.raises(ValueError, match="x"), admission.reserve(5):
        raise ValueError("x")
    assert admission.pending == 0
