"""How a later terrain lies against an earlier one: shift on ground that did not change, and how differences hold together.

The shift is Nuth & Kääb's (2011): a terrain moved by (x, y, z) differs by z − x·∂h/∂x − y·∂h/∂y, which in polar form is
their cosine of slope and aspect. Fitting it without dividing by the slope keeps level ground from drowning the rest. The
later terrain is moved back and the fit repeated until nothing is left. Differences hold together over some distance: their
semivariogram (nugget and sphere) gives the error of a mean over an area (Rolstad, Haug & Denby 2009).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

NMAD: Final = 1.4826  # of the median absolute deviation: the standard deviation of a normal spread
CUT: Final = 4.685  # Tukey's biweight, 95 % efficient on normal spread
ROUNDS: Final = 60
DONE_CELLS: Final = 1e-4  # a step so small ends the search, cells
MOST_STEP_CELLS: Final = 3.0  # a slope holds no farther


class Shift(NamedTuple):
    """How far the later terrain lies east, north and up of where it should, m, each with its standard error; cells used."""

    east: float
    north: float
    up: float
    east_se: float
    north_se: float
    up_se: float
    cells: int


class Variogram(NamedTuple):
    """How differences vary: variance of a single cell that its neighbour does not share (nugget), and that holds together
    over `range_m` (sill), m²; cell_m2: a cell's area."""

    nugget: float
    sill: float
    range_m: float
    cell_m2: float

    @property
    def sd(self) -> float:
        """Standard deviation of a single difference, m."""
        return float(np.sqrt(self.nugget + self.sill))


def spread_of(values: Floats) -> float:
    """Normalised median absolute deviation of values (n,), NaN where there are none."""
    if not len(values):
        return float("nan")
    return float(NMAD * np.median(np.abs(values - np.median(values))))


@njit(cache=True, nogil=True)
def _cubic(t: float) -> tuple[float, float, float, float]:
    """Weights of Catmull and Rom's cubic for the four cells around a point t (0-1) past the second."""
    return (
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    )


@njit(cache=True, nogil=True)
def _at(ground: Floats, row: float, col: float) -> float:
    """Elevation between cells' centres, cubic; linear where a cell farther out is missing; NaN where a near one is."""
    rows, cols = ground.shape
    r, c = int(np.floor(row)), int(np.floor(col))
    if r < 0 or c < 0 or r + 1 >= rows + (row == r) or c + 1 >= cols + (col == c):
        return np.nan
    u, v = row - r, col - c
    if r >= 1 and c >= 1 and r + 2 < rows and c + 2 < cols:
        wide = 0.0
        wr, wc = _cubic(u), _cubic(v)
        for i in range(4):
            for j in range(4):
                wide += wr[i] * wc[j] * float(ground[r - 1 + i, c - 1 + j])
        if np.isfinite(wide):
            return wide
    r1, c1 = min(r + 1, rows - 1), min(c + 1, cols - 1)
    upper = float(ground[r, c]) if v == 0.0 else (1 - v) * float(ground[r, c]) + v * float(ground[r, c1])
    if u == 0.0:
        return upper
    lower = float(ground[r1, c]) if v == 0.0 else (1 - v) * float(ground[r1, c]) + v * float(ground[r1, c1])
    return (1 - u) * upper + u * lower


