"""docs/mesh-yaml.md is current, and its examples are valid."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from proxy.contract.service_id import ServiceId
from topology.policy import shapes
from topology.policy.mesh_yaml import parse
from topology.policy.models import Concept, Policy
from topology.policy.reference import EXAMPLE, reference

DOCUMENT = Path(__file__).parents[3] / "docs" / "mesh-yaml.md"


def test_the_document_is_current() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == reference(), "run python -m topology.policy.reference"


def fields(concept: type[Concept], *path: str) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Yield every key of the file with the keys above it; ``b`` is the name of the service."""
    for name, field in concept.model_fields.items():
        yield (*path, name), field
        shape = shapes.of_field(field)
        below, step = (shape.items, ("b",)) if shape.items is not None else (shape, ())
        if below.concept is not None:
            yield from fields(below.concept, *path, name, *step)


KEYS = list(fields(Policy))


@pytest.mark.parametrize(("path", "field"), KEYS, ids=[".".join(path) for path, _ in KEYS])
def test_every_key_is_described_with_an_example_that_is_valid(
    path: tuple[str, ...], field: FieldInfo
) -> None:
    assert field.description
    assert field.description.endswith(".")
    assert field.examples
    example = field.examples[0]
    text = "".join(f"{'  ' * depth}{key}:\n" for depth, key in enumerate(path)).rstrip() + f" {example}\n"
    beside = f"{'  ' * (len(path) - 1)}stage: route\n" if path[-1] == "percent" else ""
    assert parse(text + beside) != Policy()


def test_the_whole_example_is_valid_and_uses_every_key() -> None:
    entry = parse(EXAMPLE).services[ServiceId("reviews")]
    assert entry.model_fields_set == set(type(entry).model_fields)
    for part in (entry.retries, entry.guard):
        assert part is not None
        assert part.model_fields_set == set(type(part).model_fields)


def test_defaults_are_written_as_they_would_be_in_the_file() -> None:
    rows = {
        row.split(" | ")[0]: row.split(" | ") for row in reference().splitlines() if row.startswith("| `")
    }
    assert [rows[f"| `{key}`"][2] for key in ("budget", "success", "on", "attempts", "timeout")] == [
        "`20%`",
        "`0.5%`",
        "`[connect-failure]`",
        "`2`",
        "none",
    ]
