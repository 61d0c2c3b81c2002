"""Services as resources, without a catalog: what one snapshot looks like on the wire."""

from hypothesis import strategies as st

from proxy.contract.address import join_address
from proxy.contract.model import MeshView
from proxy.contract.service_id import ServiceId
from proxy.contract.xds import assignments, clusters, protocol, routes

text = st.text(max_size=12)
names = st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True).filter(
    lambda name: name != protocol.PASSTHROUGH
)
identities = st.builds(ServiceId.of, st.sampled_from(["", "shop", "ops"]), names)
addresses = st.builds(join_address, st.ip_addresses().map(str), st.integers(1, 65535))


def encoded(services: MeshView) -> dict[str, dict[str, bytes]]:
    """Everything for these services: by type URL, by resource name."""
    known = [service for _, service in sorted(services.items())]
    return {
        protocol.CDS: {protocol.PASSTHROUGH: clusters.encode_passthrough()}
        | {service.name: clusters.encode(service) for service in known},
        protocol.EDS: {service.name: assignments.encode(service) for service in known},
        protocol.RDS: {protocol.OUTBOUND_ROUTES: routes.encode(known)},
    }
