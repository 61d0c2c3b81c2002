"""A sidecar as a process of its own: ``python -m proxy JSON``, the JSON a whole ``SidecarConfig``.

The command line checks what it is given and hands over to this; what checked it (pydantic, the
command's own packages) is then gone from memory, about a quarter of it.
"""

import json
import sys

from proxy.app import Process, Sidecar, run
from proxy.config import SidecarConfig
from proxy.contract.failure import ConfigError
from proxy.supervisor import Parent
from proxy.workers.link import Line, join


def main(text: str, descriptor: str = "") -> int:
    """The exit status; 2 when the configuration must change before a start can succeed.

    ``descriptor`` is the channel to the parent, for one of several workers.
    """
    config = SidecarConfig(**json.loads(text))

    async def make() -> Process:
        if descriptor:
            line = Line(config.max_queued_spans)
            await join(line, int(descriptor))
            return Sidecar(config, line.feed, line)
        return Parent(config) if config.workers > 1 else Sidecar(config)

    try:
        run(make)
    except ConfigError as error:
        sys.stderr.write(f"spanmesh: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
