import subprocess
import sys

import pytest

from proxy.contract.address import check_address
from proxy.contract.failure import ConfigError


def test_it_imports_nothing_but_itself() -> None:
    """A command that fails on its first option must not load the rest of the program to say so."""
    code = """
import sys
before = set(sys.modules)
import proxy.contract.failure
print(*(set(sys.modules) - before))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(result.stdout.split()) == {"proxy", "proxy.contract", "proxy.contract.failure"}


def test_it_is_no_mistake_of_a_caller() -> None:
    """Commands print a ConfigError as one line; a ValueError is a defect and keeps its traceback."""
    assert not issubclass(ConfigError, ValueError)
    with pytest.raises(ValueError, match="write it as HOST:PORT") as raised:
        check_address("8080")
    assert not isinstance(raised.value, ConfigError)
