"""Plans near an earlier one: they keep the new limits, and the best plan lies between their worth and their bound."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import planner as pl
from planner.allocation.near import adjusted
from planner.errors import Infeasible


def world(seed: int, units: int = 24) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Options of a row of units with random values, and the borders between them."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"u{i:02d}", f"{t}:level", t, float(area), float(area * rng.uniform(1, 9)), float(area * rng.uniform(0.5, 2)))
        for i, area in enumerate(rng.uniform(1, 5, units))
        for t in ("construction", "arable", "green")
    ]
    options = pd.DataFrame(rows, columns=["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny"])
    names = sorted(options["unit_id"].unique())
    borders = pd.DataFrame({"unit_a": names[:-1], "unit_b": names[1:], "length_m": rng.uniform(1, 3, units - 1)})
    return options.set_index(["unit_id", "option"]), borders


def problem(seed: int, budget: float, most: float, *locks: pl.Lock) -> pl.Problem:
    options, borders = world(seed)
    rules = (pl.Quota("construction", max_mu=most), pl.Budget(max_cny=budget), pl.Compactness(borders, cny_per_m=0.8))
    return pl.Problem(options).subject_to(*rules, *locks)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("budget", "most"), [(60.0, 20.0), (90.0, 30.0), (75.0, 12.0)])
def test_the_best_lies_between_worth_and_bound(seed: int, budget: float, most: float) -> None:
    before = problem(seed, 75.0, 20.0).solve(gap=0.0)
    wanted = problem(seed, budget, most, pl.Lock("u03", "green"))
    best = wanted.solve(gap=0.0)
    for last, prices in ((before, ()), (before.choice, [vars(b) for b in before.binding])):
        near = adjusted(wanted, last, objective="net", gap=1e-3, binding=prices)
        if near is None:
            continue
        assert near.choice["u03"] == "green:level"
        assert near.chosen["cost_cny"].sum() <= budget + 1e-9
        assert near.chosen.loc[near.chosen["target"] == "construction", "area_mu"].sum() <= most + 1e-9
        assert near.objective <= best.objective + 1e-9 <= near.bound + 2e-9
        assert near.objective >= 0.9 * best.objective


def test_most_changes_are_answered_by_moves() -> None:
    found = [
        adjusted(problem(seed, 68.0, 18.0), problem(seed, 75.0, 20.0).solve(gap=0.0), objective="net", gap=1e-3)
        for seed in range(8)
    ]
    assert sum(one is not None for one in found) >= 7


def test_what_cannot_be_is_refused_at_once() -> None:
    options, _ = world(1)
    with pytest.raises(Infeasible):
        adjusted(
            pl.Problem(options).subject_to(pl.Quota("green", min_mu=1e6)), pd.Series(dtype=object), objective="net", gap=0.1
        )
