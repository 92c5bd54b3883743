"""Prediction of 200 panels on a raster of ten million cells against bare numpy/scipy on the same rectangles.

Run with `python -m benchmarks.prediction [cells along a side] [cell in m]`. A rectangle along the grid is separable, so its
peer is a product of two thin erf tables, six of them for all derivatives; a turned one needs four erf a cell, which is timed
on a twentieth of the panels and scaled.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import shapely
from scipy.special import erf
from shapely import affinity

from benchmarks._results import memory_gib, record
from planner.core import probability_integral as kernel
from planner.subsidence.panels import check_panels
from planner.subsidence.predict import BAND_CELLS
from planner.subsidence.sources import sources

CELL = float(sys.argv[2]) if sys.argv[2:] and sys.argv[0].endswith("prediction.py") else 10.0
PANELS = 200
ROOT_PI = np.sqrt(np.pi)
NAMES = ("along the grid", "turned by 23°", "turned, five corners")


def mine(side: int, turned: float, corners: int) -> gpd.GeoDataFrame:
    """Panels of about 1 000 × 200 m strewn over the raster, turned by an angle; with 4 corners or more."""
    rng = np.random.default_rng(3)
    extent = side * CELL
    shapes = []
    for _ in range(PANELS):
        x, y = rng.uniform(0.1 * extent, 0.9 * extent, 2)
        box = shapely.box(x - 500, y - 100, x + 500, y + 100)
        if corners > 4:
            box = box.difference(shapely.Polygon([(x + 500, y + 100), (x + 380, y + 100), (x + 500, y + 20)]))
        shapes.append(affinity.rotate(box, turned, origin=(x, y)))
    seam = [str(k) for k in range(PANELS)]
    columns = {"thickness_m": 3.0, "depth_m": 400.0, "q": 0.8, "tan_beta": 2.0, "b": 0.3, "seam": seam}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4527")


def separable(rectangles: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Bare numpy: all columns, all rows, one matrix product."""
    px, py, _, _, length, width, r, w0 = (rectangles[:, k, None] for k in range(8))
    fx = 0.5 * (erf(ROOT_PI * (x - px) / r) - erf(ROOT_PI * (x - px - length) / r))
    fy = 0.5 * (erf(ROOT_PI * (y - py) / r) - erf(ROOT_PI * (y - py - width) / r))
    return (w0 * fy).T @ fx


def separable_fields(rectangles: np.ndarray, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """Bare numpy: all five columns, the largest over all directions, for level panels of one b·r."""
    px, py, _, _, length, width, r, w0, br = (rectangles[:, k, None] for k in range(9))

    def factors(at: np.ndarray, first: np.ndarray, size: np.ndarray) -> list[np.ndarray]:
        a, b = (at - first) / r, (at - first - size) / r
        ga, gb = np.exp(-np.pi * a * a), np.exp(-np.pi * b * b)
        return [0.5 * (erf(ROOT_PI * a) - erf(ROOT_PI * b)), (ga - gb) / r, -2 * np.pi * (a * ga - b * gb) / r**2]

    fx, fy = factors(x, px, length), factors(y, py, width)
    w, wx, wy, wxx, wxy, wyy = ((w0 * fy[j]).T @ fx[i] for i, j in ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)))
    tilt, mean, half = np.hypot(wx, wy), 0.5 * (wxx + wyy), np.hypot(0.5 * (wxx - wyy), wxy)
    curvature = np.where(mean >= 0, mean + half, mean - half)
    return [w, tilt, curvature, br[0] * tilt, br[0] * curvature]


