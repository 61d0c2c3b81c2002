"""The declaration of an option: one field of a settings class, and everything that follows from it.

A settings class is a frozen, keyword-only dataclass whose fields carry an ``Option``. The field gives
the flag ``--field-name``, the variable ``SPANMESH_FIELD_NAME``, the line of ``--help``, the row of
docs/configuration.md and the check of ``contract.settings``. Nothing here imports a validator: the
sidecar's process declares its settings with it and stays small.
"""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

COMMON: Final = "Options"
"""The group of options that most users set; it comes first in every help text."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """The help of one option, the group it is listed in, its unit and the values it takes.

    ``unit`` is the placeholder of the value in help texts (``SECONDS``). ``check`` returns the value to use
    or raises ValueError whose text says how to write it.
    """

    help: str
    group: str = COMMON
    unit: str = ""
    above: float | None = None
    least: float | None = None
    most: float | None = None
    check: Callable[[Any], Any] | None = None

    @property
    def range(self) -> str:
        """The bounds in words; empty when there are none."""
        if self.least is not None and self.most is not None:
            return f"{self.least:g} to {self.most:g}"
        above = "" if self.above is None else f"above {self.above:g}"
        least = "" if self.least is None else f"at least {self.least:g}"
        most = "" if self.most is None else f"at most {self.most:g}"
        return ", ".join(filter(None, (above, least, most)))


@dataclass(frozen=True)
class Setting:
    """One field of a settings class as the user meets it. ``default`` is MISSING where it is required."""

    name: str
    type: Any
    default: Any
    option: Option

    @property
    def required(self) -> bool:
        """True if the user must give a value."""
        return self.default is MISSING

    @property
    def flag(self) -> str:
        """The flag on the command line."""
        return flag(self.name)

    @property
    def variable(self) -> str:
        """The environment variable."""
        return variable(self.name)

    @property
    def unit(self) -> str:
        """The placeholder of the value in a help text: a unit or the choices; empty for a switch."""
        if self.option.unit or self.type is bool:
            return self.option.unit
        choices = get_args(self.type)
        return "|".join(choices) if choices else "NUMBER" if self.type in (int, float) else "TEXT"


def settings_of(kind: type) -> list[Setting]:
    """Return the settings that a class declares, in order. Raises TypeError for a field without Option."""
    hints = get_type_hints(kind, include_extras=True)
    return [_setting(field.name, hints[field.name], field.default) for field in fields(kind)]


def _setting(name: str, hint: Any, default: Any) -> Setting:
    if get_origin(hint) is Annotated:
        kind, *metadata = get_args(hint)
        for option in metadata:
            if isinstance(option, Option):
                return Setting(name, kind, default, option)
    raise TypeError(f"{name}: declare it as Annotated[type, Option(help=…)]")


def flag(name: str) -> str:
    """Return the flag of a setting: ``query_grpc`` is ``--query-grpc``."""
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    """Return the environment variable of a setting: ``query_grpc`` is ``SPANMESH_QUERY_GRPC``."""
    return "SPANMESH_" + name.upper()


def named(name: str) -> str:
    """Return both names of a setting, for errors: ``--query-grpc (SPANMESH_QUERY_GRPC)``."""
    return f"{flag(name)} ({variable(name)})"
