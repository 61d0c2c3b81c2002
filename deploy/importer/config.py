"""The settings of ``spanmesh import``, in a module that loads without the collector's packages."""

from dataclasses import dataclass
from typing import Annotated

from proxy.contract.address import check_base_url
from proxy.contract.option import Option


@dataclass(frozen=True, kw_only=True)
class ImportConfig:
    """The destination of imported traces, and a shift of their times."""

    to: Annotated[
        str, Option(help="base URL of the collector's OTLP over HTTP", unit="URL", check=check_base_url)
    ] = "http://127.0.0.1:4318"
    dry_run: Annotated[bool, Option(help="only count what is in the files")] = False
    shift_to_now: Annotated[bool, Option(help="move all times so that the newest span ends now")] = False
