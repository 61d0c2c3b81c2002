"""The models of a policy: one for each concept, strict, with the words of its reference.

A key that a model does not have is an error. Left out, a key has its default; there is no way to
write "not set", so that a forgotten value is found. Field descriptions, examples and notations are
what ``docs/mesh-yaml.md`` is made of.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from proxy.contract.model import CONDITIONS, Retries, Stage
from proxy.contract.service_id import ServiceId
from topology.policy.notation import (
    Address,
    Choice,
    Duration,
    Factor,
    Name,
    Share,
    Switch,
    UrlPath,
    Whole,
    problem,
    require_scalar,
)

_RETRIES: Final = Retries()  # one place for the defaults: sidecars use the same for what is not sent


def _empty_mapping(value: object) -> object:
    """Read a key with nothing under it as an empty mapping: ``details:`` alone names a service."""
    return {} if value is None else value


class Concept(BaseModel):
    """A part of a policy that people write as a mapping."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _nothing_written(cls, value: Any) -> Any:
        return _empty_mapping(value)


class Harm(Concept):
    """The least difference that turns a stage back, if it is significant too.

    ``success`` is a difference of success rates, or of the shares of other answers (0 to 1), ``slower`` a
    ratio of latencies, ``sizes`` says that answers of another size are other answers.
    """

    success: Annotated[float, Share()] = Field(
        default=0.005,
        description="Least drop of the success rate of the routed requests, and least rise of their share of "
        "redirects, of refusals (4xx) or of answers that ask for less load (429).",
        examples=["1%"],
    )
    slower: Annotated[float, Factor()] = Field(
        default=1.2,
        description="Least ratio of the latency (p50 or p99) of the routed requests to that of the others.",
        examples=["1.5"],
    )
    sizes: Annotated[bool, Switch()] = Field(
        default=False,
        description="`true` also compares the sizes of the bodies of successful responses: where more of the "
        "routed ones are empty, or smaller or larger by a fifth, their share counts like that of redirects.",
        examples=["true"],
    )


class RetryPolicy(Concept):
    """The rule for retries of failed requests; ``per_try`` is seconds, ``budget`` a share (0 to 1)."""

    attempts: Annotated[int, Whole(1, 10)] = Field(
        default=_RETRIES.attempts, description="Tries beside the first one.", examples=["2"]
    )
    on: Annotated[
        tuple[Annotated[str, Choice("a condition to retry on", CONDITIONS)], ...], Field(strict=False)
    ] = Field(
        default=_RETRIES.on,
        description="Failures to try again after; `connect-failure`: nothing of the request was sent.",
        examples=["[5xx, connect-failure]"],
    )
    budget: Annotated[float, Share()] = Field(
        default=_RETRIES.budget,
        description="Most retries, as a percentage of all requests of one sidecar to the service.",
        examples=["20%"],
    )
    per_try: Annotated[float, Duration()] = Field(
        default=_RETRIES.per_try,
        description="Longest wait of one try for its response to begin; no bound of its own by default.",
        examples=["500ms"],
    )

    def retries(self) -> Retries:
        """Return the policy in the words of the contract with sidecars."""
        return Retries(self.attempts, self.on, self.budget, self.per_try)


class _Repeated(str):
    """A text that its list contains a second time."""


def _mark_repeated(value: object) -> object:
    # Marked here and refused below, item by item: so each repetition is named, beside all other problems.
    if not isinstance(value, list | tuple):
        return value
    seen: set[str] = set()
    marked: list[object] = []
    for item in value:
        # Other items than text are problems of their own, and one that contains itself cannot be compared.
        repeated = isinstance(item, str) and item in seen
        marked.append(_Repeated(item) if repeated else item)
        if isinstance(item, str):
            seen.add(item)
    return marked


def _refuse_repeated(value: object) -> object:
    if isinstance(value, _Repeated):
        raise problem(f"{str(value)!r} is listed twice", "list every endpoint once, with its port")
    return value


def _mark_respelled(value: object) -> object:
    """Mark each key that differs from one before it in case alone: names of services compare without."""
    if not isinstance(value, Mapping):
        return _empty_mapping(value)
    seen: set[str] = set()
    marked: dict[object, object] = {}
    for key, entry in value.items():
        repeated = type(key) is str and key.lower() in seen
        marked[_Repeated(key) if repeated else key] = entry
        if isinstance(key, str):
            seen.add(key.lower())
    return marked


