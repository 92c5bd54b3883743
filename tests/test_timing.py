"""Plans in time: interim use, areas by year, when the water comes, and what digging before it saves."""

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import InvalidInput
from planner.parameters import defaults
from planner.scenario import parse_scenario
from planner.site import Grid
from planner.subsidence import farmland, grid_over, ponding_year, predict_grid
from planner.subsidence.concurrent import Digging, reclaimed
from planner.timing import by_year, timetable

CRS = "EPSG:4527"


def scenario(**timing):
    document = {"site": {"year": 2020}, "layers": {"polygons": "x"}}
    return parse_scenario(document | ({"timing": timing} if timing else {}))


UNITS = pd.DataFrame(
    {
        "target": ["construction", "construction", "reservoir", "unrestored"],
        "ready_year": [2024, 2021, 2021, 2020],
        "area_mu": [10.0, 20.0, 30.0, 40.0],
    },
    index=pd.Index(["u4", "u1", "u2", "u3"], name="unit_id"),
)


def test_land_held_back_is_green_until_it_is_ready():
    table = timetable(UNITS, scenario())
    told = [tuple(row) for row in table.astype({"until_year": float}).itertuples(index=False)]
    assert told[:3] == [("u4", "works", 2020, 2021.0), ("u4", "green", 2021, 2024.0), told[2]]
    assert told[2][:3] == ("u4", "construction", 2024)
    assert math.isnan(told[2][3])
    assert [t[:3] for t in told[3:]] == [
        ("u1", "works", 2020),
        ("u1", "construction", 2021),
        ("u2", "works", 2020),
        ("u2", "reservoir", 2021),
        ("u3", "unrestored", 2020),
    ]


def test_interim_use_is_the_users_choice():
    assert timetable(UNITS, scenario(interim="arable"))["use"].tolist()[1] == "arable"
    with pytest.raises(InvalidInput, match=r"timing\.interim = 'grass'"):
        timetable(UNITS, scenario(interim="grass"))
    with pytest.raises(InvalidInput, match="no column ready_year"):
        timetable(UNITS.drop(columns="ready_year"), scenario())


def test_areas_by_year_by_hand():
    years = by_year(timetable(UNITS, scenario()), UNITS["area_mu"], last_year=2025)
    assert years.index.tolist() == [2020, 2021, 2022, 2023, 2024, 2025]
    assert years.loc[2020].to_dict() == {"works": 60.0, "construction": 0.0, "green": 0.0, "reservoir": 0.0, "unrestored": 40.0}
    assert years.loc[2022, ["construction", "green"]].tolist() == [20.0, 10.0]
    assert years.loc[2024, ["construction", "green"]].tolist() == [30.0, 0.0]
    assert (years.sum(axis=1) == 100.0).all()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["construction", "green", "reservoir", "unrestored"]), st.integers(2010, 2040), st.floats(0.1, 9)
        ),
        min_size=1,
        max_size=12,
    )
)
def test_every_unit_has_one_use_in_every_year(rows):
    units = pd.DataFrame(rows, columns=["target", "ready_year", "area_mu"], index=[f"u{k}" for k in range(len(rows))])
    table = timetable(units, scenario())
    assert by_year(table, units["area_mu"], last_year=2042).sum(axis=1).to_numpy() == pytest.approx(units["area_mu"].sum())
    for _, mine in table.groupby("unit_id"):
        assert (mine["until_year"].iloc[:-1].astype(int).to_numpy() == mine["from_year"].iloc[1:].to_numpy()).all()
        assert mine["until_year"].isna().tolist() == [False] * (len(mine) - 1) + [True]


def panel(**columns):
    given = {
        "thickness_m": 5.0,
        "depth_m": 400.0,
        "q": 0.8,
        "tan_beta": 2.0,
        "start": 2010.0,
        "end": 2010.0,
        "c_per_year": 0.5,
    } | columns
    return gpd.GeoDataFrame({k: [v] for k, v in given.items()}, geometry=[shapely.box(0, 0, 1200, 600)], crs=CRS)


