import pkgutil
from importlib import import_module
from types import ModuleType

import pytest
from opentelemetry.semconv._incubating.attributes.network_attributes import NetworkIoDirectionValues

from proxy.contract import attributes

PACKAGES = ("attributes", "metrics", "_incubating.attributes", "_incubating.metrics")
# Constants that are no names of attributes or metrics: values and HTTP headers.
OTHERS = {
    "BROKEN",
    "CALLER_HEADER",
    "PROBER",
    "REASON_HEADER",
    "RECEIVE",
    "SCOPE",
    "TRANSMIT",
    "UNKNOWN_SERVICE",
}
NAMES = {
    key: value
    for key, value in vars(attributes).items()
    if key.isupper() and isinstance(value, str) and key not in OTHERS
}


def conventions() -> set[str]:
    """Every name that OpenTelemetry's semantic conventions define, stable or not."""
    packages = [import_module(f"opentelemetry.semconv.{name}") for name in PACKAGES]
    modules = [
        import_module(f"{package.__name__}.{each.name}")
        for package in packages
        for each in pkgutil.iter_modules(package.__path__)
    ]
    return {value for module in (*packages, *modules) for value in strings(module)}


def strings(module: ModuleType) -> set[str]:
    return {value for key, value in vars(module).items() if key.isupper() and isinstance(value, str)}


def test_a_name_is_a_convention_or_begins_with_ours() -> None:
    ours = {name for name in NAMES.values() if name.startswith("spanmesh.")}
    known = conventions()
    assert set(NAMES.values()) - ours - known == set()
    assert ours & known == set()


def test_no_name_has_two_meanings() -> None:
    assert len(set(NAMES.values())) == len(NAMES)


def test_directions_are_values_of_the_convention() -> None:
    values = {attributes.TRANSMIT, attributes.RECEIVE}
    assert values == {direction.value for direction in NetworkIoDirectionValues}


def test_headers_are_lower_case_as_http2_wants_them() -> None:
    for header in (attributes.CALLER_HEADER, attributes.REASON_HEADER):
        assert header == header.lower()
        assert header.startswith("x-spanmesh-")


@pytest.mark.parametrize(
    ("status", "failed"),
    [(0, True), (200, False), (302, False), (404, False), (499, False), (500, True), (503, True)],
)
def test_servers_fail_by_no_answer_or_by_5xx(status: int, failed: bool) -> None:
    assert attributes.is_failure(status) is failed
