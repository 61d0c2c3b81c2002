"""What the fake API says of the graph beside the shop's live one: past windows, what changed, where to
look first; and a mesh of any size, by a fixed seed."""

import math
import time
from collections.abc import Mapping
from random import Random
from typing import Any

Json = dict[str, Any]

LEGACY = "legacy-prices"  # called by catalog until ten minutes ago, when shipping came
PAST = 600_000_000
BANK = "bank.example:443"


def stats(count: int, success: float = 1.0, p50: float = 10.0) -> Json:
    """Traffic of a minute."""
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


def window(graph: Json, given: Mapping[str, str]) -> Json:
    """The shop's graph in a window; long ago another service was there."""
    graph = _told(graph)
    if not given.get("end"):
        return graph
    start, end = int(given["start"]), int(given["end"])
    past = {**graph, "start": start, "end": end, "source": "store"}
    if end > time.time() * 1e6 - PAST or not graph["nodes"]:
        return past
    old = {
        **next(node for node in graph["nodes"] if node["kind"] == "service"),
        "name": LEGACY,
        "ejected": 0,
        **stats(900),
    }
    call = {
        "source": "catalog",
        "target": LEGACY,
        "protocol": "http",
        **stats(900),
        "tcp": None,
        "encrypted": None,
    }
    return {
        **past,
        "nodes": [*(node for node in graph["nodes"] if node["name"] != "shipping"), old],
        "edges": [*(edge for edge in graph["edges"] if edge["target"] != "shipping"), call],
    }


def _told(graph: Json) -> Json:
    """With namespaces, and what is known of encryption; payment reaches its bank over TLS."""
    nodes = [
        {
            **node,
            "namespaces": []
            if node["kind"] != "service"
            else ["money" if node["name"] in ("payment", "checkout") else "shop"],
        }
        for node in graph["nodes"]
    ]
    tls = {"protocol": "tcp", "tcp": {"open": 4, "sent": 300_000, "received": 1_200_000}, "encrypted": "yes"}
    edges = [
        {**edge, **tls}
        if edge["target"] == BANK
        else {**edge, "encrypted": "no" if edge["protocol"] == "http" else None}
        for edge in graph["edges"]
    ]
    return {**graph, "nodes": nodes, "edges": edges}


def difference(given: Mapping[str, str]) -> Json:
    """Reviews broke, payment slowed, shipping appeared; the old service vanished if it was there."""

    def edge(source: str, target: str, change: Json, before: Json, after: Json) -> Json:
        return {
            "source": source,
            "target": target,
            "protocol": "http",
            "changes": [change],
            "before": before,
            "after": after,
        }

    broke = {"change": "broke", "p": 1e-40, "difference": 0.068}
    slowed = {"change": "slowed", "p": 1e-12, "quantile": 0.99, "before": 31.0, "after": 92.4}
    edges = [
        edge("catalog", "reviews", broke, stats(5800, 0.999, 18), stats(5800, 0.9312, 18)),
        edge("checkout", "payment", slowed, stats(2400, 0.996, 8), stats(2400, 0.996, 22)),
    ]
    services = [
        {
            "name": "reviews",
            "changes": [broke],
            "before": stats(5800, 0.999, 18),
            "after": stats(5800, 0.9312, 18),
        }
    ]
    if int(given["before_end"]) < time.time() * 1e6 - PAST:
        edges += [
            edge("checkout", "shipping", {"change": "appeared", "p": 1e-9}, stats(0), stats(2400)),
            edge("catalog", LEGACY, {"change": "vanished", "p": 1e-9}, stats(900), stats(0)),
        ]
        services += [
            {
                "name": "shipping",
                "changes": [{"change": "appeared", "p": 1e-9}],
                "before": stats(0),
                "after": stats(2400),
            }
        ]
    return {
        "before": _window(given, "before_"),
        "after": _window(given),
        "edges": edges,
        "services": services,
        "compared": {"edges": 12, "services": 9, "level": 1e-4},
    }


def _window(given: Mapping[str, str], prefix: str = "") -> Json:
    start, end = (int(given.get(f"{prefix}{name}", 0)) for name in ("start", "end"))
    return {"start": start, "end": end, "source": "store"}


def blame(empty: bool) -> Json:
    """Most is made in reviews, some in payment."""

    def part(own: float, inherited: float, share: float) -> Json:
        return {"own": own, "inherited": inherited, "share": share}

    told = [
        {
            "service": "reviews",
            "score": 0.74,
            "errors": part(399, 0, 0.9),
            "time": part(5200, 900, 0.3),
            "path": ["user", "frontend", "catalog", "reviews"],
        },
        {
            "service": "payment",
            "score": 0.19,
            "errors": part(0, 9, 0.0),
            "time": part(41_000, 3000, 0.6),
            "path": ["user", "frontend", "checkout", "payment"],
        },
    ]
    return {
        "window": _window({}),
        "baseline": _window({}),
        "basis": "excess",
        "callers": {"errors": 440.0, "time": 9e4},
        "services": [] if empty else told,
    }


def mesh(services: int, calls: int) -> tuple[list[Json], list[Json]]:
    """Nodes and edges of a large mesh: some tiers of services, each called by one before it, then
    calls between any two, most to a few. Figures follow the clock; every 40th fails, every 9th is idle."""
    random, wave = Random(7), 1 + 0.1 * math.sin(time.time() / 5)
    names = [f"svc-{at:04d}" for at in range(services)]
    pairs = {
        (names[random.randrange(max(0, at // 6 - 3), at // 6 + 1)], names[at]) for at in range(1, services)
    }
    while len(pairs) < calls:
        one, other = sorted((random.randrange(services), int(services * random.random() ** 2)))
        if one != other:
            pairs.add((names[one], names[other]))
    edges = [
        {
            "source": source,
            "target": target,
            "protocol": "http",
            **_figures(int(target[4:]), wave),
            "tcp": None,
            "encrypted": None,
        }
        for source, target in sorted(pairs)
    ]
    for edge in edges[::50]:
        edge |= {"protocol": "tcp", "tcp": {"open": 12, "sent": 1_200_000, "received": 48_000_000}}
    nodes = [
        {
            "name": name,
            "kind": "service",
            "sidecar": at % 11 > 0,
            "stage": "observe",
            "percent": 0,
            "endpoints": 2,
            "ejected": int(at % 160 == 7),
            "versions": [f"v{at % 3}"],
            "zones": [f"zone-{'abc'[at % 3]}"],
            "namespaces": [f"team-{at % 12}"],
            **_figures(at, wave),
        }
        for at, name in enumerate(names)
    ]
    return nodes, edges


def _figures(at: int, wave: float) -> Json:
    calls = 0 if at % 9 == 8 else int((60 + at % 700) * (wave if at % 4 else 1))
    return stats(calls, 0.9 if at % 40 == 0 else 0.999, 4.0 + at % 60)
