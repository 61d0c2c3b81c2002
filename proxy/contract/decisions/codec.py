"""Evidence to JSON and back, with a version: what stored rows and the API hold beside a decision's kind.

Version 1 has the fields that releases before it wrote without a version (0), and ``basis``, which names the
type of grounds. Fields may be added within a version, since readers pass over what they do not know; the
version is raised when a field changes its meaning. Evidence of a later version, of an unknown kind or with
a field missing becomes ``Unknown``: it can be shown, and nobody acts on it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from enum import StrEnum
from typing import Any, Final, TypeVar, get_args, get_origin

from proxy.contract.decisions.evidence import (
    AnswerComparison,
    ArmComparison,
    Calls,
    Departure,
    Dependency,
    Ejection,
    Evidence,
    FailedProbe,
    FailureComparison,
    Grounds,
    Hold,
    LatencyComparison,
    Probation,
    Registration,
    Return,
    StageChange,
    StageSetting,
    Stall,
    Unknown,
    WeightChange,
)
from proxy.contract.decisions.kinds import FindingKind, HoldKind, StageOrigin
from proxy.contract.model import EndpointState, Stage

VERSION: Final = 1
# Beyond any count, time or weight, and within what can be multiplied and divided as a double.
_LARGEST: Final = 1e15
_DEEPEST: Final = 16  # levels of nesting; evidence has four at most

Json = dict[str, Any]
Facts = Mapping[str, Any]
_Flat = TypeVar("_Flat")

_BASES: Final[Mapping[str, type[Grounds]]] = {
    "failures": FailureComparison,
    "latency": LatencyComparison,
    "answers": AnswerComparison,
    "stall": Stall,
    "trial": Calls,
    "probe": FailedProbe,
}
_NAMES: Final = {kind: name for name, kind in _BASES.items()}
# Version 0 did not name the basis: the first of these fields that is there tells it.
_MARKS: Final = {
    "probe": "probe",
    "latency_ms": "latency",
    "oldest": "stall",
    "window": "failures",
    "count": "trial",
}


def dumps(evidence: Evidence) -> str:
    """Return evidence as JSON text, for a stored row."""
    return json.dumps(encode(evidence), default=str)


def loads(kind: str, text: str) -> Evidence:
    """Read the evidence of a stored row; text that is no JSON object becomes ``Unknown``."""
    try:
        # As a double, as other readers of JSON take it: whole numbers of any size cannot be shown.
        facts = json.loads(text, parse_int=_whole) if text else {}
    except (ValueError, RecursionError):
        facts = None
    if not isinstance(facts, dict) or _is_too_deep(facts):
        return Unknown(kind, {"text": text})
    return decode(kind, facts)


def encode(evidence: Evidence) -> Json:
    """Return evidence as a JSON object; ``Unknown`` as it came."""
    if isinstance(evidence, Unknown):
        return dict(evidence.facts)
    return _encoded(evidence) | {"version": VERSION}


def decode(kind: str, facts: Facts) -> Evidence:
    """Read the evidence of a decision of this kind."""
    read, version = _READERS.get(kind), facts.get("version", 0)
    if read is None or not isinstance(version, int) or version > VERSION:
        return Unknown(kind, facts)
    try:
        return read(facts)
    except (KeyError, TypeError, ValueError, AttributeError):
        return Unknown(kind, facts)


def _whole(digits: str) -> float:
    return int(digits) if len(digits) < 18 else float(digits)


def _is_too_deep(facts: Json) -> bool:
    """True if facts are nested deeper than functions that call themselves can follow."""
    level: list[Any] = [facts]
    for _ in range(_DEEPEST):
        inner = [each.values() if isinstance(each, dict) else each for each in level]
        level = [each for values in inner for each in values if isinstance(each, dict | list)]
    return bool(level)


def _encoded(evidence: Evidence) -> Json:
    match evidence:
        case Ejection():
            changed = {"state": EndpointState.EJECTED, "weight": 0, "until": evidence.until}
            facts = {"kind": evidence.finding, "seconds": evidence.seconds, "changed": changed}
            by = {"collector": evidence.collector} if evidence.collector else {}
            return facts | _grounds(evidence.grounds) | by
        case Probation():
            return {"ejections": evidence.ejections, **_grounds(evidence.grounds)}
        case Return(trial=Calls() as trial):
            return _flat(trial)
        case Return(ejected=int() as left):
            return {"ejected": left, "kind": "relief"}
        case Hold():
            return {"kind": evidence.kind, **_grounds(evidence.grounds), **_cause(evidence.cause)}
        case WeightChange():
            moved = {"from": evidence.before, "to": evidence.after, "latency_ratio": evidence.latency_ratio}
            shed = {"shed": evidence.shed} if evidence.shed else {}
            return {**moved, "calls": evidence.calls, "peers": list(evidence.peers), **shed}
        case StageChange():
            return _stage(evidence)
    return {}


def _grounds(grounds: Grounds | None) -> Json:
    return {} if grounds is None else {"basis": _NAMES[type(grounds)], **_flat(grounds)}


def _cause(cause: Dependency | None) -> Json:
    if cause is None:
        return {}
    return {"dependency": cause.path[-1], **_flat(cause)} if cause.path else {"path": []}


def _stage(change: StageChange) -> Json:
    return {
        "from": change.before.stage,
        "from_percent": change.before.percent,
        "to": change.after.stage,
        "to_percent": change.after.percent,
        "origin": change.origin,
        **({"by": change.by} if change.by else {}),
        **(_flat(change.harm) if change.harm is not None else {}),
    }


def _flat(found: Grounds | Dependency | ArmComparison) -> Json:
    """Return a type whose fields are named as in the JSON."""
    return {field.name: _plain(getattr(found, field.name)) for field in fields(found)}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _flat(each) for name, each in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _read(kind: type[_Flat], facts: Facts) -> _Flat:
    """Read a type whose fields are named as in the JSON. Raises KeyError, TypeError or ValueError."""
    found = {}
    for field in fields(kind):  # type: ignore[arg-type]  # all callers pass dataclasses
        if field.name in facts or field.default is MISSING:
            found[field.name] = _value(field.type, facts[field.name])
    return kind(**found)


def _value(kind: Any, value: Any) -> Any:
    if get_origin(kind) is tuple:
        return tuple(map(str, value))
    if get_origin(kind) is not None:  # a mapping by reporter
        return {str(name): _read(get_args(kind)[1], each) for name, each in value.items()}
    if issubclass(kind, StrEnum):
        return kind(value)
    allowed = (int, float) if kind is float else (kind,)
    if isinstance(value, bool) or not isinstance(value, allowed):
        raise TypeError(value)
    if kind in (int, float) and not abs(value) <= _LARGEST:  # NaN is not, either
        raise ValueError(kind)
    return value


def _read_grounds(facts: Facts) -> Grounds | None:
    basis = facts.get("basis") or next((name for key, name in _MARKS.items() if key in facts), "")
    return _read(_BASES[basis], facts) if basis else None


def _read_ejection(facts: Facts) -> Ejection:
    grounds, until = _read_grounds(facts), _value(float, facts["changed"]["until"])
    if grounds is None:
        raise ValueError("an ejection without grounds")
    seconds, collector = _value(float, facts["seconds"]), _value(str, facts.get("collector", ""))
    return Ejection(FindingKind(facts["kind"]), seconds, until, grounds, collector)


def _read_probation(facts: Facts) -> Probation:
    return Probation(_value(int, facts["ejections"]), _read_grounds(facts))


def _read_return(facts: Facts) -> Return:
    if "ejected" in facts:
        return Return(ejected=_value(int, facts["ejected"]))
    return Return(_read(Calls, facts)) if "count" in facts else Return()


def _read_hold(facts: Facts) -> Hold:
    kind = HoldKind(facts["kind"])
    if kind is HoldKind.CAP:
        return Hold(kind, grounds=_read_grounds(facts))
    return Hold(kind, cause=_read(Dependency, facts) if "path" in facts else None)


def _read_weight(facts: Facts) -> WeightChange:
    before, after, ratio = (_value(float, facts[key]) for key in ("from", "to", "latency_ratio"))
    shed, peers = _value(float, facts.get("shed", 0.0)), tuple(map(str, facts["peers"]))
    return WeightChange(before, after, ratio, _value(int, facts["calls"]), peers, shed)


def _read_stage(facts: Facts) -> StageChange:
    before, after = (_read_setting(facts, key) for key in ("from", "to"))
    harm = _read(ArmComparison, facts) if "figure" in facts else None
    return StageChange(before, after, StageOrigin(facts["origin"]), _value(str, facts.get("by", "")), harm)


def _read_setting(facts: Facts, key: str) -> StageSetting:
    percent = _value(int, facts[f"{key}_percent"])
    if not 0 <= percent <= 100:
        raise ValueError(percent)
    return StageSetting(Stage(facts[key]), percent)


_READERS: Final[Mapping[str, Callable[[Facts], Evidence]]] = {
    Ejection.decision: _read_ejection,
    Probation.decision: _read_probation,
    Return.decision: _read_return,
    Hold.decision: _read_hold,
    WeightChange.decision: _read_weight,
    StageChange.decision: _read_stage,
    Registration.decision: lambda facts: Registration(),
    Departure.decision: lambda facts: Departure(),
}
