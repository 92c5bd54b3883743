"""One finished ground: its volume below every lake's level is the reservoir's figure, in the plan, on the map, in files."""

from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import planner as pl
from planner.core.polygons.rings import rings_of
from planner.core.terrain.coverage import covered_cells
from planner.core.terrain.hypsometry import Hypsometry
from planner.design import Design, owners, ways
from planner.export import water_grids, write_cog
from planner.maps.adapt import view_of
from planner.scenario import parse_scenario
from planner.site import Grid, Site, WaterTable
from planner.water import Reservoirs, reservoirs

SIDE, CELL, UNIT = 6, 10.0, 4  # units of 4 × 4 cells, so that cells belong to one unit whole
SCENARIO = parse_scenario({"layers": {"polygons": "a.gpkg"}})


def drawn(seed: int) -> tuple[gpd.GeoDataFrame, Grid, Design, Hypsometry, Reservoirs]:
    """A chessboard of units with treatments drawn at random, the left half at another level than the right."""
    rng = np.random.default_rng(seed)
    n, size = SIDE * SIDE, SIDE * UNIT
    terrain = Grid(np.round(rng.uniform(26, 36, (size, size)), 2), 0.0, size * CELL, CELL, CELL)
    row, col = np.divmod(np.arange(n), SIDE)
    edge = UNIT * CELL
    shapes = [
        shapely.box(c * edge, size * CELL - (r + 1) * edge, (c + 1) * edge, size * CELL - r * edge)
        for r, c in zip(row, col, strict=True)
    ]
    way = [[("unrestored", "none"), *ways()][k] for k in rng.integers(0, 1 + len(ways()), n)]
    level = np.where(col < SIDE // 2, 31.0, 33.0)
    units = gpd.GeoDataFrame(
        {
            "target": [w[0] for w in way],
            "treatment": [w[1] for w in way],
            "area_mu": edge * edge * 15 / 1e4,
            "water_table_m": level - 1.0,
            "lake_level_m": level,
            "shore_level_m": level,
            "dam_m": 0.0,
        },
        geometry=shapes,
        crs="EPSG:4527",
        index=pd.Index([f"u{k:02d}" for k in range(n)], name="unit_id"),
    )
    k = np.arange(n).reshape(SIDE, SIDE)
    pairs = np.concatenate([np.c_[k[:, :-1].ravel(), k[:, 1:].ravel()], np.c_[k[:-1].ravel(), k[1:].ravel()]])
    borders = pd.DataFrame({"unit_a": units.index[pairs[:, 0]], "unit_b": units.index[pairs[:, 1]]})
    cells = covered_cells(*rings_of(np.asarray(shapes, dtype=object)), terrain.frame)
    ground = Hypsometry.from_cells(cells.start, terrain.values.ravel()[cells.cell], cells.fraction * CELL * CELL)
    design = Design.of(units, SCENARIO, ground=ground)
    found = reservoirs(units, design=design, ground=ground, borders=borders, scenario=SCENARIO, terrain=terrain)
    units = units.assign(design_m=design.mean_m(ground), reservoir_id=found.member.reindex(units.index).fillna(""))
    return units, terrain, design, ground, found


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_every_lake_holds_its_figure_wherever_it_is_asked(seed: int) -> None:
    units, terrain, design, ground, found = drawn(seed)
    held = design.finished(ground).volume_below(design.levels.normal)
    again = Design.of(units, SCENARIO)  # as a saved plan has it: no ground by elevation, only the mean of what was designed
    surface = again.surface(units, terrain)
    depth, level = water_grids(
        SimpleNamespace(units=units, reservoirs=found.table, site=SimpleNamespace(terrain=terrain, scenario=SCENARIO))
    )
    owner = owners(units, terrain)
    for name, lake in found.table.iterrows():
        mine = (units["reservoir_id"] == name).to_numpy()
        assert held[mine].sum() == pytest.approx(lake["normal_m3"], rel=1e-9, abs=1e-6)
        inside = np.append(mine, False)[owner]
        below = np.maximum(lake["level_m"] - surface.values[inside], 0.0).sum() * CELL * CELL
        assert below == pytest.approx(lake["normal_m3"], rel=1e-9, abs=1e-6)
        assert np.nansum(depth.values[inside]) * CELL * CELL == pytest.approx(lake["normal_m3"], rel=1e-9, abs=1e-6)
        assert set(np.unique(level.values[inside])) == {lake["level_m"]}
    assert np.isfinite(level.values).sum() * CELL * CELL == pytest.approx(
        units["area_mu"][units["reservoir_id"] != ""].sum() * 1e4 / 15
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_the_surface_is_the_ground_plus_the_earth(seed: int) -> None:
    units, terrain, design, ground, _ = drawn(seed)
    cut, fill = design.shape.earth(ground)
    moved = (design.surface(units, terrain).values - terrain.values).sum() * CELL * CELL
    assert moved == pytest.approx((fill - cut).sum(), rel=1e-9)


@pytest.fixture(scope="module")
def two_lakes() -> pl.Plan:
    """Two troughs on a plain and a water table that both fall to the east, no level given: 4 m between the lakes."""
    west, north, size = 39_500_000.0, 3_757_000.0, 90
    blank = Grid(np.zeros((size, size)), west, north, 10.0, 10.0)
    x, y = np.meshgrid(*blank.centres())
    x, y = x - west, y - (north - size * 10.0)
    plain = 38.0 - 8.0 * x / 900.0
    lost = 5.0 * np.exp(-((x - 250) ** 2 + (y - 450) ** 2) / 130**2) + 5.0 * np.exp(-((x - 650) ** 2 + (y - 450) ** 2) / 130**2)
    parcels = gpd.GeoDataFrame(
        {"name": "", "subsidence_m": np.nan},
        geometry=[shapely.box(west + 60, north - 840, west + 840, north - 60)],
        index=pd.Index(["A"], name="parcel_id"),
        crs="EPSG:4527",
    )
    document = {"layers": {"polygons": "p.gpkg"}, "targets": {"reservoir": {"min_mu": 150.0}}, "solver": {"gap": 1e-3}}
    table = blank.like(plain - 1.0)
    water = WaterTable(table, blank.like(plain - 1.5), blank.like(plain - 0.5))
    site = Site("two", pyproj.CRS(4527), parcels, blank.like(plain - lost), blank.like(lost), water, parse_scenario(document))
    return pl.make_plan(site)


def test_a_plan_with_two_levels_says_the_same_everywhere(two_lakes: pl.Plan, tmp_path: Path) -> None:
    plan = two_lakes
    lakes = plan.reservoirs
    assert lakes["level_m"].round(1).nunique() >= 2
    assert plan.summary()["water"]["storage_m3"] == pytest.approx(lakes["storage_m3"].sum(), rel=1e-9)
    page = view_of(plan).finished
    assert page is not None
    depth, _ = water_grids(plan)
    write_cog(depth, plan.site.crs, tmp_path / "depth.tif", name="depth")
    with rasterio.open(tmp_path / "depth.tif") as file:
        filed = file.read(1).astype(float)
    owner = owners(plan.units, plan.site.terrain)
    for name, lake in lakes[lakes["storage_m3"] > 1e4].iterrows():
        mine = (plan.units["reservoir_id"] == name).to_numpy()
        assert plan.units["storage_m3"][mine].sum() == pytest.approx(lake["storage_m3"], rel=1e-9)
        inside = np.append(mine, False)[owner]
        below = np.maximum(lake["level_m"] - page.values[inside], 0.0).sum() * 100.0
        assert below == pytest.approx(lake["storage_m3"], rel=0.05)  # cells of the shore go whole to one unit
        assert np.nansum(filed[inside]) * 100.0 == pytest.approx(below, rel=1e-4)


def test_land_beside_a_lake_stands_above_it(two_lakes: pl.Plan) -> None:
    units, borders = two_lakes.units, two_lakes.borders
    lake = (units["target"] == "reservoir").to_numpy()
    place = {u: k for k, u in enumerate(units.index)}
    a, b = (borders[c].map(place).to_numpy(int) for c in ("unit_a", "unit_b"))
    level = units["lake_level_m"].to_numpy(float)
    assert (level[a] == level[b])[lake[a] & lake[b]].all()
    dry = units["target"].isin(["construction", "arable", "green"]).to_numpy() & (units["treatment"] != "wetland").to_numpy()
    design = units["design_m"].to_numpy(float)
    for water, land in ((a, b), (b, a)):
        shore = lake[water] & dry[land]
        assert (design[land] >= level[water])[shore].all()
