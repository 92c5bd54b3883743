"""What the residuals of a fit are like: alike everywhere, growing with what is measured, or running on from point to point.

An error that is a share of what is measured (a scale, a trough of another shape) and one that runs along a levelling line or
over a radar scene make intervals that take points for independent much too narrow. Both are looked for by ranks and signs,
which single wrong points do not move; where one is found, a covariance is fitted by restricted likelihood,
σ₀² + (κ·value)² at every point and τ²·exp(−d/L) between points of one date and line, and the parameters anew under it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, solve_triangular

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SEEN: Final = 2.33  # standard deviations of a rank or sign statistic from which there is structure: one clean survey in fifty
NOTHING: Final = 1e-6  # of the largest value: residuals below are the solver's own
WRONG: Final = 4.0  # standard deviations from which a point is left out once its own deviation is known
MOST: Final = 1000  # observations whose errors may run on into each other, with a covariance written out: more are thinned
FITTED: Final = 300  # of them from which the covariance's four numbers are found
JUMP: Final = 4.0  # usual distances between neighbours on a line
SHORTEST: Final = 5  # points of a line on the mean: fewer are scattered points
FLOOR: Final = 1e-4  # of the residuals' spread: components below are none


@dataclass(frozen=True)
class Structure:
    """The covariance of one observation's error.

    sd_m: alike everywhere. share: of the value. run_m, reach_m: of what neighbours share, and over which distance it fades.
    """

    sd_m: float
    share: float
    run_m: float
    reach_m: float

    def block(self, size: Floats, distance: Floats) -> Floats:
        """Covariance of the errors of k points of one group, m², (k, k). size: (k,) values, m. distance: (k, k), m."""
        found = self.run_m**2 * np.exp(-distance / self.reach_m)
        found[np.diag_indices_from(found)] += self.sd_m**2 + (self.share * size) ** 2
        return np.asarray(found, dtype=np.float64)


def structured(residual: Floats, size: Floats, xy: Floats, groups: list[Ints]) -> tuple[bool, bool]:
    """Whether residuals grow with the values they belong to, and whether neighbours' have one sign.

    residual, size: (n,), m. xy: (n, 2), m. groups: observations of one date and kind.
    """
    from scipy.stats import rankdata

    if float(np.abs(residual).max()) <= NOTHING * float(size.max(initial=0.0)):
        return False, False
    a, b = rankdata(np.abs(residual)), rankdata(size)
    grows = float(np.corrcoef(a, b)[0, 1]) * np.sqrt(len(residual) - 1) if np.ptp(b) > 0 else 0.0
    same, pairs = 0.0, 0
    for rows in groups:
        i, j = _neighbours(xy[rows])
        sign = np.sign(residual[rows])
        same, pairs = same + float(sign[i] @ sign[j]), pairs + len(i)
    return bool(grows > SEEN), bool(pairs > 0 and same / np.sqrt(pairs) > SEEN)


def _neighbours(xy: Floats) -> tuple[Ints, Ints]:
    """Pairs of points of which one is the other's nearest, each once."""
    from scipy.spatial import KDTree

    if len(xy) < 3:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    near = KDTree(xy).query(xy, k=2)[1][:, 1]
    pairs = np.unique(np.sort(np.column_stack([np.arange(len(xy)), near]), axis=1), axis=0)
    return pairs[:, 0], pairs[:, 1]


def lines_of(rows: Ints, xy: Floats) -> list[Ints]:
    """The lines that observations follow one another on, (k,) rows each: a new one begins where the way to the next point is
    JUMP times the usual, unless points of different lines lie as near as those of one, as on a lattice.
    """
    from scipy.spatial import KDTree

    if len(rows) < 3:
        return [rows]
    step = np.hypot(*np.diff(xy[rows], axis=0).T)
    usual = float(np.median(step))
    line = np.concatenate([[0], np.cumsum(step > JUMP * usual)])
    parts = [rows[line == k] for k in range(int(line[-1]) + 1)]
    if len(parts) == 1 or len(rows) / len(parts) < SHORTEST:
        return [rows]
    apart = [KDTree(xy[np.setdiff1d(rows, part)]).query(xy[part])[0] for part in parts]
    return parts if float(np.median(np.concatenate(apart))) > 2.0 * usual else [rows]


