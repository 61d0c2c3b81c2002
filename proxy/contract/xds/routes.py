"""Stage, timeout and retries of every service, RDS: one route configuration with a virtual host for each.

The stage is a split between two clusters: the service's, where the mesh chooses, and ``passthrough``, where
the application's own choice of endpoint is kept. The route's metadata has what Envoy has no field for.

Source: envoy/api v3, config/route/v3/route_components.proto; field numbers in ``messages.proto``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct

from proxy.contract.model import CONDITIONS, METADATA, SAFE_METHODS, Retries, Service, Stage
from proxy.contract.service_id import ServiceId, ServiceNames
from proxy.contract.xds import messages_pb2 as pb
from proxy.contract.xds.protobuf import BadResourceError, parse, read_seconds, set_duration
from proxy.contract.xds.protocol import OUTBOUND_ROUTES, PASSTHROUGH

# Each service as the routes describe it: a Service without its endpoints.
Routes = Mapping[ServiceId, Service]
_HOST: Final = re.compile(r"[a-z0-9_.-]+")
# Envoy has no condition for a per-try timeout: it treats one as a reset.
_ENVOY_CONDITIONS: Final = {"timeout": "reset"}
# The condition that is safe for every request: nothing of it was sent.
_UNSENT: Final = "connect-failure"
_PREVIOUS_HOSTS: Final = "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
# How often Envoy may choose again when it chose an endpoint that failed before. Of two endpoints each choice
# is wrong with probability 1/2.
_CHOICES: Final = 5


def encode(services: Iterable[Service], namespace: str = "") -> bytes:
    """Return the routes that split requests to each service between the mesh's and the application's choice.

    ``namespace`` is that of the callers: a plain host name means the service in their own one first.
    """
    routes = pb.RouteConfiguration(name=OUTBOUND_ROUTES)
    services = list(services)
    domains = _domains([service.name for service in services], namespace)
    for service in services:
        host = routes.virtual_hosts.add(name=service.name, domains=domains[service.name])
        if service.routed_share and set(service.retries.on) - {_UNSENT}:
            # Envoy would repeat any method, while a sidecar repeats only what is safe once it was sent.
            safe = host.routes.add(match=pb.RouteMatch(prefix="/"))
            safe.match.headers.add(name=":method").string_match.safe_regex.regex = "|".join(SAFE_METHODS)
            _route(safe.route, service, service.retries.on)
        route = host.routes.add(match=pb.RouteMatch(prefix="/"))
        _route(route.route, service, [each for each in service.retries.on if each == _UNSENT])
        route.metadata.filter_metadata[METADATA].update(_metadata(service))
    rest = routes.virtual_hosts.add(name="*", domains=["*"]).routes.add(match=pb.RouteMatch(prefix="/"))
    rest.route.cluster = PASSTHROUGH
    _limit(rest.route, 0.0)
    return routes.SerializeToString(deterministic=True)


def decode(body: bytes) -> Routes:
    """Return stage, timeout and retries by service.

    Raises BadResourceError, with the services whose routes can be read: one that cannot is only observed,
    and must not hold up the others.
    """
    routes = parse(pb.RouteConfiguration(), body)
    services: dict[ServiceId, Service] = {}
    problems = []
    for host in routes.virtual_hosts:
        for route in host.routes:
            metadata = route.metadata.filter_metadata
            if METADATA in metadata:
                service = ServiceId.parse(host.name)
                try:
                    services[service] = _routed(service, metadata[METADATA], route.route)
                except BadResourceError as error:
                    problems.append(str(error))
    if problems:
        raise BadResourceError("; ".join(problems), services)
    return services


def _domains(services: Sequence[ServiceId], namespace: str) -> Mapping[ServiceId, Sequence[str]]:
    """Return the domains of each service's virtual host: at least one, and none that another has too.

    Envoy compares domains without case and rejects the whole configuration, for all services, if two virtual
    hosts have the same one or one has none.
    """
    domains: dict[ServiceId, list[str]] = {service: [] for service in services}
    for name, meant in ServiceNames(services).hosts(namespace).items():
        # A name with a wildcard or a port in it would take over requests to others.
        if _HOST.fullmatch(name):
            domains[meant] += [name, f"{name}:*"]
    # A service whose host names all mean other services to these callers, or which has none, gets a domain
    # that no Host can be: it is still reached by the addresses of its endpoints.
    unnamed = [service for service in services if not domains[service]]
    for number, service in enumerate(sorted(unnamed)):
        domains[service] = [f"/{number}"]
    return domains


def _route(action: pb.RouteAction, service: Service, retry_on: Sequence[str]) -> None:
    """Write the split between the two clusters, the timeout and the retries into Envoy's fields."""
    # Envoy answers 503 for a cluster in which nothing is healthy; the application's own choice may do better.
    _split(action, service.name, round(100 * service.routed_share) if service.usable else 0)
    _limit(action, service.timeout if service.routed_share else 0.0)
    if not service.routed_share:
        return
    retries, policy = service.retries, action.retry_policy
    policy.num_retries.value = retries.attempts
    policy.retry_on = ",".join(dict.fromkeys(_ENVOY_CONDITIONS.get(each, each) for each in retry_on))
    if retries.per_try:
        set_duration(policy.per_try_timeout, retries.per_try)
    # Without this the next try often goes to the endpoint that failed.
    previous = policy.retry_host_predicate.add(name="envoy.retry_host_predicates.previous_hosts")
    previous.typed_config.type_url = f"type.googleapis.com/{_PREVIOUS_HOSTS}"
    policy.host_selection_retry_max_attempts = _CHOICES


