"""Nodes, edges and endpoints of a window, made of counts and state."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from proxy.contract.model import EndpointState
from proxy.contract.service_id import ServiceId
from proxy.contract.traffic import Protocol
from topology.evidence.measurements import Record
from topology.graph.cells import Bucket, Cell
from topology.graph.figures import encryption, stats
from topology.model.endpoints import EndpointView
from topology.model.graph import EdgeView, Kind, NodeView, Stats, TcpView
from topology.outliers.ejections import Ejections
from topology.outliers.share_reasons import ServiceTraffic, service_traffic, share_reason
from topology.outliers.weights import Weights
from topology.registry.sources import Member
from topology.rollout.stages import Stages


def by_edge(counts: Bucket) -> dict[tuple[str, str, Protocol], Cell]:
    """Return traffic by source, target and protocol, in order of these."""
    cells: dict[tuple[str, str, Protocol], Cell] = {}
    for key, cell in counts.items():
        # Bytes may come in a second without calls or open connections; they belong to an edge that has some
        # elsewhere in the window.
        if cell.has_traffic or key.protocol is Protocol.TCP:
            cells.setdefault((key.source, key.target, key.protocol), Cell()).merge(cell)
    return {ends: cell for ends, cell in sorted(cells.items()) if cell.has_traffic}


def edges(counts: Bucket, seconds: float) -> tuple[EdgeView, ...]:
    """Return edges with traffic, in order of their ends."""
    return tuple(
        EdgeView(
            source,
            target,
            stats(cell, seconds),
            protocol,
            _tcp(cell) if protocol == Protocol.TCP else None,
            encryption(cell.encrypted, cell.clear),
        )
        for (source, target, protocol), cell in by_edge(counts).items()
    )


def _tcp(cell: Cell) -> TcpView:
    return TcpView(cell.open, cell.sent, cell.received)


def nodes(
    counts: Bucket,
    seconds: float,
    members: Mapping[ServiceId, Sequence[Member]],
    kind: Callable[[str], Kind],
    has_sidecar: Callable[[ServiceId], bool],
    stages: Stages,
    ejections: Ejections,
) -> tuple[NodeView, ...]:
    """Return all nodes with traffic or endpoints, by name; their traffic is that which they serve."""
    served: dict[str, Cell] = {}
    for key, cell in counts.items():
        if cell.has_traffic:
            served.setdefault(key.source, Cell())
            served.setdefault(key.target, Cell()).add(cell.histogram, cell.errors)
    views = []
    for name in map(ServiceId, sorted(served.keys() | members.keys())):
        known = members.get(name, ())
        states, setting = ejections.states(name), stages.of(name)
        views.append(
            NodeView(
                name,
                Kind.SERVICE if name in members else kind(name),
                stats(served.get(name) or Cell(), seconds),
                has_sidecar(name),
                setting.stage,
                setting.percent,
                len(known),
                sum(each.state is EndpointState.EJECTED for each in states.values()),
                tuple(sorted({member.version for member in known if member.version})),
                tuple(sorted({member.zone for member in known if member.zone})),
                tuple(sorted({ns for member in known if (ns := member.service.namespace)})),
            )
        )
    return tuple(views)


def by_endpoint(counts: Bucket) -> dict[tuple[str, str], Cell]:
    """Return traffic by service and endpoint."""
    cells: dict[tuple[str, str], Cell] = {}
    for key, cell in counts.items():
        if key.endpoint:
            cells.setdefault((key.target, key.endpoint), Cell()).add(cell.histogram, cell.errors)
    return cells


def endpoints(
    members: Iterable[Member],
    cells: Mapping[tuple[str, str], Cell],
    seconds: float,
    records: Mapping[str, Record],
    ejections: Ejections,
    weights: Weights,
    now: float,
) -> tuple[EndpointView, ...]:
    """Return the endpoints of one service, by address."""
    ordered = sorted(members, key=lambda member: member.address)
    traffic = {
        member.address: stats(cells.get((member.service, member.address)) or Cell(), seconds)
        for member in ordered
    }
    whole = service_traffic(traffic[member.address] for member in ordered if member.available)
    return tuple(
        _endpoint(
            member, traffic[member.address], whole, records.get(member.address), ejections, weights, now
        )
        for member in ordered
    )


def _endpoint(
    member: Member,
    own: Stats,
    whole: ServiceTraffic,
    record: Record | None,
    ejections: Ejections,
    weights: Weights,
    now: float,
) -> EndpointView:
    service, address = member.service, member.address
    ejection = ejections.state(service, address)
    ejected = ejection.state is EndpointState.EJECTED
    gauges = [gauge for _, gauge in record.gauges(now)] if record else []
    weight = round(weights.weight(service, address) * ejections.weight(service, address, now), 2)
    return EndpointView(
        service,
        address,
        # What the endpoint says of itself comes first: a draining one is not also shown as ejected.
        ejection.state if member.state is EndpointState.HEALTHY else member.state,
        weight,
        own,
        member.origin,
        member.app,
        member.instance,
        member.version,
        member.zone,
        open=sum(gauge.count for gauge in gauges),
        oldest=max((gauge.oldest for gauge in gauges), default=0.0),
        ejected_since=ejection.since if ejected else None,
        ejected_until=ejection.until if ejected else None,
        reason=share_reason(member, ejection, weight, record, own, whole, now),
    )
