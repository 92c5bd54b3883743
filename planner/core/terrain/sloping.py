"""Ground that changes no faster than its side slopes allow.

Heights are measured in the run a slope needs for them: three metres a metre under water at 1:3, two above it at 1:2. In that
measure no two cells may differ by more than their distance. The lower envelope of cones (cut) and the upper one (fill), both
twice as steep, have in their mean a batter that lies half on either side of a step, so that its cut fills its fill.
Distances are chamfer distances over 16 neighbours: exact along rows, columns, diagonals and knight's moves, at most 2.8 %
too long between.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


EDGE: Final = 2  # cells of nothing around what is swept: no cell has to ask where the ground ends


class Room(NamedTuple):
    """Three sheets in which slopes are worked out, (cells,) each: kept from one piece of ground to the next, since asking for
    such memory anew takes longer than the slopes."""

    low: Floats
    turned: Floats
    third: Floats

    @classmethod
    def of(cls, rows: int, cols: int) -> Room:
        """For ground of at most so many cells."""
        return cls(*(np.empty((rows + 2 * EDGE) * (cols + 2 * EDGE)) for _ in cls._fields))

    def holds(self, rows: int, cols: int) -> bool:
        """Whether ground of so many cells fits."""
        return (rows + 2 * EDGE) * (cols + 2 * EDGE) <= len(self.low)

    def sheets(self, rows: int, cols: int) -> tuple[Floats, Floats, Floats]:
        """For ground of so many cells, with nothing around it, (rows + 4, cols + 4) each."""
        shape = rows + 2 * EDGE, cols + 2 * EDGE
        low, turned, third = (sheet[: shape[0] * shape[1]].reshape(shape) for sheet in self)
        return low, turned, third


class _Steps(NamedTuple):
    """What a slope may rise along each chamfer step, m of run: beside, above, cornerwise, and both knight's moves."""

    beside: float
    above: float
    corner: float
    wide: float
    tall: float


def _relax(around: Floats, cell: tuple[float, float], steep: float) -> None:
    """Lowers a run in place to its lower envelope: no cell above another's run by more than distance · steep.

    around: (rows + 4, cols + 4), with two cells of nothing on every side. NaN cells take no part. Sweeps each go with the half
    of the neighbours that they have passed: those in other rows first, all cells of a row alike, then the row's own.
    """
    x, y = cell
    lengths = x, y, np.hypot(y, x), np.hypot(y, 2 * x), np.hypot(2 * y, x)
    _swept(around, _Steps(*(float(steep * length) for length in lengths)))


@njit(cache=True, nogil=True)
def _swept(around: Floats, steps: _Steps) -> None:
    """Sweeps down and up, in place, until one finds nothing: a second time only round fixed ground that a slope has to pass."""
    rows = around.shape[0]
    changed, before = np.ones(rows, np.bool_), np.ones(rows, np.bool_)
    for sweep in range(2 * rows):
        down = sweep % 2 == 0
        if sweep > 2:  # before that every row has to be looked at
            before[:] = changed
        changed[:] = False
        for k in range(2, rows - 2):
            r = k if down else rows - 1 - k
            one, two = (r - 1, r - 2) if down else (r + 1, r + 2)
            if before[r] or before[one] or before[two] or changed[one] or changed[two]:
                lowered = _over(around[r], around[one], around[two], steps)
                changed[r] = lowered + _along(around[r] if down else around[r, ::-1], steps.beside) > 0
        if sweep > 1 and not changed.any():
            break


@njit(cache=True, nogil=True)
def _over(row: Floats, one: Floats, two: Floats, steps: _Steps) -> int:
    """From the row before and the one before that; slices of one length are what compilers turn into vectors."""
    n, lowered = len(row) - 4, 0
    here, above = row[2 : n + 2], one[2 : n + 2]
    left, right, far_left, far_right = one[1 : n + 1], one[3 : n + 3], one[:n], one[4 : n + 4]
    tall_left, tall_right = two[1 : n + 1], two[3 : n + 3]
    for c in range(n):
        best = here[c]
        for reach in (
            above[c] + steps.above,
            left[c] + steps.corner,
            right[c] + steps.corner,
            far_left[c] + steps.wide,
            far_right[c] + steps.wide,
            tall_left[c] + steps.tall,
            tall_right[c] + steps.tall,
        ):
            best = reach if reach < best else best
        lowered += best < here[c]
        here[c] = best
    return lowered


