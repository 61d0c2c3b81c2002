"""A sidecar as a process of its own: ``python -m proxy JSON``, the JSON a whole ``SidecarConfig``.

The command line checks what it is given and hands over to this; what checked it (pydantic, the
command's own packages) is then gone from memory, about a quarter of it.
"""

import json
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from proxy.app import run
from proxy.contract.failure import ConfigError

if TYPE_CHECKING:
    from proxy.config import SidecarConfig


def main(text: str) -> int:
    """The exit status; 2 when the configuration must change before a start can succeed."""
    try:
        run(cast("SidecarConfig", SimpleNamespace(**json.loads(text))))
    except ConfigError as error:
        sys.stderr.write(f"spanmesh: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
