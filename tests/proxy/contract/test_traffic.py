"""Labels of calls, also those that a newer release writes."""

import json

import pytest

from proxy.contract.traffic import Arm, Protocol


def test_labels_are_texts_as_they_are_on_the_wire_and_in_the_store() -> None:
    assert [str(arm) for arm in Arm] == ["", "direct", "routed"]
    assert json.dumps(list(Protocol)) == '["", "http", "tcp", "database", "messaging"]'
    assert f"{Arm.ROUTED}".encode() == b"routed"


def test_what_nobody_named_is_false() -> None:
    assert [bool(arm) for arm in Arm] == [False, True, True]


@pytest.mark.parametrize("word", ["mirrored", "DIRECT", " "])
def test_a_label_of_a_newer_release_is_none_that_is_known(word: str) -> None:
    assert Arm(word) is Arm.NONE
    assert Protocol(word) is Protocol.UNKNOWN
