"""Documents out of files, whole or line by line."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from deploy.importer import jsonfile
from proxy.contract.failure import ConfigError


def read(path: Path) -> tuple[list[tuple[str, Any]], list[str]]:
    """Documents with the place after the file's name, and complaints."""
    complaints: list[str] = []
    found = [
        (place.removeprefix(str(path)), document)
        for place, document, _ in jsonfile.documents(path, lambda error: complaints.append(str(error)))
    ]
    return found, complaints


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", []),
        (b"\n \n", []),
        (b'{"a": 1}', [("", {"a": 1})]),
        (b"\n[\n 1,\n 2\n]\n", [("", [1, 2])]),
        (b'\xef\xbb\xbf{"a": 1}', [("", {"a": 1})]),
        (b'{"a":1}\n\n{"a":2}\r\n[3]', [("", {"a": 1}), (":3", {"a": 2}), (":4", [3])]),
    ],
)
def test_documents(tmp_path: Path, content: bytes, found: list[Any]) -> None:
    plain, packed = tmp_path / "plain.json", tmp_path / "packed"
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content))
    assert read(plain) == (found, [])
    assert read(packed) == (found, [])


def test_the_place_in_the_file_only_grows_to_its_size(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b'{"a":1}\n' * 100_000)
    read_bytes = [read for _, _, read in jsonfile.documents(path, lambda _: None)]
    assert read_bytes == sorted(read_bytes)
    assert read_bytes[-1] == path.stat().st_size


def test_a_bad_line_is_told_and_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b'{"a":1}\n{"a":}\n{"a":3}\n\xff\n{"a"')
    found, complaints = read(path)
    assert [document["a"] for _, document in found] == [1, 3]
    assert complaints == [
        f"{path}:2: column 6: not JSON: Expecting value",
        f"{path}:4: byte 0: not UTF-8 text",
        f"{path}:5: column 5: not JSON: Expecting ':' delimiter",
    ]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b'{\n "a": 1,\n}', "line 3, column 1: not JSON: .*; expected OTLP JSON, Jaeger JSON or Zipkin"),
        (b"[" * 100_000, "nested too deeply"),
        (b"\x1f\x8b\x08 no gzip", "cut short or damaged|Unknown compression"),
        (gzip.compress(json.dumps(list(range(9999))).encode())[:-20], "gzip file is cut short or damaged"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=complaint) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file or directory; name a readable file"):
        read(tmp_path / "none")
    with pytest.raises(ConfigError, match="Is a directory"):
        read(tmp_path)


@pytest.mark.parametrize("head", [b"[", b"[\n", b"[]\n"])
def test_one_document_is_bounded(tmp_path: Path, head: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonfile, "WHOLE_BYTES", 100)
    path = tmp_path / "large"
    path.write_bytes(head + b" " * 200 + b"]")
    with pytest.raises(ConfigError, match=r"write a trace on each line, for example with: jq"):
        read(path)
