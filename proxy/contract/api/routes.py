"""Every route of our own API, and those about the collector itself.

The collector serves a ``Route`` with a handler that returns its reply, and shows that handler no parameter
that is not declared; clients parse what came by ``Route.parse``. OpenAPI and docs/api.md are made from
``ROUTES``. Jaeger's and Tempo's routes are not ours to declare: their documents say what they take and give.
"""

from typing import Any, Final

from typing_extensions import TypedDict

from proxy.contract.api import mesh_routes as mesh
from proxy.contract.api import storage
from proxy.contract.api import trace_routes as traces
from proxy.contract.api.route import Route


class Health(TypedDict):
    """``alive``, or ``ready``."""

    status: str


STORAGE: Final = Route("/api/mesh/store", "what the store holds and what waits to be stored", storage.Storage)
ALIVE: Final = Route("/healthz", "the collector runs", Health)
READY: Final = Route("/readyz", "the collector takes traffic; 503 with the reason while it does not", Health)
METRICS: Final = Route(
    "/metrics",
    "the collector's own metrics in Prometheus's text format",
    str,
    media="text/plain; version=0.0.4; charset=utf-8",
)

# In the order of docs/api.md: by what they are about.
ROUTES: Final[dict[str, tuple[Route[Any], ...]]] = {
    "traces": (
        traces.SEARCH,
        traces.ATTRIBUTES,
        traces.AGGREGATE,
        traces.SUGGEST,
        traces.LOGS,
        traces.LOG_COUNTS,
    ),
    "topology": (
        mesh.GRAPH,
        mesh.DIFFERENCE,
        mesh.SUSPECTS,
        mesh.SERVICE,
        mesh.SERVICES,
        mesh.ENDPOINTS,
        mesh.SERIES,
        mesh.LATENCY,
        mesh.DECISIONS,
        mesh.STAGES,
        mesh.SET_STAGE,
        mesh.EVENTS,
    ),
    "collector": (STORAGE, ALIVE, READY, METRICS),
}
