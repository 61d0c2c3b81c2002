"""Services in requests and replies: full ids inside, outside the shortest text that means one. Pure.

Who has one namespace, or none, need not see any: a service is shown by its plain name where no other
known service, and none in the same reply, has that name too. What is shown is understood when it is sent.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, get_args, get_origin

from typing_extensions import get_type_hints, is_typeddict

from proxy.contract.api.units import SERVICE
from proxy.contract.service_id import ServiceId, ServiceNames

# The texts of a reply that are services: True for one of them, [plan] for a list, by key for an object.
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
    named: set[str] = set()
    _collect(reply, where, named)
    names = ServiceNames(services | set(map(ServiceId, named)))
    # Only known services: the name of a queue may have a slash too.
    return _replaced(reply, where, {text: names.shown(text) for text in named if text in services})


# Both walk along the plan, not along the reply: a node has twenty fields, and one of them is a service.
def _collect(value: Any, where: Plan, named: set[str]) -> None:
    """Add every text of a service to ``named``."""
    if value is None:
        return
    if isinstance(where, list):
        for item in value:
            _collect(item, where[0], named)
    elif isinstance(where, dict):
        for key, inner in where.items():
            _collect(value.get(key), inner, named)
    else:
        named.add(value)


def _replaced(value: Any, where: Plan, shown: Mapping[str, str]) -> Any:
    if value is None:
        return value
    if isinstance(where, list):
        return [_replaced(item, where[0], shown) for item in value]
    if isinstance(where, dict):
        return value | {
            key: _replaced(value[key], inner, shown) for key, inner in where.items() if key in value
        }
    return shown.get(value, value)
