"""Dykes by hand: a square pond of 100 m in a plane at 10 m, its level 1 m above: crest 11.5 m, 1.5 m of dyke all around."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.core.polygons.edging import edge_pieces
from planner.core.polygons.rings import rings_of
from planner.core.terrain.hypsometry import Hypsometry
from planner.design import Design, Section, crests, dykes, edges, heights
from planner.landuse import CHOICES
from planner.options import appraise
from planner.scenario import Scenario, parse_scenario
from planner.site import Grid
from planner.tables import Judgement, Measures

POND, FIELD = shapely.box(100, 100, 200, 200), shapely.box(200, 100, 300, 200)
SECTION_M2 = 4.0 * 1.5 + (3.0 + 2.5) / 2 * 1.5**2
LINING_M2 = 1.5 * np.sqrt(1 + 3.0**2)


def plane(height: float = 10.0) -> Grid:
    return Grid(np.full((80, 80), height), 0.0, 400.0, 5.0, 5.0)


def scenario(level: float = 11.0, **more: object) -> Scenario:
    return parse_scenario({"site": {"year": 2020}, "layers": {"polygons": "a.gpkg"}, "reservoir": {"level_m": level}, **more})


def plan(*shapes: shapely.Polygon, target: tuple[str, ...], treatment: tuple[str, ...], table: float = 9.0) -> gpd.GeoDataFrame:
    lake = [t == "reservoir" for t in target]
    columns = {"target": target, "treatment": treatment, "water_table_m": table, "reservoir_id": np.where(lake, "R1", "")}
    index = pd.Index([f"u{k}" for k in range(len(shapes))], name="unit_id")
    return gpd.GeoDataFrame({**columns, "design_m": 9.0}, geometry=list(shapes), index=index, crs="EPSG:4527")


def drawn(units: gpd.GeoDataFrame, ground: Grid, wanted: Scenario) -> gpd.GeoDataFrame:
    return dykes(units, ground, wanted, Design.of(units, wanted))


def test_a_square_pond_above_a_plane_takes_its_section_times_its_outline() -> None:
    found = drawn(plan(POND, target=("reservoir",), treatment=("keep",)), plane(), scenario())
    assert len(found) == 1
    row = found.loc["B1"]
    assert row["length_m"] == pytest.approx(400.0)
    assert (row["crest_m"], row["height_m"], row["mean_m"]) == pytest.approx((11.5, 1.5, 1.5))
    assert row["fill_m3"] == pytest.approx(400 * SECTION_M2)
    assert row["cost_cny"] == pytest.approx(400 * (15 * SECTION_M2 + 60 * LINING_M2))
    assert row.geometry.length == pytest.approx(400.0)
    assert shapely.get_coordinates(row.geometry, include_z=True)[:, 2] == pytest.approx(11.5)


def test_a_slope_is_dyked_piece_by_piece() -> None:
    ground = plane()
    x = ground.centres()[0]
    sloped = ground.like(np.broadcast_to(10.0 + (x - 100.0) / 100.0, ground.shape).copy())  # 10 m in the west, 11 m in the east
    found = drawn(plan(POND, target=("reservoir",), treatment=("keep",)), sloped, scenario(dyke={"reach_m": 0.0}))
    west, east = 1.5 + 0.025, 0.5 - 0.025  # in the first cell outside
    along = 1.5 - (np.array([7.5, 27.5, 47.5, 67.5, 87.5]) + 5.0) / 100  # at the middle of five stations a side
    assert found["height_m"].max() == pytest.approx(west)
    section = Section.of(scenario()).area
    sides = 100 * float(section(np.array(west)) + section(np.array(east)))
    assert found["fill_m3"].sum() == pytest.approx(sides + 2 * 100 * np.mean(section(along)))


def test_ground_that_rises_to_the_crest_within_reach_is_the_bank() -> None:
    ground = plane()
    ground.values[:, 46:] = 12.0  # from x = 230 on
    found = drawn(plan(POND, target=("reservoir",), treatment=("keep",)), ground, scenario())
    assert found["length_m"].sum() == pytest.approx(300.0)
    near = drawn(plan(POND, target=("reservoir",), treatment=("keep",)), ground, scenario(dyke={"reach_m": 20.0}))
    assert near["length_m"].sum() == pytest.approx(400.0)


def test_no_dyke_holds_back_what_the_ground_brings() -> None:
    assert drawn(plan(POND, target=("reservoir",), treatment=("keep",), table=11.0), plane(), scenario()).empty


def test_filled_land_keeps_its_own_freeboard_and_forest_beside_the_lake_does_not() -> None:
    filled = plan(POND, FIELD, target=("reservoir", "arable"), treatment=("keep", "fill"))
    assert drawn(filled, plane(), scenario())["length_m"].sum() == pytest.approx(300.0)
    forest = plan(POND, FIELD, target=("reservoir", "green"), treatment=("keep", "forest"))
    assert drawn(forest, plane(), scenario())["length_m"].sum() == pytest.approx(400.0)


def test_water_on_both_sides_takes_none_between() -> None:
    found = drawn(plan(POND, FIELD, target=("reservoir",) * 2, treatment=("keep",) * 2), plane(), scenario())
    assert found["length_m"].sum() == pytest.approx(600.0)


def test_an_island_and_a_hole_lead_outward_of_the_water() -> None:
    ring = POND.difference(shapely.box(140, 140, 160, 160))
    found = drawn(plan(ring, target=("reservoir",), treatment=("keep",)), plane(), scenario())
    assert sorted(found["length_m"]) == pytest.approx([80.0, 400.0])
    rings = rings_of([ring, shapely.reverse(ring)])
    piece = edge_pieces(rings.x, rings.y, rings.ring, rings.hole, rings.ring_owner, 7.0)
    assert not shapely.intersects_xy(ring, *(piece.middle + 0.5 * piece.out).T).any()
    assert shapely.intersects_xy(ring, *(piece.middle - 0.5 * piece.out).T).all()
    assert piece.length.sum() == pytest.approx(2 * ring.length)
    assert piece.length.max() <= 7.0


def priced(free: tuple[str, ...], level: float = 11.0) -> pd.DataFrame:
    """The options of the pond beside a field that may become `free` alone."""
    units = plan(POND, FIELD, target=("reservoir",) * 2, treatment=("keep",) * 2)
    wanted = scenario(level)
    facts = pd.DataFrame(
        {"area_mu": 15.0, "water_table_m": 9.0, "water_share_wet": 0.0, "settled_year": 2000.0}, index=units.index
    )
    eligible = pd.DataFrame(True, index=units.index, columns=list(CHOICES))
    eligible.loc["u1"] = [target in free for target in CHOICES]
    score = pd.DataFrame(0.5, index=units.index, columns=list(CHOICES))
    judged = Judgement(eligible, score, pd.DataFrame(), pd.Series("reservoir", index=units.index))
    ground = Hypsometry(np.array([0, 1, 2]), np.array([10.0, 10.0]), np.array([1e4, 1e4]))
    return appraise(Measures(facts, ground, edges(units, plane(), wanted)), judged, wanted)


def test_certain_dykes_are_part_of_a_lake_options_price() -> None:
    barred, free = (priced(targets).loc[("u0", "reservoir:dig_1")] for targets in ((), CHOICES))
    assert (barred["dyke_m3"], free["dyke_m3"]) == pytest.approx((400 * SECTION_M2, 300 * SECTION_M2))
    assert barred["fill_m3"] == barred["dyke_m3"]
    assert barred["cost_cny"] - free["cost_cny"] == pytest.approx(100 * (15 * SECTION_M2 + 60 * LINING_M2))
    assert priced(()).loc[("u0", "arable:fill"), "dyke_m3"] == 0.0


def test_a_level_above_the_rim_is_no_longer_cheaper() -> None:
    at_rim, above = (priced((), level).loc[("u0", "reservoir:keep"), "cost_cny"] for level in (10.0, 12.0))
    assert above > at_rim


def test_what_was_priced_is_what_is_drawn_where_all_is_certain() -> None:
    found = drawn(plan(POND, target=("reservoir",), treatment=("keep",)), plane(), scenario())
    alone = plan(POND, target=("reservoir",), treatment=("keep",))
    edge = edges(alone, plane(), scenario())
    high = heights(edge, crests(Design.of(alone, scenario()).levels, scenario()))
    assert found["fill_m3"].sum() == pytest.approx(float(edge.piece.length @ Section.of(scenario()).area(high)))
