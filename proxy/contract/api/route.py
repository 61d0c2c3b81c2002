"""A route of our own API as a declaration: method, path, parameters, and the type of its reply."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from proxy.contract.api.parameters import Instant, Parameter

Reply = TypeVar("Reply")
Parameters = tuple[Parameter[Any], ...]


@dataclass(frozen=True)
class Route(Generic[Reply]):
    """``GET path`` unless ``method`` says otherwise; ``{name}`` in the path is a part of it.

    ``body`` is the type of what a PUT takes. ``reply`` is the type of the body, or of each event of a stream.
    """

    path: str
    summary: str
    reply: type[Reply]
    parameters: Parameters = ()
    method: str = "GET"
    body: Any = None
    media: str = field(default="application/json", kw_only=True)

    @cached_property
    def adapter(self) -> "TypeAdapter[Reply]":
        """Validation and schema of the reply; made when it is first needed, which takes milliseconds."""
        return TypeAdapter(self.reply)

    def parse(self, reply: bytes) -> Reply:
        """Return the reply in a body. Raises pydantic.ValidationError, a ValueError, for anything else."""
        return self.adapter.validate_json(reply)


def window(absent_start: str, prefix: str = "", end: str = "now") -> tuple[Instant, Instant]:
    """``start`` and ``end``; ``absent_start`` and ``end`` say in words what they are when absent.

    With a ``prefix`` they are those of a second, earlier window.
    """
    which = "the earlier window" if prefix else "the window"
    return (
        Instant(name=f"{prefix}start", meaning=f"first moment of {which}", absent=absent_start),
        Instant(name=f"{prefix}end", meaning=f"last moment of {which}", absent=end),
    )
