"""Parts of protobuf's wire format that are written by hand: varints and length-delimited fields. Pure.

Source: protobuf's documentation, "Encoding". Messages that are made once for a request are left to the
generated classes; these functions serve where a message is put together from parts that are encoded already.
"""

from typing import Final

# Numbers of one and two bytes, looked up: nearly every length in a span is one, and the loop below
# costs several times a lookup.
SHORT_VARINTS: Final = tuple(
    bytes((n,)) if n < 128 else bytes((n & 127 | 128, n >> 7)) for n in range(1 << 14)
)


def varint(number: int) -> bytes:
    """Encode an unsigned number below 2**64."""
    if number < 16384:
        return SHORT_VARINTS[number]
    # Seven bits at a time, the lowest first; the high bit says that more bytes follow.
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def parse_varint(data: bytes) -> int:
    """Decode a varint that fills all of ``data``."""
    return sum((byte & 0x7F) << (7 * position) for position, byte in enumerate(data))


def len_field(tag: bytes, payload: bytes) -> bytes:
    """Encode a field of wire type LEN (string, bytes or message); ``tag`` holds its number and type."""
    return tag + varint(len(payload)) + payload
