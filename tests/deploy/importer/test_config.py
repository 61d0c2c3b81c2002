"""The settings of the import."""

import pytest

from deploy.importer.config import ImportConfig
from proxy.contract.failure import ConfigError
from proxy.contract.settings import load


def test_a_destination_that_is_no_url_is_named_with_an_example() -> None:
    with pytest.raises(ConfigError, match=r"--to \(SPANMESH_TO\) is 'collector:4318': write it as http://"):
        load(ImportConfig, {"to": "collector:4318"}, {})


def test_the_switches_are_variables_too() -> None:
    config = load(ImportConfig, {}, {"SPANMESH_DRY_RUN": "true", "SPANMESH_TO": "http://mesh:4318/"})
    assert (config.to, config.dry_run, config.shift_to_now) == ("http://mesh:4318", True, False)
