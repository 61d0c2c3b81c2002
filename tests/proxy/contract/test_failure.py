"""The error to mend costs nothing to name."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_it_brings_neither_validator_nor_command_line() -> None:
    program = (
        "import sys; from proxy.contract.failure import ConfigError; import proxy.config; "
        "print(*sorted({'pydantic', 'typer', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
