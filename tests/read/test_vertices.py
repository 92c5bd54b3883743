"""Lists of vertices under every heading: keys, parts, rings, labels in natural order; a list that crosses itself is refused."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from planner.errors import InvalidInput
from planner.read.jsonkinds import as_geojson
from planner.read.vertices import from_vertices

OUTER = [(0, 0), (30, 0), (30, 20), (0, 20)]
HOLE = [(10, 5), (20, 5), (20, 15), (10, 15)]
ISLAND = [(13, 8), (17, 8), (17, 12), (13, 12)]
APART = [(100, 0), (130, 0), (130, 20), (100, 20)]


def areas(rows: list[dict[str, Any]]) -> list[float]:
    found = from_vertices(pd.DataFrame(rows), "x", "y", shown="a.csv", first_row=2)
    assert found.geometry.is_valid.all()
    return [round(float(a), 6) for a in found.area]


def points(line: list[tuple[float, float]], /, **columns: Any) -> list[dict[str, Any]]:
    return [{"x": x, "y": y, **columns} for x, y in line]


@pytest.mark.parametrize(
    "key", ["parcel_id", "TBBH", "code", "BSM", "沉陷区编号", "polygon_id", "序号", "id", "地块编号", "图斑", "whatever"]
)
def test_parcels_are_told_apart_by_any_key(key: str) -> None:
    assert areas(points(OUTER, **{key: 1}) + points(APART, **{key: 2})) == [600.0, 600.0]


@pytest.mark.parametrize("ring", ["ring", "圈号", "vertex_part_ring", "环号"])
@pytest.mark.parametrize("closed", [True, False])
def test_rings_within_rings_are_holes_and_islands(ring: str, closed: bool) -> None:
    rows = []
    for k, line in enumerate((OUTER, HOLE, ISLAND, APART)):
        rows += points([*line, line[0]] if closed else line, parcel_id="P1", **{ring: k})
    assert areas(rows) == [600.0 - 100.0 + 16.0 + 600.0]


@pytest.mark.parametrize("part", ["part", "vertex_part", "块号"])
def test_parts_belong_to_one_parcel(part: str) -> None:
    assert areas(points(OUTER, id="P1", **{part: 0}) + points(APART, id="P1", **{part: 1})) == [1200.0]


def test_a_list_that_comes_back_to_its_first_point_begins_a_new_ring() -> None:
    assert areas(points([*OUTER, OUTER[0], *HOLE, HOLE[0], *APART, APART[0]], id="P1")) == [1100.0]


@pytest.mark.parametrize("label", ["J{}", "{}", "P-{}", "第{}点", "J０{}"])
def test_points_are_taken_in_the_natural_order_of_their_labels(label: str) -> None:
    turn = np.linspace(0, 2 * np.pi, 13)[:-1]
    ring = [(float(x), float(y)) for x, y in zip(np.cos(turn), np.sin(turn), strict=True)]
    rows = [{"x": x, "y": y, "id": "P1", "点号": label.format(i + 1)} for i, (x, y) in enumerate(ring)]
    rng = np.random.default_rng(3)
    shuffled = [rows[i] for i in rng.permutation(len(rows))]
    assert areas(shuffled) == [pytest.approx(shapely.Polygon(ring).area, abs=1e-6)]


def test_a_list_that_crosses_itself_is_refused() -> None:
    with pytest.raises(InvalidInput, match="crosses itself"):
        areas(points([OUTER[0], OUTER[2], OUTER[1], OUTER[3]], id="P1"))
    with pytest.raises(InvalidInput, match="at least 3 are needed"):
        areas(points(OUTER[:2], id="P1"))


def test_several_depths_in_one_polygon_mean_that_the_key_was_not_found() -> None:
    rows = points([*OUTER, *APART], 备注="x")
    for k, row in enumerate(rows):
        row["depth"] = 2.0 if k < 4 else 3.0
    with pytest.raises(InvalidInput, match="the column that tells polygons apart was not found"):
        areas([row | {"备注": str(k)} for k, row in enumerate(rows)])


def test_other_json_is_told_from_geojson() -> None:
    assert as_geojson('{"type": "FeatureCollection",\n"features": []}', "a.json") is None
    assert as_geojson('{"type": "Feature", "geometry": null}', "a.json") is None
    line = '\x1e{"type": "Feature", "properties": {}, "geometry": null}\n'
    assert '"FeatureCollection"' in str(as_geojson(2 * line, "a.json"))
    with pytest.raises(InvalidInput):
        as_geojson('{"geometryType": "esriGeometryPolygon", "features": [{"geometry": {"rings": [[1]]}}]}', "a.json")


def test_rings_that_stand_mixed_are_gathered_and_cells_left_empty_lose_no_polygon() -> None:
    rows = points([*OUTER, OUTER[0]], id="P2", ring=0) + points(APART, id=None, ring=0) + points(HOLE, id="P2", ring=1)
    for k, row in enumerate(rows):
        row["点号"] = f"J{k % 5 + 1 if k < 5 else k + 1}"
    mixed = [*rows[9:], *rows[:9]]
    assert areas(mixed) == [500.0, 600.0]


def test_many_polygons_keep_their_order_and_first_row() -> None:
    many = 20_000
    at, k = np.repeat(np.arange(many), 5), np.tile(np.arange(5), many)
    x = at * 40.0 + np.array([0, 30, 30, 0, 0])[k]
    table = pd.DataFrame({"id": at[::-1].astype(str), "x": x, "y": np.array([0, 0, 20, 20, 0])[k], "depth": at % 7 + 1.0})
    found = from_vertices(table, "x", "y", shown="a.csv", first_row=2)
    assert found["id"].tolist() == [str(n) for n in range(many - 1, -1, -1)]
    assert (found.area == 600.0).all() and (found["depth"] == np.arange(many) % 7 + 1.0).all()
