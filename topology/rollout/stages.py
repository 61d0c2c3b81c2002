"""The adoption stage of each service and who set it: the latest change wins."""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from proxy.contract.decisions.evidence import ArmComparison, StageChange, StageSetting
from proxy.contract.decisions.kinds import StageOrigin
from proxy.contract.model import Stage
from proxy.contract.service_id import ServiceId, ServiceNames
from topology.model.decisions import Decision
from topology.policy.models import Policy

_HISTORY: Final = 20  # changes kept of each service


@dataclass(frozen=True, slots=True)
class Setting:
    """A service's stage. ``updated`` is epoch seconds, 0 when nobody ever set it."""

    stage: Stage = Stage.OBSERVE
    percent: int = 0
    origin: StageOrigin = StageOrigin.DEFAULT
    updated: float = 0.0


_NEVER_SET: Final = Setting()


class Stages:
    """The stages of all services. mesh.yaml sets one when it changes, the API when it is called."""

    def __init__(self) -> None:
        self._settings: dict[ServiceId, Setting] = {}
        self._file: dict[ServiceId, tuple[Stage, int]] = {}
        self._history: dict[ServiceId, deque[Decision]] = {}
        self._without_namespace: set[ServiceId] = set()  # services that existed since the start

    def of(self, service: ServiceId) -> Setting:
        """Return the setting in force."""
        # One object for all: a step asks for every service, and compares with what it got before.
        return self._settings.get(service, _NEVER_SET)

    def rename(self, before: ServiceId, after: ServiceId) -> None:
        """Carry over what was set for a service that turned out to be another; nothing is decided anew."""
        setting = self._settings.pop(before, None)
        if setting is not None and setting.updated >= self.of(after).updated:
            self._settings[after] = setting
        if before in self._file:
            self._file[after] = self._file.pop(before)
        if before in self._history:
            changes = (replace(each, service=after) for each in self._history.pop(before))
            self._history[after] = deque(changes, maxlen=_HISTORY)

    def adopt(self, services: Collection[ServiceId]) -> None:
        """Give each of the existing services what was set for it under another spelling of its name, or for
        its name before its namespace was known.

        Older releases knew services by name alone and stored stages so. A name that was a service without
        a namespace since the start keeps what was set for it: that service is away.
        """
        self._without_namespace.update(each for each in services if not each.namespace)
        names = ServiceNames(services)
        # What a name in mesh.yaml means is resolved with the rest of the file.
        for before in self._settings.keys() - self._without_namespace - self._file.keys():
            after = names.recognise(before)
            if after != before and (not before.namespace or after.caseless == before.caseless):
                self.rename(before, after)

    def history(self, service: ServiceId) -> tuple[Decision, ...]:
        """Return the last changes, newest first."""
        return tuple(reversed(self._history.get(service, ())))

    def set(
        self,
        service: ServiceId,
        stage: Stage,
        percent: int,
        origin: StageOrigin,
        now: float,
        *,
        by: str = "",
        why: str = "",
        harm: ArmComparison | None = None,
    ) -> list[Decision]:
        """Put a stage in force; ``by`` is who asked for it, ``why`` a reason beyond being asked.

        Raises ValueError when percent is not within 0 to 100.
        """
        if not 0 <= percent <= 100:
            raise ValueError(f"percent is {percent}: write a whole number from 0 to 100")
        before = self.of(service)
        after = Setting(stage, percent if stage is Stage.ROUTE else 0, origin, now)
        self._settings[service] = after
        # The same stage set again changes who set it and when, and is no decision to show.
        if (before.stage, before.percent) == (after.stage, after.percent):
            return []
        old, new = (StageSetting(each.stage, each.percent) for each in (before, after))
        who = f"{by} over the {origin}" if by else f"the {origin}" if origin is StageOrigin.GUARD else origin
        reason = f"{service.name} goes from {_words(before)} to {_words(after)}, set by {who}"
        evidence = StageChange(old, new, origin, by, harm)
        decision = Decision(now, service, f"{reason}: {why}" if why else reason, evidence)
        self._history.setdefault(service, deque(maxlen=_HISTORY)).append(decision)
        return [decision]

    def follow(self, change: Decision) -> bool:
        """Put in force a change by another collector, or by this one before a restart; True if it was news.

        The later change wins wherever the two meet, and of one millisecond the one that routes more, so that
        all collectors end at the same stage. It keeps its time: following is no new change. Raises TypeError
        for a decision that is no change of a stage.
        """
        if not isinstance(change.evidence, StageChange):
            raise TypeError(f"a change of a stage is wanted, not {change.kind}")
        stage, percent = change.evidence.after.stage, change.evidence.after.percent
        before = self.of(change.service)
        if (_millisecond(change.time), _reach(stage, percent)) <= (
            _millisecond(before.updated),
            _reach(before.stage, before.percent),
        ):
            return False
        self._settings[change.service] = Setting(stage, percent, change.evidence.origin, change.time)
        if (before.stage, before.percent) == (stage, percent):
            return False
        self._history.setdefault(change.service, deque(maxlen=_HISTORY)).append(change)
        return True

    def apply(self, policy: Policy, now: float) -> list[Decision]:
        """Put in force what a new mesh.yaml changed since the last one; the rest is not touched."""
        wanted = {
            name: (entry.stage, 100 if entry.percent is None else entry.percent)
            for name, entry in policy.services.items()
            if entry.stage is not None
        }
        decisions = []
        for service, (stage, percent) in wanted.items():
            # Only what changed in the file: otherwise each reload would undo what the API has set since.
            if self._file.get(service) != (stage, percent):
                decisions += self.set(service, stage, percent, StageOrigin.FILE, now)
        for service in self._file.keys() - wanted.keys():
            # Removing a line takes back what that line did, not what somebody set by the API after it.
            if self.of(service).origin is StageOrigin.FILE:
                decisions += self.set(service, Stage.OBSERVE, 0, StageOrigin.DEFAULT, now)
        self._file = wanted
        return decisions


def _millisecond(time: float) -> int:
    # As the store keeps it, which cuts off; what comes back from there may be a hair below.
    return int(time * 1000 + 0.01)


def _reach(stage: Stage, percent: int) -> tuple[int, int]:
    return list(Stage).index(stage), percent


def _words(setting: Setting) -> str:
    return f"route {setting.percent} %" if setting.stage is Stage.ROUTE else setting.stage.value