def test_water_comes_when_knothe_brings_the_ground_down_to_it():
    table = panel()
    grid = grid_over(table, 50.0)
    final = predict_grid(table, grid)["subsidence_m"].values
    found = ponding_year(table, grid.like(25.0), grid.like(23.5)).values
    assert (np.isnan(found) == (final * (1 - math.exp(-0.5 * 20)) <= 1.5)).all()
    wet = np.isfinite(found)
    exact = 2010 - np.log(1 - 1.5 / final[wet]) / 0.5
    assert (found[wet] == np.floor(exact) + 1).all()
    with pytest.raises(InvalidInput, match="panel 0: no start or end"):
        ponding_year(table.drop(columns=["start", "end"]), grid.like(25.0), grid.like(23.5))


def test_farmland_of_a_wedge_by_its_closed_form():
    """A level plain sinks by 0 to 4 m, growing evenly; the water stands 1 m down and farmland 1 m above it.

    Ground that sank by w needs w of fill. Filled up to f, it takes f²/2 of earth where k·d·(4 − f) is dug, so
    f = −kd + √((kd)² + 8·kd).
    """
    wedge = Grid(np.linspace(0.0, 4.0, 40_001)[None, :].copy(), 0.0, 10.0, 0.1, 10.0)
    sets = {"timing.dig_dry_m": 1.0, "timing.dig_wet_m": 0.25, "timing.fill_wet_m": 9.0, "targets.arable.max_fill_m": 9.0}
    p = defaults().replaced(sets, source="test")
    found = farmland(wedge.like(30.0), wedge, wedge.like(29.0), parameters=p)
    assert found.loc["left alone", "share"] == pytest.approx(0.0, abs=1e-3)
    for way, depth in (("waiting", 0.25), ("before the water", 1.0)):
        dug = 0.95 * depth
        f = -dug + math.sqrt(dug**2 + 8 * dug)
        assert found.loc[way, "fill_to_m"] == pytest.approx(f, abs=5e-3)
        assert found.loc[way, "share"] == pytest.approx(f / 4, abs=3e-3)
        assert found.loc[way, "dug_m3"] * 0.95 == pytest.approx(found.loc[way, "fill_m3"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 5), min_size=1, max_size=30), st.floats(0, 6), st.floats(0.5, 5), st.floats(0.8, 1.2))
def test_reclaimed_cells_are_the_most_the_earth_allows(need, depth, max_fill, compaction):
    need = np.sort(np.array(need))
    most, fill_to = reclaimed(need, Digging(depth, max_fill, compaction))

    def possible(k):
        return need[:k].sum() <= compaction * depth * (len(need) - k) + 1e-9 and (k == 0 or need[k - 1] <= max_fill)

    assert possible(most)
    assert not any(possible(k) for k in range(most + 1, len(need) + 1))
    assert fill_to == (need[most - 1] if most else 0.0)


def test_digging_before_the_water_saves_farmland_that_waiting_loses():
    table = panel(c_per_year=2.0)
    grid = grid_over(table, 20.0)
    sunk = predict_grid(table, grid)["subsidence_m"]
    found = farmland(grid.like(25.0), sunk, grid.like(23.5))
    share = found["share"]
    assert share["left alone"] < share["waiting"] < share["before the water"] < 1
    assert found["topsoil_m3"].tolist()[:2] == [0.0, 0.0]
    drowned = (sunk.values > 1.5).sum() * 400.0
    assert found.loc["before the water", "topsoil_m3"] == pytest.approx(0.5 * drowned)
    total = (sunk.values >= 0.01).sum() * 400.0 * 15 / 10_000
    assert (found["area_mu"] + found["pond_mu"]).to_numpy() == pytest.approx(total)
