"""The faults of a run: which, when, and for whom. Pure.

Eleven backends answer in 40 ms; clients send 440 requests a second together and count as bad
what failed or took longer than a second. A run warms up, then the fault lasts, then it is over.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

BACKENDS: Final = 11
LATENCY: Final = 0.04
SPREAD: Final = 0.002
RATE: Final = 440.0
SLA: Final = 1.0
CAPACITIES: Final = (1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4)

Behaviour = Mapping[str, Any]
_FINE: Final[Behaviour] = {}
_FAILS: Final[Behaviour] = {"fail": 1.0}
_MISSING: Final[Behaviour] = {"quick": "refused"}
_SHEDS: Final[Behaviour] = {"quick": "shed", "part": 0.5}
_EMPTY: Final[Behaviour] = {"quick": "ok"}


@dataclass(frozen=True)
class Scenario:
    """``fault`` seconds of ``behaviour`` at the ``faulty`` backends, after ``warm`` seconds.

    ``flap`` is the period of a fault that comes and goes. ``sick`` is a client for which alone the
    behaviour holds. ``slots`` (by backend) bound what is served at a time; 0 is no bound.
    """

    name: str
    behaviour: Behaviour = field(default_factory=dict)
    faulty: tuple[int, ...] = ()
    clients: int = 20
    warm: float = 8.0
    fault: float = 30.0
    after: float = 5.0
    flap: float = 0.0
    sick: str = ""
    slots: tuple[int, ...] = (0,) * BACKENDS
    latency: float = LATENCY
    rate: float = RATE

    @property
    def seconds(self) -> float:
        return self.warm + self.fault + self.after

    @property
    def bad(self) -> frozenset[int]:
        """Backends that may rightly be ejected."""
        alone = not self.sick and 0 < len(self.faulty) < BACKENDS
        return frozenset(self.faulty) if alone else frozenset()

    def plan(self, start: float) -> Iterator[tuple[float, int, Behaviour]]:
        """Return when which backend begins to do what."""
        if self.sick:
            return
        begin, end = start + self.warm, start + self.warm + self.fault
        period = self.flap or self.fault
        at, on = begin, True
        while at < end:
            for index in self.faulty:
                yield at, index, self.behaviour if on else _FINE
            at, on = at + period, not on
        for index in self.faulty:
            yield end, index, _FINE

    def shortened(self, fault: float) -> "Scenario":
        """Return the same with a fault of at most these seconds, and little after it where it is short."""
        return replace(self, fault=min(self.fault, fault), after=min(self.after, fault / 4))

    def slower(self, share: float) -> "Scenario":
        """The same with so much of the rate, where no capacity depends on it."""
        return self if any(self.slots) else replace(self, rate=self.rate * share)


def _both(name: str, **said: Any) -> tuple[Scenario, Scenario]:
    return Scenario(f"{name}, 1 client", clients=1, **said), Scenario(name, **said)


ALL: Final[Mapping[str, Scenario]] = {
    scenario.name: scenario
    for scenario in (
        *_both("none"),
        *_both("stall", behaviour={"add": 2.0}, faulty=(3,)),
        *_both("hang", behaviour={"hang": True}, faulty=(3,)),
        *_both("10x slow", behaviour={"times": 10.0}, faulty=(3,)),
        *_both("fast-fail", behaviour=_FAILS, faulty=(3,)),
        Scenario("fast-fail, 40 clients", _FAILS, (3,), clients=40),
        *_both("gray 20 %", behaviour={"fail": 0.2}, faulty=(3,)),
        Scenario(  # what settles: weights need a minute, and of a thousand requests 3 % are noise
            "capacities 1:2:4",
            slots=tuple(4 * each for each in CAPACITIES),
            latency=0.167,
            rate=430.0,
            warm=60.0,
            fault=120.0,
        ),
        Scenario("flapping", _FAILS, (3,), fault=60.0, flap=5.0),
        Scenario("5 of 11 fail", _FAILS, tuple(range(5))),
        Scenario("6 of 11 fail", _FAILS, tuple(range(6))),
        Scenario("6 of 11 fail, no room", _FAILS, tuple(range(6)), slots=(2,) * BACKENDS),
        Scenario("10 of 11 fail", _FAILS, tuple(range(10))),
        Scenario("all slow", {"times": 5.0}, tuple(range(BACKENDS))),
        Scenario("1 % errors everywhere", {"fail": 0.01}, tuple(range(BACKENDS)), warm=0.5),
        *_both("quick 404", behaviour=_MISSING, faulty=(3,)),
        Scenario("quick 404, 3 of 11", _MISSING, (3, 4, 5)),
        Scenario("quick 404 for half", {**_MISSING, "part": 0.5}, (3,)),
        Scenario("quick 302", {"quick": "redirect"}, (3,)),
        *_both("quick 429 for half", behaviour=_SHEDS, faulty=(3,)),
        *_both("quick empty 200", behaviour=_EMPTY, faulty=(3,)),
        Scenario("quick empty 200, 3 of 11", _EMPTY, (3, 4, 5)),
        Scenario("404 for a third everywhere", {**_MISSING, "part": 0.33}, tuple(range(BACKENDS))),
        Scenario("one bad client", {"times": 10.0}, tuple(range(6)), sick="0"),
    )
}
