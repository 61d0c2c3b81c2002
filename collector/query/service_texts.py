"""Services in requests and replies: full ids inside, outside the shortest text that means one. Pure.

Who has one namespace, or none, need not see any: a service is shown by its plain name where no other
known service, and none in the same reply, has that name too. What is shown is understood when it is sent.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, get_args, get_origin

from typing_extensions import get_type_hints, is_typeddict

from proxy.contract.api.units import SERVICE
from proxy.contract.service_id import ServiceId, ServiceNames

# The texts of a reply that are services: True for such a text, [plan] for a list, by key for an object.
Plan = bool | list[Any] | dict[str, Any] | None

_IS_SERVICE: Final = True


def plan(annotation: Any) -> Plan:
    """Return which texts in a reply of this type are services, None when there are none."""
    return _plan(annotation, ())


def _plan(annotation: Any, above: tuple[Any, ...]) -> Plan:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated and SERVICE in annotation.__metadata__:
        return _IS_SERVICE
    if is_typeddict(annotation):
        if annotation in above:
            return None  # a type that holds itself would have a plan without an end
        hints = get_type_hints(annotation, include_extras=True)
        fields = {key: _plan(hint, (*above, annotation)) for key, hint in hints.items()}
        return {key: found for key, found in fields.items() if found} or None
    if origin is dict:
        return None  # its keys are data: no declared field
    inner = next((found for each in arguments if (found := _plan(each, above))), None)
    return [inner] if inner and origin is list else inner


def shorten(reply: Any, where: Plan, known: Iterable[ServiceId]) -> Any:
    """Return a reply with each known service by the shortest text that means it among all of them."""
    services = frozenset(known)
    if where is None or not any("/" in service for service in services):
        return reply
    held: set[ServiceId] = set()
    _each(reply, where, lambda text: held.add(ServiceId(text)) or text)  # type: ignore[func-returns-value]
    names = ServiceNames(services | held)
    # Only known services: the name of a queue may have a slash too.
    return _each(reply, where, lambda text: names.shown(text) if text in services else text)


def _each(value: Any, where: Plan, change: Callable[[str], str]) -> Any:
    if value is None or where is None:
        return value
    if isinstance(where, list):
        return [_each(item, where[0], change) for item in value]
    if isinstance(where, Mapping):
        return {key: _each(item, where.get(key), change) for key, item in value.items()}
    return change(value)
