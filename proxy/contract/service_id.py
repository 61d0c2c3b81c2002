"""The identity of a service, a namespace and a name, and the meaning of plain names.

Two services of one name in two namespaces are two services. Source: OpenTelemetry semantic conventions,
``service.namespace`` and ``service.name``, which together name a service. Names compare without case, since
callers write them as host names (RFC 4343): ``Reviews`` and ``reviews`` are one service, shown as whoever
registered it first spells it.
"""

from collections.abc import Iterable

_SEPARATOR = "/"


class ServiceId(str):
    """A service as text: ``namespace/name``, or ``name`` alone in the default (empty) namespace.

    A name in the default namespace that has a slash itself is written ``/name``.

    It is a text so that it can be a key, a column, JSON and a resource's name as it is, and a type of its
    own so that a loose name is not taken for one. Make it by ``of`` or ``parse``.
    """

    __slots__ = ()

    @classmethod
    def of(cls, namespace: str, name: str) -> "ServiceId":
        """Return the service of a name in a namespace, empty for the default one; nobody without a name."""
        plain = not name or (not namespace and _SEPARATOR not in name)
        return cls(name if plain else f"{namespace}{_SEPARATOR}{name}")

    @classmethod
    def parse(cls, text: str) -> "ServiceId":
        """Return the service a text names in full: ``namespace/name``, ``name`` or ``/name``."""
        name = text.removeprefix(_SEPARATOR)
        return cls(text if _SEPARATOR in name else name)

    @property
    def namespace(self) -> str:
        """The namespace, empty for the default one."""
        namespace, separator, _ = self.partition(_SEPARATOR)
        return namespace if separator else ""

    @property
    def name(self) -> str:
        """The name within its namespace: what a service calls itself."""
        first, separator, rest = self.partition(_SEPARATOR)
        return rest if separator else first

    @property
    def caseless(self) -> str:
        """The text that is equal for all spellings of one service."""
        return self.lower()


class AmbiguousNameError(ValueError):
    """A plain name that several namespaces have; ``services`` are those it could mean."""

    def __init__(self, name: str, services: tuple[ServiceId, ...]) -> None:
        super().__init__(f"{name!r} is in several namespaces: write one of {', '.join(services)}")
        self.services = services


class ServiceNames:
    """Known services by their plain names: what people and applications write, in any case."""

    def __init__(self, services: Iterable[ServiceId]) -> None:
        self._services = frozenset(services)
        self._by_id: dict[str, ServiceId] = {}  # by the text without case, as all keys here
        self._by_name: dict[str, tuple[ServiceId, ...]] = {}
        for service in sorted(self._services):
            # Of several spellings, which a store may hold, one stands for the service.
            if self._by_id.setdefault(service.caseless, service) == service:
                name = service.name.lower()
                self._by_name[name] = (*self._by_name.get(name, ()), service)

    def find(self, text: str, namespace: str = "") -> ServiceId:
        """Return the service that a text means to one in ``namespace``.

        A full name means itself. A plain name means the service of that name in the own namespace, else
        in the default one, else in the only one that has it. A text that means no known service is
        taken for a full name. Raises AmbiguousNameError when several namespaces have it.
        """
        known = self.with_name(text)
        if _SEPARATOR in text:
            full = self.spelling(ServiceId.parse(text))
            # A name may have a slash itself: it must not take the place of a service that is named in full.
            if not known or full in self._services:
                return full
        # Nearest first, as DNS search domains do: a caller's own namespace hides all others.
        for own in (ServiceId.of(namespace, text), ServiceId.of("", text)):
            if own.caseless in self._by_id:
                return self.spelling(own)
        if len(known) > 1:
            raise AmbiguousNameError(text, known)
        return known[0] if known else ServiceId(text)

    def spelling(self, service: ServiceId) -> ServiceId:
        """Return a service as it is known; one that is unknown as it is written."""
        return service if service in self._services else self._by_id.get(service.caseless, service)

    def with_name(self, name: str) -> tuple[ServiceId, ...]:
        """Return the known services that have a plain name, in order of namespace."""
        return self._by_name.get(name.lower(), ())

    def recognise(self, service: ServiceId) -> ServiceId:
        """Return the known service that somebody means who may not know its namespace.

        What names a service beside its own sidecar (an application's spans, an attribute) may leave the
        namespace out, or give one where the sidecar was given none.
        """
        if service.caseless in self._by_id:
            return self.spelling(service)
        known = self.with_name(service.name)
        # Two different namespaces are two services: only where one of the two is unknown may they be the
        # same.
        if len(known) == 1 and not (service.namespace and known[0].namespace):
            return known[0]
        return service

    def stored_as(self, text: str) -> list[str]:
        """Return the names under which rows of a node of the graph are stored.

        Rows from before a service was given its namespace have its plain name; where that is no service of
        its own now, they belong to it.
        """
        service = ServiceId(text)
        plain = ServiceId.of("", service.name)
        return [text, plain] if plain != service and self.recognise(plain) == service else [text]

    def shown(self, service: str) -> str:
        """Return the shortest text that ``find`` takes for this service."""
        name = ServiceId(service).name
        taken = name != service and name.lower() in self._by_id  # as the full name of another
        return name if self.with_name(name) == (service,) and not taken else service

    def hosts(self, namespace: str = "") -> dict[str, ServiceId]:
        """Return the service behind each host name that an application in ``namespace`` can write.

        Plain names as in ``find``, without those that are ambiguous: they mean whatever they mean outside
        the mesh. Beside them ``name.namespace``, as is usual in Kubernetes. All are in lower case.
        """
        hosts: dict[str, ServiceId] = {}
        for name, services in self._by_name.items():
            own = [each for each in services if each.namespace.lower() == namespace.lower()]
            default = [each for each in services if not each.namespace]
            for service in [*own, *default, *(services if len(services) == 1 else ())][:1]:
                hosts[name] = service
        for services in self._by_name.values():
            for service in services:
                if service.namespace:
                    # A plain name that is written like this comes first: it is what its owner called the
                    # service.
                    hosts.setdefault(f"{service.name}.{service.namespace}".lower(), service)
        return hosts
