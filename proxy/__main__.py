"""A sidecar as a process of its own: ``python -m proxy JSON``, the JSON a whole ``SidecarConfig``.

The command line checks what it is given and hands over to this; what checked it (pydantic, the
command's own packages) is then gone from memory, about a quarter of it.
"""

import json
import sys

from proxy.app import Process, Sidecar, run
from proxy.config import SidecarConfig
from proxy.contract.failure import CONFIG_EXIT, ConfigError
from proxy.supervisor import Supervisor
from proxy.workers.link import join_parent


def main(text: str, descriptor: str = "") -> int:
    """Run until a signal and return the exit status: 2 if the configuration must change first.

    ``descriptor`` is the number of the inherited socket to the supervisor, for one of several workers.
    """
    config = SidecarConfig(**json.loads(text))

    async def make() -> Process:
        if descriptor:
            link = await join_parent(int(descriptor), config.max_queued_spans)
            worker = Sidecar(config, link)
            link.process_stats = worker.stats
            return worker
        return Supervisor(config) if config.workers > 1 else Sidecar(config)

    try:
        run(make)
    except ConfigError as error:
        sys.stderr.write(f"spanmesh: {error}\n")
        return CONFIG_EXIT
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
