"""The probability-integral method on plain arrays: what an extracted panel does to the surface above it.

A panel of final subsidence W₀ and radius of influence r moves a surface point by W₀/r² · ∬ exp(−π·d²/r²) dA over its (offset
and dip-shifted) goaf. For a rectangle that is W₀·F(u)·F(v) with F(u) = G(u/r) − G((u−l)/r), G(t) = ½·erf(√π·t); every
derivative is closed too.

Rectangles are rows of `RECTANGLE` numbers, all SI: x, y of the inflection rectangle's first corner, cosine and sine of its
length axis, length, width, r, weighted W₀ (m, thickness · q · cos dip · share in time), b·r (m), and the two components of
cot θ₀ · down-dip unit vector.

Results are rows of `FIELDS` numbers, summed over panels: W; its gradient; its second derivatives; the horizontal
displacement; the strain tensor. W is positive downward, so the gradient, and with it the displacement, points to the trough's
middle, and compression is negative.

Source: probability-integral method of the Chinese practice for ground movement prediction (closed forms re-derived; maxima
tested against exam keys).
"""

from __future__ import annotations

import math
from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FIELDS: Final = ("w", "wx", "wy", "wxx", "wxy", "wyy", "ux", "uy", "exx", "exy", "eyy")
RECTANGLE: Final = ("x", "y", "cos", "sin", "length", "width", "radius", "w0", "br", "dip_x", "dip_y")
REACH: Final = 2.5  # radii beyond which a panel is left out: ½·erfc(√π·2.5) = 1.8e-10 of W₀
SQRT_PI: Final = math.sqrt(math.pi)
TWO_PI: Final = 2.0 * math.pi


@numba.njit(cache=True)
def _add_rectangle(panel: Floats, x: float, y: float, out: Floats) -> None:
    """Adds one rectangle's fields at one point to out, (11,)."""
    cos, sin, r = panel[2], panel[3], panel[6]
    dx, dy = x - panel[0], y - panel[1]
    u1 = (dx * cos + dy * sin) / r
    v1 = (dy * cos - dx * sin) / r
    u2 = u1 - panel[4] / r
    v2 = v1 - panel[5] / r
    if u1 < -REACH or u2 > REACH or v1 < -REACH or v2 > REACH:
        return
    gu1, gu2 = math.exp(-math.pi * u1 * u1), math.exp(-math.pi * u2 * u2)
    gv1, gv2 = math.exp(-math.pi * v1 * v1), math.exp(-math.pi * v2 * v2)
    fu = 0.5 * (math.erf(SQRT_PI * u1) - math.erf(SQRT_PI * u2))
    fv = 0.5 * (math.erf(SQRT_PI * v1) - math.erf(SQRT_PI * v2))
    du, dv = (gu1 - gu2) / r, (gv1 - gv2) / r
    ddu = -TWO_PI * (u1 * gu1 - u2 * gu2) / (r * r)
    ddv = -TWO_PI * (v1 * gv1 - v2 * gv2) / (r * r)
    w0 = panel[7]
    _add_local(panel, w0 * fu * fv, w0 * du * fv, w0 * fu * dv, w0 * ddu * fv, w0 * du * dv, w0 * fu * ddv, out)


@numba.njit(cache=True, inline="always")
def _add_local(panel: Floats, w: float, wu: float, wv: float, wuu: float, wuv: float, wvv: float, out: Floats) -> None:
    """Turns derivatives along a panel's axes to x and y, forms displacement and strain, and adds all to out, (11,)."""
    c, s, br, dip_x, dip_y = panel[2], panel[3], panel[8], panel[9], panel[10]
    wx = c * wu - s * wv
    wy = s * wu + c * wv
    wxx = c * c * wuu - 2.0 * c * s * wuv + s * s * wvv
    wyy = s * s * wuu + 2.0 * c * s * wuv + c * c * wvv
    wxy = c * s * (wuu - wvv) + (c * c - s * s) * wuv
    out[0] += w
    out[1] += wx
    out[2] += wy
    out[3] += wxx
    out[4] += wxy
    out[5] += wyy
    # Over an inclined seam the roof also slides up-dip, against (dip_x, dip_y), in proportion to what it sinks.
    out[6] += br * wx - dip_x * w
    out[7] += br * wy - dip_y * w
    out[8] += br * wxx - dip_x * wx
    out[9] += br * wxy - 0.5 * (dip_x * wy + dip_y * wx)
    out[10] += br * wyy - dip_y * wy


