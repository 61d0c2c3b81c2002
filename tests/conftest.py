"""What every test run shares: how much is tested, how it is spread over processes, and a whole mesh."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support.demo import Demo, running
from tests.support.extent import ALL, sized

# Tests without a number of their own take these; those with one choose it with `sized`.
settings.register_profile("spanmesh", max_examples=sized(200, 25), deadline=None)
settings.load_profile("spanmesh")

# Folders whose modules take longest. With `--dist loadfile` a module runs as a whole in one process:
# one that comes late would leave the other process idle at the end.
FIRST = ("integration", "browser")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name cases of bytes by their argument: some hold ids and times of this run, and all processes of a run
    must collect the same names.
    """
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out slow tests unless everything is tested, and begin with the folders that take longest."""
    if not ALL:
        leave_out = pytest.mark.skip(reason="slow: make test-all runs it")
        for item in items:
            if item.get_closest_marker("slow"):
                item.add_marker(leave_out)
    items.sort(key=lambda item: not any(name in item.path.parts for name in FIRST))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One `spanmesh demo` for a module's tests, which put back what they change."""
    with running(tmp_path_factory.mktemp("demo"), "--rate", "15") as started:
        yield started
