"""Fixed charges: a lump sum that falls due as soon as any unit of its own is treated.

Branch and bound over which sums are paid. Where that is open, the sum is spread over its units by their area: treating some of
them then costs no more than the sum, so that the plan found under it bounds every plan there is. Each branch is a problem
without charges, solved and proven by whatever method its shape asks for. Objective and `Budget` count them, spread or paid; any
other limit, `Keep` of a cost as well, counts what options cost alone.
Source: fixed-charge problem, Balinski 1961; linear bound of its charge, branch and bound, Land & Doig 1960.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from planner.allocation.objective import objective as objective_of
from planner.allocation.problem import Problem
from planner.allocation.result import Result, Status
from planner.allocation.rules import Budget, Lock
from planner.allocation.search import interruptible, relative_gap
from planner.allocation.table import Bools, Floats
from planner.errors import Infeasible, InvalidInput, NoPlanInTime
from planner.landuse import UNRESTORED
from planner.timelimit import now
from planner.words import say

SPREAD_COST, SPREAD_WORTH = "spread_cost_cny", "spread_worth_cny"  # columns of open sums: off the budget, off the objective
SHARE = 0.5  # of the gap asked for that every branch is proven to: the rest is for the bound over all of them


@dataclass(frozen=True)
class Charge:
    """A lump sum: name, units, yuan off the budget where it is paid, what that takes off the objective (of "net": the same)."""

    name: str
    units: frozenset[str]
    cny: float
    worth: float


@dataclass(frozen=True, eq=False)
class Charged:
    """A plan under charges: the result (objective, bound and gap with the charges taken off) and which are paid, by charge."""

    result: Result
    paid: tuple[bool, ...]


@dataclass(order=True, frozen=True)
class _Branch:
    """What is settled of the charges: True paid, False not, None open; the best first by its bound."""

    minus_bound: float
    number: int
    state: tuple[bool | None, ...] = field(compare=False)


def solve_charged(
    problem: Problem, charges: Sequence[Charge], *, gap: float = 1e-4, time_limit_s: float = 300.0, objective: str, **how: Any
) -> Charged:
    """The best choice under fixed charges and a bound that no plan exceeds; arguments as `Problem.solve`.

    objective: "net" or "npv". Raises InvalidInput for a charge without units or below zero, Infeasible, NoPlanInTime.
    """
    for charge in charges:
        if charge.cny < 0 or charge.worth < 0 or not charge.units:
            raise InvalidInput(say("allocation.bad_charge", name=charge.name, cny=charge.cny))
    search = _Search(problem, tuple(charges), gap, time_limit_s, objective, how)
    with interruptible(search.stop):
        return search.run()


class _Search:
    """The open branches, and the best plan with its charges so far."""

    def __init__(
        self,
        problem: Problem,
        charges: tuple[Charge, ...],
        gap: float,
        limit_s: float,
        objective: str,
        how: dict[str, Any],
    ) -> None:
        self.problem, self.charges, self.gap, self.limit_s = problem, charges, gap, limit_s
        self.objective, self.how, self.began = objective, how, now()
        self.stop = threading.Event()  # set by Ctrl-C, between searches and by one that was ended by it
        self.best: tuple[float, Result, tuple[bool, ...]] | None = None
        self.spare = 0.0  # yuan that the best plan's branch pays and it does not owe
        self.tried: set[tuple[bool, ...]] = set()
        options = problem.options
        unit = options.index.get_level_values(0).astype(str)
        treats = (options["target"] != UNRESTORED).to_numpy()
        self.masks = [np.asarray(unit.isin(list(c.units)) & treats) for c in charges]
        self.shares = [_shares(options, mask, unit) for mask in self.masks]

    @property
    def left_s(self) -> float:
        """Seconds that are left, none after Ctrl-C."""
        return 0.0 if self.stop.is_set() else self.limit_s - (now() - self.began)

    def run(self) -> Charged:
        """Best branch first, until its bound is within the gap of the best plan or time is up."""
        count = itertools.count()
        first: Infeasible | None = None
        queue: list[_Branch] = [_Branch(-np.inf, next(count), (None,) * len(self.charges))]
        closed = -np.inf  # the best bound of branches that need no further look
        while queue:
            branch = heapq.heappop(queue)
            if self.best is not None and (-branch.minus_bound <= self._enough() or self.left_s <= 0):
                heapq.heappush(queue, branch)
                break
            try:
                found = self._solved(branch.state)
            except Infeasible as error:
                first = first or error
                continue
            except (NoPlanInTime, KeyboardInterrupt):
                heapq.heappush(queue, branch)
                if self.best is None:
                    raise
                break
            bound = min(found.bound - self._worth(branch.state), -branch.minus_bound)
            used = self._used(found.choice)
            paid = tuple(bool(u > 0) if s is None else s for s, u in zip(branch.state, used, strict=True))
            self._take(paid, found, settled=None not in branch.state)
            split = self._most_open(branch.state, used)
            if split is None:
                closed = max(closed, bound)
                continue
            for way in (True, False):
                state = tuple(way if k == split else s for k, s in enumerate(branch.state))
                heapq.heappush(queue, _Branch(-bound, next(count), state))
        if self.best is None:
            raise first or NoPlanInTime(say("allocation.no_charged_plan", seconds=self.limit_s))
        return self._account(max([closed, *(-branch.minus_bound for branch in queue)]))

    def _enough(self) -> float:
        """A bound up to which a branch can win nothing that the gap asks for."""
        assert self.best is not None
        return self.best[0] + (1.0 - SHARE) * self.gap * abs(self.best[0])

    def _worth(self, state: Sequence[bool | None]) -> float:
        return sum(c.worth for c, s in zip(self.charges, state, strict=True) if s)

    def _solved(self, state: tuple[bool | None, ...], start: pd.Series[str] | None = None) -> Result:
        """The problem of a branch: paid sums off the budget, open ones spread, the land of those that are not left as it is.

        It may take half of the time that is left, so that what follows has some. start: a choice to begin with.
        """
        options = self.problem.options
        cost, value = np.zeros(len(options)), np.zeros(len(options))
        off, locks = 0.0, []
        for charge, share, settled in zip(self.charges, self.shares, state, strict=True):
            if settled is None:
                cost, value = cost + charge.cny * share, value + charge.worth * share
            elif settled:
                off += charge.cny
            else:
                locks += [Lock(unit, UNRESTORED) for unit in sorted(charge.units)]
        priced = options.assign(**{SPREAD_COST: cost, SPREAD_WORTH: value})
        rules = [self._less(rule, off) for rule in self.problem.rules]
        smaller = Problem(priced, self.problem.unrestored, self.problem.units).subject_to(*rules, *locks)
        goal = objective_of(smaller.table, self.objective)
        goal = replace(goal, gain=goal.gain - smaller.table.values[SPREAD_WORTH])
        seconds = max(0.5 * self.left_s, 0.01)
        found = smaller.solve(objective=goal, gap=SHARE * self.gap, time_limit_s=seconds, start=start, **self.how)
        if found.status is Status.INTERRUPTED:
            self.stop.set()
        return found

    def _less(self, rule: Any, off: float) -> Any:
        """A budget with what is paid beside the options; any other rule as it is."""
        if not isinstance(rule, Budget) or rule.years is not None:
            return rule
        if rule.max_cny < rule.beside_cny + off:
            words = say("allocation.charges_above_budget", charges=rule.beside_cny + off, limit=rule.max_cny)
            raise Infeasible(words, conflicts=(rule.told,), relaxations=(words,))
        return replace(rule, beside_cny=rule.beside_cny + off, spread=SPREAD_COST)

    def _used(self, choice: pd.Series[str]) -> Floats:
        """Share of each charge's land that a choice treats, (n,)."""
        index = self.problem.options.index
        taken = pd.MultiIndex.from_arrays([choice.index.astype(str), choice.astype(str)])
        chosen = np.asarray(pd.MultiIndex.from_arrays([index.get_level_values(k).astype(str) for k in (0, 1)]).isin(taken))
        return np.array([float(s[chosen & m].sum()) for m, s in zip(self.masks, self.shares, strict=True)])

    def _take(self, paid: tuple[bool, ...], near: Result, *, settled: bool) -> None:
        """The plan in which exactly these sums may fall due, where it is the best so far; near: of its branch, begun at.

        settled: the branch's own result is that plan, or else may be under sums that were spread.
        """
        if paid in self.tried:
            return
        self.tried.add(paid)
        try:
            found = near if settled else self._solved(paid, near.choice)
        except (Infeasible, NoPlanInTime, KeyboardInterrupt):
            return
        due = tuple(bool(u > 0) for u in self._used(found.choice))
        value = found.objective - self._worth(due)
        if self.best is None or value > self.best[0]:
            self.best = (value, found, due)
            self.spare = sum(c.cny for c, p, d in zip(self.charges, paid, due, strict=True) if p and not d)

    def _most_open(self, state: Sequence[bool | None], used: Floats) -> int | None:
        """The open charge of which most is not yet counted, None where all are counted whole."""
        missing = [
            c.worth * (1.0 - u) if s is None and 0 < u < 1 - 1e-12 else 0.0
            for c, s, u in zip(self.charges, state, used, strict=True)
        ]
        k = int(np.argmax(missing))
        return k if missing[k] > 0 else None

    def _account(self, bound: float) -> Charged:
        assert self.best is not None
        value, found, paid = self.best
        bound = max(bound, value)
        gap = relative_gap(value, bound)
        short = Status.TIME_LIMIT if self.left_s <= 0 else Status.FEASIBLE
        proven = Status.OPTIMAL if gap <= self.gap + 1e-12 else short
        status = Status.INTERRUPTED if self.stop.is_set() else proven
        found = replace(found, chosen=found.chosen.drop(columns=[SPREAD_COST, SPREAD_WORTH]))
        found = replace(found, rows=self._as_owed(found.rows))
        seconds = now() - self.began
        return Charged(replace(found, status=status, objective=value, bound=bound, gap=gap, seconds=seconds), paid)

    def _as_owed(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The limits as the best plan stands to them: budgets without the sums that it does not owe."""
        counts = [i for i, r in enumerate(self.problem.rules) if isinstance(r, Budget) and r.years is None]
        less = np.where(rows["owner"].isin(counts), self.spare, 0.0)
        return rows.assign(activity=rows["activity"] - less, slack=rows["slack"] + less)


def _shares(options: pd.DataFrame, mask: Bools, unit: pd.Index[Any]) -> Floats:
    """Each option's share of its charge, by its unit's area; every unit's whole share wherever it is treated, (K,)."""
    area = options["area_mu"].to_numpy(float)
    of_unit = pd.Series(np.where(mask, area, np.nan)).groupby(unit.to_numpy()).max()
    total = float(of_unit.sum())
    if not total > 0:
        return np.zeros(len(options))
    by_option = pd.Series(of_unit.reindex(unit).to_numpy())
    return np.where(mask, by_option.fillna(0.0).to_numpy() / total, 0.0)
