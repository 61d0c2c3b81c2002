"""Repair of texts in protobuf messages: bytes that are no UTF-8 become U+FFFD.

proto3 refuses a message with such a text as a whole, and clients that cut a text inside of a character send
it.
"""

from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from proxy.contract.protobuf_wire import varint

_VARINT, _FIXED64, _LEN, _FIXED32 = 0, 1, 2, 5


def repair(kind: type[Message], body: bytes) -> bytes:
    """Return a message of this type with its texts mended. Raises ValueError if it is no protobuf."""
    return _repair(kind.DESCRIPTOR, body)


def _repair(kind: Any, body: bytes) -> bytes:
    parts: list[bytes] = []
    position = 0
    while position < len(body):
        begin = position
        tag, position = _varint(body, position)
        wire = tag & 7
        if wire == _VARINT:
            _, position = _varint(body, position)
        elif wire == _FIXED64:
            position += 8
        elif wire == _FIXED32:
            position += 4
        elif wire == _LEN:
            size, start = _varint(body, position)
            position = start + size
            field = kind.fields_by_number.get(tag >> 3)
            if field is not None and position <= len(body):
                payload = _payload(field, body[start:position])
                parts.append(varint(tag) + varint(len(payload)) + payload)
                continue
        else:
            raise ValueError(f"wire type {wire} is not known")
        if position > len(body):
            raise ValueError("the message is cut short")
        parts.append(body[begin:position])
    return b"".join(parts)


def _payload(field: Any, payload: bytes) -> bytes:
    if field.type == FieldDescriptor.TYPE_STRING:
        return payload.decode("utf-8", "replace").encode()
    if field.message_type is not None:
        try:
            return _repair(field.message_type, payload)
        except ValueError:
            # Left as it is, to be refused by itself.
            return payload
    return payload


def _varint(body: bytes, position: int) -> tuple[int, int]:
    """Return a varint and the position behind it. Raises ValueError."""
    number = shift = 0
    while position < len(body) and shift < 70:
        byte = body[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7
    raise ValueError("a number is cut short")
