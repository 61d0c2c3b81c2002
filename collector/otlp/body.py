"""Parsing of an export request's bytes into its protobuf message."""

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from collector.otlp import jsonform


class MalformedError(ValueError):
    """The request cannot be parsed and must not be repeated; the text says what is wrong."""


M = TypeVar("M", bound=Message)


def from_protobuf(kind: type[M], body: bytes) -> M:
    """Parse a protobuf body. Raises MalformedError."""
    try:
        return kind.FromString(body)
    except DecodeError as error:
        reason = str(error).removeprefix("Error parsing message with type ").strip() or "truncated"
        raise MalformedError(f"the body is not a protobuf {kind.DESCRIPTOR.name}: {reason}") from None


def from_json(kind: type[M], body: bytes) -> M:
    """Parse an OTLP/JSON body. Raises MalformedError."""
    try:
        return jsonform.parse(kind(), body)
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:300]
        raise MalformedError(f"the body is not a JSON {kind.DESCRIPTOR.name}: {reason}") from None
