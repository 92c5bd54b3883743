"""What a node of the tree asks next: the question whose answers, either of them, cost the bound most.

How much a project's answers cost is learnt in the tree itself (pseudo-costs: Bénichou and others 1971), on trial while little
is known of it (reliability branching: Achterberg, Koch and Martin 2005). Before that a project counts by its yuan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from planner.portfolio.model import Model
from planner.portfolio.programme import Floats, Ints

WHOLE = 1e-6  # a choice nearer than this to 0 or 1 is one
KNOWN = 4  # answers of either kind after which a project is not tried any more
SLIGHT = 1e-6  # share of the bound below which every loss counts the same
NARROW = 1e-3  # share of a choice that is counted at least: what a crumb costs says nothing of the whole


def undecided(x: Floats) -> Ints:
    """The choices of (J,) that are neither taken nor left, ascending."""
    return np.flatnonzero((x > WHOLE) & (x < 1 - WHOLE))


@dataclass(frozen=True, eq=False)
class Question:
    """Whether a project is done in one of some ways (begun by a year, or in a variant). share: of them in the relaxation."""

    project: int
    ways: Ints
    share: float


@dataclass(eq=False)
class Learnt:
    """What answers have cost so far, by project: the sum, for a whole choice that had to move, and how many.

    least: loss below which none is told from another, in the objective's unit.
    """

    model: Model
    least: float
    yes: dict[int, tuple[float, int]] = field(default_factory=dict)
    no: dict[int, tuple[float, int]] = field(default_factory=dict)
    lost: float = 0.0
    yuan: float = 0.0

    def questions(self, x: Floats) -> list[Question]:
        """One for every project that is undecided at a point, (J,): the one that splits it most evenly."""
        cols, found = self.model.made.columns, []
        for i in np.unique(cols.project[undecided(x)]).tolist():
            js, best = self.model.of(i), Question(i, np.empty(0, dtype=np.int64), 0.0)
            by_year = [js[cols.start[js] <= year] for year in np.unique(cols.start[js])]
            for ways in (*by_year, *(js[cols.variant[js] == v] for v in np.unique(cols.variant[js]))):
                share = float(x[ways].sum())
                if min(share, 1 - share) > min(best.share, 1 - best.share):
                    best = Question(i, ways, share)
            if len(best.ways):
                found.append(best)
        return found

    def best_first(self, asked: Iterable[Question]) -> list[Question]:
        """Questions, the one expected to cost most first."""
        return sorted(asked, key=lambda q: -self.expected(q))

    def expected(self, q: Question) -> float:
        """`weight` of what its answers will cost."""
        either = self.lost / self.yuan if self.yuan else 1.0
        yes, no = (s / n if n else either * self.model.size[q.project] for s, n in self._of(q))
        return self.weight(yes * (1 - q.share), no * q.share)

    def weight(self, yes: float, no: float) -> float:
        """How good a question is of which the answers cost so much."""
        return max(yes, self.least) * max(no, self.least)

    def sure(self, q: Question) -> bool:
        """Whether enough is known of its project."""
        return min(n for _, n in self._of(q)) >= KNOWN

    def learn(self, q: Question, yes: float, no: float) -> None:
        """What the two answers cost."""
        for kind, cost, moved in ((self.yes, yes, 1 - q.share), (self.no, no, q.share)):
            before, count = kind.get(q.project, (0.0, 0))
            whole = cost / max(moved, NARROW)
            kind[q.project] = before + whole, count + 1
            self.lost, self.yuan = self.lost + whole, self.yuan + float(self.model.size[q.project])

    def _of(self, q: Question) -> tuple[tuple[float, int], tuple[float, int]]:
        return self.yes.get(q.project, (0.0, 0)), self.no.get(q.project, (0.0, 0))
