"""Coverage: its row by hand, and refusals; brute force stands with the rules of a site file."""

from __future__ import annotations

import pandas as pd
import pytest

import planner as pl
from planner.allocation.table import read_options
from planner.errors import InvalidInput
from planner.units import M2_PER_MU

GROUND = pd.DataFrame({"inside_m2": [3 * M2_PER_MU, 2 * M2_PER_MU], "green_m2": [M2_PER_MU, 0.0]}, index=["u0", "u1"])


def options() -> pd.DataFrame:
    rows = [(u, f"{t}:x", t, 5.0, 1.0, 0.0) for u in ("u0", "u1", "u2") for t in ("construction", "green", "unrestored")]
    frame = pd.DataFrame(rows, columns=["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny"])
    return frame.assign(treatment="x").set_index(["unit_id", "option"])


def test_the_row_by_hand() -> None:
    table = read_options(options(), unrestored=False)
    rule = pl.Coverage(GROUND, built_up_m2=20 * M2_PER_MU, outside_m2=4 * M2_PER_MU, min=0.43)
    (row,) = rule.part(table).sums
    names = [f"{table.units[u]} {table.targets[t]}" for u, t in zip(table.unit, table.target, strict=True)]
    found = {name: value for name, value in zip(names, row.coef, strict=True) if value}
    assert found == pytest.approx({"u0 green": 3.0, "u0 unrestored": 1.0, "u1 green": 2.0})
    assert row.lo == pytest.approx(0.43 * 20 - 4)
    assert rule.most == pytest.approx(9 / 20)
    assert rule.today == pytest.approx(5 / 20)
    assert row.unit == "mu"


def test_refusals() -> None:
    with pytest.raises(InvalidInput, match="no column 'green_m2'"):
        pl.Coverage(GROUND[["inside_m2"]], built_up_m2=1.0, min=0.4)
    with pytest.raises(InvalidInput, match="green_m2 of unit u1"):
        pl.Coverage(GROUND.assign(green_m2=[1.0, -1.0]), built_up_m2=1.0, min=0.4)
    with pytest.raises(InvalidInput, match="inside_m2 of unit u0"):
        pl.Coverage(GROUND.assign(inside_m2=[float("nan"), 1.0]), built_up_m2=1.0, min=0.4)
    with pytest.raises(InvalidInput, match="above 1"):
        pl.Coverage(GROUND, built_up_m2=1.0, min=43.0)
    with pytest.raises(InvalidInput, match="u9"):
        pl.Problem(options()).subject_to(pl.Coverage(GROUND.rename({"u1": "u9"}), built_up_m2=1.0, min=0.4)).solve()
