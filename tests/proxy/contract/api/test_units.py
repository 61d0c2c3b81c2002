"""Annotations of fields: what a schema says of them."""

from enum import StrEnum

from proxy.contract.api.units import words


class Color(StrEnum):
    RED = "red"
    NONE = ""


def test_words_are_named_and_an_empty_one_said() -> None:
    assert words("live", "store").description == "one of live, store"
    assert words(Color, "blue").description == "one of red, blue or empty"
