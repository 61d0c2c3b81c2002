import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from collector.ingest.segment_file import MAGIC, SUFFIX, cut_torn_tail, flush, header, read_records

RECORDS = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=100)), max_size=4)


def encode(records: list[tuple[int, bytes]]) -> bytes:
    return MAGIC + b"".join(header(kind, payload) + payload for kind, payload in records)


def test_the_bytes_on_disk(tmp_path: Path) -> None:
    """Segments outlive the version that wrote them: the format must not change under its name."""
    assert header(2, b"spans") == bytes.fromhex("050000000202ff41e6")
    path = tmp_path / f"1{SUFFIX}"
    path.write_bytes(encode([(2, b"spans")]))
    assert list(read_records(path)) == [(8 + 9 + 5, 2, b"spans")]


@given(RECORDS)
def test_records_are_read_back_with_where_they_end(records: list[tuple[int, bytes]]) -> None:
    path = Path(f"/proc/self/fd/{(file := os.memfd_create('segment'))}")
    os.write(file, encode(records))
    ends = [8 + sum(9 + len(payload) for _, payload in records[: n + 1]) for n in range(len(records))]
    assert list(read_records(path)) == [
        (end, kind, payload) for end, (kind, payload) in zip(ends, records, strict=True)
    ]
    os.close(file)


def test_another_format_holds_no_records(tmp_path: Path) -> None:
    path = tmp_path / f"1{SUFFIX}"
    path.write_bytes(encode([(1, b"first")]).replace(MAGIC, b"smspool2"))
    assert list(read_records(path)) == []
    assert cut_torn_tail(path, path.stat().st_size) == path.stat().st_size


def test_a_torn_record_is_cut_off_and_a_damaged_one_is_not(tmp_path: Path) -> None:
    whole = encode([(1, b"first"), (1, b"second")])
    path = tmp_path / f"1{SUFFIX}"
    for cut in range(1, 9 + 6):
        path.write_bytes(whole[:-cut])
        assert cut_torn_tail(path, len(whole) - cut) == path.stat().st_size == 8 + 9 + 5
    path.write_bytes(whole.replace(b"second", b"sekond"))
    assert cut_torn_tail(path, len(whole)) == path.stat().st_size == len(whole)
    assert [payload for _, _, payload in read_records(path)] == [b"first"]


def test_a_length_beyond_the_file_ends_it(tmp_path: Path) -> None:
    path = tmp_path / f"1{SUFFIX}"
    path.write_bytes(encode([(1, b"first")]) + b"\xff\xff\xff\xff\x01\0\0\0\0" + bytes(100))
    assert [payload for _, _, payload in read_records(path)] == [b"first"]


def test_files_and_directories_are_flushed_and_closed(tmp_path: Path) -> None:
    synced: list[str] = []
    before = os.listdir("/proc/self/fd")
    for path in (tmp_path, tmp_path / "file"):
        (tmp_path / "file").touch()
        flush(path, lambda file: synced.append(os.readlink(f"/proc/self/fd/{file}")))
    assert synced == [str(tmp_path), str(tmp_path / "file")]
    assert os.listdir("/proc/self/fd") == before
