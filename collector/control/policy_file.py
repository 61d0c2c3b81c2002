"""mesh.yaml on disk: read at start, watched after, the last good one kept."""

import logging
from pathlib import Path

from proxy.contract.failure import ConfigError
from proxy.contract.option import named
from topology.policy.mesh_yaml import parse
from topology.policy.models import Policy
from topology.policy.problems import PolicyError

_log = logging.getLogger(__name__)


class PolicyFile:
    """The file ``path`` names; an empty path is an empty policy that never changes."""

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path else None
        self._seen = 0

    @property
    def changed_at(self) -> float:
        """The time the file in force was written, epoch seconds; 0 without a file."""
        return self._seen / 1e9

    def load(self) -> Policy:
        """Read the file for the first time. Raises ConfigError naming each line, key and fix."""
        if self._path is None:
            return Policy()
        try:
            # Before the read: a file that changes in between is read again at the next look, rather than
            # missed. And before the parse: a wrong file is reported once, not each second.
            self._seen = self._path.stat().st_mtime_ns
            return parse(self._path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(_unreadable(self._path, error)) from None
        except PolicyError as error:
            raise ConfigError(_one_line(self._path, error)) from None

    def reload(self) -> Policy | None:
        """Return the policy if the file has changed and is good; None otherwise.

        Raises ConfigError, once for each change, when the changed file is not good.
        """
        if self._path is None:
            return None
        try:
            written = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            # Editors replace a file by removing it first: keep the last good one, look again.
            return None
        except OSError as error:
            raise ConfigError(_unreadable(self._path, error)) from None
        return None if written == self._seen else self.load()


def _unreadable(path: Path, error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
    return f"{named('config')} is {str(path)!r}: {reason}; make it a readable file or leave it out"


def _one_line(path: Path, error: PolicyError) -> str:
    return f"{path}: " + " | ".join(str(problem) for problem in error.problems)
