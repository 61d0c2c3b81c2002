"""Command line options generated from settings classes.

A command is a function; each of its parameters that is annotated with a settings class becomes that
class's fields as options, and the function gets the loaded settings.
"""

import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import is_dataclass
from functools import wraps
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand
from typer.exceptions import TyperException

from deploy.cli.terminal import explained
from proxy.contract.failure import ConfigError
from proxy.contract.option import COMMON, Setting, settings_of
from proxy.contract.settings import load

_SIZES: Final = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))


class GroupedCommand(TyperCommand):
    """A command whose help lists arguments, the common options, and then one group after the other.

    Its errors of usage are a line like all others.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command line, with an unknown flag explained in our own form of errors."""
        with explained():
            try:
                return super().parse_args(ctx, args)
            except TyperException as error:
                # Errors of typer end in a full stop; ours go on after a semicolon.
                reason = error.format_message().rstrip(".")
                raise ConfigError(f"{reason}; see spanmesh {ctx.info_name} --help") from None

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write every parameter under its group (typer's own help would put all under one heading)."""
        # These two first, whatever order the parameters come in.
        groups: dict[str, list[tuple[str, str]]] = {"Arguments": [], COMMON: []}
        for parameter in self.get_params(ctx):
            # None for a hidden option.
            record = parameter.get_help_record(ctx)
            if record is not None:
                option = parameter.param_type_name == "option"
                # The group of an option travels in typer's attribute for rich's panels, which this help does
                # not use.
                name = getattr(parameter, "rich_help_panel", None) or (COMMON if option else "Arguments")
                groups.setdefault(name, []).append(record)
        for name, records in groups.items():
            if records:
                with formatter.section(name):
                    formatter.write_dl(records)


def settings_classes(function: Callable[..., None]) -> dict[str, type]:
    """Return the settings classes among the annotations of a function, by parameter."""
    return {
        name: parameter.annotation
        for name, parameter in inspect.signature(function).parameters.items()
        if isinstance(parameter.annotation, type) and is_dataclass(parameter.annotation)
    }


def with_settings(function: Callable[..., None]) -> Callable[..., None]:
    """Return ``function`` with options in place of its parameters that are settings classes.

    Mistakes of the user, in the options or found later, are printed one line each and end in an exit
    status.
    """
    kinds = settings_classes(function)

    @wraps(function)
    def command(**given: Any) -> None:
        with explained():
            # ``pop``: what is left in ``given`` are the function's own parameters.
            settings = {
                name: (kind, {each.name: given.pop(each.name) for each in settings_of(kind)})
                for name, kind in kinds.items()
            }
            function(**given, **_load_all(settings, os.environ))

    own = [each for each in inspect.signature(function).parameters.values() if each.name not in kinds]
    generated = [_parameter(setting) for kind in kinds.values() for setting in settings_of(kind)]
    # What typer reads; a function of these parameters written out by hand would be the same.
    command.__signature__ = inspect.Signature([*own, *generated])  # type: ignore[attr-defined]
    return command


def _load_all(
    given: Mapping[str, tuple[type, Mapping[str, Any]]], environ: Mapping[str, str]
) -> dict[str, Any]:
    """Load the settings of every class. Raises ConfigError with the problems of all of them."""
    # Not at the first problem: a user with three mistakes should not have to start three times.
    loaded: dict[str, Any] = {}
    problems: list[str] = []
    for name, (kind, values) in given.items():
        try:
            loaded[name] = load(kind, values, environ)
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))
    return loaded


def _parameter(setting: Setting) -> inspect.Parameter:
    """Return one option as a parameter for typer. It takes any text: ``load`` checks flags and variables."""
    flag, boolean = setting.flag, setting.type is bool
    option = typer.Option(
        f"{flag}/--no-{flag[2:]}" if boolean else flag,
        help=_help(setting),
        metavar=None if boolean else setting.unit,
        rich_help_panel=setting.option.group,
        # The default is part of our help text (``_facts``), where sizes have their unit.
        show_default=False,
    )
    # None means that the flag was not given, so the variable in the environment or the default applies.
    # Numbers stay text, or typer would report a wrong one in words of its own.
    kind = bool | None if boolean else str | None
    return inspect.Parameter(
        setting.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, option]
    )


def _help(setting: Setting) -> str:
    return f"{setting.option.help}  [{'; '.join(_facts(setting))}]"


def _facts(setting: Setting) -> Iterator[str]:
    if setting.required:
        yield "required"
    elif setting.default != "":
        yield f"default: {default_text(setting)}"
    if setting.option.range:
        yield setting.option.range
    yield f"env: {setting.variable}"


def default_text(setting: Setting) -> str:
    """Return the default as it would be given, whole sizes also by their unit: ``16384 (16 KiB)``."""
    value = setting.default
    if isinstance(value, bool):
        return str(value).lower()
    if setting.unit == "BYTES":
        units = [f" ({value // size} {unit})" for unit, size in _SIZES if value and value % size == 0]
        return f"{value}{''.join(units[:1])}"
    return f"{value:g}" if isinstance(value, float) else str(value)
