"""A lake's area and storage at every stop of the page's slider: the plan's table, and the finished ground between its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.units import m2_from_mu, mu_from_m2

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
STOPS: Final = 100  # stops of the slider to a metre
RISE_M: Final = 1 / STOPS  # by which water must stand above the normal level to leave its bed
AS_ONE_M: Final = 1e-6  # levels nearer than this are one
TOLD_SHARE: Final = 1e-3  # of an area that is told: what leaving out a stop may change it by


@dataclass(frozen=True, eq=False)
class Bed:
    """The ground of one lake by elevation: where it lies and from which level on its water stands there.

    below: ground of the cells of its bed under the normal level, m, ascending, (n,). reached: level from which on each other
    cell is reached, m, (k,). ground: their ground, m, (k,). cell_m2: of a cell.
    """

    below: Floats
    reached: Floats
    ground: Floats
    cell_m2: float


def stages(curve: pd.DataFrame, bed: Bed, normal_m: float) -> pd.DataFrame:
    """Level, m, area, mu, and storage, m³, at the slider's stops and at the normal level, ascending.

    curve: columns `level_m, area_mu, storage_m3` of the plan, ascending. Up to the normal level what is told at its rows are
    its figures, and between two of them area comes as the ground lies there, so that a level bed comes all at once. Above it
    area and storage are those of the cells that the water reaches besides, over a bed with vertical banks.
    """
    level = curve["level_m"].to_numpy(np.float64)
    stops = np.arange(np.ceil(level[0] * STOPS - AS_ONE_M), np.floor(level[-1] * STOPS + AS_ONE_M) + 1) / STOPS
    under = stops[stops < normal_m - AS_ONE_M]
    over = np.concatenate([[normal_m], stops[stops > normal_m + AS_ONE_M]])
    columns = zip(_in_bed(curve, bed.below, under, normal_m), _risen(curve, bed, over), strict=True)
    area, storage = (np.concatenate(both) for both in columns)
    return pd.DataFrame({"level_m": np.concatenate([under, over]), "area_mu": area, "storage_m3": storage})


def _in_bed(curve: pd.DataFrame, ground: Floats, stops: Floats, normal_m: float) -> tuple[Floats, Floats]:
    """Area and storage at stops under the normal level: each row's rise is shared out as the ground up to the next one lies."""
    level, area, storage = _rows(curve, normal_m)
    row = np.clip(np.searchsorted(level, stops + AS_ONE_M, side="right") - 1, 0, max(len(level) - 2, 0))
    first = np.searchsorted(ground, level - AS_ONE_M, side="left")
    if not len(stops):
        return np.zeros(0), np.zeros(0)
    low, high = level[row], level[row + 1]
    found, held = _share(ground, first[row], low, stops)
    every, full = _share(ground, first[row], low, high, upto=first[row + 1])
    even = every == 0  # no cell lies between the two rows: as a plane would
    rise = area[row + 1] - area[row]
    part, total = np.where(even, (stops - low) / (high - low), found / np.maximum(every, 1)), high - low
    bulge = np.where(even, (stops - low) ** 2 / (2 * total), held / np.maximum(every, 1))
    whole = area[row] * total + rise * np.where(even, total / 2, full / np.maximum(every, 1))
    filled = area[row] * (stops - low) + rise * bulge
    gained = np.divide(filled, whole, out=(stops - low) / total, where=whole > 0)
    return area[row] + rise * part, storage[row] + (storage[row + 1] - storage[row]) * gained


def _rows(curve: pd.DataFrame, normal_m: float) -> tuple[Floats, Floats, Floats]:
    """The plan's rows under the normal level, and one at it."""
    level, *told = (curve[c].to_numpy(np.float64) for c in ("level_m", "area_mu", "storage_m3"))
    keep = level < normal_m - AS_ONE_M
    area, storage = (np.append(values[keep], np.interp(normal_m, level, values)) for values in told)
    return np.append(level[keep], normal_m), area, storage


def _share(ground: Floats, first: Ints, low: Floats, stops: Floats, *, upto: Ints | None = None) -> tuple[Floats, Floats]:
    """How many cells lie from `first` up to each stop, and the water over them, cells · m; all up to `upto` where given."""
    end = np.searchsorted(ground, stops + AS_ONE_M, side="right") if upto is None else upto
    total = np.concatenate([[0.0], np.cumsum(ground)])
    count = np.maximum(end - first, 0).astype(np.float64)
    over = count * stops - (total[np.maximum(end, first)] - total[first])
    return count, np.clip(over, 0.0, count * (stops - low))


def _risen(curve: pd.DataFrame, bed: Bed, stops: Floats) -> tuple[Floats, Floats]:
    """Area and storage at the normal level, the first stop, and at stops above it."""
    level, area, storage = (curve[c].to_numpy(np.float64) for c in ("level_m", "area_mu", "storage_m3"))
    base_mu, base_m3 = float(np.interp(stops[0], level, area)), float(np.interp(stops[0], level, storage))
    order = np.argsort(bed.reached, kind="stable")
    count = np.searchsorted(bed.reached[order], stops + AS_ONE_M, side="right")
    count[0] = 0  # what lies at the normal level itself is the shore
    floor = np.concatenate([[0.0], np.cumsum(bed.ground[order])])[count]
    return (
        base_mu + mu_from_m2(count * bed.cell_m2),
        base_m3 + m2_from_mu(base_mu) * (stops - stops[0]) + (count * stops - floor) * bed.cell_m2,
    )


def kept(table: pd.DataFrame, normal_m: float, least_mu: float) -> pd.DataFrame:
    """The stages without those whose area a straight line between the ones kept gives to TOLD_SHARE or to least_mu."""
    level, area = table["level_m"].to_numpy(np.float64), table["area_mu"].to_numpy(np.float64)
    within = np.maximum(TOLD_SHARE * area, least_mu)
    at = int(np.searchsorted(level, normal_m - AS_ONE_M))
    last = len(level) - 1
    keep = {0, at, min(at + 1, last), last}
    pending = list(zip(sorted(keep), sorted(keep)[1:], strict=False))
    while pending:
        a, b = pending.pop()
        if b <= a + 1:
            continue
        straight = np.interp(level[a : b + 1], level[[a, b]], area[[a, b]])
        off = np.abs(area[a : b + 1] - straight) / within[a : b + 1]
        worst = a + int(off.argmax())
        if off[worst - a] > 1.0:
            keep.add(worst)
            pending += [(a, worst), (worst, b)]
    return table.iloc[sorted(keep)]