def _refuse_respelled(value: object) -> object:
    if isinstance(value, _Repeated):
        raise problem("is there twice, in different case", "keep one of the two: case makes no difference")
    return value


def _guard_switch(value: object) -> object:
    """Read the short forms: true is a guard with all defaults, false none."""
    if isinstance(value, Mapping | Harm):
        return value
    require_scalar(value)
    if value not in ("true", "false"):
        raise problem(f"is {value!r}", "write true, false or {success: 0.5%, slower: 1.2}")
    return Harm() if value == "true" else None


class ServicePolicy(Concept):
    """The policy for calls to one service; None and empty mean not written. ``timeout`` is seconds."""

    stage: Annotated[Stage | None, Choice("a stage", [stage.value for stage in Stage], Stage)] = Field(
        default=None,
        description="Adoption stage: `observe` only measures, `advise` also shows what routing would have "
        "changed, `route` chooses the endpoint. Without it the stage set over the API holds, or `observe`.",
        examples=["route"],
    )
    percent: Annotated[int | None, Whole(0, 100)] = Field(
        default=None,
        description="Share of requests that the mesh routes in stage `route`; the rest is the control "
        "group. Without it 100.",
        examples=["25"],
    )
    timeout: Annotated[float | None, Duration()] = Field(
        default=None,
        description="Longest time from the end of the request to the end of the response, all tries "
        "together; only for requests that the mesh routes. Without it no limit.",
        examples=["2s"],
    )
    retries: RetryPolicy | None = Field(
        default=None,
        description="Retries of failed requests that the mesh routes. Without it the defaults below hold.",
        examples=["{attempts: 3, on: [5xx, connect-failure]}"],
    )
    split: Annotated[Mapping[str, Annotated[int, Whole(0, 1_000_000)]], BeforeValidator(_empty_mapping)] = (
        Field(
            default_factory=dict,
            description="Share of the routed requests for each `--version` of the service's sidecars, "
            "relative to one another. Versions that are not named get none while one that is named has "
            "an endpoint.",
            examples=["{v1: 90, v2: 10}"],
        )
    )
    endpoints: Annotated[
        tuple[Annotated[str, Address(), BeforeValidator(_refuse_repeated)], ...],
        Field(strict=False),
        BeforeValidator(_mark_repeated),
    ] = Field(
        default=(),
        description="Endpoints without a sidecar of their own, beside those that register. The mesh weighs "
        "and ejects them like others.",
        examples=['[10.0.0.7:9080, "[::1]:9080"]'],
    )
    health: Annotated[str, UrlPath()] = Field(
        default="",
        description="Path that the collector asks for when it probes an endpoint; a server error is a "
        "failure. Without it the probe is `OPTIONS *`.",
        examples=["/healthz"],
    )
    guard: Annotated[Harm | None, BeforeValidator(_guard_switch)] = Field(
        default=None,
        description="Turns stage `route` back to `advise` when the routed requests are significantly worse "
        "than the control group, or answered with other statuses; `true` means the defaults of each key.",
        examples=["true"],
    )

    @field_validator("percent")
    @classmethod
    def _percent_needs_route(cls, percent: int | None, info: ValidationInfo) -> int | None:
        # A stage that is wrong itself is not among the data: one mistake, one problem.
        if percent is not None and info.data.get("stage", Stage.ROUTE) is not Stage.ROUTE:
            raise problem("percent needs stage route", "write 'stage: route' beside it, or remove percent")
        return percent

    @field_validator("split")
    @classmethod
    def _split_gives_some(cls, split: Mapping[str, int]) -> Mapping[str, int]:
        if split and not sum(split.values()):
            raise problem("all shares are 0", "give at least one version a share above 0")
        return split


class Policy(Concept):
    """A whole policy, by service. The default is an empty one: everything observed."""

    services: Annotated[
        Mapping[Annotated[ServiceId, Name(), BeforeValidator(_refuse_respelled)], ServicePolicy],
        BeforeValidator(_mark_respelled),
    ] = Field(
        default_factory=dict,
        description="The policy for each service, by the name its sidecars give as `--service`; where "
        "several namespaces (`--namespace`) have a service of that name, by `namespace/name`. Case makes no "
        "difference.",
        examples=["{reviews: {stage: advise}}"],
    )