@njit(cache=True, nogil=True)
def _along(row: Floats, beside: float) -> int:
    """From the cell before, along a row."""
    reach, lowered = np.nan, 0
    for c in range(2, len(row) - 2):
        reach += beside
        if reach < row[c]:
            row[c] = reach
            lowered += 1
        else:
            reach = row[c]
    return lowered


def lower_envelope(run: Floats, cell: tuple[float, float], steep: float = 1.0) -> Floats:
    """The highest ground nowhere above run (rows, cols) that rises by no more than `steep` a metre; NaN takes no part."""
    around = np.pad(np.asarray(run, dtype=np.float64), EDGE, constant_values=np.nan)
    _relax(around, cell, steep)
    return around[EDGE:-EDGE, EDGE:-EDGE]


def upper_envelope(run: Floats, cell: tuple[float, float], steep: float = 1.0) -> Floats:
    """The lowest ground nowhere below run that falls by no more than `steep` a metre."""
    return np.negative(lower_envelope(-run, cell, steep))


def run_of(level: Floats, water_m: Floats | float, wet: float, dry: float) -> Floats:
    """Heights as the run they need: wet metres a metre below the water, dry above it."""
    above = level - water_m
    return np.asarray(np.where(above < 0.0, wet, dry) * above, dtype=np.float64)


def level_of(run: Floats, water_m: Floats | float, wet: float, dry: float) -> Floats:
    """The inverse of run_of, m."""
    return np.asarray(water_m + run / np.where(run < 0.0, wet, dry), dtype=np.float64)


class Between(NamedTuple):
    """The lowest run that slopes against fixed ground leave, turned over (times −1), and the highest, as sheets of a Room."""

    turned: Floats
    high: Floats


def against_fixed(
    ground: Floats, fixed: Flags, cell: tuple[float, float], *, water_m: float, wet: float, dry: float
) -> Between | None:
    """What fixed ground leaves of the works' heights: it is the same whatever is built. None where nothing is fixed.

    ground: (rows, cols) m, of fixed cells; of others it is only asked whether they are known.
    """
    if not (fixed & np.isfinite(ground)).any():
        return None
    shape = ground.shape[0] + 2 * EDGE, ground.shape[1] + 2 * EDGE
    found = Between(np.empty(shape), np.empty(shape))
    _hold(found, ground, fixed, (float(water_m), float(wet), float(dry)), cell)
    return found


def sloped(
    blocks: Floats,
    fixed: Flags,
    cell: tuple[float, float],
    *,
    water_m: float,
    wet: float = 3.0,
    dry: float = 2.0,
    between: Between | None = None,
    room: Room | None = None,
) -> Floats:
    """Ground with side slopes in place of walls, (rows, cols) m.

    blocks: finished ground in level pieces, m, NaN for none. fixed: cells that nobody works on and that stay; slopes against
    them lie wholly on worked ground. cell: width and height, m. water_m: the level below which slopes are 1:wet, else 1:dry.
    Between worked cells a slope lies half in cut and half in fill. Where fixed ground is itself steeper, it stays so. between:
    what `against_fixed` found, where it is known already. room: to work it out in, where there is some.
    """
    measure = (float(water_m), float(wet), float(dry))
    room = room if room is not None and room.holds(*blocks.shape) else Room.of(*blocks.shape)
    low, turned, third = room.sheets(*blocks.shape)
    _begin(low, turned, blocks, fixed, *measure)
    for steep in (2.0, 1.0):
        _relax(low, cell, steep)
        _relax(turned, cell, steep)
        _middle(low, turned)
    if between is not None:
        turned, third = between
    elif (fixed & np.isfinite(blocks)).any():
        _hold(Between(turned, third), blocks, fixed, measure, cell)
    else:
        turned, third = low[:0], low[:0]
    made = np.empty(blocks.shape)
    _as_level(made, low, turned, third, blocks, fixed, *measure)
    return made


