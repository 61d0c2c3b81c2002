"""The fake API with a large mesh, where layouts, lists and pictures must be cheap."""

import time
from collections.abc import Mapping

from tests.support import fake_graph
from tests.support.fake_api import FakeApi, Json

SERVICES = 1200
CALLS = 4300


class LargeApi(FakeApi):
    """``services`` services with ``calls`` call paths between them."""

    def __init__(self, services: int = SERVICES, calls: int = CALLS, port: int = 0) -> None:
        super().__init__(port=port)
        self.services = services
        self.calls = calls

    def _graph(self, _: Mapping[str, str]) -> Json:
        nodes, edges = fake_graph.mesh(self.services, self.calls)
        now = int(time.time() * 1e6)
        return {"start": now - 60_000_000, "end": now, "source": "live", "nodes": nodes, "edges": edges}

    def _nodes(self) -> list[Json]:
        return fake_graph.mesh(self.services, self.calls)[0]

    def _stages(self) -> list[Json]:
        like = super()._stages()[0]
        return [{**like, "service": node["name"]} for node in self._nodes() if node["kind"] == "service"]
