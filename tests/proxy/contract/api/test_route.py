"""A route parses what its handler returned, and nothing else."""

import json
import subprocess
import sys

import pytest

from proxy.contract.api.mesh_routes import LATENCY, SERVICES
from proxy.contract.api.route import Route, window


def test_a_reply_is_parsed() -> None:
    reply = {"buckets": [{"low": 1.5, "high": 2.0, "count": 3}]}
    assert LATENCY.parse(json.dumps(reply).encode()) == reply


def test_a_newer_collector_may_say_more() -> None:
    reply = {"buckets": [], "new": 1}
    assert LATENCY.parse(json.dumps(reply).encode()) == {"buckets": []}


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"hello": 1}', b'{"services": [{}]}', b'{"services": 5}', b"\xff"]
)
def test_anything_else_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match="validation error"):
        SERVICES.parse(body)


def test_a_window_has_two_ends() -> None:
    start, end = window("an hour before", "before_", "`start`")
    assert (start.name, start.absent) == ("before_start", "an hour before")
    assert (end.name, end.absent) == ("before_end", "`start`")


def test_routes_are_got_unless_they_say_otherwise() -> None:
    assert Route("/x", "", dict[str, int]).method == "GET"


def test_the_data_plane_does_not_load_the_schema() -> None:
    """It has pydantic for its settings at most; the schema of the API is for those who serve and ask it."""
    script = (
        "import sys, proxy.app, proxy.supervisor, proxy.control\n"
        "loaded = [name for name in sys.modules if name.startswith('proxy.contract.api')]\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
