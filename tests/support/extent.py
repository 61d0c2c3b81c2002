"""How much a run tests: all of it (`make test-all`), or samples where all of it takes long (`make test`)."""

import os
from typing import Final, TypeVar

T = TypeVar("T")

ALL: Final = os.environ.get("SPANMESH_TEST_ALL") == "1"


def sized(everything: T, sample: T) -> T:
    """Return the size to test with in this run, such as a number of examples, kills or MiB."""
    return everything if ALL else sample