@njit(cache=True, nogil=True)
def _sampled(ground: Floats, cell: Ints, cols: int, down: float, right: float) -> Floats:
    out = np.empty(len(cell))
    for k in range(len(cell)):
        out[k] = _at(ground, cell[k] // cols + down, cell[k] % cols + right)
    return out


@njit(cache=True, nogil=True)
def moved(ground: Floats, down: float, right: float) -> Floats:
    """A terrain (rows, cols) as it lies `down` rows and `right` columns away: result[r, c] = ground[r + down, c + right]."""
    rows, cols = ground.shape
    out = np.empty((rows, cols))
    for r in range(rows):
        for c in range(cols):
            out[r, c] = _at(ground, r + down, c + right)
    return out


def registration(before: Floats, after: Floats, stable: Flags, cell: tuple[float, float], *, most: int = 200_000) -> Shift:
    """The shift of a later terrain against an earlier one on the same cells, from ground that did not change.

    before, after: (rows, cols) m, NaN for missing. stable: (rows, cols) ground that did not change. cell: width and height, m.
    most: cells that are looked at, evenly among all. Where the ground is too level to tell a horizontal shift to a quarter of a
    cell, none is taken and only the height fitted: east_se, north_se then say how little is known. Cells that changed all
    the same are told by their residual (Tukey's biweight). Source: Nuth & Kääb 2011, The Cryosphere 5, 271–290.
    """
    cols = before.shape[1]
    where = np.flatnonzero(stable & np.isfinite(before) & np.isfinite(after))
    where = where[:: max(1, -(-len(where) // most))]
    if len(where) < 3:
        return Shift(0.0, 0.0, 0.0, np.inf, np.inf, np.inf, len(where))
    known = _sampled(before, where, cols, 0.0, 0.0)
    rise_x = (_sampled(before, where, cols, 0.0, 1.0) - _sampled(before, where, cols, 0.0, -1.0)) / (2 * cell[0])
    rise_y = (_sampled(before, where, cols, -1.0, 0.0) - _sampled(before, where, cols, 1.0, 0.0)) / (2 * cell[1])
    slopes = np.stack([-rise_x, -rise_y, np.ones(len(where))], axis=1)
    at = np.zeros(3)
    error = np.full(3, np.inf)
    free = 3
    for _ in range(ROUNDS):
        seen = _sampled(after, where, cols, -at[1] / cell[1], at[0] / cell[0])
        gap = seen - known
        sound = np.isfinite(gap) & np.isfinite(slopes).all(axis=1)
        step, error = _fit(slopes[sound], gap[sound] - at[2], free)
        if free == 3 and max(error[0] / cell[0], error[1] / cell[1]) > 0.25:
            free, at[:2] = 1, 0.0
            told = error[:2].copy()
            continue
        most_step = MOST_STEP_CELLS * min(cell)
        step[:2] *= min(1.0, most_step / max(float(np.abs(step[:2]).max()), 1e-300))
        at += step
        if max(abs(step[0]) / cell[0], abs(step[1]) / cell[1]) < DONE_CELLS and abs(step[2]) < 1e-6:
            break
    if free == 1:
        error[:2] = told
    east, north, up = (float(v) for v in at)
    return Shift(east, north, up, float(error[0]), float(error[1]), float(error[2]), int(sound.sum()))


def _fit(slopes: Floats, gap: Floats, free: int) -> tuple[Floats, Floats]:
    """Shift still left (3,) and its standard errors (3,), by reweighting; with free = 1 only the height."""
    step, error = np.zeros(3), np.full(3, np.inf)
    if len(gap) < 3:
        return step, error
    a = slopes if free == 3 else slopes[:, 2:]
    found: Floats = np.zeros(a.shape[1])
    found[-1] = np.median(gap)
    for _ in range(8):
        rest = gap - a @ found
        scale = max(spread_of(rest), 1e-9)
        weight = np.where(np.abs(rest) < CUT * scale, (1 - (rest / (CUT * scale)) ** 2) ** 2, 0.0)
        normal = (a * weight[:, None]).T @ a
        if np.linalg.cond(normal) > 1e14:
            return step, error
        new = np.asarray(np.linalg.solve(normal, (a * weight[:, None]).T @ gap), dtype=np.float64)
        done = np.abs(new - found).max() < 1e-9
        found = new
        if done:
            break
    step[3 - len(found) :] = found
    error[3 - len(found) :] = scale * np.sqrt(np.diag(np.linalg.inv(normal)))
    return step, error


def variogram(rest: Floats, stable: Flags, cell_m: float, *, longest: int = 64) -> Variogram | None:
    """The semivariogram of differences (rows, cols, m) on stable ground as a nugget and a sphere; None where too few.

    Lags of 1, 2, 3, 4, 6, 8 … cells along rows and columns; cells beyond 3 spreads from the middle are left out as changed.
    """
    ok = stable & np.isfinite(rest)
    if ok.sum() < 100:
        return None
    values = rest[ok]
    middle, spread = float(np.median(values)), spread_of(values)
    ok &= np.abs(rest - middle) <= 3.0 * max(spread, 1e-12)
    clean = np.where(ok, rest - middle, np.nan)
    lags = [n for n in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64) if n <= min(longest, max(rest.shape) // 3)]
    gamma, count = np.zeros(len(lags)), np.zeros(len(lags))
    for k, lag in enumerate(lags):
        for a, b in ((clean[lag:], clean[:-lag]), (clean[:, lag:], clean[:, :-lag])):
            d = a - b
            d = d[np.isfinite(d)]
            gamma[k] += 0.5 * float(np.dot(d, d))
            count[k] += len(d)
    used = count > 50
    if not used.any():
        return None
    lag_m, g, w = np.array(lags)[used] * cell_m, gamma[used] / count[used], count[used]
    return _sphere(lag_m, g, w, cell_m)


def _sphere(lag: Floats, gamma: Floats, weight: Floats, cell_m: float) -> Variogram:
    """Nugget and sill ≥ 0 and the range that fit a semivariogram best, weighted by pairs."""
    best, found = np.inf, (float(np.average(gamma, weights=weight)), 0.0, cell_m)
    for reach in np.geomspace(cell_m, lag[-1], 40):
        t = np.minimum(lag / reach, 1.0)
        shape = 1.5 * t - 0.5 * t**3
        for nugget, sill in _two(shape, gamma, weight):
            miss = float(np.sum(weight * (nugget + sill * shape - gamma) ** 2))
            if miss < best * (1 - 1e-9):
                best, found = miss, (nugget, sill, float(reach))
    return Variogram(*found, cell_m**2)


def _two(shape: Floats, gamma: Floats, weight: Floats) -> list[tuple[float, float]]:
    """Weighted least squares of gamma on 1 and shape with both ≥ 0: the inner solution where it is one, and the edges."""
    edges = [
        (max(float(np.average(gamma, weights=weight)), 0.0), 0.0),
        (0.0, max(float(np.sum(weight * shape * gamma) / np.sum(weight * shape**2)), 0.0)),
    ]
    a = np.stack([np.ones(len(shape)), shape], axis=1)
    normal = (a * weight[:, None]).T @ a
    if np.linalg.cond(normal) < 1e12:
        inner = np.linalg.solve(normal, (a * weight[:, None]).T @ gamma)
        if (inner >= 0).all():
            return [(float(inner[0]), float(inner[1]))]
    return edges


def mean_sd(model: Variogram, area_m2: Floats) -> Floats:
    """Standard deviation of the mean difference over areas (n,) m², m.

    The nugget falls with the number of cells; over a disc of radius L the sphere leaves sill·(1 − L/a + (L/a)³/5) within its
    range a, and sill·(a/L)²/5 beyond. Source: Rolstad, Haug & Denby 2009, J. Glaciol. 55, eq. 8–10.
    """
    area = np.maximum(np.asarray(area_m2, dtype=np.float64), model.cell_m2)
    t = np.sqrt(area / np.pi) / model.range_m
    inside = 1.0 - t + t**3 / 5.0
    held = np.where(t <= 1.0, inside, 1.0 / (5.0 * np.maximum(t, 1.0) ** 2))
    return np.asarray(np.sqrt(model.nugget * model.cell_m2 / area + model.sill * held), dtype=np.float64)
