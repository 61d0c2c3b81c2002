"""Fixtures shared by the tests that need a whole mesh."""

from collections.abc import Iterator

import pytest

from tests.support.demo import Demo, running


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One `spanmesh demo` for all tests that only look, or that put back what they change."""
    with running(tmp_path_factory.mktemp("demo"), "--rate", "15") as started:
        yield started
