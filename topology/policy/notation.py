"""The notations of values in a policy: each parses a text, or reports how to write it.

A notation is an annotation on the field of a model. It reads text; a value of the field's own Python
type passes through, so that code can build a policy without writing it down first.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from enum import Enum
from ipaddress import ip_address
from typing import Any, Final

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from proxy.contract.address import split_address
from proxy.contract.service_id import ServiceId

PROBLEM: Final = "policy"

_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?"
_NAME: Final = re.compile(rf"(?:{_LABEL}/)?{_LABEL}")
_DURATION: Final = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)(ms|s|m)")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0}
_PATH: Final = re.compile(r"/[!-~]{0,1000}")
_FACTOR: Final = re.compile(r"\d{1,3}(\.\d{1,3})?")
_TRUTH: Final = {"true": True, "false": False}
_WHOLE: Final = re.compile(r"[0-9]{1,12}")
_SHARE: Final = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)\s?%")


def problem(message: str, fix: str) -> PydanticCustomError:
    """Return the error to raise for a bad value; its ``type`` is PROBLEM and its ``ctx`` the two texts."""
    # The texts travel in the context: pydantic would fill in braces of the user's value.
    return PydanticCustomError(PROBLEM, "{message}; {fix}", {"message": message, "fix": fix})


def suggestion(value: str, known: Sequence[str]) -> str:
    """Return the fix for a word that is none of ``known``."""
    close = get_close_matches(value.lower(), known, 1, 0.5)
    return f"did you mean {close[0]!r}?" if close else f"use one of: {', '.join(known)}"


def require_scalar(value: object) -> None:
    """Raise the problem of a key that has nothing, a list or a mapping where one value belongs."""
    fix = "give it one value, or remove the key"
    if value is None:
        raise problem("has no value", fix)
    if isinstance(value, Mapping | list | tuple):
        kind = "mapping" if isinstance(value, Mapping) else "list"
        raise problem(f"has no value but a {kind}", fix)


class Notation(ABC):
    """A way to write a value. ``kind`` describes it in the reference."""

    kind: str

    @abstractmethod
    def parse(self, text: str) -> object:
        """Return the value of a text. Raises ``problem``."""

    def render(self, value: Any) -> str:
        """Return the text that ``parse`` reads as this value."""
        return str(value)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Have pydantic read the text before it checks the type of the field."""
        # pydantic has no schema for a subclass of str, for example ServiceId.
        own = isinstance(source, type) and issubclass(source, str) and not issubclass(source, Enum)
        checked = core_schema.is_instance_schema(source) if own and source is not str else handler(source)
        return core_schema.no_info_before_validator_function(self._read, checked)

    def _read(self, value: object) -> object:
        require_scalar(value)
        return self.parse(value) if type(value) is str else value


class Name(Notation):
    """The name of a service."""

    kind = "name or `namespace/name`"

    def parse(self, text: str) -> ServiceId:
        """Return the service; a plain name may turn out to mean one in a namespace."""
        if _NAME.fullmatch(text):
            return ServiceId.parse(text)
        fix = "use letters, digits, '-', '_' and '.', as in the sidecar's --service, or NAMESPACE/NAME"
        raise problem(f"{text!r} is not a service name", fix)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Have pydantic take what ``parse`` returns: it has no schema for a subclass of str."""
        return core_schema.no_info_plain_validator_function(self._read)


class Duration(Notation):
    """Seconds, above 0."""

    kind = "duration (a number and `ms`, `s` or `m`)"

    def parse(self, text: str) -> float:
        """Return seconds."""
        match = _DURATION.fullmatch(text)
        if match and float(match[1]) > 0:
            return float(match[1]) * _UNITS[match[2]]
        raise problem(f"{text!r} is not a duration", "write a number and ms, s or m, for example 2s")

    def render(self, value: float) -> str:
        """Return the duration in seconds."""
        return f"{value:g}s"


class Share(Notation):
    """A part of a whole, 0 to 1."""

    kind = "percentage, 0% to 100%"

    def parse(self, text: str) -> float:
        """Return the share, 0 to 1."""
        match = _SHARE.fullmatch(text)
        if match and float(match[1]) <= 100:
            return float(match[1]) / 100
        raise problem(
            f"{text!r} is not a percentage from 0% to 100%", "write it as a number and %, for example 20%"
        )

    def render(self, value: float) -> str:
        """Return the percentage."""
        return f"{100 * value:g}%"


class Factor(Notation):
    """A ratio above 1."""

    kind = "number above 1"

    def parse(self, text: str) -> float:
        """Return the factor."""
        if _FACTOR.fullmatch(text) and float(text) > 1:
            return float(text)
        raise problem(f"is {text!r}", "write a number above 1, for example 1.2")


class Switch(Notation):
    """True or false."""

    kind = "`true` or `false`"

    def parse(self, text: str) -> bool:
        """Return the truth value."""
        if text in _TRUTH:
            return _TRUTH[text]
        raise problem(f"is {text!r}", "write true or false")

    def render(self, value: bool) -> str:
        """Return the word."""
        return "true" if value else "false"


class UrlPath(Notation):
    """The path of a URL, with its query if it has one."""

    kind = "path"

    def parse(self, text: str) -> str:
        """Return the path."""
        # Printable ASCII alone: a line break here would end the request line of a probe.
        if _PATH.fullmatch(text):
            return text
        raise problem(f"{text!r} is not a path", "write one that begins with '/', like /healthz")


class Address(Notation):
    """An IP address with a port, ``10.0.0.7:9080`` or ``[::1]:9080``."""

    kind = "IP:PORT"

    def parse(self, text: str) -> str:
        """Return the address as it is written."""
        try:
            host, port = split_address(text)
            # No DNS names: Envoy takes an address as it is and would reject the whole assignment.
            ip_address(host)
        except ValueError:
            fix = "write IP:PORT, for example 10.0.0.7:9080"
            raise problem(f"{text!r} is not an endpoint", fix) from None
        if not port:
            raise problem(f"{text!r} has port 0", "list every endpoint once, with its port")
        return text


class Whole(Notation):
    """A whole number from ``low`` to ``high``."""

    def __init__(self, low: int, high: int) -> None:
        self._low = low
        self._high = high
        self.kind = f"whole number, {low} to {high}"

    def parse(self, text: str) -> int:
        """Return the number."""
        if _WHOLE.fullmatch(text) and self._low <= int(text) <= self._high:
            return int(text)
        raise problem(f"is {text!r}", f"write a whole number from {self._low} to {self._high}")


class Choice(Notation):
    """One of ``words``, which become members of ``enum`` where one is given.

    ``noun`` names what they are, with its article, as in "'rout' is not a stage".
    """

    def __init__(self, noun: str, words: Sequence[str], enum: type[Enum] | None = None) -> None:
        self._noun = noun
        self._words = tuple(words)
        self._enum = enum
        self.kind = ", ".join(f"`{word}`" for word in words)

    def parse(self, text: str) -> object:
        """Return the word, or its member of ``enum``."""
        if text in self._words:
            return self._enum(text) if self._enum else text
        raise problem(f"{text!r} is not {self._noun}", suggestion(text, self._words))
