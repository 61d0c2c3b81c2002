"""The engine's settings: all can be set, bounds are checked, and defaults fit together."""

import pytest

from proxy.contract.failure import ConfigError
from proxy.contract.option import settings_of
from proxy.contract.settings import load
from topology.settings import EngineSettings


def test_the_environment_sets_what_no_flag_does() -> None:
    settings = load(EngineSettings, {"eject_share": "0.25"}, {"SPANMESH_EJECT_FAILURES": "9"})
    assert (settings.eject_share, settings.eject_failures) == (0.25, 9)
    assert settings.slow_start == EngineSettings().slow_start


@pytest.mark.parametrize(
    ("name", "value", "bound"),
    [
        ("eject_share", "1.5", "write a number from 0 to 1$"),
        ("slow_factor", "1", "write a number above 1$"),
        ("stall_seconds", "0.1", "write a number at least 0.2$"),
        ("eject_failures", "2.5", "write a whole number above 0$"),
    ],
)
def test_a_value_out_of_bounds_names_the_bound(name: str, value: str, bound: str) -> None:
    flag = name.replace("_", "-")
    with pytest.raises(ConfigError, match=rf"^--{flag} \(SPANMESH_{name.upper()}\) is '{value}': .*{bound}"):
        load(EngineSettings, {name: value}, {})


def test_defaults_are_valid_and_fit_together() -> None:
    defaults = EngineSettings()
    texts = {each.name: str(each.default) for each in settings_of(EngineSettings)}
    assert load(EngineSettings, texts, {}) == defaults
    # A sidecar avoids by weight what is less slow; what is ejected must be called slow first.
    assert defaults.eject_slow_factor > defaults.slow_factor
    assert defaults.eject_slow_floor > defaults.slow_floor
    assert defaults.eject_seconds < defaults.eject_seconds_max
    assert defaults.stall_seconds < defaults.stall_seconds_unknown
