"""What is maximised: net benefit, least cost, most land, weights of them, or any numeric column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from planner.allocation.checks import finite_column
from planner.allocation.table import Floats, OptionTable
from planner.errors import InvalidInput
from planner.landuse import LAND
from planner.parameters import nearest
from planner.words import say

NAMES: Final = ("net", "npv", "cost", "land", "compactness")


@dataclass(frozen=True, eq=False)
class Objective:
    """Maximise Σ gain·x − money·(price of helper columns) − border·(cost of borders); reported as sign times that.

    gain: shape (K,). sign: −1 where the objective is a cost that is minimised. unit: of the reported value.
    """

    name: str
    unit: str
    gain: Floats
    money: float
    border: float
    sign: float = 1.0


def objective(table: OptionTable, wanted: str | Mapping[str, float] | Objective) -> Objective:
    """The objective by name ("net", "cost", "land", "compactness" or a numeric column) or as weights of names.

    "net": benefit − cost − compactness, yuan. "npv": the column npv_cny (present value of benefit − cost) − compactness, yuan.
    "cost": cost + compactness, minimised, yuan. "land": restored mu. "compactness": yuan of borders, minimised. A column is
    maximised; a weight below zero minimises it. In a weighted objective each name counts in its own unit, costs negatively.

    Raises InvalidInput naming what is unknown.
    """
    if isinstance(wanted, Objective):
        return wanted
    if isinstance(wanted, Mapping):
        return _weighted(table, wanted)
    zero = np.zeros(table.size)
    if wanted == "net":
        gain = finite_column(table, "benefit_cny", "objective net") - finite_column(table, "cost_cny", "objective net")
        return Objective("net", "yuan", gain, 1.0, 1.0)
    if wanted == "npv":
        return Objective("npv", "yuan", finite_column(table, "npv_cny", "objective npv"), 1.0, 1.0)
    if wanted == "cost":
        return Objective("cost", "yuan", -finite_column(table, "cost_cny", "objective cost"), 1.0, 1.0, -1.0)
    if wanted == "land":
        return Objective("land", "mu", restored_mu(table), 0.0, 0.0)
    if wanted == "compactness":
        return Objective("compactness", "yuan", zero, 0.0, 1.0, -1.0)
    if wanted in table.values:
        return Objective(wanted, wanted, finite_column(table, wanted, f"objective {wanted}"), 0.0, 0.0)
    known = [*NAMES, *table.values]
    raise InvalidInput(say("allocation.unknown_objective", wanted=wanted, names=list(NAMES), nearest=nearest(wanted, known)))


def restored_mu(table: OptionTable) -> Floats:
    """Area of the options whose target is land, mu, shape (K,)."""
    land = np.isin(np.asarray(table.targets, dtype=object), LAND)[table.target]
    return np.where(land, table.values["area_mu"], 0.0)


def _weighted(table: OptionTable, weights: Mapping[str, float]) -> Objective:
    if not weights:
        raise InvalidInput(say("allocation.no_weight"))
    gain, money, border = np.zeros(table.size), 0.0, 0.0
    for name, weight in weights.items():
        if not np.isfinite(weight):
            raise InvalidInput(say("allocation.weight_not_finite", name=name, weight=weight))
        one = objective(table, name)
        gain = gain + weight * one.gain
        money += weight * one.money
        border += weight * one.border
    if money < 0 or border < 0:
        raise InvalidInput(say("allocation.weights_negative"))
    words = " + ".join(f"{weight:g}·{name}" for name, weight in weights.items())
    return Objective(words, "weighted", gain, money, border)
