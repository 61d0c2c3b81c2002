"""The error that a user can mend. A module of its own, so that raising it imports nothing else."""

CONFIG_EXIT = 2
"""The exit status of a process whose configuration must change before a start can succeed."""


class ConfigError(Exception):
    """The configuration must be changed before the process can start; the text says how."""
