"""How far routing is on for each service, and who said so: the latest word wins."""

from dataclasses import dataclass

from proxy.contract.model import Stage
from topology.model import Decision
from topology.policy import Policy

DEFAULT = "default"
FILE = "mesh.yaml"


@dataclass(frozen=True, slots=True)
class Setting:
    """A service's stage. ``updated`` is epoch seconds, 0 when nobody ever set it."""

    stage: Stage = Stage.OBSERVE
    percent: int = 0
    origin: str = DEFAULT
    updated: float = 0.0


class Stages:
    """Settings by service. mesh.yaml speaks when it changes, the API when it is called."""

    def __init__(self) -> None:
        self._settings: dict[str, Setting] = {}
        self._file: dict[str, tuple[Stage, int]] = {}

    def of(self, service: str) -> Setting:
        """The setting in force."""
        return self._settings.get(service) or Setting()

    def set(self, service: str, stage: Stage, percent: int, origin: str, now: float) -> list[Decision]:
        """Put a stage in force. Raises ValueError when percent is not within 0 to 100."""
        if not 0 <= percent <= 100:
            raise ValueError(f"percent is {percent}: write a whole number from 0 to 100")
        before = self.of(service)
        after = Setting(stage, percent if stage is Stage.ROUTE else 0, origin, now)
        self._settings[service] = after
        if (before.stage, before.percent) == (after.stage, after.percent):
            return []
        evidence = {
            "from": before.stage.value, "from_percent": before.percent,
            "to": after.stage.value, "to_percent": after.percent, "origin": origin,
        }
        reason = f"{service} goes from {_words(before)} to {_words(after)}, set by {origin}"
        return [Decision(now, "stage", service, reason, evidence=evidence)]

    def apply(self, policy: Policy, now: float) -> list[Decision]:
        """A new mesh.yaml: what it changed since the last one is in force, the rest is not touched."""
        wanted = {
            name: (entry.stage, 100 if entry.percent is None else entry.percent)
            for name, entry in policy.services.items() if entry.stage is not None
        }
        decisions = []
        for service, (stage, percent) in wanted.items():
            if self._file.get(service) != (stage, percent):
                decisions += self.set(service, stage, percent, FILE, now)
        for service in self._file.keys() - wanted.keys():
            if self.of(service).origin == FILE:
                decisions += self.set(service, Stage.OBSERVE, 0, DEFAULT, now)
        self._file = wanted
        return decisions


def _words(setting: Setting) -> str:
    return f"route {setting.percent} %" if setting.stage is Stage.ROUTE else setting.stage.value
