"""The settings of one sidecar: addresses, identity, sampling, timeouts and limits."""

import os
import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from proxy.contract.address import check_address, check_address_or_off, split_address
from proxy.contract.option import Option, named

_TIMEOUTS: Final = "Timeouts"
_LIMITS: Final = "Limits"
_DATA_PATH: Final = "Requests and connections"

_SERVICE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")


def _service(name: str) -> str:
    if not _SERVICE.fullmatch(name):
        raise ValueError("write letters, digits, '.', '_' and '-', at most 253, a letter or digit first")
    return name


def _namespace(name: str) -> str:
    return _service(name) if name else name


def _off_or_address(text: str) -> Option:
    return Option(help=text, unit="HOST:PORT", check=check_address_or_off)


def _seconds(text: str, **limits: Any) -> Option:
    return Option(
        **{"help": text, "group": _TIMEOUTS, "unit": "SECONDS", "above": 0, "most": 86400, **limits}
    )


def _limit(text: str, unit: str, least: int) -> Option:
    return Option(help=text, group=_LIMITS, unit=unit, least=least)


@dataclass(frozen=True, kw_only=True)
class SidecarConfig:
    """One sidecar. A plain dataclass: its process holds neither a validator nor the command line."""

    service: Annotated[
        str, Option(help="name of the service beside the sidecar", unit="NAME", check=_service)
    ]
    app: Annotated[str, _off_or_address("address of the service itself; needed unless --inbound is ''")] = ""
    inbound: Annotated[str, _off_or_address("address that callers connect to; '' turns it off")] = (
        "127.0.0.1:15006"
    )
    outbound: Annotated[
        str, _off_or_address("the HTTP proxy for the service's own calls; '' turns it off")
    ] = "127.0.0.1:15001"
    mesh: Annotated[
        str, Option(help="the collector's gRPC address, OTLP and xDS", unit="HOST:PORT", check=check_address)
    ] = "127.0.0.1:4317"
    admin: Annotated[
        str, _off_or_address("admin port: /ready, /stats, /config, /metrics; '' turns it off")
    ] = "127.0.0.1:15000"
    version: Annotated[str, Option(help="version of the service, for graphs and splits")] = ""
    zone: Annotated[str, Option(help="zone the instance runs in")] = ""
    namespace: Annotated[
        str,
        Option(
            help="namespace of the service, the same as service.namespace of its OpenTelemetry SDK",
            check=_namespace,
        ),
    ] = ""
    instance: Annotated[
        str, Option(help="unique name of this instance; generated from the service's name when empty")
    ] = ""
    sample: Annotated[float, Option(help="share of new traces to record", unit="SHARE", least=0, most=1)] = (
        1.0
    )
    b3: Annotated[
        bool,
        Option(
            help="send Zipkin's X-B3-* fields with every request, not only with those that carried some: "
            "for applications that pass on nothing else"
        ),
    ] = False
    workers: Annotated[
        int, Option(help="number of processes that share the work", unit="COUNT", least=1, most=64)
    ] = 1
    intercept: Annotated[
        bool, Option(help="accept connections that iptables redirects here (deploy/container/intercept.sh)")
    ] = False
    # auto: HTTP to the inbound listener, detected where intercepted.
    app_protocol: Annotated[
        Literal["auto", "http", "tcp"],
        Option(help="protocol of the service; auto: HTTP, detected where connections are intercepted"),
    ] = "auto"

    detect_timeout: Annotated[
        float,
        _seconds(
            "how long an intercepted client may be silent before its connection is passed on as opaque TCP, "
            "since its server may have to speak first",
            group=_DATA_PATH,
        ),
    ] = 0.3
    via: Annotated[
        bool, Option(help="add the sidecar to the Via header of requests and responses", group=_DATA_PATH)
    ] = False
    forwarded: Annotated[
        bool,
        Option(help="add X-Forwarded-For, -Proto and -Host to requests for the service", group=_DATA_PATH),
    ] = False

    connect_timeout: Annotated[
        float, _seconds("longest time to open a connection to an endpoint that the mesh chose")
    ] = 5.0
    header_timeout: Annotated[
        float, _seconds("longest time for the whole head of a request to arrive at the inbound listener")
    ] = 60.0
    idle_timeout: Annotated[
        float, _seconds("how long a client connection may be idle between two requests")
    ] = 3600.0
    # Many servers close idle connections after 5 s: below that, a pooled one is rarely found dead.
    pool_idle: Annotated[float, _seconds("how long an unused connection to an endpoint is kept")] = 4.0
    # Behind one address there may be many servers (a load balancer, a virtual IP): a connection that is
    # always in use would stay for ever with the one it met, also when others were added.
    pool_age: Annotated[float, _seconds("how long a connection to an endpoint carries new requests")] = 30.0
    drain_notice: Annotated[
        float,
        _seconds(
            "at a stop, how long connections are still accepted while the mesh learns of it",
            above=None,
            least=0,
            most=60,
        ),
    ] = 1.0
    drain_time: Annotated[
        float, _seconds("at a stop, longest time for requests under way", above=None, least=0, most=600)
    ] = 20.0

    max_header_bytes: Annotated[int, _limit("largest head of a request or response", "BYTES", 1024)] = 65536
    max_headers: Annotated[int, _limit("most header fields of a request or response", "COUNT", 8)] = 128
    max_uri_bytes: Annotated[int, _limit("largest request target", "BYTES", 256)] = 16384
    max_body_bytes: Annotated[int, _limit("largest request body; 0: no limit", "BYTES", 0)] = 0
    max_connections: Annotated[
        int, _limit("most connections open to one address; several workers share it", "COUNT", 1)
    ] = 4096
    max_requests: Annotated[
        int,
        _limit(
            "most requests under way to one service, or to the application; several workers share it",
            "COUNT",
            1,
        ),
    ] = 4096
    max_queued_spans: Annotated[
        int, _limit("most spans waiting for export; further ones are dropped and counted", "COUNT", 1)
    ] = 20000

    def __post_init__(self) -> None:
        """Raises ValueError for settings that do not fit together."""
        if self.inbound and not self.app:
            raise ValueError(
                f"an inbound listener needs --app HOST:PORT (SPANMESH_APP), or turn it off: "
                f"{named('inbound')} is {self.inbound!r}, give ''"
            )
        # With several workers the kernel would let both listeners share the port, and mix their connections.
        if self.inbound and self.inbound == self.outbound and split_address(self.inbound)[1]:
            raise ValueError(
                f"{named('inbound')} and {named('outbound')} are both {self.inbound!r}: "
                "give each a port of its own"
            )
        if not self.inbound and not self.outbound:
            raise ValueError(
                f"inbound and outbound are both off: give at least one address, "
                f"{named('inbound')} or {named('outbound')}"
            )
        if not self.instance:
            # Two instances of one service must never report under one name.
            # Not secrets.token_hex: that module brings a megabyte of hash functions.
            object.__setattr__(self, "instance", f"{self.service}-{os.urandom(4).hex()}")
