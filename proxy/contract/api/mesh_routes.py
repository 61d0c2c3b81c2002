"""Routes about the graph: windows of it, services, endpoints, decisions and stages."""

from typing import Final

from proxy.contract.api import analysis, decisions, graph
from proxy.contract.api.parameters import Choice, ServiceName, Text, Whole
from proxy.contract.api.route import Route, window
from proxy.contract.decisions.kinds import DecisionKind

_MINUTE: Final = window("a minute before the end; the window is then answered by memory")
_CALLS: Final = (
    ServiceName(name="service", meaning="calls to this service"),
    ServiceName(name="source", meaning="calls over the edge from here"),
    ServiceName(name="target", meaning="calls over the edge to here"),
    Text(name="endpoint", meaning="calls to this endpoint, `HOST:PORT`"),
)
STEP: Final = Whole(
    name="step",
    meaning="seconds of a point; at most 2000 points",
    low=1,
    high=2**31,
    absent="a sixtieth of the window",
)

GRAPH: Final = Route("/api/mesh/graph", "the graph of a window", graph.Graph, _MINUTE)
SERVICES: Final = Route("/api/mesh/services", "the nodes alone", graph.Services)
ENDPOINTS: Final = Route(
    "/api/mesh/endpoints",
    "endpoints as they are now, with the traffic of the window",
    graph.Endpoints,
    (ServiceName(name="service", meaning="of this service", absent="of all"), *_MINUTE),
)
SERIES: Final = Route(
    "/api/mesh/series",
    "traffic by step; at least one of `service`, `source`, `target`, `endpoint`",
    graph.Series,
    (*_CALLS, *_MINUTE, STEP),
)
LATENCY: Final = Route(
    "/api/mesh/latency",
    "the distribution of latency; the same choice of calls",
    graph.Latency,
    (*_CALLS, *_MINUTE),
)
SERVICE: Final = Route(
    "/api/mesh/service/{service}",
    "all about one service",
    graph.ServicePage,
    (*window("an hour before the end"), STEP),
)
DECISION_LIMIT: Final = Whole(name="limit", meaning="how many", low=1, high=1000, default=100)
DECISION_KIND: Final = Choice(
    name="kind", meaning="of this kind", choices=tuple(DecisionKind), absent="of all"
)
DECISIONS: Final = Route(
    "/api/mesh/decisions",
    "what the mesh decided, newest first",
    decisions.Decisions,
    (
        ServiceName(name="service", meaning="of this service", absent="of all"),
        DECISION_KIND,
        DECISION_LIMIT,
    ),
)
STAGES: Final = Route("/api/mesh/stages", "how far routing is on, by service", decisions.Stages)
SET_STAGE: Final = Route(
    "/api/mesh/stages",
    "turn routing of a service on, off, up or down",
    decisions.StageView,
    method="PUT",
    body=decisions.StageChange,
)
DIFFERENCE: Final = Route(
    "/api/mesh/graph/diff",
    "what changed between two windows",
    analysis.GraphDifference,
    (
        *window("five minutes before the end"),
        *window("as long before `before_end` as the other window is", "before_", "`start`"),
    ),
)
SUSPECT_LIMIT: Final = Whole(name="limit", meaning="how many services", low=1, high=1000, default=20)
SUSPECTS: Final = Route(
    "/api/mesh/blame",
    "where to look first",
    analysis.Suspects,
    (
        *window("a minute before the end"),
        *window("an hour before `before_end`", "before_", "`start`"),
        SUSPECT_LIMIT,
    ),
)
EVENTS: Final = Route(
    "/api/mesh/events",
    "decisions and stage changes as they are made, as server-sent events",
    decisions.Decision,
    media="text/event-stream",
)