@numba.njit(cache=True)
def rectangles_at_points(panels: Floats, x: Floats, y: Floats) -> Floats:
    """Fields of all rectangles at scattered points.

    panels: (p, 11) rows of RECTANGLE. x, y: (n,), m. Returns (n, 11), columns FIELDS.
    """
    out = np.zeros((len(x), 11))
    for i in range(len(x)):
        for k in range(len(panels)):
            _add_rectangle(panels[k], x[i], y[i], out[i])
    return out


@numba.njit(cache=True)
def rectangles_on_grid(panels: Floats, x: Floats, y: Floats) -> Floats:
    """Fields of all rectangles on a grid of columns x and rows y.

    panels: (p, 11). x: (cols,), y: (rows,), m. Returns (rows, cols, 11).
    """
    out = np.zeros((len(y), len(x), 11))
    for k in range(len(panels)):
        for i in range(len(y)):
            for j in range(len(x)):
                _add_rectangle(panels[k], x[j], y[i], out[i, j])
    return out


@numba.njit(cache=True)
def _add_outline(nodes: Floats, panel: Floats, x: float, y: float, out: Floats) -> None:
    """Adds one polygon's fields at one point: W = W₀·∮ G(X)·g(Y) dy over its outline's quadrature nodes (Green's theorem)."""
    r = panel[6]
    w = wx = wy = wxx = wxy = wyy = 0.0
    for k in range(len(nodes)):
        yy = (nodes[k, 1] - y) / r
        if abs(yy) > REACH:
            continue
        xx = (nodes[k, 0] - x) / r
        big = 0.5 if xx > REACH else (-0.5 if xx < -REACH else 0.5 * math.erf(SQRT_PI * xx))
        gx = math.exp(-math.pi * xx * xx)
        gy = math.exp(-math.pi * yy * yy) * nodes[k, 2] / r
        w += big * gy
        wx -= gx * gy
        wy += big * TWO_PI * yy * gy
        wxx -= TWO_PI * xx * gx * gy
        wxy -= gx * TWO_PI * yy * gy
        wyy += big * TWO_PI * (TWO_PI * yy * yy - 1.0) * gy
    w0 = panel[7]
    _add_local(panel, w0 * w, w0 * wx / r, w0 * wy / r, w0 * wxx / r**2, w0 * wxy / r**2, w0 * wyy / r**2, out)


@numba.njit(cache=True)
def outlines_at_points(nodes: Floats, start: NDArray[np.int64], panels: Floats, x: Floats, y: Floats) -> Floats:
    """Fields of panels of any outline at scattered points.

    nodes: (m, 3) quadrature nodes x, y, weight·dy, m, ragged by panel. start: (p + 1,). panels: (p, 11) rows of RECTANGLE of
    which the first six are the outline's bounding box (cos = 1, sin = 0). x, y: (n,), m. Returns (n, 11).
    """
    out = np.zeros((len(x), 11))
    for i in range(len(x)):
        for k in range(len(panels)):
            if _within_reach(panels[k], x[i], y[i]):
                _add_outline(nodes[start[k] : start[k + 1]], panels[k], x[i], y[i], out[i])
    return out


@numba.njit(cache=True)
def _within_reach(panel: Floats, x: float, y: float) -> bool:
    reach = REACH * panel[6]
    dx, dy = x - panel[0], y - panel[1]
    return bool(-reach < dx < panel[4] + reach and -reach < dy < panel[5] + reach)


