"""The shape of a policy: the form of each key's value, read from the models' type annotations.

The reference and the messages about unknown keys are made from it, so that a new model needs no work on
either.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from topology.policy.models import Concept, Policy
from topology.policy.notation import Notation


@dataclass(frozen=True, slots=True)
class Shape:
    """The form of a key's value: one value in a ``notation``, a concept, or ``items``.

    Items are a list or, where ``named``, a mapping.
    """

    notation: Notation | None = None
    concept: type[Concept] | None = None
    items: "Shape | None" = None
    named: bool = False


def of_field(field: FieldInfo) -> Shape:
    """Return the shape of a model's field."""
    return _shape(field.annotation, field.metadata)


def at(location: Iterable[str | int]) -> Shape:
    """Return the shape of what is at a location of a policy. Raises KeyError where nothing can be."""
    shape = Shape(concept=Policy)
    for step in location:
        if shape.concept is not None:
            shape = of_field(shape.concept.model_fields[str(step)])
        elif shape.items is not None:
            shape = shape.items
        else:
            raise KeyError(step)
    return shape


def _shape(annotation: Any, metadata: Iterable[Any] = ()) -> Shape:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _shape(parts[0], [*parts[1:], *metadata])
    if origin in (Union, UnionType):  # X | None, the only union that models use
        return _shape(next(part for part in parts if part is not type(None)), metadata)
    if origin is not None:
        named = origin is not tuple
        return Shape(items=_shape(parts[1] if named else parts[0]), named=named)
    if isinstance(annotation, type) and issubclass(annotation, Concept):
        return Shape(concept=annotation)
    return Shape(next((each for each in metadata if isinstance(each, Notation)), None))
