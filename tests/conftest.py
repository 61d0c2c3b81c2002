"""Fixtures shared by the tests that need a whole mesh."""

from collections.abc import Iterator

import pytest

from tests.support.demo import Demo, running


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One `spanmesh demo` for a module's tests, which put back what they change."""
    with running(tmp_path_factory.mktemp("demo"), "--rate", "15") as started:
        yield started
