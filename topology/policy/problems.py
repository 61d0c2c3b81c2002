"""The problems of a policy, with key, message and fix, made from pydantic's errors."""

from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from topology.policy import shapes
from topology.policy.notation import PROBLEM, suggestion

# The path to a value in a policy: keys, and indices of lists.
Location = tuple[str | int, ...]

WHOLE: Final = "the file"  # what has no key is a problem of the whole; its name is the reader's to say
_MAPPING: Final = ("must be a mapping", "write indented 'key: value' lines under it")
_LIST: Final = ("must be a list", "write it as [a, b]")
_SHAPES: Final = {
    "model_type": _MAPPING,
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "tuple_type": _LIST,
}
_UNKNOWN_KEY: Final = "extra_forbidden"
_KEY_ITSELF: Final = "[key]"  # pydantic's mark on the location of a bad key of a mapping


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a policy: its line (from 1), its key, what is wrong and how to put it right."""

    line: int
    key: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.key}: {self.message}; {self.fix}"


class PolicyError(Exception):
    """A policy that cannot be used; ``problems`` says where and why, in order of line."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem by its location in the data. ``at_key`` is True where the key is wrong, not its value."""

    location: Location
    message: str
    fix: str
    at_key: bool = False

    @property
    def key(self) -> str:
        """The keys that lead there, ``services.reviews.retries.on``; lists have one key for all items."""
        return ".".join(step for step in self.location if isinstance(step, str)) or WHOLE


def faults(error: ValidationError) -> list[Fault]:
    """Return the mistakes that ``Policy.model_validate`` found, in the order of the models' fields."""
    return [_fault(each) for each in error.errors(include_url=False, include_input=False)]


def _fault(error: ErrorDetails) -> Fault:
    location, kind = error["loc"], error["type"]
    if kind == _UNKNOWN_KEY:
        known = _keys_beside(location)
        return Fault(location, "unknown key", suggestion(str(location[-1]), known), at_key=True)
    at_key = location[-1:] == (_KEY_ITSELF,)
    if at_key:
        location = location[:-1]
    if kind == PROBLEM:
        return Fault(location, error["ctx"]["message"], error["ctx"]["fix"], at_key)
    message, fix = _SHAPES.get(kind, (error["msg"].lower(), "see docs/mesh-yaml.md"))
    return Fault(location, message, fix, at_key)


def _keys_beside(location: Location) -> list[str]:
    """Return the keys of the model that the last key of ``location`` was written in."""
    concept = shapes.at(location[:-1]).concept
    return list(concept.model_fields) if concept is not None else []