def by_cell(rectangles: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Bare numpy: four erf a cell and panel, a band of rows at a time."""
    out = np.zeros((len(y), len(x)))
    for first in range(0, len(y), 256):
        xx, yy = np.meshgrid(x, y[first : first + 256])
        for px, py, c, s, length, width, r, w0 in rectangles[:, :8]:
            u = ((xx - px) * c + (yy - py) * s) * (ROOT_PI / r)
            v = ((yy - py) * c - (xx - px) * s) * (ROOT_PI / r)
            along = erf(u) - erf(u - ROOT_PI * length / r)
            out[first : first + 256] += 0.25 * w0 * along * (erf(v) - erf(v - ROOT_PI * width / r))
    return out


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of one run."""
    start = time.process_time()
    work()
    return time.process_time() - start


def all_fields(table: gpd.GeoDataFrame, x: np.ndarray, y: np.ndarray) -> None:
    """Every field and its maxima, band by band as the raster is written."""
    s = sources(check_panels(table))
    step = max(1, BAND_CELLS // len(x))
    for first in range(0, len(y), step):
        fields = kernel.rectangles_on_grid(s.rectangles, x, y[first : first + step])
        if len(s.outlines):
            kernel.outlines_on_grid(s.nodes, s.start, s.outlines, x, y[first : first + step], fields)
        kernel.principal(fields)


def subsidence(table: gpd.GeoDataFrame, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Subsidence alone."""
    out = np.zeros((len(y), len(x)))
    kernel.rectangles_subsidence(sources(check_panels(table)).rectangles, x, y, out)
    return out


def main() -> None:
    side = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 3163
    x = (np.arange(side) + 0.5) * CELL
    y = x[::-1].copy()
    along, turned, cut = mine(side, 0.0, 4), mine(side, 23.0, 4), mine(side, 23.0, 5)
    small = (np.arange(40) + 0.5) * CELL
    for table in (along, turned, cut):  # compile outside the clock
        all_fields(table, small, small[::-1].copy())
        if table is not cut:
            subsidence(table, small, small)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    timed = {name: [cpu(lambda t=t: all_fields(t, x, y))] for name, t in zip(NAMES, (along, turned, cut), strict=True)}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows_along, rows_turned = (sources(check_panels(t)).rectangles for t in (along, turned))
    timed[NAMES[0]] += [
        cpu(lambda: separable_fields(rows_along, x, y)),
        cpu(lambda: subsidence(along, x, y)),
        cpu(lambda: separable(rows_along, x, y)),
    ]
    part = PANELS // 20
    timed[NAMES[1]] += [None, cpu(lambda: subsidence(turned, x, y)), 20 * cpu(lambda: by_cell(rows_turned[:part], x, y))]
    timed[NAMES[2]] += [None, None, None]
    off = np.abs(subsidence(along, x, y) - separable(rows_along, x, y)).max()
    report(side, timed, off, (memory, peak))


def report(side: int, timed: dict[str, list[float | None]], off: float, memory: tuple[int, int]) -> None:
    """Prints and writes the table."""
    lines = [
        f"# Prediction: {PANELS} panels on {side} × {side} cells of {CELL:g} m",
        "",
        f"CPU seconds, one run, {os.cpu_count()} cores, {memory_gib():.0f} GiB. "
        "Panels 1 000 × 200 m, r = 200 m. Bare: numpy, scipy.",
        "",
        "| panels | all five, planner | all five, bare | ratio | subsidence, planner | subsidence, bare | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, (full, bare_full, alone, bare) in timed.items():
        ratios = [f"{a / b:.3f}" if a is not None and b else "–" for a, b in ((full, bare_full), (alone, bare))]
        told = [f"{v:.2f}" if v is not None else "–" for v in (full, bare_full, alone, bare)]
        lines.append("| " + " | ".join([name, *told[:2], ratios[0], *told[2:], ratios[1]]) + " |")
    polygon, rectangle = timed[NAMES[2]][0], timed[NAMES[1]][0]
    assert polygon is not None
    assert rectangle is not None
    lines += [
        "",
        f"A panel with five corners costs {polygon / rectangle:.1f} times a turned rectangle.",
        f"Largest difference between planner and bare numpy: {off:.1e} m of W₀ = 2.4 m.",
        f"Peak memory while all fields were made: {memory[1] / 2**20:.2f} GiB ({memory[0] / 2**20:.2f} GiB before).",
        "Along the grid bare numpy is a product of two thin tables, the least work there is; turned, ten panels were timed and",
        "scaled to 200.",
        "",
    ]
    record("prediction" if CELL == 10.0 else f"prediction_{CELL:g}m", "\n".join(lines))


if __name__ == "__main__":
    main()
