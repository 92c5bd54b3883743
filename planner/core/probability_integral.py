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

Source: probability-integral method of Chinese practice (closed forms re-derived; maxima tested against exam keys).
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
TABLE_STEPS: Final = 256  # entries of the Gauss table per radius
BLOCK: Final = 48  # cells along a block's side: 48² · 11 · 8 bytes = 200 kB


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
def _gauss_table() -> Floats:
    """G(t) = ½·erf(√π·t) and g(t) = exp(−π·t²) at −REACH…REACH in steps of 1/256; (n, 2)."""
    n = round(2.0 * REACH * TABLE_STEPS) + 1
    table = np.empty((n, 2))
    for k in range(n):
        t = k / TABLE_STEPS - REACH
        table[k, 0] = 0.5 * math.erf(SQRT_PI * t)
        table[k, 1] = math.exp(-math.pi * t * t)
    return table


@numba.njit(cache=True, inline="always")
def _gauss(table: Floats, t: float) -> tuple[float, float]:
    """G and g at t by Taylor series about the nearest entry, right to 2e-11 (tests/test_probability_integral.py)."""
    if t >= REACH:
        return 0.5, 0.0
    if t <= -REACH:
        return -0.5, 0.0
    k = int((t + REACH) * TABLE_STEPS + 0.5)
    a = k / TABLE_STEPS - REACH
    d = t - a
    big, small = table[k, 0], table[k, 1]
    first = -TWO_PI * a
    second = first * first - TWO_PI
    third = first * (second - 2.0 * TWO_PI)
    value = big + small * d * (1.0 + d * (first / 2.0 + d * (second / 6.0 + d * third / 24.0)))
    return value, small * (1.0 + d * (first + d * (second / 2.0 + d * third / 6.0)))


@numba.njit(cache=True)
def _span(axis: Floats, low: float, high: float) -> tuple[int, int]:
    """First and one-past-last index of the values of a monotone axis that lie within low…high."""
    n = len(axis)
    if n == 0 or min(axis[0], axis[n - 1]) > high or max(axis[0], axis[n - 1]) < low:
        return 0, 0
    if axis[0] <= axis[n - 1]:
        return int(np.searchsorted(axis, low)), int(np.searchsorted(axis, high, side="right"))
    back = axis[::-1]
    return n - int(np.searchsorted(back, high, side="right")), n - int(np.searchsorted(back, low))


@numba.njit(cache=True)
def _box(panel: Floats) -> tuple[float, float, float, float]:
    """West, south, east, north of all that a panel moves, m."""
    c, s, length, width, reach = panel[2], panel[3], panel[4], panel[5], REACH * panel[6]
    west = panel[0] + min(0.0, length * c) + min(0.0, -width * s) - reach
    east = panel[0] + max(0.0, length * c) + max(0.0, -width * s) + reach
    south = panel[1] + min(0.0, length * s) + min(0.0, width * c) - reach
    north = panel[1] + max(0.0, length * s) + max(0.0, width * c) + reach
    return west, south, east, north


@numba.njit(cache=True)
def _factors(table: Floats, u1: float, length: float, r: float) -> tuple[float, float, float]:
    """F and its first two derivatives along one axis of a rectangle, u1 in radii from its first side."""
    u2 = u1 - length / r
    big1, small1 = _gauss(table, u1)
    big2, small2 = _gauss(table, u2)
    return big1 - big2, (small1 - small2) / r, -TWO_PI * (u1 * small1 - u2 * small2) / (r * r)


@numba.njit(cache=True)
def rectangles_on_grid(panels: Floats, x: Floats, y: Floats) -> Floats:
    """Fields of all rectangles on a grid of columns x and rows y.

    panels: (p, 11). x: (cols,), y: (rows,), m, each monotone. Returns (rows, cols, 11).
    """
    out = np.zeros((len(y), len(x), 11))
    table = _gauss_table()
    # Blocks of cells small enough to stay in the cache while every panel passes over them.
    for top in range(0, len(y), BLOCK):
        for left in range(0, len(x), BLOCK):
            ys, xs = y[top : top + BLOCK], x[left : left + BLOCK]
            block = out[top : top + BLOCK, left : left + BLOCK]
            for k in range(len(panels)):
                west, south, east, north = _box(panels[k])
                i0, i1 = _span(ys, south, north)
                j0, j1 = _span(xs, west, east)
                if i1 > i0 and j1 > j0:
                    _rectangle_on_block(table, panels[k], xs[j0:j1], ys[i0:i1], block[i0:i1, j0:j1])
    return out


