"""A worker's link to its parent: counts arrive once, urgent reports at once, and it never waits."""

import signal
import socket
from typing import Any

import pytest

from proxy.contract.model import MeshView, Service
from proxy.contract.service_id import ServiceId
from proxy.contract.transport.streams import adopt
from proxy.telemetry.meter import Meter
from proxy.workers.link import ParentLink, join_parent
from proxy.workers.worker_pool import WorkerHandle
from tests.proxy.rig import play, until

LATENCY = "http.client.request.duration"


class Linked:
    """Both ends of one worker's connection, and what arrived at the supervisor's end."""

    def __init__(self) -> None:
        self.meter = Meter()
        self.spans: list[bytes] = []
        self.urgent: list[int] = []
        self.handle = WorkerHandle(self.meter, self.spans.append, self._urgent)

    async def join(self, max_spans: int = 10) -> ParentLink:
        ours, theirs = socket.socketpair()
        await adopt(ours, self.handle)
        return await join_parent(theirs.detach(), max_spans)

    def _urgent(self) -> None:
        self.urgent.append(sum(histogram.count for _, histogram in self.meter.collect()))


def count(link: ParentLink) -> None:
    link.meter.series(LATENCY, {"a": "b"}).histogram.record(0.02)


def test_what_is_urgent_reaches_the_parent_after_what_was_counted() -> None:
    async def run() -> None:
        linked = Linked()
        link = await linked.join()
        count(link)
        link.report_now()
        await until(lambda: linked.urgent == [1])
        await link.stop()

    play(run())


def test_the_last_report_has_arrived_when_the_worker_ends() -> None:
    async def run() -> None:
        linked = Linked()
        link = await linked.join()
        link.process_stats = lambda: {"inbound_requests": 2, **link.stats()}
        await link.start("")
        link.keep(b"one")
        link.keep(b"two")
        count(link)
        await link.stop()
        await linked.handle.gone.wait()
        assert linked.spans == [b"one", b"two"]
        assert sum(histogram.count for _, histogram in linked.meter.collect()) == 1
        assert linked.handle.stats["inbound_requests"] == 2

    play(run())


def test_spans_past_the_bound_are_dropped_and_counted() -> None:
    async def run() -> None:
        linked = Linked()
        link = await linked.join(max_spans=2)
        for _ in range(5):
            link.keep(b"span")
        assert link.stats() == {"spans_queued": 2, "spans_dropped": 3}
        await link.stop()

    play(run())


def test_a_view_of_the_mesh_reaches_the_worker() -> None:
    async def run() -> None:
        linked = Linked()
        link = await linked.join()
        views: list[MeshView] = []
        link.on_view = views.append
        view: Any = {"cart": Service(ServiceId("cart"), ())}
        linked.handle.send_view(view)
        await until(lambda: views == [view])
        await link.stop()

    play(run())


def test_a_worker_whose_parent_is_gone_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[int] = []
    monkeypatch.setattr(signal, "raise_signal", raised.append)

    async def run() -> None:
        ours, theirs = socket.socketpair()
        link = await join_parent(theirs.detach(), 10)
        ours.close()
        await until(lambda: raised == [signal.SIGTERM])
        await link.stop()

    play(run())
