"""The sidecar's line to the mesh: registers by connecting, and brings back what the mesh knows."""

from collections.abc import Callable

from proxy.contract.model import MeshView, Node, NodeState


class Feed:
    """A delta ADS client that keeps one stream open for as long as ``run`` runs.

    ``target`` is the mesh's ``host:port``. ``on_view`` gets every new view of the mesh, on the
    loop ``run`` runs on. ``expiry`` seconds without a live stream make it a neutral one: the
    same endpoints, without weights and ejections.
    """

    def __init__(
        self, target: str, node: Node, on_view: Callable[[MeshView], None], *, expiry: float = 15.0
    ) -> None:
        raise NotImplementedError

    @property
    def connected(self) -> bool:
        """Whether the mesh has answered on the present stream."""
        raise NotImplementedError

    def set_state(self, state: NodeState) -> None:
        """Tell the mesh that this instance is ready, unready or draining."""
        raise NotImplementedError

    async def run(self) -> None:
        """Connect, and reconnect for ever; ends only by cancellation. Network trouble never raises."""
        raise NotImplementedError
