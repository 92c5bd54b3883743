"""Covered: rows by hand, against brute force, refusals."""

from itertools import product

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import planner as pl
from planner.allocation.table import read_options
from planner.city import with_homes
from planner.errors import InvalidInput


def world(seed: int, units: int = 6, homes: int = 5) -> tuple[pd.DataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    rng = np.random.default_rng(seed)
    names = [f"u{k}" for k in range(units)]
    rows = [
        {"unit_id": u, "option": f"{t}:level", "target": t, "treatment": "level", "area_mu": float(rng.integers(2, 9)),
         "benefit_cny": float(rng.integers(0, 90)), "cost_cny": float(rng.integers(1, 40))}
        for u in names for t in ("construction", "green")
    ]  # fmt: skip
    ground = gpd.GeoDataFrame(
        geometry=[shapely.box(100 * k, 0, 100 * k + 100, 100) for k in range(units)],
        index=names,
    )
    lived = [shapely.box(x, y, x + 40, y + 40) for x, y in rng.uniform((0, 150), (600, 400), (homes, 2))]
    people = rng.integers(5, 60, homes)
    return (
        pd.DataFrame(rows).set_index(["unit_id", "option"]),
        ground,
        gpd.GeoDataFrame({"people": people}, geometry=lived),
    )


def brute(options: pd.DataFrame, near: pd.DataFrame, least: float, quota_mu: float) -> float | None:
    """Best net value over every choice of the units, a home counted as served where a green unit is near."""
    real = options[~options.index.get_level_values(0).str.startswith("home:")]
    people = options["served_people"].groupby(level=0).max()
    ways = {u: [(None, 0.0, 0.0)] for u in sorted(set(real.index.get_level_values(0)))}
    for (unit, _), row in real.iterrows():
        ways[unit].append((row["target"], row["benefit_cny"] - row["cost_cny"], row["area_mu"]))
    homes = {h: set(near["unit"][near["home"] == h]) for h in set(near["home"])}
    values = []
    for choice in product(*ways.values()):
        green = {unit for unit, (target, _, _) in zip(ways, choice, strict=True) if target == "green"}
        served = sum(people[h] for h, units in homes.items() if units & green)
        if served >= least and sum(mu for target, _, mu in choice if target == "construction") >= quota_mu:
            values.append(sum(value for _, value, _ in choice))
    return max(values, default=None)


@pytest.mark.parametrize("seed", range(12))
def test_against_brute_force(seed: int) -> None:
    options, units, homes = world(seed)
    made = with_homes(options, units, homes, people="people", radius_m=260.0)
    reachable = made.options["served_people"].groupby(level=0).max().sum()
    for share, quota in ((0.0, 0.0), (0.4, 8.0), (0.8, 12.0), (1.0, 20.0)):
        rules = (
            pl.Covered(made.near),
            pl.Limit("served_people", min=share * reachable),
            pl.Quota("construction", min_mu=quota),
        )
        truth = brute(made.options, made.near, share * reachable, quota)
        if truth is None:
            with pytest.raises(pl.PlannerError):
                pl.Problem(made.options).subject_to(*rules).solve(gap=0.0)
            continue
        assert pl.Problem(made.options).subject_to(*rules).solve(gap=0.0).objective == pytest.approx(truth)


def test_rows_by_hand() -> None:
    options, _, _ = world(0, units=2, homes=1)
    home = options.iloc[[0]].assign(target="green", area_mu=0.0, benefit_cny=0.0, cost_cny=0.0)
    home.index = pd.MultiIndex.from_tuples([("h", "green:served")], names=options.index.names)
    table = read_options(pd.concat([options, home]))
    clauses = pl.Covered(pd.DataFrame({"home": ["h", "h"], "unit": ["u0", "u1"]})).part(table).clauses
    assert clauses.hi.tolist() == [0.0]
    names = [f"{table.units[table.unit[c]]} {table.names[table.option[c]]}" for c in clauses.col]
    assert dict(zip(names, clauses.value.tolist(), strict=True)) == {
        "h green:served": 1,
        "u0 green:level": -1,
        "u1 green:level": -1,
    }


def test_refusals() -> None:
    options, units, homes = world(1)
    with pytest.raises(InvalidInput, match="no column 'home'"):
        pl.Covered(pd.DataFrame({"unit": ["u1"]}))
    with pytest.raises(InvalidInput, match="u9"):
        pl.Problem(options).subject_to(pl.Covered(pd.DataFrame({"home": ["u0"], "unit": ["u9"]}))).solve()
    with pytest.raises(InvalidInput, match="is a home"):
        pl.Problem(options).subject_to(pl.Covered(pd.DataFrame({"home": ["u0", "u1"], "unit": ["u1", "u0"]}))).solve()
    with pytest.raises(InvalidInput, match="no column 'residents'"):
        with_homes(options, units, homes, people="residents", radius_m=100.0)
