"""A problem is a sentence: these options, subject to these rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from planner.allocation.earlier import Start
from planner.allocation.objective import Objective
from planner.allocation.parts import Part, Rule
from planner.allocation.result import Result
from planner.allocation.search import Progress
from planner.allocation.solve import solve
from planner.allocation.table import OptionTable, read_options
from planner.errors import InvalidInput
from planner.words import say


@dataclass(frozen=True, eq=False)
class Problem:
    """One option per unit, subject to rules.

    options: frame indexed (unit_id, option) with target, treatment, area_mu, benefit_cny, cost_cny and, where rules use them,
    cut_m3, fill_m3, storage_m3 and any other numeric column. unrestored: add an all-zero "unrestored" option to every unit.
    units: all units there are, where some have no option in the frame. table: the options as arrays, read from the frame.

    Examples
    --------
    >>> import planner as pl
    >>> problem = pl.Problem(pl.samples.two_units()).subject_to(pl.Quota("green", min_mu=15))
    >>> result = problem.solve()
    >>> result.choice.to_dict(), result.objective  # free, u1 would be arable: 9 yuan
    ({'u1': 'green:level', 'u2': 'green:level'}, 6.0)
    """

    options: pd.DataFrame
    unrestored: bool = True
    units: Iterable[object] | None = None
    rules: tuple[Rule, ...] = ()
    table: OptionTable = field(default=None, repr=False)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.units is not None:
            object.__setattr__(self, "units", tuple(self.units))
        if getattr(self, "table", None) is None:
            object.__setattr__(self, "table", read_options(self.options, unrestored=self.unrestored, units=self.units))

    def subject_to(self, *rules: Rule) -> Problem:
        """The problem with more rules.

        Raises InvalidInput where an argument is no rule.
        """
        for rule in rules:
            if not callable(getattr(rule, "part", None)):
                raise InvalidInput(say("allocation.no_rule", rule=rule))
        return replace(self, rules=self.rules + tuple(rules))

    def without(self, *rules: Rule) -> Problem:
        """The problem without some of its rules (the same objects). Raises InvalidInput for one that is none of them."""
        self._own(rules)
        return replace(self, rules=tuple(r for r in self.rules if not any(r is dropped for dropped in rules)))

    def replaced(self, old: Rule, new: Rule) -> Problem:
        """The problem with one rule (the same object) changed for another. Raises InvalidInput where it is none of them."""
        self._own((old,))
        return replace(self, rules=tuple(new if r is old else r for r in self.rules))

    def _own(self, rules: Iterable[Rule]) -> None:
        for rule in rules:
            if not any(rule is mine for mine in self.rules):
                raise InvalidInput(say("allocation.rule_not_here", rule=str(rule)))

    def parts(self) -> tuple[Part, ...]:
        """What each rule adds, in the rules' order.

        Raises InvalidInput where a rule does not fit the options.
        """
        return tuple(rule.part(self.table) for rule in self.rules)

    def solve(
        self,
        *,
        gap: float = 1e-4,
        time_limit_s: float = 300.0,
        objective: str | Mapping[str, float] | Objective = "net",
        seed: int = 0,
        start: pd.Series[str] | Result | Start | None = None,
        progress: Progress | None = None,
        method: str = "choose",
        rounds: int | None = None,
    ) -> Result:
        """The best choice found and a bound that no plan exceeds.

        gap: relative gap to prove. time_limit_s: seconds after which the best plan so far is returned. objective: "net"
        (benefit − cost − compactness, the default), "cost", "land", a numeric column, or weights of these. start: an earlier
        plan to begin with. progress: called with (bound, best, gap) now and then. method: "choose", "milp" or "core". rounds:
        how often rules on patches are separated by branch and bound where a plan is known; by default until gap or time end it.

        Raises InvalidInput, Infeasible (naming the limits to relax) or NoPlanInTime.
        """
        return solve(
            self.table,
            self.rules,
            gap=gap,
            time_limit_s=time_limit_s,
            objective=objective,
            seed=seed,
            start=start,
            progress=progress,
            method=method,
            rounds=rounds,
        )

    def __str__(self) -> str:
        head = f"choose one of {self.table.size:,} options for {len(self.table.units):,} units, subject to"
        return "\n".join([head, *(f"  {rule}" for rule in self.rules)]) if self.rules else head.removesuffix(", subject to")
