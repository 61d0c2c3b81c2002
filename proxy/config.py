"""What one sidecar is told: addresses, identity, sampling, limits and timeouts."""

from secrets import token_hex
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from proxy.contract.address import split_address
from proxy.contract.settings import Address, Settings


def _address_or_off(address: str) -> str:
    if address:
        split_address(address)
    return address


OptionalAddress = Annotated[str, AfterValidator(_address_or_off)]
"""``HOST:PORT``, or the empty string to turn that listener or check off."""

Seconds = Annotated[float, Field(gt=0, le=86400)]


class SidecarConfig(Settings):
    """One sidecar. Times are seconds, sizes bytes; ``sample`` is the share of new traces kept."""

    service: str = Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    app: OptionalAddress = ""
    inbound: OptionalAddress = "127.0.0.1:15006"
    outbound: OptionalAddress = "127.0.0.1:15001"
    mesh: Address = "127.0.0.1:4317"
    admin: OptionalAddress = "127.0.0.1:15000"
    version: str = ""
    zone: str = ""
    namespace: str = ""
    instance: str = ""
    sample: float = Field(default=1.0, ge=0.0, le=1.0)
    workers: int = Field(default=1, ge=1, le=64)  # processes that share the listeners
    intercept: bool = False  # take connections that netfilter turned to us, see deploy/container/intercept.sh
    # What the application speaks. auto: HTTP to the inbound listener, detected where intercepted.
    app_protocol: Literal["auto", "http", "tcp"] = "auto"

    detect_timeout: Seconds = 0.3  # of silence after which an intercepted client waits for its server
    via: bool = False  # name ourselves in Via, of requests and responses
    forwarded: bool = False  # tell our application the client in X-Forwarded-For, -Proto and -Host

    connect_timeout: Seconds = 5.0
    request_timeout: Seconds = 60.0  # from the start of a request to the head of its response
    header_timeout: Seconds = 10.0  # for the whole head of a request
    body_timeout: Seconds = 60.0  # without a byte of a body the client still owes
    idle_timeout: Seconds = 300.0  # of a client connection between requests
    half_close_time: Seconds = 10.0  # a client that sends no more is still waited for
    pool_idle: Seconds = 4.0  # of a pooled upstream connection; below the 5 s many servers close at
    drain_notice: float = Field(default=1.0, ge=0, le=60)  # still accepting, while the mesh is told
    drain_time: float = Field(default=20.0, ge=0, le=600)  # for what is in flight

    max_header_bytes: int = Field(default=65536, ge=1024)
    max_headers: int = Field(default=128, ge=8)
    max_uri_bytes: int = Field(default=16384, ge=256)
    max_body_bytes: int = Field(default=0, ge=0)  # 0: no limit
    # Limits of the instance: of several workers each keeps an equal share, rounded up.
    max_connections: int = Field(default=4096, ge=1)  # open to one address
    max_requests: int = Field(default=4096, ge=1)  # under way to one service, or to our application
    max_queued_spans: int = Field(default=20000, ge=1)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.inbound and not self.app:
            raise ValueError("an inbound listener needs --app HOST:PORT, or turn it off with --inbound ''")
        if not self.inbound and not self.outbound:
            raise ValueError("inbound and outbound are both off: give at least one address")
        if not self.instance:
            object.__setattr__(self, "instance", f"{self.service}-{token_hex(4)}")
        return self
