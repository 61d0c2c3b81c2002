"""Annotations of reply fields: the type on the wire, and the unit in the schema."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

Microseconds = Annotated[int, Field(description="microseconds since the epoch")]
Milliseconds = Annotated[float, Field(description="milliseconds")]
Seconds = Annotated[int, Field(description="seconds")]
Share = Annotated[float, Field(description="0 to 1")]
PerSecond = Annotated[float, Field(description="per second")]
SERVICE: Any = Field(description="plain name of a service, `namespace/name` where several have it")
ServiceText = Annotated[str, SERVICE]
Bytes = Annotated[int, Field(description="bytes")]


def words(*choices: "str | type[StrEnum]") -> Any:
    """Return the description of a text that is one of ``choices``.

    The schema names them and does not enforce them: a dashboard of an older release has to show what a newer
    collector sends.
    """
    known = [word for each in choices for word in ([each] if isinstance(each, str) else map(str, each))]
    maybe = " or empty" if "" in known else ""
    return Field(description=f"one of {', '.join(filter(None, known))}{maybe}")
