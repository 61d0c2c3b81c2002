"""The entry point of the ``spanmesh`` command: checks the installation, then runs the command line."""

import sys
from importlib.util import find_spec


def main() -> None:
    """Run the command line, or exit with one line that says how to repair a broken installation."""
    # The distribution proxy.py installs a package of the same name; whichever came last wins.
    spec = find_spec("proxy")
    if spec is None or find_spec("proxy.contract") is None:
        where = f" (found {spec.origin})" if spec else ""
        sys.exit(
            f"spanmesh: the package 'proxy' is not spanmesh's{where}. "
            "Fix: pip uninstall proxy.py && pip install --force-reinstall spanmesh"
        )
    from deploy.cli.commands import app  # after the check: everything beyond it imports proxy.contract

    app()


if __name__ == "__main__":
    main()
