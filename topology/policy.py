"""mesh.yaml: what people decided for each service, read strictly, errors by line with the fix."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from proxy.contract.model import Stage


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and when a failed request is tried again; ``budget`` is a share of requests."""

    attempts: int = 2
    on: tuple[str, ...] = ("connect-failure",)
    budget: float = 0.2


@dataclass(frozen=True, slots=True)
class ServicePolicy:
    """One entry under ``services``; None and empty mean not said. ``timeout`` is seconds."""

    stage: Stage | None = None
    percent: int | None = None
    timeout: float | None = None
    retries: Retries | None = None
    split: Mapping[str, int] = field(default_factory=dict)
    endpoints: tuple[str, ...] = ()


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
    raise NotImplementedError
