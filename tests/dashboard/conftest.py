"""A dashboard over the fake query API, one for each module's tests."""

from collections.abc import Iterator

import pytest

from tests.dashboard.pages import Pages
from tests.support.fake_traces import TraceApi


@pytest.fixture(scope="module")
def api() -> Iterator[TraceApi]:
    fake = TraceApi(spans=300)
    with fake:
        yield fake


@pytest.fixture(scope="module")
def pages(api: TraceApi) -> Pages:
    return Pages(api.url)
