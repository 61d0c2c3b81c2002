"""The policy in force: the keys of mesh.yaml resolved to the services that exist."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from proxy.contract.service_id import AmbiguousNameError, ServiceId, ServiceNames
from topology.policy.models import Policy, ServicePolicy

_NOTHING = ServicePolicy()


@dataclass(frozen=True, slots=True)
class Renamed:
    """A key of mesh.yaml now means another service than before."""

    before: ServiceId
    after: ServiceId


class PolicyInForce:
    """The policy as written, and as it applies to existing services.

    People write ``reviews`` where there is one service of that name, and which namespace it is in shows
    only when it connects. A key keeps the service it meant until it clearly means another: a service of
    the same name that somebody starts elsewhere, or a service that is away, must not change a policy that
    is in force.
    """

    def __init__(self) -> None:
        self._written = Policy()
        self._meant: dict[ServiceId, ServiceId] = {}  # by key
        self.policy = Policy()
        """The policy by services."""
        self.problems: tuple[str, ...] = ()
        """Keys that name several services, each with what to write instead."""

    def of(self, service: ServiceId) -> ServicePolicy:
        """Return the policy of a service; an empty one where nothing is written."""
        return self.policy.services.get(service, _NOTHING)

    def write(self, policy: Policy) -> None:
        """Take a new mesh.yaml; ``settle`` puts it in force."""
        # The meanings of keys that stay are kept: rewriting the file must not move a policy to another
        # service.
        self._written = policy
        self._meant = {key: service for key, service in self._meant.items() if key in policy.services}

    def settle(self, known: Iterable[ServiceId]) -> Sequence[Renamed]:
        """Resolve each key among the known services; return those that now mean another service."""
        names, renamed, problems = ServiceNames(known), [], []
        for key in self._written.services:
            before = self._meant.get(key)
            try:
                after = self._meaning(key, names)
            except AmbiguousNameError as error:
                problems.append(f"services.{key}: {error}")
                continue
            if before is not None and before != after:
                if not names.with_name(after.name):
                    continue  # the service of that name is away; it has not become another
                renamed.append(Renamed(before, after))
            self._meant[key] = after
        self.problems = tuple(problems)
        services = {
            self._meant[key]: entry for key, entry in self._written.services.items() if key in self._meant
        }
        self.policy = Policy(services=services)
        return renamed

    def _meaning(self, key: ServiceId, names: ServiceNames) -> ServiceId:
        service = names.find(key)
        # A key that names the service in full takes precedence over a plain name.
        written = any(service.caseless == other.caseless for other in self._written.services if other != key)
        return key if written else service