def _hold(into: Between, ground: Floats, fixed: Flags, measure: tuple[float, float, float], cell: tuple[float, float]) -> None:
    """Fills in what fixed ground leaves."""
    _fixed_run(into.high, ground, fixed, *measure, 1.0)
    _fixed_run(into.turned, ground, fixed, *measure, -1.0)
    _relax(into.high, cell, 1.0)
    _relax(into.turned, cell, 1.0)


@njit(cache=True, nogil=True)
def _bare(around: Floats) -> None:
    """Lays nothing around a sheet."""
    around[:2], around[-2:], around[:, :2], around[:, -2:] = np.nan, np.nan, np.nan, np.nan


@njit(cache=True, nogil=True)
def _begin(low: Floats, turned: Floats, level: Floats, fixed: Flags, water: float, wet: float, dry: float) -> None:
    """Run of the cells that are worked, NaN of others, and the same turned over."""
    _bare(low)
    _bare(turned)
    for r in range(level.shape[0]):
        for c in range(level.shape[1]):
            above = level[r, c] - water
            run = np.nan if fixed[r, c] else (wet if above < 0.0 else dry) * above
            low[r + 2, c + 2] = run
            turned[r + 2, c + 2] = -run


@njit(cache=True, nogil=True)
def _fixed_run(around: Floats, level: Floats, fixed: Flags, water: float, wet: float, dry: float, sign: float) -> None:
    """Run of the cells that are fixed, turned over by a sign of −1, inf where others are known, NaN beyond."""
    _bare(around)
    for r in range(level.shape[0]):
        for c in range(level.shape[1]):
            above = level[r, c] - water
            mine = sign * ((wet if above < 0.0 else dry) * above)
            around[r + 2, c + 2] = mine if fixed[r, c] or np.isnan(above) else np.inf


@njit(cache=True, nogil=True)
def _middle(low: Floats, turned: Floats) -> None:
    """The mean of a lower envelope and an upper one that is turned over, in place of both, the second turned over."""
    for r in range(low.shape[0]):
        for c in range(low.shape[1]):
            mean = 0.5 * (low[r, c] - turned[r, c])
            low[r, c] = mean
            turned[r, c] = -mean


@njit(cache=True, nogil=True)
def _as_level(
    made: Floats, mean: Floats, turned: Floats, high: Floats, blocks: Floats, fixed: Flags, water: float, wet: float, dry: float
) -> None:
    """Levels of the run of worked cells between what fixed ground leaves, if any, of others as they are."""
    held = len(high) > 0
    for r in range(made.shape[0]):
        for c in range(made.shape[1]):
            if fixed[r, c] or np.isnan(blocks[r, c]):
                made[r, c] = blocks[r, c]
                continue
            run = mean[r + 2, c + 2]
            if held:
                run = min(max(run, -turned[r + 2, c + 2]), high[r + 2, c + 2])
            made[r, c] = water + run / (wet if run < 0.0 else dry)


@njit(cache=True, nogil=True)
def steepest(level: Floats, fixed: Flags, cell: tuple[float, float], slopes: tuple[float, float, float]) -> float:
    """The steepest slope between two worked cells side by side, of the steepest allowed; 0 where there are none.

    level, fixed: as of `sloped`. slopes: the water's level, m, and the run of a metre below and above it.
    """
    water, wet, dry = slopes
    found = 0.0
    for r in range(level.shape[0]):
        for c in range(level.shape[1]):
            if fixed[r, c]:
                continue
            here = level[r, c] - water
            run = (wet if here < 0.0 else dry) * here
            for down in range(2):
                i, j = r + down, c + 1 - down
                if i < level.shape[0] and j < level.shape[1] and not fixed[i, j]:
                    there = level[i, j] - water
                    rise = abs((wet if there < 0.0 else dry) * there - run) / cell[down]
                    found = rise if rise > found else found
    return found
