"""What a user can mend. Apart from ``settings``, so that it costs no validator to name it."""


class ConfigError(Exception):
    """The configuration must be changed before the process can start; the text says how."""
