"""How every process loads its configuration: typed, complete at start, errors that name the fix.

A settings class derives from ``Settings``; every field is an option of the command and the
environment variable ``SPANMESH_<FIELD>`` in upper case. ``load`` turns whatever is wrong into
one ``ConfigError`` with a line for each problem.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from proxy.contract.address import split_address
from proxy.contract.failure import ConfigError


class Settings(BaseSettings):
    """Base of every process's configuration: frozen, and unknown keys are errors."""

    model_config = SettingsConfigDict(env_prefix="SPANMESH_", extra="forbid", frozen=True)


S = TypeVar("S", bound=Settings)


def load(kind: type[S], given: Mapping[str, Any]) -> S:
    """Build settings from options that were given (None means not given) and the environment.

    Raises ConfigError that names each bad key, its value and what is expected.
    """
    try:
        return kind(**{key: value for key, value in given.items() if value is not None})
    except ValidationError as error:
        raise ConfigError("\n".join(_line(kind, problem) for problem in error.errors())) from None


def _line(kind: type[Settings], problem: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"unknown option {key!r}; known: {', '.join(sorted(kind.model_fields))}"
    option = "--" + key.replace("_", "-")
    if problem["type"] == "missing":
        return f"{option} is required: give it, or set SPANMESH_{key.upper()}"
    text = problem["msg"].removeprefix("Value error, ")
    return f"{option} (SPANMESH_{key.upper()}) is {problem['input']!r}: {text}"


def _checked(address: str) -> str:
    split_address(address)
    return address


Address = Annotated[str, AfterValidator(_checked)]
"""A ``HOST:PORT`` string, checked when the configuration is loaded."""