def thinned(groups: list[Ints], xy: Floats, most: int = MOST) -> list[Ints]:
    """At most about `most` observations of every group, evenly; a point stays with all its dates or goes with them."""
    kept = []
    for rows in groups:
        if len(rows):
            _, first, of = np.unique(xy[rows], axis=0, return_index=True, return_inverse=True)
            kept.append(rows[np.argsort(np.argsort(first))[of.ravel()] % int(np.ceil(len(rows) / most)) == 0])
    return kept


def fitted_structure(residual: Floats, jacobian: Floats, size: Floats, xy: Floats, groups: list[Ints]) -> Structure:
    """The covariance under which the residuals are most likely, what the parameters have taken of them counted (REML).

    jacobian: (n, p) of the fit, in any scale.
    """
    from scipy import optimize

    spread = float(np.median(np.abs(residual))) / 0.6745 + float(residual.std()) * FLOOR
    typical = max(float(np.median(size[size > 0.1 * size.max()])), 1e-12)
    blocks = [(rows, _distances(xy[rows])) for rows in groups]
    extent = max(float(d.max()) for _, d in blocks)

    def structure(log: Floats) -> Structure:
        sd, share, run, reach = np.exp(np.clip(log, -30.0, 30.0))
        return Structure(sd, share, run, min(max(reach, 1e-3 * extent), 3.0 * extent))

    def loss(log: Floats) -> float:
        found = structure(log)
        total, left, across, within = 0.0, np.zeros(jacobian.shape[1]), np.zeros((jacobian.shape[1],) * 2), 0.0
        for rows, distance in blocks:
            try:
                factor = cho_factor(found.block(size[rows], distance), lower=True)
            except np.linalg.LinAlgError:
                return 1e300
            solved = cho_solve(factor, np.column_stack([jacobian[rows], residual[rows]]))
            total += 2.0 * float(np.log(np.diag(factor[0])).sum())
            across += jacobian[rows].T @ solved[:, :-1]
            left += jacobian[rows].T @ solved[:, -1]
            within += float(residual[rows] @ solved[:, -1])
        sign, size_of = np.linalg.slogdet(across)
        if sign <= 0:
            return 1e300
        return total + float(size_of) + within - float(left @ np.linalg.lstsq(across, left, rcond=None)[0])

    best: tuple[float, Floats] | None = None
    for sd, share, run in ((1.0, 0.3, 0.3), (0.3, 1.0, 0.1), (0.3, 0.1, 2.0)):
        start = np.log([sd * spread, share * spread / typical, run * spread, 0.3 * extent])
        found = optimize.minimize(loss, start, method="Nelder-Mead", options={"maxiter": 250, "xatol": 0.02, "fatol": 0.02})
        if best is None or found.fun < best[0]:
            best = float(found.fun), np.asarray(found.x)
    assert best is not None
    return structure(best[1])


def whitener(found: Structure, size: Floats, xy: Floats, groups: list[Ints]) -> list[tuple[Ints, Floats]]:
    """Of every group its rows and the lower factor of their covariance: errors divided by it are independent, of variance 1."""
    blocks = ((rows, found.block(size[rows], _distances(xy[rows]))) for rows in groups if len(rows))
    return [(rows, np.asarray(np.linalg.cholesky(block), dtype=np.float64)) for rows, block in blocks]


def whitened(factors: list[tuple[Ints, Floats]], values: Floats) -> Floats:
    """Values (n,) or (n, k) divided by the factor of their covariance, group after group."""
    return np.concatenate([solve_triangular(factor, values[rows], lower=True) for rows, factor in factors])


def plausible(found: Structure, residual: Floats, size: Floats, groups: list[Ints]) -> list[Ints]:
    """The groups without points that lie beyond WRONG of their own standard deviations."""
    deviation = np.sqrt(found.sd_m**2 + (found.share * size) ** 2 + found.run_m**2)
    return [rows[np.abs(residual[rows]) <= WRONG * deviation[rows]] for rows in groups]


def _distances(xy: Floats) -> Floats:
    apart = xy[:, None, :] - xy[None, :, :]
    return np.asarray(np.hypot(apart[..., 0], apart[..., 1]), dtype=np.float64)
