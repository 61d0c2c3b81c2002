"""A sidecar in a process of its own, so that what it holds (memory, descriptors) is only its own."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.processes import ports
from tests.proxy.rig import DEADLINE, ask

_UNUSED = "127.0.0.1:9"  # nobody listens at the discard port


@dataclass(frozen=True)
class LoneSidecar:
    """Its process and ports."""

    pid: int
    inbound: int
    outbound: int
    admin: int

    @property
    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    @property
    def peak_kib(self) -> int:
        """The most memory it ever had resident."""
        return self._status("VmHWM:")

    @property
    def resident_kib(self) -> int:
        return self._status("VmRSS:")

    async def stats(self) -> dict[str, Any]:
        answer = await ask(self.admin, b"GET /stats HTTP/1.1\r\n\r\n")
        found: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
        return found

    def _status(self, name: str) -> int:
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(next(line for line in text.splitlines() if line.startswith(name)).split()[1])


@asynccontextmanager
async def lone_sidecar(
    app: str = _UNUSED, mesh: str = _UNUSED, service: str = "cart", **options: object
) -> AsyncIterator[LoneSidecar]:
    """Run ``spanmesh sidecar`` until the block ends; ``options`` are those of SidecarConfig."""
    inbound, outbound, admin = ports.free(3)
    given: dict[str, Any] = {
        "service": service,
        "app": app,
        "mesh": mesh,
        "inbound": f"{ports.LOOPBACK}:{inbound}",
        "outbound": f"{ports.LOOPBACK}:{outbound}",
        "admin": f"{ports.LOOPBACK}:{admin}",
        "drain_notice": 0,
        **options,
    }
    settings = {f"SPANMESH_{key.upper()}": str(value) for key, value in given.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.cli.entry", "sidecar", env={**os.environ, **settings}
    )
    try:
        async with asyncio.timeout(DEADLINE):
            while not ports.accepts(given["admin"]):
                assert process.returncode is None, "the sidecar did not start"
                await asyncio.sleep(0.05)
        yield LoneSidecar(process.pid, inbound, outbound, admin)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
