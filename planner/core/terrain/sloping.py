"""Ground that changes no faster than its side slopes allow.

Heights are measured in the run a slope needs for them: three metres a metre under water at 1:3, two above it at 1:2. In that
measure no two cells may differ by more than their distance. The lower envelope of cones (cut) and the upper one (fill), both
twice as steep, have in their mean a batter that lies half on either side of a step, so that its cut fills its fill.
Distances are chamfer distances over 16 neighbours: exact along rows, columns, diagonals and knight's moves, at most 2.8 %
too long between.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@njit(cache=True, nogil=True)
def _relax(run: Floats, cell_x: float, cell_y: float, steep: float) -> None:
    """Lowers run (rows, cols) in place to its lower envelope: no cell above another's run by more than distance · steep.

    NaN cells take no part. Two sweeps, each with the half of the neighbours that it has passed.
    """
    rows, cols = run.shape
    step_r = np.array([0, -1, -1, -1, -1, -1, -2, -2])
    step_c = np.array([-1, -2, -1, 0, 1, 2, -1, 1])
    far = np.empty(8)
    for k in range(8):
        far[k] = steep * np.hypot(step_r[k] * cell_y, step_c[k] * cell_x)
    for sweep in range(2):
        sign = 1 if sweep == 0 else -1
        for i in range(rows):
            r = i if sweep == 0 else rows - 1 - i
            for j in range(cols):
                c = j if sweep == 0 else cols - 1 - j
                best = run[r, c]
                if np.isnan(best):
                    continue
                for k in range(8):
                    y, x = r + sign * step_r[k], c + sign * step_c[k]
                    if 0 <= y < rows and 0 <= x < cols:
                        reach = run[y, x] + far[k]
                        if reach < best:
                            best = reach
                run[r, c] = best


def lower_envelope(run: Floats, cell: tuple[float, float], steep: float = 1.0) -> Floats:
    """The highest ground nowhere above run (rows, cols) that rises by no more than `steep` a metre; NaN takes no part."""
    result = np.array(run, dtype=np.float64)
    _relax(result, cell[0], cell[1], steep)
    return result


def upper_envelope(run: Floats, cell: tuple[float, float], steep: float = 1.0) -> Floats:
    """The lowest ground nowhere below run that falls by no more than `steep` a metre."""
    turned = -run
    _relax(turned, cell[0], cell[1], steep)
    return np.negative(turned, out=turned)


def run_of(level: Floats, water_m: Floats | float, wet: float, dry: float) -> Floats:
    """Heights as the run they need: wet metres a metre below the water, dry above it."""
    above = level - water_m
    return np.asarray(np.where(above < 0.0, wet, dry) * above, dtype=np.float64)


def level_of(run: Floats, water_m: Floats | float, wet: float, dry: float) -> Floats:
    """The inverse of run_of, m."""
    return np.asarray(water_m + run / np.where(run < 0.0, wet, dry), dtype=np.float64)


class Between(NamedTuple):
    """The lowest and highest run that slopes against fixed ground leave, (rows, cols) each; NaN where there is no ground."""

    low: Floats
    high: Floats


def against_fixed(
    ground: Floats, fixed: Flags, cell: tuple[float, float], *, water_m: float, wet: float, dry: float
) -> Between | None:
    """What fixed ground leaves of the works' heights: it is the same whatever is built. None where nothing is fixed.

    ground: (rows, cols) m, of fixed cells; of others it is only asked whether they are known.
    """
    if not (fixed & np.isfinite(ground)).any():
        return None
    run = run_of(ground, water_m, wet, dry)
    high = np.where(np.isnan(ground), np.nan, np.where(fixed, run, np.inf))
    low = np.where(np.isnan(ground), np.nan, np.where(fixed, run, -np.inf))
    return Between(upper_envelope(low, cell), lower_envelope(high, cell))


def sloped(
    blocks: Floats,
    fixed: Flags,
    cell: tuple[float, float],
    *,
    water_m: float,
    wet: float = 3.0,
    dry: float = 2.0,
    between: Between | None = None,
) -> Floats:
    """Ground with side slopes in place of walls, (rows, cols) m.

    blocks: finished ground in level pieces, m, NaN for none. fixed: cells that nobody works on and that stay; slopes against
    them lie wholly on worked ground. cell: width and height, m. water_m: the level below which slopes are 1:wet, else 1:dry.
    Between worked cells a slope lies half in cut and half in fill. Where fixed ground is itself steeper, it stays so. between:
    what `against_fixed` found, where it is known already.
    """
    run = run_of(blocks, water_m, wet, dry)
    worked = np.where(fixed, np.nan, run)
    mean = 0.5 * (lower_envelope(worked, cell, 2.0) + upper_envelope(worked, cell, 2.0))
    mean = 0.5 * (lower_envelope(mean, cell) + upper_envelope(mean, cell))
    held = against_fixed(blocks, fixed, cell, water_m=water_m, wet=wet, dry=dry) if between is None else between
    if held is not None:
        mean = np.minimum(np.maximum(mean, held.low), held.high)
    return np.where(fixed | np.isnan(blocks), blocks, level_of(mean, water_m, wet, dry))
