"""Cutting parcels into planning units, beside the same lines laid over each other with geopandas; both in one run.

Run with `python -m benchmarks.partition [km …]`: edge lengths of the square sites, 5 and 16 km by default. The peer does what
is usually written: fill the contour bands, make a fishnet, `overlay` parcels with both. It merges no slivers.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Callable
from itertools import pairwise

import contourpy
import geopandas as gpd
import numpy as np
import shapely

from benchmarks._results import record
from planner.partition import partition
from planner.scenario import parse_scenario
from planner.site import Grid, Site, WaterTable
from planner.units import M2_PER_MU

CELL = 5.0
PEER_LIMIT_KM = 6.0  # the peer takes minutes beyond
WEST, SOUTH = 39_485_000.0, 3_757_000.0


def site(edge_km: float) -> Site:
    """A square of Voronoi parcels of about 2 km² over one trough a 3 km², on a plain with ditches and 3 cm of noise."""
    edge = edge_km * 1000.0
    rng = np.random.default_rng(4)
    n = int(edge / CELL) + 40
    blank = Grid(np.zeros((n, n)), WEST - 20 * CELL, SOUTH + edge + 20 * CELL, CELL, CELL)
    x, y = (v - o for v, o in zip(blank.centres(), (WEST, SOUTH), strict=True))
    lost = np.zeros(blank.shape)
    for _ in range(max(1, int(edge_km**2 / 3))):
        (cx, cy), (wx, wy) = rng.uniform(0, edge, 2), rng.uniform(400, 900, 2)
        lost += rng.uniform(1, 5) * np.exp(-(((y[:, None] - cy) / wy) ** 2)) * np.exp(-(((x[None, :] - cx) / wx) ** 2))
    ground = 33.0 - lost + 0.03 * rng.standard_normal(lost.shape)
    ground[::80] -= 1.0
    square = shapely.box(WEST, SOUTH, WEST + edge, SOUTH + edge)
    seeds = shapely.multipoints(rng.uniform(0, edge, (max(4, int(edge_km**2 / 2)), 2)) + np.array([WEST, SOUTH]))
    shapes = shapely.intersection(shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=square)), square)
    parcels = gpd.GeoDataFrame(geometry=shapes, index=[f"P{i:03d}" for i in range(len(shapes))], crs="EPSG:4527")
    water = WaterTable(blank.like(31.5), blank.like(31.0), blank.like(32.0))
    return Site("benchmark", parcels.crs, parcels, blank.like(ground), blank.like(lost), water, parse_scenario(LAYERS))


LAYERS = {"layers": {"polygons": "parcels.gpkg"}}


def overlaid(given: Site) -> gpd.GeoDataFrame:
    """The peer: parcels laid over filled bands of depth and of water and over a fishnet of the same cell."""
    breaks = [float(v) for v in given.scenario.value("partition.depth_breaks_m")]
    depth = bands(given.subsidence, [-1.0, *breaks, 1e3])
    water = bands(given.terrain, [-1e3, 31.0, 31.5, 32.0, 1e3])
    west, south, east, north = given.parcels.total_bounds
    side = float(np.sqrt(given.scenario.number("partition.max_unit_mu") * M2_PER_MU))
    xs, ys = np.arange(west, east, side), np.arange(south, north, side)
    net = gpd.GeoDataFrame(geometry=[shapely.box(a, b, a + side, b + side) for a in xs for b in ys], crs=given.crs)
    result = given.parcels[["geometry"]]
    for layer in (depth, water, net):
        result = gpd.overlay(result, layer, how="intersection", keep_geom_type=True)
    return result.explode(ignore_index=True)


def bands(grid: Grid, levels: list[float]) -> gpd.GeoDataFrame:
    """Filled contours between consecutive levels."""
    x, y = grid.centres()
    filled = contourpy.contour_generator(x, y[::-1], grid.values[::-1], fill_type="OuterOffset")
    shapes = []
    for low, high in pairwise(levels):
        for points, offsets in zip(*filled.filled(low, high), strict=True):
            rings = [points[a:b] for a, b in pairwise(offsets)]
            shapes.append(shapely.make_valid(shapely.Polygon(rings[0], rings[1:])))
    return gpd.GeoDataFrame(geometry=shapes, crs="EPSG:4527")


def described(name: str, given: Site, run: Callable[[Site], gpd.GeoDataFrame]) -> str:
    """A row of the table: units, CPU, area lost, slivers, whether borders match point by point."""
    began = time.process_time()
    units = run(given)
    seconds = time.process_time() - began
    shapes = units.geometry.to_numpy()
    whole = float(given.parcels.area.sum())
    lost = abs(float(shapely.area(shapes).sum()) / whole - 1)
    slivers = int((shapely.area(shapes) < given.scenario.number("partition.min_unit_mu") * M2_PER_MU).sum())
    shared = "yes" if shapely.coverage_is_valid(shapes) else "no"
    return f"| {whole / 1e6:.0f} | {name} | {len(units):,} | {seconds:.2f} | {lost:.0e} | {slivers:,} | {shared} |"


def main() -> None:
    """Prints the table and writes it to results/partition.md."""
    rows = []
    partition(site(1.0))  # kernels compiled
    for edge_km in [float(v) for v in sys.argv[1:]] or [5.0, 16.0]:
        given = site(edge_km)
        if edge_km <= PEER_LIMIT_KM:
            rows.append(described("geopandas overlay", given, overlaid))
        rows.append(described("planner", given, lambda s: partition(s).units))
    lines = [
        "# Cutting parcels into planning units",
        "",
        "Parcels of about 2 km², depth and water lines on a terrain of 5 m cells with ditches and noise, units up to 9 mu.",
        f"{os.cpu_count()} cores, Python {platform.python_version()}; one run each, in turn.",
        "",
        "| km² | | units | CPU s | share of area lost | pieces under 0.75 mu | borders match |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
    ]
    record("partition", "\n".join(lines))


if __name__ == "__main__":
    main()