@numba.njit(cache=True)
def knothe_share(elapsed_start: Floats, elapsed_end: Floats, c: Floats) -> Floats:
    """Share of the final subsidence that has come, for goafs opened at an even pace between start and end.

    elapsed_start, elapsed_end: (p,) years since extraction began and ended (negative where still ahead). c: (p,) 1/a.
    Returns (p,), 0–1. Instantaneous extraction (start = end) gives Knothe's 1 − exp(−c·t).
    """
    share = np.zeros(len(c))
    for k in range(len(c)):
        a, b = elapsed_start[k], max(elapsed_end[k], 0.0)
        if a <= 0.0:
            continue
        span = elapsed_start[k] - elapsed_end[k]
        if span < 1e-9:
            share[k] = -math.expm1(-c[k] * a)
        else:
            share[k] = ((a - b) - (math.exp(-c[k] * b) - math.exp(-c[k] * a)) / c[k]) / span
    return share


def principal(fields: Floats) -> Floats:
    """Largest values over all directions, signed where the quantity has a sign.

    fields: (..., 11). Returns (..., 5): subsidence m, tilt, curvature 1/m, displacement m, strain; curvature and strain are
    the principal value of the larger magnitude (positive convex or extension, negative concave or compression).
    """
    w, wx, wy, wxx, wxy, wyy, ux, uy, exx, exy, eyy = np.moveaxis(fields, -1, 0)
    return np.stack(
        [w, np.hypot(wx, wy), _larger_principal(wxx, wxy, wyy), np.hypot(ux, uy), _larger_principal(exx, exy, eyy)], axis=-1
    )


def along(fields: Floats, azimuth_deg: Floats | float) -> Floats:
    """Signed values along a direction (azimuth clockwise from north), in the same order as `principal`: (..., 5)."""
    w, wx, wy, wxx, wxy, wyy, ux, uy, exx, exy, eyy = np.moveaxis(fields, -1, 0)
    angle = np.radians(azimuth_deg)
    e, n = np.sin(angle), np.cos(angle)
    curvature = e * e * wxx + 2.0 * e * n * wxy + n * n * wyy
    strain = e * e * exx + 2.0 * e * n * exy + n * n * eyy
    return np.stack([w, e * wx + n * wy, curvature, e * ux + n * uy, strain], axis=-1)


def _larger_principal(xx: Floats, xy: Floats, yy: Floats) -> Floats:
    mean, half = 0.5 * (xx + yy), np.hypot(0.5 * (xx - yy), xy)
    larger: Floats = np.where(mean >= 0.0, mean + half, mean - half)
    return larger


@numba.njit(cache=True)
def last_unsettled(w: Floats, remaining: Floats, half_year: Floats, per_day: Floats, done: Floats, limits: Floats) -> Floats:
    """The latest of a row of dates at which each point is not yet settled, −1 where it is settled at all of them.

    w: (g, n) final subsidence of every group of panels, m. remaining, half_year, per_day: (g, t) shares of it still to come,
    coming in the next half year, and coming per day at each date. done: (g, t) 1 where the group's movement time is over,
    else 0. limits: (4,) remaining m, half-year m, per-day m, and the subsidence from which a group counts as felt, m. Returns
    (n,).
    """
    groups, n = w.shape
    last = np.full(n, -1.0)
    for i in range(n):
        for t in range(remaining.shape[1] - 1, -1, -1):
            left = half = rate = 0.0
            moving = False
            for g in range(groups):
                left += w[g, i] * remaining[g, t]
                half += w[g, i] * half_year[g, t]
                rate += w[g, i] * per_day[g, t]
                moving = moving or (done[g, t] == 0.0 and w[g, i] >= limits[3])
            if moving or left > limits[0] or half >= limits[1] or rate >= limits[2]:
                last[i] = t
                break
    return last
