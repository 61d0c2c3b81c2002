import pytest

from dashboard.config import DashboardConfig
from proxy.contract.failure import ConfigError
from proxy.contract.settings import load


def test_defaults_are_the_documented_ports() -> None:
    config = load(DashboardConfig, {}, {})
    assert (config.listen, config.api) == ("127.0.0.1:8050", "http://127.0.0.1:16686")


@pytest.mark.parametrize(
    ("key", "value"), [("api", "localhost:16686"), ("api", "http://"), ("listen", "8050")]
)
def test_a_bad_value_names_the_option_and_an_example(key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"--{key} .*for example"):
        load(DashboardConfig, {key: value}, {})


def test_a_slash_at_the_end_of_the_api_does_no_harm() -> None:
    assert load(DashboardConfig, {"api": "http://mesh:16686/"}, {}).api == "http://mesh:16686"
