"""What comes back: the choice with its certificate, what binds, what every limit costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import pandas as pd

from planner.allocation.bound import Multipliers
from planner.allocation.objective import Objective
from planner.allocation.search import Warm
from planner.allocation.table import Floats


class Status(StrEnum):
    """How a search ended: within the gap asked for, with a larger one, at its time limit, or by Ctrl-C."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    TIME_LIMIT = "time_limit"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Binding:
    """A limit that holds the plan back.

    rule: its name in results. shadow_price: what the objective gains if the limit rises by one of its unit. limit: the end that
    presses; activity: where the plan stands. kind: quota, budget, storage, limit, share, import, export … . target, treatment,
    name: what it counts, empty where all of it. low, high: its ends, None where it has none.
    """

    rule: str
    shadow_price: float
    unit: str
    limit: float
    activity: float
    kind: str = ""
    target: str = ""
    treatment: str = ""
    name: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class RowPrice:
    """A row's price as searches use it, by what the row is about (as in `Binding`); where a limit stands on what is bought for
    the row it is that of the row itself, whatever the limit is worth."""

    kind: str
    target: str
    treatment: str
    name: str
    unit: str
    shadow_price: float


@dataclass(frozen=True, eq=False)
class Result:
    """An allocation and how far it can be trusted.

    choice: option of each unit, Series by unit_id. chosen: the chosen rows of the options table, by unit_id.
    status: "optimal", "feasible", "time_limit" or "interrupted".
    objective, bound, gap: in the objective's unit; no plan is better than `bound`; gap = |bound − objective| / |objective|.
    shadow_prices: change of the objective when a limit rises by one of its unit, by limit, from the linear relaxation.
    rows: every limit with `rule`, `owner` (the rule's position), `unit`, `min`, `max`, `activity`, `slack`, `shadow_price`,
    `binding`, and the stands of the limit between which the price holds (`holds_from`, `holds_to`; NaN else).
    bound_from_prices: the bound that the shadow prices alone prove, in closed form.
    next_best: per unit `option` (the best other one at these prices) and `regret` (what taking it would lose).
    worth: what each option (unit_id, option) brings once it pays the shadow prices of the limits it uses, objective's unit.
    method: which method answered and why its bound is one.
    multipliers: prices of the limits in the methods' own sense. aim: the objective itself. haul_cny: what carrying earth costs.
    proof: these prices with those of borders and earth: what `bound_from_prices` is worked out from.
    warm, row_prices: prices from which a search under other limits goes on.
    """

    choice: pd.Series[str]
    chosen: pd.DataFrame
    status: Status
    objective: float
    bound: float
    gap: float
    shadow_prices: pd.Series[float]
    binding: tuple[Binding, ...]
    rows: pd.DataFrame
    next_best: pd.DataFrame
    worth: pd.Series[float]
    seconds: float
    method: str
    sense: str
    goal: str
    unit: str
    notes: tuple[str, ...] = ()
    bound_from_prices: float = float("nan")
    multipliers: Floats = field(default_factory=lambda: np.empty(0), repr=False)
    aim: Objective | None = field(default=None, repr=False)
    haul_cny: float = 0.0
    warm: Warm | None = field(default=None, repr=False)
    proof: Multipliers | None = field(default=None, repr=False)
    row_prices: tuple[RowPrice, ...] = field(default=(), repr=False)

    def totals(self) -> pd.DataFrame:
        """Sums of the numeric columns by target, with the number of units."""
        numbers = self.chosen.select_dtypes(include="number")
        table = numbers.groupby(self.chosen["target"]).sum()
        table.insert(0, "units", self.chosen.groupby("target").size())
        return table

    def __str__(self) -> str:
        areas = ", ".join(f"{t} {a:,.1f} mu" for t, a in self.chosen.groupby("target")["area_mu"].sum().items())
        return (
            f"{self.status}: {self.goal} {self.objective:,.2f} {self.unit}, bound {self.bound:,.2f}, gap {self.gap:.2g}, "
            f"{self.seconds:.2f} s by {self.method}\n{areas}"
        )
