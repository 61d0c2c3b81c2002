"""JSON out of a file, plain or gzip: one document, or one on each line."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final

from proxy.contract.failure import ConfigError

WHOLE_BYTES: Final = 1 << 30
"""Largest file that is one document, decompressed; decoded it takes about ten times that in memory."""

_GZIP: Final = b"\x1f\x8b"


class BadLineError(ValueError):
    """One line cannot be read; the text names file, line, column and what is wrong."""


def documents(path: Path, report: Callable[[BadLineError], None]) -> Iterator[tuple[str, Any, int]]:
    """Yield each document of a file: its place for messages, the decoded JSON, bytes read so far.

    A file with a document on each line is read line by line; one that cannot be read is handed to
    ``report`` and left out. Raises ConfigError that names the file and the fix.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(len(_GZIP)) == _GZIP
            raw.seek(0)
            with gzip.GzipFile(fileobj=raw) if packed else raw as stream:
                for place, document in _documents(path, stream, report):
                    yield place, document, raw.tell()
    except (EOFError, zlib.error):
        raise ConfigError(f"{path}: the gzip file is cut short or damaged; fetch it again") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}; name a readable file") from None


def _documents(
    path: Path, stream: "IO[bytes] | gzip.GzipFile", report: Callable[[BadLineError], None]
) -> Iterator[tuple[str, Any]]:
    first = _skip_blank(path, stream)
    if not first:
        return
    try:
        document = json.loads(first)
    except (ValueError, RecursionError):
        # No whole document on the first line: the file is one.
        yield str(path), _whole(path, first + stream.read(WHOLE_BYTES + 1 - len(first)))
        return
    yield str(path), document
    number = 1
    while line := _line(path, stream):
        number += 1
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            document = json.loads(line)
        except (ValueError, RecursionError) as error:
            report(BadLineError(f"{place}: {_reason(error, in_line=True)}"))
            continue
        yield place, document


def _skip_blank(path: Path, stream: "IO[bytes] | gzip.GzipFile") -> bytes:
    while (line := _line(path, stream)) and not line.strip():
        pass
    return line


def _line(path: Path, stream: "IO[bytes] | gzip.GzipFile") -> bytes:
    line = stream.readline(WHOLE_BYTES + 1)
    if len(line) > WHOLE_BYTES:
        raise _too_large(path)
    return line


def _whole(path: Path, content: bytes) -> Any:
    if len(content) > WHOLE_BYTES:
        raise _too_large(path)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{path}: {_reason(error)}; expected OTLP JSON, Jaeger JSON or Zipkin JSON, plain or gzip"
        ) from None


def _too_large(path: Path) -> ConfigError:
    return ConfigError(
        f"{path}: one JSON document of more than {WHOLE_BYTES >> 20} MiB; write a trace on each line, for "
        "example with: jq -c '.data[]' (Jaeger) or jq -c '.[]' (Zipkin)"
    )


def _reason(error: Exception, *, in_line: bool = False) -> str:
    """Return what is wrong and where in the document; ``in_line`` if the place has its line already."""
    if isinstance(error, json.JSONDecodeError):
        at = f"column {error.pos + 1}" if in_line else f"line {error.lineno}, column {error.colno}"
        return f"{at}: not JSON: {error.msg}"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start}: not UTF-8 text"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
