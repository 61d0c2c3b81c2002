"""The error that a user can mend. A module of its own, so that raising it imports nothing else."""


class ConfigError(Exception):
    """The configuration must be changed before the process can start; the text says how."""
