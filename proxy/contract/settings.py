"""The loading of settings from flags and the environment, with errors that name the fix.

A process loads its settings once, at start, and never looks at the environment again.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from proxy.contract.failure import ConfigError
from proxy.contract.option import Setting, named, settings_of, variable

S = TypeVar("S")


def load(kind: type[S], given: Mapping[str, Any], environ: Mapping[str, str]) -> S:
    """Build settings from flags that were given (None is not given), then from the environment.

    Raises ConfigError with a line for each problem: flag, variable, value and what is expected.
    """
    settings = {setting.name: setting for setting in settings_of(kind)}
    problems = [
        f"unknown option {name!r}; known: {', '.join(sorted(settings))}"
        for name in given
        if name not in settings
    ]
    values: dict[str, Any] = {}
    for name, setting in settings.items():
        value = given.get(name)
        if value is None:
            value = environ.get(setting.variable)
        if value is not None:
            try:
                values[name] = _check(setting, value)
            except ValueError as error:
                problems.append(f"{named(name)} is {value!r}: {error}")
        elif setting.required:
            problems.append(f"{setting.flag} is required: give it, or set {setting.variable}")
    if problems:
        raise ConfigError("\n".join(problems))
    try:
        return kind(**values)
    except ValueError as error:  # settings that do not fit together, found by the class itself
        raise ConfigError(str(error)) from None


def environment(settings: Any) -> dict[str, str]:
    """Return the variables from which a child process loads the same settings.

    Not flags: every user of the machine can read those, and a URL may hold a password.
    """
    return {variable(name): str(value) for name, value in asdict(settings).items()}


def _check(setting: Setting, value: Any) -> Any:
    option = setting.option
    # A variable that is not UTF-8 reaches Python as surrogates, which no message can carry.
    try:
        str(value).encode()
    except UnicodeEncodeError:
        raise ValueError("write it as UTF-8 text") from None
    finite = False if setting.type is float else None  # None: not a question for other types
    bounds = Field(gt=option.above, ge=option.least, le=option.most, allow_inf_nan=finite)
    checks = [AfterValidator(option.check)] if option.check else []
    kind: Any = Annotated[setting.type, bounds, *checks]
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "value_error":  # the option's own check, which says how to write it
            raise ValueError(first["msg"].removeprefix("Value error, ")) from None
        raise ValueError(f"write {_expected(setting, finite=first['type'] == 'finite_number')}") from None


def _expected(setting: Setting, *, finite: bool) -> str:
    """Return the values that a setting takes in words: ``a whole number from 1 to 3650``."""
    if setting.type is bool:
        return "true or false"
    if choices := get_args(setting.type):
        return f"{', '.join(choices[:-1])} or {choices[-1]}"
    noun = "a whole number" if setting.type is int else "a finite number" if finite else "a number"
    limits = setting.option.range
    return f"{noun} from {limits}" if " to " in limits else f"{noun} {limits}".rstrip()
