"""Labels of calls, also those that a newer release writes."""

import json

import pytest

from proxy.contract.traffic import Answer, Arm, Protocol


def test_labels_are_texts_as_they_are_on_the_wire_and_in_the_store() -> None:
    assert [str(arm) for arm in Arm] == ["", "direct", "routed"]
    assert json.dumps(list(Protocol)) == '["", "http", "tcp", "database", "messaging"]'
    assert f"{Arm.ROUTED}".encode() == b"routed"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (0, Answer.FAILED),
        (101, Answer.OK),
        (206, Answer.OK),
        (301, Answer.REDIRECT),
        (304, Answer.OK),
        (403, Answer.REFUSED),
        (429, Answer.SHED),
        (504, Answer.FAILED),
    ],
)
def test_the_class_of_a_status(status: int, answer: Answer) -> None:
    assert Answer.of_status(status) is answer
    assert answer.words


def test_a_status_class_says_its_answer_and_an_unknown_one_nothing_bad() -> None:
    assert [Answer.of_class(word) for word in ("2xx", "3xx", "4xx", "5xx", "error", "7xx")] == [
        Answer.OK,
        Answer.REDIRECT,
        Answer.REFUSED,
        Answer.FAILED,
        Answer.FAILED,
        Answer.OK,
    ]


def test_what_nobody_named_is_false() -> None:
    assert [bool(arm) for arm in Arm] == [False, True, True]


@pytest.mark.parametrize("word", ["mirrored", "DIRECT", " "])
def test_a_label_of_a_newer_release_is_none_that_is_known(word: str) -> None:
    assert Arm(word) is Arm.NONE
    assert Answer(word) is Answer.OK
    assert Protocol(word) is Protocol.UNKNOWN
