"""Names on the wire are distinct, and a failure is what both planes count as one."""

import pytest

from proxy.contract import attributes


def test_every_name_is_used_for_one_thing() -> None:
    names = [value for key, value in vars(attributes).items() if key.isupper() and isinstance(value, str)]
    assert len(names) == len(set(names))


def test_names_of_ours_can_be_told_from_the_conventions() -> None:
    names = {
        key: value for key, value in vars(attributes).items() if key.isupper() and isinstance(value, str)
    }
    ours = [name for name in names.values() if "spanmesh" in name]
    assert [name for name in ours if not name.startswith(("spanmesh.", "x-spanmesh-"))] == []


@pytest.mark.parametrize(
    ("status", "failed"),
    [(0, True), (200, False), (302, False), (404, False), (499, False), (500, True), (504, True)],
)
def test_a_server_fails_with_5xx_or_no_response(status: int, failed: bool) -> None:
    assert attributes.is_failure(status) is failed
