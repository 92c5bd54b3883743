"""Borders that are listed both ways, as spatial weights and Marxan's bound.dat come, cost once."""

import numpy as np
import pandas as pd
import pytest

import planner as pl

COLUMNS = ["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny", "cut_m3", "fill_m3", "storage_m3"]


@pytest.mark.parametrize("seed", range(4))
def test_a_border_listed_both_ways_costs_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    targets = (("c", "construction"), ("g", "green"))
    rows = [(f"u{i}", k, t, 10.0, float(rng.integers(40, 60)), 0.0, 0, 0, 0) for i in range(6) for k, t in targets]
    options = pd.DataFrame(rows, columns=COLUMNS).set_index(["unit_id", "option"])
    pairs = [(i, j) for i in range(6) for j in range(i + 1, 6) if rng.random() < 0.6]
    once = pd.DataFrame(
        [(f"u{i}", f"u{j}", float(rng.integers(10, 200))) for i, j in pairs], columns=["unit_a", "unit_b", "length_m"]
    )
    both = pd.concat([once, once.rename(columns={"unit_a": "unit_b", "unit_b": "unit_a"})]).sample(frac=1, random_state=seed)
    twice = pd.concat([once, once])
    value = {n: pl.Problem(options).subject_to(pl.Compactness(b, cny_per_m=0.1)).solve(gap=0.0).objective for n, b in
             {"once": once, "both": both, "twice": twice}.items()}  # fmt: skip
    assert value["both"] == pytest.approx(value["once"])
    assert value["twice"] <= value["once"] + 1e-9  # a border named twice the same way counts twice
