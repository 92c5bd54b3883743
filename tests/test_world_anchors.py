"""Published lakes as sanity checks: do our storage curve and balance speak of water as the surveys do?

Brandka Pond (Bytom): Sci. Rep. 2024, 10.1038/s41598-024-55963-0. Gaotang Lake (Huainan): DOMAIN of this project. Only
the published totals are known, so each bed here is the simplest one that has them: the check is that they close.
"""

import numpy as np
import pytest

import planner as pl
from planner.balance import Lake, balance, climate, settled
from planner.core.terrain.hypsometry import Hypsometry
from planner.parameters import defaults
from planner.site import Grid
from planner.water import size_class

BRANDKA = {"area_m2": 178_226.0, "depth_m": 5.8, "storage_m3": 421_173.0}
GAOTANG = {"level_m": [15.0, 17.5, 21.0], "area_m2": [0.0, 50e6, 118e6], "storage_m3": [0.0, 85e6, 360e6]}


def round_bowl(area_m2: float, depth_m: float, power: float, cell: float) -> Grid:
    """A bowl whose depth falls as 1 − (r/R)^power from the middle, its rim at 0 m."""
    radius = np.sqrt(area_m2 / np.pi)
    n = int(2 * radius / cell) + 20
    blank = Grid(np.zeros((n, n)), 0.0, n * cell, cell, cell)
    x, y = blank.centres()
    r = np.hypot(x[None, :] - n * cell / 2, y[:, None] - n * cell / 2) / radius
    return blank.like(depth_m * (r**power - 1))


def test_brandka_pond_closes_on_its_survey() -> None:
    """V = A·d·p/(p + 2): the published volume asks for p = 1.375, between a cone (1) and a paraboloid (2)."""
    fullness = BRANDKA["storage_m3"] / (BRANDKA["area_m2"] * BRANDKA["depth_m"])
    power = 2 * fullness / (1 - fullness)
    assert 1.0 < power < 2.0
    curve = pl.storage_curve(round_bowl(BRANDKA["area_m2"], BRANDKA["depth_m"], power, 1.0))
    assert curve.storage(0.0) == pytest.approx(BRANDKA["storage_m3"], rel=2e-3)  # reconstruction against sonar: 0.2 %
    assert curve.area(0.0) == pytest.approx(BRANDKA["area_m2"], rel=2e-3)
    assert size_class(curve.storage(0.0)) == "small (2)"
    assert curve.level(BRANDKA["storage_m3"]) == pytest.approx(0.0, abs=0.01)
    below = np.linspace(-5.8, 0.0, 30)
    share = (1 + below / 5.8) ** (1 + 2 / power)
    assert curve.storage(below) == pytest.approx(BRANDKA["storage_m3"] * share, rel=5e-3, abs=50.0)


def test_gaotang_lakes_stages_agree_with_the_slice_formula() -> None:
    """Δh/3·(A₁ + A₂ + √(A₁A₂)) between the two published stages: 286 Mm³ against 275 published."""
    a, b = GAOTANG["area_m2"][1:]
    by_hand = 3.5 / 3 * (a + b + np.sqrt(a * b))
    assert by_hand == pytest.approx(GAOTANG["storage_m3"][2] - GAOTANG["storage_m3"][1], rel=0.05)


def test_one_bed_has_gaotang_lakes_areas_and_storages() -> None:
    """Areas that grow evenly between the published stages over a floor of 18 km²: 85 and 360 Mm³, and a large reservoir."""
    stages = np.linspace(15.0, 21.0, 1201)
    wet = np.interp(stages, [15.0, 15.0 + 1e-9, 17.5, 21.0], [0, 18e6, 50e6, 118e6])
    bed = Hypsometry.from_cells(np.array([0, len(stages)]), stages, np.diff(np.concatenate(([0.0], wet))))
    assert bed.area_below(17.5001)[0] == pytest.approx(50e6, rel=1e-3)
    assert bed.volume_below(17.5)[0] == pytest.approx(85e6, rel=0.01)
    assert bed.volume_below(21.0)[0] == pytest.approx(360e6, rel=0.06)
    assert size_class(bed.volume_below(21.0)[0]) == "large (2)"


def gaotang(**options: object) -> Lake:
    return Lake("gaotang", *(np.array(GAOTANG[k]) for k in ("level_m", "area_m2", "storage_m3")), **options)


def test_gaotang_lake_lives_in_its_plain_and_floods_from_its_basin() -> None:
    """A flood of 275 Mm³ in a month lifts it from 17.5 to 21.0 m; on rain alone its level moves by decimetres a year."""
    flood = balance([gaotang(start_m=17.5, inflow_m3=[0, 0, 0, 0, 0, 0, 275e6, 0, 0, 0, 0, 0])], climate(defaults(), "huaibei"))
    july = flood.table.set_index("month").loc[7]
    assert july.level_m == pytest.approx(21.0, abs=0.15)
    year = settled([gaotang(start_m=17.5, full_m=17.5, basin_m2=1e9, runoff_share=0.02)], climate(defaults(), "huaibei"))
    swing = year.summary().loc["gaotang", "highest_m"] - year.summary().loc["gaotang", "lowest_m"]
    assert 0.05 < swing < 1.0
    assert year.residual_share < 1e-9


def test_a_pond_stands_where_the_ground_sank_below_the_water_table() -> None:
    """Xuzhou's ponds: 3–3.5 m mean, 7 m at most: an 8.5 m trough with a flat middle and water 1.5 m down has both."""
    blank = Grid(np.zeros((200, 200)), 0.0, 2000.0, 10.0, 10.0)
    x, y = blank.centres()
    sunk = 8.5 * np.exp(-((np.hypot(x[None, :] - 1000, y[:, None] - 1000) / 500) ** 3))
    curve = pl.storage_curve(blank.like(-sunk))
    mean = curve.storage(-1.5) / curve.area(-1.5)
    assert 3.0 < mean < 3.7
    assert -1.5 - (-sunk).min() == pytest.approx(7.0, abs=0.01)
