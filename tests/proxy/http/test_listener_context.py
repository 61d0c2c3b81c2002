"""A listener looks after its connections by one clock."""

from tests.proxy.http.fakes import context


class Swept:
    busy = False

    def __init__(self) -> None:
        self.swept: list[float] = []

    def sweep(self, now: float) -> None:
        self.swept.append(now)

    def drain(self) -> None: ...

    def abort(self) -> None: ...


def test_a_sweep_reaches_every_connection_even_when_some_leave_meanwhile() -> None:
    made, _, _ = context()

    class Leaving(Swept):
        def sweep(self, now: float) -> None:
            super().sweep(now)
            made.connections.discard(self)

    connections = [Leaving(), Swept(), Leaving()]
    made.connections.update(connections)
    made.sweep()
    assert [each.swept for each in connections] == [[0.0]] * 3
    assert made.connections == {connections[1]}
