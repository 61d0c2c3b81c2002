"""Parsing of an export request's bytes into its protobuf message."""

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from collector.otlp import jsonform
from collector.otlp.utf8 import repair
from collector.otlp.values import Refusals


class MalformedError(ValueError):
    """The request cannot be parsed and must not be repeated; the text says what is wrong."""


M = TypeVar("M", bound=Message)


def malformed(name: str, error: DecodeError) -> MalformedError:
    """Return the error for bytes that protobuf cannot parse as a message of this name."""
    # The reason comes last: "Error parsing message with type 'package.Name': Wire format was corrupt".
    return MalformedError(f"the body is not a protobuf {name}: {str(error).rpartition(': ')[2]}")


def from_protobuf(kind: type[M], body: bytes, refused: Refusals | None = None) -> M:
    """Parse a protobuf body; bytes in texts that are no UTF-8 become U+FFFD. Raises MalformedError."""
    try:
        return kind.FromString(body)
    except DecodeError as error:
        try:
            return kind.FromString(repair(kind, body))
        except (DecodeError, ValueError):
            raise malformed(kind.DESCRIPTOR.name, error) from None


def from_json(kind: type[M], body: bytes, refused: Refusals | None = None) -> M:
    """Parse an OTLP/JSON body; with ``refused`` without the items that cannot be read. Raises
    MalformedError."""
    try:
        return jsonform.parse(kind(), body, refused)
    except (ValueError, RecursionError) as error:
        # On one line and short: the text may quote the body, and goes into a header of gRPC.
        reason = " ".join(str(error).split())[:300]
        raise MalformedError(f"the body is not a JSON {kind.DESCRIPTOR.name}: {reason}") from None
