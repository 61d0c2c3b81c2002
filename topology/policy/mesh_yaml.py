"""mesh.yaml: what people decided for each service, read strictly, errors by line with the fix."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from ipaddress import ip_address
from typing import Any, Final

import yaml

from proxy.contract.address import split_address
from proxy.contract.model import CONDITIONS, Retries, Stage

_NULL: Final = "tag:yaml.org,2002:null"
_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?")
_DURATION: Final = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)(ms|s|m)")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0}
_PATH: Final = re.compile(r"/[!-~]{0,1000}")
_FACTOR: Final = re.compile(r"\d{1,3}(\.\d{1,3})?")
_SHARE: Final = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)\s?%")


@dataclass(frozen=True, slots=True)
class Harm:
    """What of a significant difference matters enough to turn a stage back.

    ``success`` is how much less of all requests succeed, ``slower`` how many times the latency is.
    """

    success: float = 0.005
    slower: float = 1.2


@dataclass(frozen=True, slots=True)
class ServicePolicy:
    """One entry under ``services``; None and empty mean not said. ``timeout`` is seconds.

    ``health`` is a path that probes ask for; ``guard`` turns a stage back by itself on so much harm.
    """

    stage: Stage | None = None
    percent: int | None = None
    timeout: float | None = None
    retries: Retries | None = None
    split: Mapping[str, int] = field(default_factory=dict)
    endpoints: tuple[str, ...] = ()
    health: str = ""
    guard: Harm | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole mesh.yaml. The default is an empty one: everything observed."""

    services: Mapping[str, ServicePolicy] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in mesh.yaml: where (1-based line), what, and how to put it right."""

    line: int
    key: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.key}: {self.message}; {self.fix}"


class PolicyError(Exception):
    """mesh.yaml must be corrected; ``problems`` says where and how, in order of line."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def parse(text: str) -> Policy:
    """Read a mesh.yaml. Raises PolicyError naming every problem in it."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        message = f"this is not YAML: {error.problem or error}"
        fix = "check indentation, colons and brackets on this line and the one above"
        raise PolicyError((Problem(line, "mesh.yaml", message, fix),)) from None
    except yaml.YAMLError:
        fix = "save it as UTF-8 text without control characters"
        raise PolicyError((Problem(1, "mesh.yaml", "this is not text", fix),)) from None
    reader = _Reader()
    policy = Policy() if root is None else reader.policy(root)
    if reader.problems:
        raise PolicyError(tuple(sorted(reader.problems, key=lambda problem: problem.line)))
    return policy


class _Reader:
    """Walks the YAML nodes, which still know their lines, and collects what is wrong."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def policy(self, root: yaml.Node) -> Policy:
        found: dict[str, ServicePolicy] = {}
        for _, _, node in self._fields(root, "mesh.yaml", ("services",)):
            for name, key, entry in self._pairs(node, "services"):
                if _NAME.fullmatch(name):
                    found[name] = self._service(name, entry)
                else:
                    self._wrong(
                        key,
                        f"services.{name}",
                        f"{name!r} is not a service name",
                        "use letters, digits, '-', '_' and '.', as in the sidecar's --service",
                    )
        return Policy(found)

    def _service(self, name: str, node: yaml.Node) -> ServicePolicy:
        path = f"services.{name}"
        given: dict[str, Any] = {}
        lines: dict[str, yaml.Node] = {}
        readers: dict[str, Callable[[yaml.Node, str], Any]] = {
            "stage": self._stage,
            "percent": self._percent,
            "timeout": self._duration,
            "retries": self._retries,
            "split": self._split,
            "endpoints": self._endpoints,
            "health": self._path,
            "guard": self._guard,
        }
        for field_, key, value in self._fields(node, path, tuple(readers)):
            given[field_] = readers[field_](value, f"{path}.{field_}")
            lines[field_] = key
        if given.get("percent") is not None and given.get("stage", Stage.OBSERVE) not in (None, Stage.ROUTE):
            self._wrong(
                lines["percent"],
                f"{path}.percent",
                "percent needs stage route",
                "write 'stage: route' beside it, or remove percent",
            )
        return ServicePolicy(**{key: value for key, value in given.items() if value is not None})

    def _stage(self, node: yaml.Node, path: str) -> Stage | None:
        value = self._scalar(node, path)
        stages = [stage.value for stage in Stage]
        if value is None or value in stages:
            return Stage(value) if value else None
        self._wrong(node, path, f"{value!r} is not a stage", _suggest(value, stages))
        return None

    def _path(self, node: yaml.Node, path: str) -> str | None:
        value = self._scalar(node, path)
        if value is None or _PATH.fullmatch(value):
            return value
        self._wrong(node, path, f"{value!r} is not a path", "write one that begins with '/', like /healthz")
        return None

    def _guard(self, node: yaml.Node, path: str) -> Harm | None:
        if isinstance(node, yaml.MappingNode):
            readers = {"success": self._share, "slower": self._factor}
            fields = self._fields(node, path, tuple(readers))
            found = {key: readers[key](value, f"{path}.{key}") for key, _, value in fields}
            return Harm(**{key: value for key, value in found.items() if value is not None})
        value = self._scalar(node, path)
        if value not in (None, "true", "false"):
            fix = "write true, false or {success: 0.5%, slower: 1.2}"
            self._wrong(node, path, f"is {value!r}", fix)
        return Harm() if value == "true" else None

    def _factor(self, node: yaml.Node, path: str) -> float | None:
        value = self._scalar(node, path)
        if value is None or (_FACTOR.fullmatch(value) and float(value) > 1):
            return float(value) if value else None
        self._wrong(node, path, f"is {value!r}", "write a number above 1, for example 1.2")
        return None

    def _percent(self, node: yaml.Node, path: str) -> int | None:
        return self._whole(node, path, 0, 100)

    def _whole(self, node: yaml.Node, path: str, low: int, high: int) -> int | None:
        value = self._scalar(node, path)
        if value is None:
            return None
        if value.isascii() and value.isdigit() and low <= int(value) <= high:
            return int(value)
        self._wrong(node, path, f"is {value!r}", f"write a whole number from {low} to {high}")
        return None

    def _duration(self, node: yaml.Node, path: str) -> float | None:
        value = self._scalar(node, path)
        if value is None:
            return None
        match = _DURATION.fullmatch(value)
        if match and float(match[1]) > 0:
            return float(match[1]) * _UNITS[match[2]]
        fix = "write a number and ms, s or m, for example 2s"
        self._wrong(node, path, f"{value!r} is not a duration", fix)
        return None

    def _retries(self, node: yaml.Node, path: str) -> Retries | None:
        given: dict[str, Any] = {}
        for key, _, value in self._fields(node, path, ("attempts", "on", "budget", "per_try")):
            at = f"{path}.{key}"
            if key == "attempts":
                given[key] = self._whole(value, at, 1, 10)
            elif key == "budget":
                given[key] = self._share(value, at)
            elif key == "per_try":
                given[key] = self._duration(value, at)
            else:
                given[key] = tuple(
                    text for item in self._items(value, at) if (text := self._condition(item, at)) is not None
                )
        return Retries(**{key: value for key, value in given.items() if value is not None})

    def _condition(self, node: yaml.Node, path: str) -> str | None:
        value = self._scalar(node, path)
        if value is None or value in CONDITIONS:
            return value
        self._wrong(node, path, f"{value!r} is not a condition to retry on", _suggest(value, CONDITIONS))
        return None

    def _share(self, node: yaml.Node, path: str) -> float | None:
        value = self._scalar(node, path)
        if value is None:
            return None
        match = _SHARE.fullmatch(value)
        if match and float(match[1]) <= 100:
            return float(match[1]) / 100
        self._wrong(node, path, f"{value!r} is not a share", "write a percentage, for example 20%")
        return None

    def _split(self, node: yaml.Node, path: str) -> dict[str, int]:
        parts = {}
        for version, _, value in self._pairs(node, path):
            part = self._whole(value, f"{path}.{version}", 0, 1_000_000)
            if part is not None:
                parts[version] = part
        if parts and not sum(parts.values()):
            self._wrong(node, path, "all shares are 0", "give at least one version a share above 0")
        return parts

    def _endpoints(self, node: yaml.Node, path: str) -> tuple[str, ...]:
        found = []
        for item in self._items(node, path):
            value = self._scalar(item, path)
            if value is None:
                continue
            try:
                host, port = split_address(value)
                ip_address(host)
            except ValueError:
                fix = "write IP:PORT, for example 10.0.0.7:9080"
                self._wrong(item, path, f"{value!r} is not an endpoint", fix)
                continue
            if port and value not in found:
                found.append(value)
            else:
                what = "is listed twice" if port else "has port 0"
                self._wrong(item, path, f"{value!r} {what}", "list every endpoint once, with its port")
        return tuple(found)

    def _fields(
        self, node: yaml.Node, path: str, known: Sequence[str]
    ) -> list[tuple[str, yaml.Node, yaml.Node]]:
        """Pairs of a mapping whose keys are known; the others are problems."""
        fields = []
        for key, at, value in self._pairs(node, path):
            if key in known:
                fields.append((key, at, value))
            else:
                self._wrong(at, _under(path, key), "unknown key", _suggest(key, known))
        return fields

    def _pairs(self, node: yaml.Node, path: str) -> list[tuple[str, yaml.Node, yaml.Node]]:
        if isinstance(node, yaml.ScalarNode) and node.tag == _NULL:
            return []
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, path, "must be a mapping", "write indented 'key: value' lines under it")
            return []
        pairs: dict[str, tuple[str, yaml.Node, yaml.Node]] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._wrong(key, path, "has a key that is not text", "write 'key: value'")
            elif key.value in pairs:
                self._wrong(key, _under(path, key.value), "is there twice", "keep one of the two")
            else:
                pairs[key.value] = (key.value, key, value)
        return list(pairs.values())

    def _items(self, node: yaml.Node, path: str) -> list[yaml.Node]:
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        self._wrong(node, path, "must be a list", "write it as [a, b]")
        return []

    def _scalar(self, node: yaml.Node, path: str) -> str | None:
        if isinstance(node, yaml.ScalarNode) and node.tag != _NULL:
            return str(node.value)
        self._wrong(node, path, "has no value", "give it one value, or remove the key")
        return None

    def _wrong(self, node: yaml.Node, key: str, message: str, fix: str) -> None:
        self.problems.append(Problem(node.start_mark.line + 1, key, message, fix))


def _under(path: str, key: str) -> str:
    return f"{path}.{key}".removeprefix("mesh.yaml.")


def _suggest(value: str, known: Sequence[str]) -> str:
    close = get_close_matches(value.lower(), known, 1, 0.5)
    return f"did you mean {close[0]!r}?" if close else f"use one of: {', '.join(known)}"