@numba.njit(cache=True)
def _rectangle_on_block(table: Floats, panel: Floats, x: Floats, y: Floats, out: Floats) -> None:
    """Adds one rectangle's fields to a block, (rows, cols, 11)."""
    c, s, r, w0 = panel[2], panel[3], panel[6], panel[7]
    if s == 0.0:  # the panel lies along the grid: its factors depend on the column or the row alone
        columns = np.empty((len(x), 3))
        for j in range(len(x)):
            columns[j] = _factors(table, (x[j] - panel[0]) * c / r, panel[4], r)
    for i in range(len(y)):
        dy = y[i] - panel[1]
        if s == 0.0:
            fv, dv, ddv = _factors(table, dy * c / r, panel[5], r)
        for j in range(len(x)):
            if s == 0.0:
                fu, du, ddu = columns[j]
            else:
                dx = x[j] - panel[0]
                fu, du, ddu = _factors(table, (dx * c + dy * s) / r, panel[4], r)
                fv, dv, ddv = _factors(table, (dy * c - dx * s) / r, panel[5], r)
            _add_local(panel, w0 * fu * fv, w0 * du * fv, w0 * fu * dv, w0 * ddu * fv, w0 * du * dv, w0 * fu * ddv, out[i, j])


@numba.njit(cache=True)
def rectangles_subsidence(panels: Floats, x: Floats, y: Floats, out: Floats) -> None:
    """Adds the subsidence alone of all rectangles to out, (rows, cols), m; arguments as `rectangles_on_grid`."""
    table = _gauss_table()
    wide = 8 * BLOCK
    columns, rows = np.zeros((4, wide)), np.zeros((4, BLOCK))
    for top in range(0, len(y), BLOCK):
        for left in range(0, len(x), wide):
            ys, xs = y[top : top + BLOCK], x[left : left + wide]
            held = 0
            for k in range(len(panels)):
                west, south, east, north = _box(panels[k])
                i0, i1 = _span(ys, south, north)
                j0, j1 = _span(xs, west, east)
                if i1 <= i0 or j1 <= j0:
                    continue
                if panels[k, 3] != 0.0:
                    _turned_on_block(table, panels[k], x, y, out, top + i0, top + i1, left + j0, left + j1)
                    continue
                _axis_factors(table, panels[k], 0, xs, columns[held])
                _axis_factors(table, panels[k], 1, ys, rows[held])
                held += 1
                if held == 4:  # four at a time: the block is read and written once for all of them
                    _products_on_block(columns, rows, out, top, left, len(ys), len(xs))
                    held = 0
            if held:
                rows[held:] = 0.0
                _products_on_block(columns, rows, out, top, left, len(ys), len(xs))


@numba.njit(cache=True)
def _axis_factors(table: Floats, panel: Floats, axis: int, at: Floats, out: Floats) -> None:
    """F along x (times W₀) or y of a rectangle that lies along the grid."""
    weight = panel[7] if axis == 0 else 1.0
    scale = panel[2] / panel[6]
    for j in range(len(at)):
        t = (at[j] - panel[axis]) * scale
        out[j] = weight * (_gauss(table, t)[0] - _gauss(table, t - panel[4 + axis] / panel[6])[0])


@numba.njit(cache=True)
def _products_on_block(columns: Floats, rows: Floats, out: Floats, top: int, left: int, height: int, width: int) -> None:
    for i in range(height):
        f0, f1, f2, f3 = rows[0, i], rows[1, i], rows[2, i], rows[3, i]
        for j in range(width):
            out[top + i, left + j] += columns[0, j] * f0 + columns[1, j] * f1 + columns[2, j] * f2 + columns[3, j] * f3


@numba.njit(cache=True)
def _turned_on_block(
    table: Floats, panel: Floats, x: Floats, y: Floats, out: Floats, i0: int, i1: int, j0: int, j1: int
) -> None:
    """Adds the subsidence of one turned rectangle to rows i0…i1 and columns j0…j1."""
    px, py, c, s, length, width, r, w0 = panel[:8]
    for i in range(i0, i1):
        dy = y[i] - py
        for j in range(j0, j1):
            dx = x[j] - px
            u, v = (dx * c + dy * s) / r, (dy * c - dx * s) / r
            fu = _gauss(table, u)[0] - _gauss(table, u - length / r)[0]
            out[i, j] += w0 * fu * (_gauss(table, v)[0] - _gauss(table, v - width / r)[0])


