"""Choosing one option per unit under named rules, with a certificate."""

from planner.allocation.charges import Charge, Charged, solve_charged
from planner.allocation.problem import Problem
from planner.allocation.result import Binding, Result
from planner.allocation.rules import (
    Adjacent,
    Apart,
    Belt,
    Budget,
    Compactness,
    Connected,
    Covered,
    Earthwork,
    Exclude,
    Limit,
    Lock,
    MinPatch,
    Quota,
    Share,
    Stockpile,
    Storage,
    WaterLevel,
)
from planner.allocation.rules.keep import Keep
from planner.allocation.several import Front, Sequel, evaluate, lexicographic, pareto, what_if
from planner.allocation.uncertainty import (
    Alternatives,
    Regret,
    alternatives,
    minimise_regret,
    robustness,
    value_of_locks,
)

__all__ = [
    "Adjacent",
    "Alternatives",
    "Apart",
    "Belt",
    "Binding",
    "Budget",
    "Charge",
    "Charged",
    "Compactness",
    "Connected",
    "Covered",
    "Earthwork",
    "Exclude",
    "Front",
    "Keep",
    "Limit",
    "Lock",
    "MinPatch",
    "Problem",
    "Quota",
    "Regret",
    "Result",
    "Sequel",
    "Share",
    "Stockpile",
    "Storage",
    "WaterLevel",
    "alternatives",
    "evaluate",
    "lexicographic",
    "minimise_regret",
    "pareto",
    "robustness",
    "solve_charged",
    "value_of_locks",
    "what_if",
]
