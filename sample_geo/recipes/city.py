"""A made-up town beside a lake, scaled until its green closes on Shizuishan's published figures: 41.7 % and 24.1 m² a head."""

from __future__ import annotations

import csv
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

CRS = "EPSG:4527"
WEST, SOUTH = 39_484_000.0, 3_757_500.0  # m: beside the Zhonghu reconstruction, so that its plan's green can be tried
BLOCKS_X, BLOCKS_Y, PITCH, ROAD = 12, 9, 300.0, 30.0  # blocks, m, m
COVERAGE, PARK_PER_HEAD, GREEN_RATE = 0.417, 24.1, 0.38  # Shizuishan (the brief); the green rate is assumed
PEOPLE = 46_000


def city() -> tuple[dict[str, gpd.GeoDataFrame], list[dict[str, object]]]:
    """Layers by name and the rows of the enterprise table."""
    rng = np.random.default_rng(417)
    whole = shapely.box(WEST, SOUTH, WEST + BLOCKS_X * PITCH, SOUTH + BLOCKS_Y * PITCH)
    cells = [(i, j) for i in range(BLOCKS_X) for j in range(BLOCKS_Y)]
    homes = [c for c in cells if (c[0] + 2 * c[1]) % 3 != 0]
    works = [c for c in cells if c not in homes]
    parks = [works[k] for k in rng.permutation(len(works))[:14]]
    people = rng.multinomial(PEOPLE, np.full(len(homes), 1 / len(homes)))
    ratio = _ellipsoidal(whole) / whole.area
    park_side = np.sqrt(PARK_PER_HEAD * PEOPLE / ratio / len(parks))
    park_shapes = [_square(c, park_side) for c in parks]
    return {
        "built_up": _frame([whole]),
        "parks": _frame(park_shapes, name=[f"公园{k + 1}" for k in range(len(parks))]),
        "green": _frame(_topped_up(park_shapes, homes, GREEN_RATE * whole.area)),
        "canopy": _frame(_topped_up(park_shapes, homes, COVERAGE * whole.area)),
        "residential": _frame([_square(c, PITCH - ROAD) for c in homes], people=people),
        "roads": _frame(_roads()),
    }, _enterprises(rng)


def _square(cell: tuple[int, int], side: float) -> shapely.Polygon:
    x, y = WEST + (cell[0] + 0.5) * PITCH, SOUTH + (cell[1] + 0.5) * PITCH
    return shapely.box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def _topped_up(parks: list[shapely.Polygon], homes: list[tuple[int, int]], area: float) -> list[shapely.Polygon]:
    """Parks and, inside the blocks, courts of one size that bring the whole to an area."""
    each = (area - sum(p.area for p in parks)) / len(homes)
    return parks + [_square(c, np.sqrt(each)) for c in homes]


def _roads() -> list[shapely.LineString]:
    east, north = WEST + BLOCKS_X * PITCH, SOUTH + BLOCKS_Y * PITCH
    across = [shapely.LineString([(WEST, y), (east, y)]) for y in SOUTH + PITCH * np.arange(BLOCKS_Y + 1)]
    return across + [shapely.LineString([(x, SOUTH), (x, north)]) for x in WEST + PITCH * np.arange(BLOCKS_X + 1)]


def _frame(shapes: list[shapely.Geometry], **columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)


def _ellipsoidal(shape: shapely.Polygon) -> float:
    from planner.ellipsoid import ellipsoidal_m2

    return float(ellipsoidal_m2(np.array([shape], dtype=object), CRS)[0])


def _enterprises(rng: np.random.Generator) -> list[dict[str, object]]:
    """Forty made-up firms around the benchmarks of Huangyan 2022; two with a gap, one exempt."""
    marks = {"tax_per_mu": 24.097, "value_added_per_mu": 136.16, "value_added_per_energy": 2.694,
             "value_added_per_emission": 4929.81, "labour_productivity": 18.14, "rd_share": 0.0302}  # fmt: skip
    rows = [
        {"id": f"企业{k + 1:02d}", **{c: float(f"{m * rng.lognormal(-0.1, 0.6):.4g}") for c, m in marks.items()}}
        for k in range(40)
    ]
    rows[6]["rd_share"], rows[18]["value_added_per_emission"] = "", ""
    return [{**row, "exempt": "是" if k == 30 else ""} for k, row in enumerate(rows)]


def write(place: Path) -> None:
    """Writes city.gpkg and enterprises.csv."""
    from recipes.write import geopackage

    layers, rows = city()
    place.mkdir(parents=True, exist_ok=True)
    geopackage(place / "city.gpkg", layers)
    with (place / "enterprises.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
