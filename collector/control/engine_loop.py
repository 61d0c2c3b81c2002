"""The loop that steps the engine, four times a second or sooner: measurements in, decisions out.

Nothing here waits for the store: rows go to the queue of ``mesh_writer``.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from collector.control.mesh_writer import MeshWriter
from collector.control.policy_file import PolicyFile
from collector.stats import Stats
from proxy.contract.failure import ConfigError
from topology.engine import Engine
from topology.model.endpoints import ProbeRequest
from topology.xds.snapshot import Snapshot

_log = logging.getLogger(__name__)

TICK_SECONDS: Final = 0.25
# Seconds between two looks for an alarm, which a step should not wait for: an ejection a fifth of a second
# later is a fifth of a second of failed requests.
LOOK_SECONDS: Final = 0.05
_FILE_SECONDS: Final = 1.0


class EngineLoop:
    """Drives the engine by a clock (epoch seconds)."""

    def __init__(
        self,
        engine: Engine,
        publish: Callable[[Snapshot], None],
        writer: MeshWriter,
        mesh_file: PolicyFile,
        stats: Stats,
        clock: Callable[[], float],
        probe: Callable[[Iterable[ProbeRequest]], None] = lambda asks: None,
    ) -> None:
        self._engine = engine
        self._publish = publish
        self._writer = writer
        self._mesh_file = mesh_file
        self._stats = stats
        self._clock = clock
        self._probe = probe
        self._took = 0.0
        self._problems: tuple[str, ...] = ()
        self._stopped = asyncio.Event()
        stats.add_gauge("spanmesh_tick_seconds", lambda: self._took)

    async def run(self) -> None:
        """Step until ``stop``; the last step hands over all that is not stored yet."""
        loop = asyncio.get_running_loop()
        due = look = loop.time()
        while not self._stopped.is_set():
            # The file is looked at on this loop and not in a thread: one ``stat`` a second costs
            # microseconds.
            if loop.time() >= look:
                self.reload()
                look = loop.time() + _FILE_SECONDS
            self.step()
            # A late step is not made up for by a burst of others.
            due = max(due + TICK_SECONDS, loop.time())
            # Between two steps only ``urgent`` is read, which costs nothing; a whole step each 50 ms would.
            while loop.time() < due and not self._stopped.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(min(due, loop.time() + self._pause())):
                        await self._stopped.wait()
                if self._engine.urgent:
                    due = loop.time()
        # The last measurements may still lead to decisions, and open seconds of edges are stored by
        # ``flush``.
        self.step()
        self._writer.record(self._engine.flush(), ())

    def stop(self) -> None:
        """Let ``run`` return after a last step."""
        self._stopped.set()

    def step(self) -> None:
        """Step once; a failure is logged and the next step tries again."""
        started = time.perf_counter()
        now = self._clock()
        try:
            tick = self._engine.tick(now)
            # Sidecars first: the rows that explain a decision may come later than the decision takes effect.
            self._publish(tick.snapshot)
            self._writer.record(tick.edges, tick.decisions)
            self._probe(tick.probes)
        except Exception:
            self._stats.count("spanmesh_tick_errors_total")
            # Sidecars keep their last snapshot meanwhile: an error here must not end the loop.
            _log.exception("a step of the mesh failed")
        self._tell_problems()
        self._took = time.perf_counter() - started

    def _tell_problems(self) -> None:
        """Log what is unclear in mesh.yaml, once: which services exist shows only while the mesh runs."""
        problems = self._engine.policy_problems
        for problem in problems:
            if problem not in self._problems:
                self._stats.count("spanmesh_mesh_file_errors_total")
                _log.error("mesh.yaml: %s", problem)
        self._problems = problems

    def _pause(self) -> float:
        """Return the seconds until the next look; longer where steps are long, to leave time for the rest."""
        # Three parts of four are left to ingest and queries, which share this event loop.
        return max(LOOK_SECONDS, 3 * self._took)

    def reload(self) -> None:
        """Take over mesh.yaml when it changed; keep the last good one when it is wrong."""
        try:
            policy = self._mesh_file.reload()
        except ConfigError as error:
            self._stats.count("spanmesh_mesh_file_errors_total")
            _log.error("mesh.yaml is not taken over, the last good one stays: %s", error)
            return
        if policy is not None:
            self._engine.set_policy(policy, self._clock())
            _log.info("mesh.yaml taken over")
