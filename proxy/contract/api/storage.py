"""The reply about the store: tables, disk, and what waits to be stored."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from proxy.contract.api.units import Bytes, Seconds


class StoredTable(TypedDict):
    """A table and how much it holds."""

    name: str
    rows: int
    bytes: Bytes
    parts: int
    oldest: Annotated[int | None, Field(description="seconds since the epoch, null where it cannot be told")]


class Disk(TypedDict):
    """Room on the disk of the store."""

    free: Bytes
    total: Bytes


class Spool(TypedDict):
    """Data that waits to be stored; figures that the collector lacks are left out."""

    bytes: NotRequired[Bytes]
    segments: NotRequired[int]
    oldest_seconds: NotRequired[Seconds]
    lost_bytes: NotRequired[Bytes]


class Storage(TypedDict):
    """The stored tables, the disk, and the spool of what waits to be stored."""

    tables: list[StoredTable]
    disk: Disk
    spool: Spool