@numba.njit(cache=True)
def outlines_on_grid(nodes: Floats, start: NDArray[np.int64], panels: Floats, x: Floats, y: Floats, out: Floats) -> None:
    """Adds the fields of panels of any outline to out, (rows, cols, 11); arguments as `outlines_at_points`.

    Every node's share is a product of a factor of the column and one of the row, so a block costs one multiplication a node,
    cell and field.
    """
    table = _gauss_table()
    for top in range(0, len(y), BLOCK):
        for left in range(0, len(x), BLOCK):
            ys, xs = y[top : top + BLOCK], x[left : left + BLOCK]
            block = out[top : top + BLOCK, left : left + BLOCK]
            for k in range(len(panels)):
                west, south, east, north = _box(panels[k])
                i0, i1 = _span(ys, south, north)
                j0, j1 = _span(xs, west, east)
                if i1 > i0 and j1 > j0:
                    mine = nodes[start[k] : start[k + 1]]
                    _outline_on_block(table, mine, panels[k], xs[j0:j1], ys[i0:i1], block[i0:i1, j0:j1])


@numba.njit(cache=True)
def _outline_on_block(table: Floats, nodes: Floats, panel: Floats, x: Floats, y: Floats, out: Floats) -> None:
    r, w0 = panel[6], panel[7]
    n = len(nodes)
    big, small, turn = np.empty((n, len(x))), np.empty((n, len(x))), np.empty((n, len(x)))
    for k in range(n):
        for j in range(len(x)):
            t = (nodes[k, 0] - x[j]) / r
            big[k, j], small[k, j] = _gauss(table, t)
            turn[k, j] = TWO_PI * t * small[k, j]
    local = np.empty((6, len(x)))
    for i in range(len(y)):
        local[:] = 0.0
        for k in range(n):
            t = (nodes[k, 1] - y[i]) / r
            if abs(t) >= REACH:
                continue
            f0 = w0 * _gauss(table, t)[1] * nodes[k, 2] / r
            f1 = TWO_PI * t * f0 / r
            f2 = TWO_PI * (TWO_PI * t * t - 1.0) * f0 / (r * r)
            for j in range(len(x)):
                local[0, j] += big[k, j] * f0
                local[1, j] -= small[k, j] * (f0 / r)
                local[2, j] += big[k, j] * f1
                local[3, j] -= turn[k, j] * (f0 / (r * r))
                local[4, j] -= small[k, j] * (f1 / r)
                local[5, j] += big[k, j] * f2
        for j in range(len(x)):
            _add_local(panel, local[0, j], local[1, j], local[2, j], local[3, j], local[4, j], local[5, j], out[i, j])


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


def principal(fields: Floats) -> Floats:
    """Largest values over all directions, signed where the quantity has a sign.

    fields: (..., 11). Returns (..., 5): subsidence m, tilt, curvature 1/m, displacement m, strain; curvature and strain are
    the principal value of the larger magnitude (positive convex or extension, negative concave or compression).
    """
    rows = np.ascontiguousarray(fields).reshape(-1, len(FIELDS))
    out = np.zeros((len(rows), 5))
    _principal_rows(rows, out)
    return out.reshape(*fields.shape[:-1], 5)


@numba.njit(cache=True)
def _principal_rows(fields: Floats, out: Floats) -> None:
    for i in range(len(fields)):
        w, wx, wy, wxx, wxy, wyy, ux, uy, exx, exy, eyy = fields[i]
        if w == 0.0 and wx == 0.0 and wy == 0.0 and wxx == 0.0 and wyy == 0.0:
            continue  # most of a large raster is out of every panel's reach
        out[i, 0] = w
        out[i, 1] = math.sqrt(wx * wx + wy * wy)
        out[i, 2] = _larger_principal(wxx, wxy, wyy)
        out[i, 3] = math.sqrt(ux * ux + uy * uy)
        out[i, 4] = _larger_principal(exx, exy, eyy)


def along(fields: Floats, azimuth_deg: Floats | float) -> Floats:
    """Signed values along a direction (azimuth clockwise from north), in the same order as `principal`: (..., 5)."""
    w, wx, wy, wxx, wxy, wyy, ux, uy, exx, exy, eyy = np.moveaxis(fields, -1, 0)
    angle = np.radians(azimuth_deg)
    e, n = np.sin(angle), np.cos(angle)
    curvature = e * e * wxx + 2.0 * e * n * wxy + n * n * wyy
    strain = e * e * exx + 2.0 * e * n * exy + n * n * eyy
    return np.stack([w, e * wx + n * wy, curvature, e * ux + n * uy, strain], axis=-1)


@numba.njit(cache=True)
def _larger_principal(xx: float, xy: float, yy: float) -> float:
    mean, half = 0.5 * (xx + yy), math.sqrt((0.5 * (xx - yy)) ** 2 + xy * xy)
    return mean + half if mean >= 0.0 else mean - half
