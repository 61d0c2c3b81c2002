"""What the fake query API says about stages (effect, advice, history) and about single services."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

Json = dict[str, Any]


def stats(count: int, success: float, p50: float) -> Json:
    """Return the figures of so many calls in a minute; quantiles follow from ``p50`` in milliseconds."""
    if not count:
        return {"count": 0, "errors": 0, "rate": 0.0, "success": None, "p50": None, "p90": None, "p99": None}
    errors = round(count * (1 - success))
    return {
        "count": count,
        "errors": errors,
        "rate": count / 60,
        "success": 1 - errors / count,
        "p50": p50,
        "p90": p50 * 1.9,
        "p99": p50 * 4.2,
    }


def figure(direct: float, routed: float, half: float, lower_is_better: bool) -> Json:
    """A compared figure whose interval reaches ``half`` to both sides of the difference."""
    difference = routed - direct
    significant = abs(difference) > half
    return {
        "direct": direct,
        "routed": routed,
        "difference": difference,
        "low": difference - half,
        "high": difference + half,
        "significant": significant,
        "better": ((difference < 0) is lower_is_better) if significant else None,
    }


def beside(
    stage: str, percent: int, direct: Json, routed: Json, addresses: Sequence[str], service: str, now_us: int
) -> Json:
    """What a stage view has beside its traffic."""
    effect = advice = None
    if stage == "route" and direct["count"] and routed["count"]:
        effect = {
            "confidence": 0.95,
            "success": figure(direct["success"], routed["success"], 0.008, False),
            "p50": figure(direct["p50"], routed["p50"], 4.0, True),
            "p99": figure(direct["p99"], routed["p99"] * 0.6, 9.0, True),
            "answers": [],
            "sizes": None,
        }
    if stage == "advise":
        even = 1 / len(addresses)
        shares = [0.0 if at == len(addresses) - 1 and at else 1.0 for at in range(len(addresses))]
        advice = {
            "observed": direct,
            "basis": "an estimate: the observed requests laid out by the mesh's weights",
            "expected": {
                "success": 0.9996,
                "p50": direct["p50"],
                "p90": direct["p90"],
                "p99": direct["p99"] * 0.7,
            },
            "endpoints": [
                {"address": address, "observed": even, "expected": share / sum(shares), "weight": share}
                for address, share in zip(addresses, shares, strict=True)
            ],
        }
    history = (
        []
        if stage == "observe"
        else [
            {
                "time": now_us - 90_000_000,
                "kind": "stage",
                "service": service,
                "endpoint": "",
                "reason": f"{service} goes from observe to {stage}, set by api",
                "evidence": {
                    "from": "observe",
                    "from_percent": 0,
                    "to": stage,
                    "to_percent": percent,
                    "origin": "api",
                    "by": "Ada",
                },
            }
        ]
    )
    return {"guard": stage == "route", "effect": effect, "advice": advice, "history": history}


def service_page(
    service: str, points: Sequence[Json], edges: Sequence[Json], given: Mapping[str, str]
) -> Json:
    """``points`` are of the series; ``edges`` of the graph."""
    served = [each for each in edges if each["target"] == service]
    edges_ms = [2 * 2 ** (at / 4) for at in range(27 if points else 0)]
    buckets = [{"low": low, "high": high} for low, high in pairwise(edges_ms)]
    counts = [
        [
            round(point["count"] / 9 * math.exp(-((row - 10 - 3 * math.sin(at / 9)) ** 2) / 14))
            + (2 if row == 22 and at % 5 == 0 else 0)
            for row in range(26)
        ]
        for at, point in enumerate(points)
    ]
    zero = {"count": 0, "errors": 0, "rate": 0.0, "success": None, "p50": None, "p90": None, "p99": None}
    figures = {key: served[0][key] for key in zero} if served else zero
    called = [each for each in edges if each["source"] == service]
    window = {"start": int(given["start"]), "end": int(given["end"]), "source": "store"}
    return {
        "service": service,
        "window": window,
        "step": int(given["step"]),
        "stats": figures,
        "callers": [{"name": each["source"], **_figures(each)} for each in served],
        "callees": [{"name": each["target"], **_figures(each)} for each in called],
        "points": list(points),
        "heatmap": {"buckets": buckets, "counts": counts},
        "operations": [
            {"name": name, "kind": kind, **figures}
            for name, kind in (("GET /reviews/{id}", "server"), ("consume orders", "consumer"))
        ]
        if served
        else [],
    }


def _figures(edge: Json) -> Json:
    return {key: value for key, value in edge.items() if key not in ("source", "target", "tcp", "encrypted")}
