"""Views of the engine as replies of /api/mesh. Pure.

Times come out as integer microseconds since the epoch, durations as float milliseconds, shares
as 0 to 1; success and percentiles are null without traffic.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from proxy.contract.api import decisions as stage_api
from proxy.contract.api import graph as graph_api
from proxy.contract.decisions.codec import encode
from proxy.contract.histogram import SCALE, Histogram
from topology.model.decisions import Decision
from topology.model.endpoints import EndpointView
from topology.model.graph import EdgeView, GraphView, NodeView, Point, Stats, TcpView
from topology.model.stages import Advice, Change, Effect, SizeChange, StageView


def stats(traffic: Stats) -> graph_api.Stats:
    return {
        "count": traffic.count,
        "errors": traffic.errors,
        "rate": traffic.rate,
        "success": traffic.success,
        "p50": _ms(traffic.p50),
        "p90": _ms(traffic.p90),
        "p99": _ms(traffic.p99),
    }


def graph(view: GraphView, source: str) -> graph_api.Graph:
    """``source`` says where the figures are from: ``live`` memory or the ``store``."""
    return {
        "start": _us(view.start),
        "end": _us(view.end),
        "source": source,
        "nodes": [node(each) for each in view.nodes],
        "edges": [edge(each) for each in view.edges],
    }


def node(view: NodeView) -> graph_api.Node:
    return {
        "name": view.name,
        "kind": view.kind.value,
        "sidecar": view.sidecar,
        "stage": view.stage.value,
        "percent": view.percent,
        "endpoints": view.endpoints,
        "ejected": view.ejected,
        "versions": list(view.versions),
        "zones": list(view.zones),
        "namespaces": list(view.namespaces),
        **stats(view.stats),
    }


def edge(view: EdgeView) -> graph_api.Edge:
    return {
        "source": view.source,
        "target": view.target,
        "protocol": view.protocol,
        **stats(view.stats),
        "tcp": None if view.tcp is None else _tcp(view.tcp),
        "encrypted": None if view.encrypted is None else view.encrypted.value,
    }


def _tcp(view: TcpView) -> graph_api.Tcp:
    return {"open": view.open, "sent": view.sent, "received": view.received}


def endpoint(view: EndpointView) -> graph_api.Endpoint:
    return {
        "service": view.service,
        "address": view.address,
        "app": view.app,
        "instance": view.instance,
        "version": view.version,
        "zone": view.zone,
        "state": view.state.value,
        "origin": view.origin.value,
        "weight": view.weight,
        "open": view.open,
        "oldest": view.oldest * 1000,
        "ejected_since": _when(view.ejected_since),
        "ejected_until": _when(view.ejected_until),
        "reason": view.reason,
        **stats(view.stats),
    }


def stage(view: StageView) -> stage_api.StageView:
    return {
        "service": view.service,
        "stage": view.stage.value,
        "percent": view.percent,
        "origin": view.origin,
        "updated": _us(view.updated),
        "direct": stats(view.direct),
        "routed": stats(view.routed),
        "guard": view.guard,
        "effect": None if view.effect is None else _effect(view.effect),
        "advice": None if view.advice is None else _advice(view.advice),
        "history": [decision(each) for each in view.history],
    }


def _effect(found: Effect) -> stage_api.Effect:
    worse = any(each.low > 0 for each in found.answers.values())
    # Faster because of other answers is no improvement, nor is a failure that became a refusal.
    quantiles = [
        None if each is None else change(each, 1000, lower_is_better=True, comparable=found.answered_alike)
        for each in (found.p50, found.p99)
    ]
    return {
        "confidence": 0.95,
        "success": change(found.success, 1, lower_is_better=False, comparable=not worse),
        "p50": quantiles[0],
        "p99": quantiles[1],
        "answers": [
            {"answer": answer.value, **change(each, 1, lower_is_better=True)}
            for answer, each in found.answers.items()
        ],
        "sizes": None if found.sizes is None else _sizes(found.sizes),
    }


def _sizes(found: SizeChange) -> stage_api.SizeComparison:
    return {
        **change(found, 1, lower_is_better=True),
        "direct_bytes": found.direct_bytes,
        "routed_bytes": found.routed_bytes,
        "larger": found.larger,
    }


def change(
    found: Change, unit: float, *, lower_is_better: bool, comparable: bool = True
) -> stage_api.Comparison:
    """Return a figure of both arms; latency in milliseconds (``unit`` 1000). No difference: ``better`` is
    null.

    What is not ``comparable``, because the arms were answered differently, is never better.
    """
    better = (found.difference < 0) is lower_is_better if found.significant else None
    if better and not comparable:
        better = None
    return {
        "direct": found.before * unit,
        "routed": found.after * unit,
        "difference": found.difference * unit,
        "low": found.low * unit,
        "high": found.high * unit,
        "significant": found.significant,
        "better": better,
    }


def _advice(found: Advice) -> stage_api.Advice:
    expected = stats(found.expected)
    return {
        "observed": stats(found.observed),
        "expected": {
            "success": expected["success"],
            "p50": expected["p50"],
            "p90": expected["p90"],
            "p99": expected["p99"],
        },
        "endpoints": [
            {
                "address": each.endpoint,
                "observed": each.observed,
                "expected": each.expected,
                "weight": each.weight,
            }
            for each in found.moves
        ],
        "basis": found.basis,
    }


def decision(made: Decision) -> stage_api.Decision:
    return {
        "time": _us(made.time),
        "kind": made.kind,
        "service": made.service,
        "endpoint": made.endpoint,
        "reason": made.reason,
        "evidence": _plain(encode(made.evidence)),
    }


def point(view: Point) -> graph_api.Point:
    return {"time": _us(view.time), **stats(view.stats)}


def buckets(histogram: Histogram) -> list[graph_api.Bucket]:
    """Return the buckets that hold calls, in order: more than ``low`` and up to ``high`` milliseconds."""
    found: list[graph_api.Bucket] = [
        {"low": _edge(index), "high": _edge(index + 1), "count": histogram.counts[index]}
        for index in sorted(histogram.counts)
        if histogram.counts[index]
    ]
    return [{"low": 0.0, "high": 0.0, "count": histogram.zero}, *found] if histogram.zero else found


def _edge(index: int) -> float:
    return float(2.0 ** (index / (1 << SCALE))) * 1000


def _us(seconds: float) -> int:
    return round(seconds * 1e6)


def _when(seconds: float | None) -> int | None:
    return None if seconds is None else _us(seconds)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def _plain(value: Any) -> Any:
    """Evidence as JSON has it: mappings, lists, texts, finite numbers; the rest as text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    return str(value)
