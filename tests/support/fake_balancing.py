"""Endpoints and decisions of the fake shop."""

import time
from collections.abc import Sequence
from typing import Any

from tests.support.fake_mesh import stats

Json = dict[str, Any]


def endpoints(service: str, addresses: Sequence[str]) -> Json:
    """Return the endpoints of a service; the third is ejected."""
    now = int(time.time() * 1e6)
    found = []
    for at, address in enumerate(addresses):
        out = at == 2
        found.append(
            {
                "service": service,
                "address": address,
                "app": address.replace(":9", ":8"),
                "instance": f"{service[:40]}-{at + 1}",
                "version": "v2" if out else "v1",
                "zone": f"zone-{'abc'[at]}",
                "state": "ejected" if out else "healthy",
                "origin": "sidecar",
                "weight": 0.1 if out else 1.0 - 0.12 * at,
                "open": 0 if out else 3 + at,
                "oldest": 14.0,
                "ejected_since": now - 42_000_000 if out else None,
                "ejected_until": now + 18_000_000 if out else None,
                "reason": "41 % of its calls failed while its peers' succeeded" if out else "",
                **stats(120 if out else 2800, 0.59 if out else 0.9996, 18.0 + 3 * at),
            }
        )
    return {"endpoints": found}


def decisions(service: str, addresses: Sequence[str]) -> Json:
    """Return what was decided about the endpoints of a service, the latest first."""
    now = int(time.time() * 1e6)
    facts = {
        "kind": "failures",
        "seconds": 30.0,
        "changed": {"state": "ejected", "weight": 0, "until": now / 1e6 - 12},
        "window": 10.0,
        "count": 240,
        "errors": 98,
        "peer_count": 480,
        "peer_errors": 1,
        "peers": list(addresses[:2]),
        "confirmed": "",
        "reporters": {
            "catalog-1": {"count": 130, "errors": 54},
            "catalog-2": {"count": 110, "errors": 44},
        },
    }
    told = (
        (42, "eject", addresses[2], "41 % of its calls failed while its peers' succeeded", facts),
        (
            96,
            "return",
            addresses[2],
            "its probes succeed again: back with a tenth of the traffic",
            {"count": 12, "errors": 0},
        ),
        (131, "eject", addresses[2], "five calls in a row failed, seen by three callers", facts),
        (
            400,
            "weight",
            addresses[1],
            "12 % slower than its peers: weight 0.88",
            {"from": 1.0, "to": 0.88, "latency_ratio": 1.12, "calls": 2600, "peers": list(addresses[:1])},
        ),
        (900, "register", addresses[0], "its sidecar connected", {"zone": "zone-a"}),
    )
    return {
        "decisions": [
            {
                "time": now - ago * 1_000_000,
                "kind": kind,
                "service": service,
                "endpoint": endpoint,
                "reason": reason,
                "evidence": evidence,
            }
            for ago, kind, endpoint, reason, evidence in told
        ]
    }
