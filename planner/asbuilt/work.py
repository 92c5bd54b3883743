"""Earth moved and still to be moved, unit by unit, with what the survey can and cannot tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.asbuilt.survey import Z95, Registered

if TYPE_CHECKING:
    from planner.site import Grid

Floats = NDArray[np.float64]

NO_EARTH_M: Final = 0.005  # mean planned change of a unit below which it has no earth to move, or less than can be told
MOST: Final = 0.7  # less of its earth is not done, whatever the error
CLIP: Final = (
    1.5  # levels of detection a cell may go past its design and still count in full: three errors, so that noise evens out
)


class Sums:
    """Sums over the cells of every unit: those whose centres it holds, as the design has it."""

    def __init__(self, owner: NDArray[np.int32], cell_area: float, count: int) -> None:
        self.cell = np.flatnonzero(owner >= 0)
        self.owner, self.count = owner.ravel()[self.cell].astype(np.int64), count
        self.cell_area = cell_area

    def of(self, grid: Floats) -> Floats:
        """A grid's values at the units' cells, (m,)."""
        return grid.ravel()[self.cell]

    def total(self, values: Floats) -> Floats:
        """Σ values · area by unit, (n,); what is missing counts as nothing."""
        known = np.where(np.isfinite(values), values * self.cell_area, 0.0)
        return np.asarray(np.bincount(self.owner, weights=known, minlength=self.count), dtype=np.float64)


def unit_work(before: Grid, planned: Grid, survey: Registered, sunk: Floats, sums: Sums) -> pd.DataFrame:
    """One row a unit, in the units' order.

    planned_cut_m3, planned_fill_m3; cut_m3, fill_m3 (built, cells beyond detection); net_m3 and net_sd_m3 (all cells);
    done_share (earth moved the way it was planned, of what was planned), done_sd, judged_m3, done_m3 (planned earth that the
    survey can judge, and how much of it is done); off_m, off_sd_m, off_m3 (mean deviation
    from the design and, where it lies beyond its error, its volume); high_m3, low_m3 (cells beyond detection above and below
    the design); seen_share (of the unit that the survey shows). sunk: m, taken as settled since, (rows, cols).
    A cell that goes far past its design counts no further. A unit with less earth to move than the survey can tell is done
    where its ground lies as designed.
    """
    p = sums.of(planned.values - before.values)
    after = sums.of(survey.ground.values)
    built = after + sums.of(sunk) - sums.of(before.values)
    off = after - sums.of(planned.values)
    seen = np.isfinite(built)
    lod = survey.lod95_m
    area, whole = sums.total(np.where(seen, 1.0, np.nan)), sums.total(np.ones(len(p)))
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = np.clip(built * np.sign(p), -CLIP * lod, np.abs(p) + CLIP * lod)
        wanted = sums.total(np.where(seen, np.abs(p), np.nan))
        done = np.clip(sums.total(np.where(p == 0.0, 0.0, moved)) / wanted, 0.0, 1.0)
        mean_off = sums.total(off) / area
    off_sd = survey.mean_sd(area)
    deviates = np.abs(mean_off) > Z95 * off_sd
    idle = wanted < np.maximum(NO_EARTH_M, Z95 * off_sd) * np.maximum(area, 1e-9)
    done = np.where(idle, np.where(deviates, 0.0, 1.0), done)
    beyond = np.abs(off) > lod
    changed = np.abs(built) > lod
    return pd.DataFrame(
        {
            "planned_cut_m3": sums.total(np.maximum(-p, 0.0)),
            "planned_fill_m3": sums.total(np.maximum(p, 0.0)),
            "cut_m3": sums.total(np.where(changed, np.maximum(-built, 0.0), 0.0)),
            "fill_m3": sums.total(np.where(changed, np.maximum(built, 0.0), 0.0)),
            "net_m3": sums.total(built),
            "net_sd_m3": area * off_sd,
            "done_share": np.where(area > 0, done, np.nan),
            "done_sd": np.where((area > 0) & ~idle, area * off_sd / np.maximum(wanted, 1e-9), 0.0),
            "judged_m3": np.where(idle, 0.0, wanted),
            "done_m3": np.where(idle, 0.0, np.nan_to_num(done) * wanted),
            "off_m": mean_off,
            "off_sd_m": np.where(area > 0, off_sd, np.nan),
            "off_m3": np.where(deviates & (area > 0), mean_off * area, 0.0),
            "high_m3": sums.total(np.where(beyond, np.maximum(off, 0.0), 0.0)),
            "low_m3": sums.total(np.where(beyond, np.maximum(-off, 0.0), 0.0)),
            "seen_share": np.divide(area, whole, out=np.zeros_like(area), where=whole > 0),
        }
    )


def stands(units: pd.DataFrame, done_from: float) -> NDArray[np.bool_]:
    """Which units stand, (n,): their earth done, or most of it and what is left within its error."""
    share, sd = units["done_share"].to_numpy(float), units["done_sd"].to_numpy(float)
    return np.asarray((share >= done_from) | ((share > MOST) & (share >= done_from - Z95 * sd)))


def unit_slopes(ground: Floats, before: Grid, sums: Sums) -> Floats:
    """Slope of the plane that fits each unit's ground best, degrees, (n,); NaN where too little is seen.

    A cell's own slope is mostly the survey's noise; the plane's is the unit's.
    """
    x, y = before.centres()
    z = sums.of(ground)
    px, py = x[sums.cell % before.shape[1]], y[sums.cell // before.shape[1]]
    seen = np.isfinite(z)
    ones = np.where(seen, 1.0, np.nan)
    n = sums.total(ones)
    with np.errstate(divide="ignore", invalid="ignore"):
        mx, my, mz = (sums.total(np.where(seen, v, np.nan)) / n for v in (px, py, z))
        dx, dy, dz = px - mx[sums.owner], py - my[sums.owner], z - mz[sums.owner]
        xx, yy, xy = (sums.total(np.where(seen, v, np.nan)) for v in (dx * dx, dy * dy, dx * dy))
        xz, yz = (sums.total(np.where(seen, v, np.nan)) for v in (dx * dz, dy * dz))
        det = xx * yy - xy * xy
        a, b = (xz * yy - yz * xy) / det, (yz * xx - xz * xy) / det
        flat = det <= 1e-9 * np.maximum(xx * yy, 1e-12)
        return np.asarray(np.where(flat, np.nan, np.degrees(np.arctan(np.hypot(a, b)))), dtype=np.float64)


def grouped(units: pd.DataFrame, by: str) -> pd.DataFrame:
    """The units' earth by phase, zone, target …: planned and built volumes, and the share done of what was planned."""
    columns = ["planned_cut_m3", "planned_fill_m3", "cut_m3", "fill_m3", "net_m3", "judged_m3", "done_m3", "area_mu"]
    key = units[by].astype(object).where(units[by].notna(), "")
    table = units.groupby(key, sort=True)[columns].sum()
    wanted = table["judged_m3"]
    table["done_share"] = (table["done_m3"] / wanted.where(wanted > 0)).astype(float)
    return table.rename_axis(by)