def _limit(action: pb.RouteAction, seconds: float) -> None:
    """Limit the time for a whole response; 0 is no limit."""
    # What is not set is 15 s for the response, and for silence the listener's 5 min: Envoy would cut off what
    # worked without the mesh.
    set_duration(action.timeout, seconds)
    set_duration(action.idle_timeout, 0.0)


def _split(action: pb.RouteAction, service: str, percent: int) -> None:
    if percent in (0, 100):
        action.cluster = service if percent else PASSTHROUGH
        return
    for name, weight in ((service, percent), (PASSTHROUGH, 100 - percent)):
        action.weighted_clusters.clusters.add(name=name).weight.value = weight


def _metadata(service: Service) -> dict[str, Any]:
    """Return what Envoy has no field for, and a sidecar reads."""
    metadata: dict[str, Any] = {"stage": service.stage.value, "percent": service.percent}
    if service.routed_share:
        metadata |= {"retry_on": list(service.retries.on), "retry_budget": service.retries.budget}
    return metadata


def _routed(service: ServiceId, metadata: Struct, action: pb.RouteAction) -> Service:
    fields = metadata.fields
    percent = fields["percent"].number_value if "percent" in fields else 0.0
    if not 0 <= percent <= 100:
        raise BadResourceError(f"{service}: percent {percent} is not within 0 to 100")
    try:
        stage = Stage(fields["stage"].string_value)
    except ValueError as error:
        raise BadResourceError(f"{service}: {error}") from None
    retries = Retries()
    if action.HasField("retry_policy"):
        retries = _retries(service, metadata, action.retry_policy)
    timeout = read_seconds(service, action.timeout)
    return Service(service, (), stage, int(percent), timeout, retries)


def _retries(service: str, metadata: Struct, policy: pb.RetryPolicy) -> Retries:
    on = tuple(value.string_value for value in metadata.fields["retry_on"].list_value.values)
    budget = metadata.fields["retry_budget"].number_value
    if not set(on) <= set(CONDITIONS) or not 0 <= budget <= 1:
        raise BadResourceError(f"{service}: retry_on {on} or retry_budget {budget} is not understood")
    return Retries(policy.num_retries.value, on, budget, read_seconds(service, policy.per_try_timeout))
