"""Small invented sites for the map tests: a hollow in a level plain, cut into square units, planned by depth."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from planner.maps import MapView
from planner.site import Grid
from planner.words import plain, say

WEST, SOUTH, LEVEL = 39_485_000.0, 3_757_000.0, 30.0
HOSTILE = {
    "markup": '<img src=x onerror="window.hacked=1"><b>bold</b>',
    "script": "</script><script>window.hacked=1</script>",
    "quotes": "\"'`${window.hacked=1}\\",
    "rtl": "\u202eevil\u202c عربى",
    "formula": '=HYPERLINK("http://evil","x")',
    "long": "长" * 10_000,
    "separator": "a\u2028b\u2029c",
}


def ground(x: np.ndarray, y: np.ndarray, size: float) -> np.ndarray:
    """A bowl 6 m deep in a plain at 32 m."""
    r = np.hypot(x - WEST - size / 2, y - SOUTH - size / 2) / (size / 2)
    return 32.0 - 6.0 * np.exp(-2.2 * r**2)


def world(side: int = 20, unit_m: float = 80.0, *, texts: dict[str, str] | None = None) -> MapView:
    """`side`² square units of `unit_m` m. texts: strings to plant as parcel ids, names and reasons."""
    size = side * unit_m
    j, i = (a.ravel() for a in np.meshgrid(np.arange(side), np.arange(side), indexing="ij"))
    shapes = shapely.box(WEST + i * unit_m, SOUTH + j * unit_m, WEST + (i + 1) * unit_m, SOUTH + (j + 1) * unit_m)
    x, y = WEST + (i + 0.5) * unit_m, SOUTH + (j + 0.5) * unit_m
    z = ground(x, y, size)
    depth = np.maximum(LEVEL - z, 0.0)
    target = np.select([depth > 1.0, z > 31.6, z > 31.2], ["reservoir", "construction", "arable"], "green")
    rules = np.where((target == "arable") & (i % 3 == 0), "green", target)
    area_m2 = unit_m**2
    planted = list((texts or {}).values())
    parcels = [planted[k % len(planted)] if planted else f"P{k % 7:02d}" for k in (i // 5 + j // 5)]
    units = gpd.GeoDataFrame(
        {
            "parcel_id": parcels,
            "target": target,
            "treatment": np.select([target == "reservoir", target == "green"], ["dig_1", "fill"], "level"),
            "rules_target": rules,
            "next_target": np.where(target == "green", "arable", "green"),
            "next_loss_cny": 1000.0 + 10.0 * i + j,
            "area_mu": area_m2 * 15 / 1e4,
            "subsidence_m": 32.0 - z,
            "ground_m": z,
            "water_table_m": LEVEL,
            "water_depth_m": depth,
            "waterlogging": np.select([depth > 0.5, depth > 0], ["perennial", "seasonal"], "dry"),
            "landuse": np.select([depth > 0.5, i % 9 == 0, j % 7 == 0], ["坑塘水面", "村庄", "盐田"], "旱地"),
            "residual_mm": 20.0 * (32.0 - z),
            "settled_year": 2020.0 + (i % 6),
            "ready_year": 2025.0 + (i % 6),
            "slope_deg": 0.4,
            "score": (i % 10) / 10,
            "storage_m3": np.where(target == "reservoir", (depth + 1) * area_m2, 0.0),
            "cut_m3": np.where(target == "reservoir", area_m2, 0.0),
            "fill_m3": np.where(target == "green", 0.4 * area_m2, 0.0),
            "cost_cny": 5000.0 * area_m2 * 15 / 1e4,
            "benefit_cny": 90000.0 * area_m2 * 15 / 1e4,
            "constraint": np.where(i == 3, "gas main", ""),
            "reason": [planted[k % len(planted)] if planted else "worth most under the limits" for k in i],
            "reason_zh": "在约束下价值最高",
            "cheapest_target": np.where((target == "construction") & (j % 2 == 0), "arable", target),
            "cheapest_storage_m3": np.where(target == "reservoir", (depth + 1) * area_m2, 0.0),
            "cheapest_cut_m3": np.where(target == "reservoir", area_m2, 0.0),
            "cheapest_fill_m3": 0.0,
            "cheapest_cost_cny": 3000.0 * area_m2 * 15 / 1e4,
            "cheapest_benefit_cny": 60000.0 * area_m2 * 15 / 1e4,
            "loss_green": np.where(target == "green", 0.0, 1000.0),
            "loss_arable": np.where(target == "green", 1500.0, np.nan),
        },
        geometry=shapes,
        index=pd.Index([f"u{k:05d}" for k in range(side * side)], name="unit_id"),
        crs="EPSG:4527",
    )
    lake = units[units["target"] == "reservoir"]
    cells = 10.0
    n = int(size / cells) + 20
    xs, ys = WEST - 100 + (np.arange(n) + 0.5) * cells, SOUTH + size + 100 - (np.arange(n) + 0.5) * cells
    terrain = Grid(ground(*np.meshgrid(xs, ys), size), WEST - 100, SOUTH + size + 100, cells, cells)
    levels = np.arange(26.0, 31.01, 0.25)
    bed = terrain.values[shapely.contains_xy(lake.union_all(), *np.meshgrid(xs, ys))]
    area = np.array([(bed < v).sum() * cells**2 for v in levels])
    storage = np.array([np.maximum(v - bed, 0).sum() * cells**2 for v in levels])
    return MapView(
        name=(texts or {}).get("script", "试验湖"),
        name_en=(texts or {}).get("markup", "Test Lake"),
        kind="reconstruction",
        approval_number=(texts or {}).get("quotes", ""),
        crs=pyproj.CRS("EPSG:4527"),
        units=units,
        terrain=terrain,
        refusals=pd.DataFrame(
            {
                "unit_id": units.index[target == "reservoir"],
                "target": "construction",
                "rule": (texts or {}).get("script", "water depth"),
                "value": depth[target == "reservoir"],
                "limit": 0.5,
                "unit": "m",
            }
        ),
        reservoirs=gpd.GeoDataFrame(
            {
                "level_m": [LEVEL],
                "area_mu": [float(lake["area_mu"].sum())],
                "storage_m3": [float(lake["storage_m3"].sum())],
                "size_class": ["small (1)"],
            },
            geometry=[lake.union_all()],
            index=pd.Index(["R1"], name="reservoir_id"),
            crs="EPSG:4527",
        ),
        constraints=gpd.GeoDataFrame(
            {"name": ["gas main"]}, geometry=[shapely.box(WEST, SOUTH, WEST + 4 * unit_m, SOUTH + size)], crs="EPSG:4527"
        ),
        curves=pd.DataFrame({"reservoir_id": "R1", "level_m": levels, "area_mu": area * 15 / 1e4, "storage_m3": storage}),
        hauls=pd.DataFrame(
            {"x_from": x[::7], "y_from": y[::7], "x_to": x[::7] + 300, "y_to": y[::7] + 200, "volume_m3": 100.0 + i[::7]}
        ),
        places=places(float(lake["storage_m3"].sum()), size),
        alternatives=(("cheapest", say("alternative.cheapest"), plain("400 mu would be used otherwise.")),),
        names={str(p): (str(p) + "村", "village " + str(p)) for p in set(parcels)},
    )


def places(storage_m3: float, size: float) -> pd.DataFrame:
    """Named places of the world: a lake, a village with a corridor beside it, four parcels."""
    rows = [
        ("lake", "R1", "R1", storage_m3, WEST + size / 2, SOUTH + size / 2, 250.0),
        ("village", "柳湖村", "Liuhu Village", 0.0, WEST + 300, SOUTH + 300, 80.0),
        ("corridor", "高压走廊", "Power line corridor", 0.0, WEST + 320, SOUTH + 320, 20.0),
        *(("parcel", f"地块{k}", f"Parcel {k}", 0.0, WEST + 200 + 350 * k, SOUTH + size - 250, 170.0) for k in range(4)),
    ]
    return pd.DataFrame(rows, columns=["kind", "name", "name_en", "storage_m3", "x", "y", "radius_m"])
