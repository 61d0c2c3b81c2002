"""What the dashboard can be told: where to listen and which collector to ask."""

from typing import Annotated

from pydantic import AfterValidator

from proxy.contract.settings import Address, Settings


def _base_url(text: str) -> str:
    if not text.startswith(("http://", "https://")) or not text.split("://", 1)[1].strip("/"):
        raise ValueError("write it as http://HOST:PORT, for example http://127.0.0.1:16686")
    return text.rstrip("/")


class DashboardConfig(Settings):
    """Configuration of ``spanmesh dashboard``."""

    listen: Address = "127.0.0.1:8050"
    api: Annotated[str, AfterValidator(_base_url)] = "http://127.0.0.1:16686"
