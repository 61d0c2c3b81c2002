"""Rows of the mesh's own tables, written and read."""

import json

from collector.control.mesh_rows import ZERO_BUCKET, decision_columns, edge_columns, read_decision
from proxy.contract.decisions.evidence import Unknown
from proxy.contract.histogram import bucket_index
from tests.collector.made import edge, ejection, stage_decision


def test_columns_of_both_tables() -> None:
    assert edge_columns([edge(7)], "c1") == {
        "Time": [7],
        "Source": ["front"],
        "Target": ["back"],
        "Protocol": ["http"],
        "Endpoint": ["10.0.0.1:80"],
        "Arm": ["direct"],
        "Count": [2],
        "Errors": [1],
        "Sum": [0.01],
        "Latency": [{bucket_index(0.01): 1, ZERO_BUCKET: 1}],
        "Encrypted": [0],
        "Clear": [2],
        "Collector": ["c1"],
    }
    columns = decision_columns([stage_decision(1.5, "back", "route", 25)], "c1")
    assert columns["Time"] == [1500]
    assert json.loads(columns["Evidence"][0]) == {
        "from": "observe",
        "from_percent": 0,
        "to": "route",
        "to_percent": 25,
        "origin": "api",
        "version": 1,
    }


def test_a_decision_is_read_back_as_it_was_stored() -> None:
    for made in (ejection(1.5, "back.shop", "10.0.0.1:80", 6.5), stage_decision(2.0, "back", "route", 25)):
        columns = decision_columns([made], "c1")
        names = ("Time", "Kind", "Service", "Endpoint", "Reason", "Evidence")
        assert read_decision(*(columns[name][0] for name in names)) == made


def test_a_row_that_nobody_can_read_is_still_a_decision() -> None:
    odd = read_decision(1500, "mirror", "back", "", "why", "odd")
    assert (odd.kind, odd.time, odd.evidence) == ("mirror", 1.5, Unknown("mirror", {"text": "odd"}))
