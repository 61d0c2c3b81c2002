"""Decisions of others, each once, and only those to act on."""

import json
from typing import Any

from collector.federation.remote_decisions import RemoteDecisions, is_shared_stage
from proxy.contract.decisions.codec import VERSION, dumps
from tests.collector.made import ejection, stage_decision
from topology.model.decisions import Decision

NOW = 1000.0


def row(made: Decision, collector: str = "A", **changed: Any) -> tuple[Any, ...]:
    evidence = json.dumps(json.loads(dumps(made.evidence)) | changed)
    return (collector, int(made.time * 1000), made.kind, made.service, made.endpoint, made.reason, evidence)


def test_an_ejection_is_new_once_and_only_while_it_is_in_force() -> None:
    remote = RemoteDecisions()
    out, over = ejection(NOW - 2, "back", "b:1", NOW + 3), ejection(NOW - 9, "back", "b:2", NOW - 1)
    assert remote.take([row(over), row(out)], NOW).ejections == [("A", out)]
    assert remote.take([row(out)], NOW).ejections == []
    assert remote.take([row(out, collector="B")], NOW).ejections == [("B", out)]


def test_a_stage_holds_for_all_unless_mesh_yaml_set_it() -> None:
    api = stage_decision(NOW, "back", "route", 30)
    file = stage_decision(NOW, "cart", "route", 9, "mesh.yaml")
    assert RemoteDecisions().take([row(api), row(file)], NOW).stages == [api]
    others = (api, file, ejection(NOW, "back", "b:1", NOW))
    assert [is_shared_stage(each) for each in others] == [True, False, False]


def test_what_a_newer_release_says_is_not_acted_on() -> None:
    newer = row(ejection(NOW - 2, "back", "b:1", NOW + 3), version=VERSION + 1)
    stage = row(stage_decision(NOW, "back", "route", 30), version=VERSION + 1)
    new = RemoteDecisions().take([newer, stage, ("A", 1, "mirror", "back", "b:1", "why", "{}")], NOW)
    assert (new.stages, new.ejections) == ([], [])
