"""The answers of an endpoint beside its peers': is one that they would not give. Pure.

A missing page or a caller without credentials is refused by every endpoint; an endpoint that alone refuses,
or redirects, what its peers answer is at fault, and is usually quicker at it than they are. A run of such
answers decides: if a peer gives one with probability p, r of them in a row happen by chance with
probability p^r. Only answers to requests for which the mesh chose the endpoint count: an application may
keep callers of one kind at one endpoint.
"""

from collections.abc import Iterable
from math import sqrt
from typing import Final

from proxy.contract.traffic import Answer

# Answers after which the counts are halved: what an endpoint did a while ago says little of its peers now.
WINDOW: Final = 16
# Fewest wrong answers in a row, and the chance of a run below which it is none.
LEAST: Final = 3
CHANCE: Final = 1e-4
# Answers of peers without which nothing is compared, and most peers looked at: this is done for a request.
KNOWN: Final = 10
_PEERS: Final = 32
# Of a run: the peers' share is known for that many answers about, and not for hundreds.
_LONGEST: Final = 40
_SHARE: Final = 0.125  # of the running share of shed requests that one answer is
_Z: Final = 2.0  # standard errors by which the peers' share may be higher than what was seen of it


class Answers:
    """The classes of an endpoint's last answers.

    ``run`` counts those like the last one without another in between, ``shed`` is the share of those that
    asked for less load. ``faulty`` says that its last failure was an answer that its peers do not give.
    """

    __slots__ = ("_redirects", "_refusals", "faulty", "last", "run", "shed", "total")

    def __init__(self) -> None:
        self.total = 0
        self.last = Answer.OK
        self.run = 0
        self.shed = 0.0
        self.faulty = False
        self._redirects = 0
        self._refusals = 0

    def add(self, answer: Answer) -> None:
        """Count an answer that is no failure."""
        if answer is Answer.SHED:
            # Apart from the others: load comes and goes, and says nothing of what its peers would answer.
            self.shed += (1.0 - self.shed) * _SHARE
            return
        if self.shed:
            self.shed *= 1.0 - _SHARE
        if self.total >= WINDOW:
            self.total //= 2
            self._redirects //= 2
            self._refusals //= 2
        self.total += 1
        if answer is Answer.OK:
            self.run = 0
            return
        self.run = self.run + 1 if answer is self.last else 1
        self.last = answer
        if answer is Answer.REDIRECT:
            self._redirects += 1
        else:
            self._refusals += 1

    def count(self, answer: Answer) -> int:
        """Return how many of ``total`` were redirects or refusals."""
        return self._redirects if answer is Answer.REDIRECT else self._refusals

    def wrong(self, peers: Iterable["Answers"]) -> bool:
        """True if the last answers are of a class that these peers do not give: by more than chance."""
        if self.run < LEAST:
            return False
        total = alike = 0
        for _, peer in zip(range(_PEERS), peers, strict=False):
            if peer is not self:
                total += peer.total
                alike += peer.count(self.last)
        return total >= KNOWN and _most(alike, total) ** min(self.run, _LONGEST) < CHANCE


def _most(part: int, total: int) -> float:
    """Return the upper end of the Wilson interval of a share (see topology/evidence/peer_tallies)."""
    share, square = part / total, _Z * _Z
    half = _Z * sqrt(share * (1.0 - share) / total + square / (4.0 * total * total))
    return (share + square / (2.0 * total) + half) / (1.0 + square / total)
