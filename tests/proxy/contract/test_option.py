"""Names, unit and range follow from the declaration of an option."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest

from proxy.contract.option import Option, named, settings_of


@dataclass(frozen=True, kw_only=True)
class Sample:
    query_grpc: Annotated[str, Option(help="an address", unit="HOST:PORT")]
    speaks: Annotated[Literal["http", "tcp"], Option(help="a word")] = "http"
    sample: Annotated[float, Option(help="a share", least=0, most=1)] = 1.0
    quick: Annotated[bool, Option(help="a switch")] = False
    note: Annotated[str, Option(help="a text")] = ""


def test_a_field_gives_flag_variable_and_unit() -> None:
    address, word, share, switch, text = settings_of(Sample)
    assert (address.flag, address.variable) == ("--query-grpc", "SPANMESH_QUERY_GRPC")
    assert named(address.name) == "--query-grpc (SPANMESH_QUERY_GRPC)"
    units = [each.unit for each in (address, word, share, switch, text)]
    assert units == ["HOST:PORT", "http|tcp", "NUMBER", "", "TEXT"]
    assert (address.required, share.required, share.default) == (True, False, 1.0)


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({}, ""),
        ({"above": 0}, "above 0"),
        ({"least": 1024}, "at least 1024"),
        ({"above": 0, "most": 86400}, "above 0, at most 86400"),
        ({"least": 0, "most": 1}, "0 to 1"),
        ({"most": 5}, "at most 5"),
    ],
)
def test_bounds_are_said_in_words(bounds: dict[str, Any], words: str) -> None:
    assert Option(help="a number", **bounds).range == words


def test_a_field_without_a_declaration_is_an_error() -> None:
    @dataclass
    class Careless:
        port: int = 1

    with pytest.raises(TypeError, match="port: declare it as Annotated"):
        settings_of(Careless)
