"""Lines of found traces, with defaults for what a test does not care about."""

from typing import Any, cast

from proxy.contract.api.search import TraceLine


def line(trace_id: str, root: str = "front", **given: Any) -> TraceLine:
    about = {
        "traceId": trace_id,
        "rootService": root,
        "rootOperation": "GET /",
        "start": 0,
        "duration": 12.0,
        "errors": 0,
        "spans": 3,
        "services": [root],
        **given,
    }
    return cast(TraceLine, about)
