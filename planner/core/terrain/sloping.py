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

    NaN cells take no part. Two sweeps, each with the half of the neighbours that it has passed: those in other rows first, all
    cells of a row alike, then the row's own.
    """
    rows, cols = run.shape
    beside, above = steep * cell_x, steep * cell_y
    corner, wide = steep * np.hypot(cell_y, cell_x), steep * np.hypot(cell_y, 2 * cell_x)
    tall = steep * np.hypot(2 * cell_y, cell_x)
    around = np.full((rows + 4, cols + 4), np.nan)  # no cell has to ask where the ground ends
    around[2:-2, 2:-2] = run
    for sweep in range(2):
        sign = 1 if sweep == 0 else -1
        for i in range(rows):
            r = i + 2 if sweep == 0 else rows + 1 - i
            here, one, two = around[r], around[r - sign], around[r - 2 * sign]
            for c in range(2, cols + 2):
                best = here[c]
                for reach in (
                    one[c] + above,
                    one[c - 1] + corner,
                    one[c + 1] + corner,
                    one[c - 2] + wide,
                    one[c + 2] + wide,
                    two[c - 1] + tall,
                    two[c + 1] + tall,
                ):
                    best = reach if reach < best else best
                here[c] = best
            for j in range(cols):
                c = j + 2 if sweep == 0 else cols + 1 - j
                reach = here[c - sign] + beside
                if reach < here[c]:
                    here[c] = reach
    run[:] = around[2:-2, 2:-2]


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
    level, measure = np.ascontiguousarray(ground, dtype=np.float64), (float(water_m), float(wet), float(dry))
    high, turned = _fixed_run(level, fixed, *measure, 1.0), _fixed_run(level, fixed, *measure, -1.0)
    _relax(high, *cell, 1.0)
    _relax(turned, *cell, 1.0)
    return Between(np.negative(turned, out=turned), high)


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
    measure = (float(water_m), float(wet), float(dry))
    run = _worked_run(np.ascontiguousarray(blocks, dtype=np.float64), fixed, *measure)
    mean = _middle(_middle(run, *cell, 2.0), *cell, 1.0)
    held = against_fixed(blocks, fixed, cell, water_m=water_m, wet=wet, dry=dry) if between is None else between
    if held is not None:
        _held(mean, held.low, held.high)
    return _as_level(mean, blocks, fixed, *measure)


@njit(cache=True, nogil=True)
def _worked_run(level: Floats, fixed: Flags, water: float, wet: float, dry: float) -> Floats:
    """Run of the cells that are worked, NaN of others."""
    run = np.empty_like(level)
    for r in range(level.shape[0]):
        for c in range(level.shape[1]):
            above = level[r, c] - water
            run[r, c] = np.nan if fixed[r, c] else (wet if above < 0.0 else dry) * above
    return run


@njit(cache=True, nogil=True)
def _fixed_run(level: Floats, fixed: Flags, water: float, wet: float, dry: float, sign: float) -> Floats:
    """Run of the cells that are fixed, turned over by a sign of −1, inf where others are known, NaN beyond."""
    run = np.empty_like(level)
    for r in range(level.shape[0]):
        for c in range(level.shape[1]):
            above = level[r, c] - water
            mine = sign * ((wet if above < 0.0 else dry) * above)
            run[r, c] = mine if fixed[r, c] or np.isnan(above) else np.inf
    return run


@njit(cache=True, nogil=True)
def _middle(run: Floats, cell_x: float, cell_y: float, steep: float) -> Floats:
    """The mean of the lower and the upper envelope, (rows, cols)."""
    low, turned = run.copy(), -run
    _relax(low, cell_x, cell_y, steep)
    _relax(turned, cell_x, cell_y, steep)
    for r in range(run.shape[0]):
        for c in range(run.shape[1]):
            low[r, c] = 0.5 * (low[r, c] - turned[r, c])
    return low


@njit(cache=True, nogil=True)
def _held(run: Floats, low: Floats, high: Floats) -> None:
    """Brings run, in place, between low and high."""
    for r in range(run.shape[0]):
        for c in range(run.shape[1]):
            run[r, c] = min(max(run[r, c], low[r, c]), high[r, c])


@njit(cache=True, nogil=True)
def _as_level(run: Floats, blocks: Floats, fixed: Flags, water: float, wet: float, dry: float) -> Floats:
    """Levels of the run of worked cells, of others as they are."""
    level = np.empty_like(run)
    for r in range(run.shape[0]):
        for c in range(run.shape[1]):
            here = run[r, c]
            kept = fixed[r, c] or np.isnan(blocks[r, c])
            level[r, c] = blocks[r, c] if kept else water + here / (wet if here < 0.0 else dry)
    return level
