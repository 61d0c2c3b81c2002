"""The terminal: lines for the user, and errors as one line with an exit status in place of a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import typer
from rich.console import Console

from deploy.api import ApiError
from proxy.contract.failure import CONFIG_EXIT, ConfigError

out: Final = Console(highlight=False, soft_wrap=True)
err: Final = Console(stderr=True, highlight=False, soft_wrap=True)


def say(line: str) -> None:
    """Print a line to standard output as it is."""
    out.print(line, markup=False)


@contextmanager
def explained() -> Iterator[None]:
    """Turn what the user can mend into lines on standard error and an exit status."""
    try:
        yield
    except ConfigError as error:
        for line in str(error).splitlines():
            err.print(f"spanmesh: {line}", markup=False)
        raise typer.Exit(CONFIG_EXIT) from None
    except ApiError as error:
        err.print(f"spanmesh: {error}", markup=False)
        raise typer.Exit(1) from None
