"""Who digs for whom, beside HiGHS on the same transport problem; both in one run, and the planner alone on larger ones.

Run with `python -m benchmarks.earth`. A lake is dug in the middle and fill is wanted all around it; the peer is given every
pair.
"""

from __future__ import annotations

import os
import platform
import time

import geopandas as gpd
import numpy as np
import scipy.sparse as sp
import shapely
from scipy.optimize import linprog

from benchmarks._results import record
from planner.earthwork import haul

COMPACTION = 0.95
BESIDE, ALONE = (250, 500, 1000), (7_000, 30_000)


def works(count: int) -> gpd.GeoDataFrame:
    """Units of 60 m; the inner fifth is dug, the rest is filled, with a tenth of the spoil left over."""
    rng = np.random.default_rng(0)
    edge = 60.0 * np.sqrt(count)
    xy = rng.uniform(0, edge, (count, 2))
    inner = np.hypot(*(xy - edge / 2).T) < edge * np.sqrt(0.2 / np.pi)
    cut = np.where(inner, rng.uniform(2_000, 12_000, count), 0.0)
    fill = np.where(inner, 0.0, rng.uniform(0, 2_000, count))
    fill *= 0.9 * COMPACTION * cut.sum() / fill.sum()
    ids = [f"u{i:06d}" for i in range(count)]
    return gpd.GeoDataFrame({"cut_m3": cut, "fill_m3": fill}, geometry=shapely.points(xy), index=ids, crs="EPSG:4527")


def least(units: gpd.GeoDataFrame) -> float:
    """The peer's least m³·km over all pairs."""
    cut, fill = COMPACTION * units["cut_m3"].to_numpy(), units["fill_m3"].to_numpy()
    s, d = np.flatnonzero(cut), np.flatnonzero(fill)
    xy = shapely.get_coordinates(units.geometry.to_numpy())
    cost = np.hypot(*(xy[s][:, None] - xy[d][None]).transpose(2, 0, 1)) / 1000.0
    given = sp.kron(sp.eye(len(s)), np.ones((1, len(d))), format="csr")
    taken = sp.kron(np.ones((1, len(s))), sp.eye(len(d)), format="csr")
    answer = linprog(cost.ravel(), A_ub=given, b_ub=cut[s], A_eq=taken, b_eq=fill[d], method="highs")
    return float(answer.fun)


def timed(run: object, units: gpd.GeoDataFrame) -> tuple[float, object]:
    """CPU seconds of a run, and what it gave."""
    began = time.process_time()
    result = run(units)  # type: ignore[operator]
    return time.process_time() - began, result


def solved(units: gpd.GeoDataFrame) -> object:
    """The planner's haul at 1 yuan per m³·km, so that its cost is m³·km."""
    return haul(units, compaction=COMPACTION, cny_per_m3_km=1.0)


def main() -> None:
    """Prints the table and writes it to results/earth.md."""
    solved(works(60))  # kernels compiled
    rows = []
    for count in BESIDE:
        units = works(count)
        (theirs, reference), (ours, result) = timed(least, units), timed(solved, units)
        off = result.cost_cny / reference - 1  # type: ignore[attr-defined]
        rows.append(f"| {count:,} | {theirs:.2f} | {ours:.3f} | {theirs / ours:.0f} | {off:+.0e} | {unproven(result):.0e} |")
    for count in ALONE:
        ours, result = timed(solved, works(count))
        rows.append(f"| {count:,} | – | {ours:.2f} | – | – | {unproven(result):.0e} |")
    lines = [
        "# Who digs for whom",
        "",
        "A lake dug in the middle of its land, fill wanted everywhere around it, a tenth of the spoil left over.",
        f"{os.cpu_count()} cores, Python {platform.python_version()}; one run each, in turn.",
        "",
        "| units | HiGHS on all pairs, CPU s | planner, CPU s | ratio | cost against HiGHS | share of the cost unproven |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
    ]
    record("earth", "\n".join(lines))


def unproven(result: object) -> float:
    """Share of the cost by which the proven bound lies below."""
    return 1 - result.bound_cny / result.cost_cny  # type: ignore[attr-defined,no-any-return]


if __name__ == "__main__":
    main()
