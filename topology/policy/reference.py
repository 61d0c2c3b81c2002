"""The reference of mesh.yaml, written from the models: ``python -m topology.policy.reference``.

Its output is ``docs/mesh-yaml.md``; a test compares the two.
"""

import sys
from collections.abc import Iterator
from typing import Any, Final

from pydantic.fields import FieldInfo

from topology.policy import shapes
from topology.policy.models import Concept, Policy
from topology.policy.shapes import Shape

EXAMPLE: Final = """\
services:
  reviews:
    stage: route
    percent: 25
    timeout: 2s
    retries: {attempts: 2, on: [5xx, connect-failure], budget: 20%, per_try: 500ms}
    split: {v1: 90, v2: 10}
    endpoints: [10.0.0.7:9080, "[::1]:9080"]
    health: /healthz
    guard: {success: 1%, slower: 1.5, sizes: true}
  ratings:
    stage: advise
"""
_HEAD: Final = f"""\
# mesh.yaml

<!-- Written by `python -m topology.policy.reference` from the models in topology/policy: change those. -->

The policy for services is one file, which `spanmesh up` and `spanmesh collector` read with
`--config mesh.yaml`. It is read again when it changes; while it has a mistake, the last good version stays
in force. `spanmesh check mesh.yaml` reports every mistake with line, key and fix.

```yaml
{EXAMPLE}```

Every key is optional. Unknown keys are mistakes, and so are keys without a value: leave out what you do
not decide.
"""
_COLUMNS: Final = ("key", "value", "default", "example", "meaning")


def reference() -> str:
    """Return the text of ``docs/mesh-yaml.md``."""
    return "\n".join([_HEAD, *_sections(Policy, "")])


def _sections(concept: type[Concept], path: str) -> Iterator[str]:
    """Yield the table of a concept's keys, then those of the concepts below it."""
    yield (
        f"## {f'`{path}`' if path else 'The whole file'}\n\n{_row(_COLUMNS)}{_row(['---'] * len(_COLUMNS))}"
        + "".join(
            _row(
                [
                    f"`{name}`",
                    _value(shapes.of_field(field)),
                    _default(field),
                    _example(name, field),
                    field.description or "",
                ]
            )
            for name, field in concept.model_fields.items()
        )
    )
    for name, field in concept.model_fields.items():
        shape, under = shapes.of_field(field), f"{path}.{name}".removeprefix(".")
        if shape.items is not None:
            shape, under = shape.items, f"{under}.NAME" if shape.named else f"{under}[]"
        if shape.concept is not None:
            yield from _sections(shape.concept, under)


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _value(shape: Shape) -> str:
    if shape.items is not None:
        items = _value(shape.items)
        return f"mapping of names to: {items}" if shape.named else f"list of: {items}"
    if shape.notation is not None:
        return shape.notation.kind
    return "mapping, keys below"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if not value and value is not False:
        return "none"
    shape = shapes.of_field(field)
    return f"`{_written(shape, value)}`"


def _written(shape: Shape, value: Any) -> str:
    if shape.items is not None:
        return f"[{', '.join(_written(shape.items, item) for item in value)}]"
    return shape.notation.render(value) if shape.notation else str(value)


def _example(name: str, field: FieldInfo) -> str:
    return f"`{name}: {(field.examples or [''])[0]}`"


if __name__ == "__main__":
    sys.stdout.write(reference())
