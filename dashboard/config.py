"""The settings of the dashboard: where it listens and which collector it asks."""

from dataclasses import dataclass
from typing import Annotated

from proxy.contract.address import check_address, check_base_url
from proxy.contract.option import Option


@dataclass(frozen=True, kw_only=True)
class DashboardConfig:
    """Settings of ``spanmesh dashboard``."""

    listen: Annotated[str, Option(help="address of the dashboard", unit="HOST:PORT", check=check_address)] = (
        "127.0.0.1:8050"
    )
    api: Annotated[str, Option(help="base URL of the query API", unit="URL", check=check_base_url)] = (
        "http://127.0.0.1:16686"
    )
