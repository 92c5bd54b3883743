"""Areas of polygons on the ellipsoid, in bulk.

The area between an edge, the equator and two meridians is the integral of the strip function S(φ), the ellipsoid's area from
the equator to a latitude per radian of longitude, for which there is a fast series. Between two vertices a geodesic bows away
from the chord in (λ, S); from Clairaut's relation S″ = −sin φ·(r² + 3·S′²/r²) with r the parallel's radius, so the bow adds
Δλ³·sin φ·(r² + 3·S′²/r²)/12. Differences are taken from each ring's first vertex: a small piece loses nothing to rounding.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

TERMS = 8  # of the strip series: e^16 is below 1e-17 for the Earth


class Areas(NamedTuple):
    """area: (n,) m². longest: (n,) longest edge as an angle, radians. closed: (n,) False where a ring runs round a pole."""

    area: Floats
    longest: Floats
    closed: Flags


def strip_series(flattening: float) -> Floats:
    """Coefficients c of S(φ) = b²·Σ cₙ·sin²ⁿ⁺¹φ, (TERMS,): cₙ = (n + 1)/(2n + 1)·e²ⁿ."""
    e2 = flattening * (2.0 - flattening)
    n = np.arange(TERMS)
    return np.asarray((n + 1.0) / (2.0 * n + 1.0) * e2**n)


@njit(cache=True)
def _strip(sine: float, series: Floats) -> float:
    square = sine * sine
    total = series[-1]
    for k in range(len(series) - 2, -1, -1):
        total = total * square + series[k]
    return float(total * sine)


@njit(cache=True)
def _areas(lon: Floats, lat: Floats, ring: Ints, hole: Flags, polygon: Ints, series: Floats, flattening: float) -> Areas:
    """Areas in units of the semi-minor axis squared."""
    n = len(polygon) - 1
    area, longest, closed = np.zeros(n), np.zeros(n), np.ones(n, dtype=np.bool_)
    degree = math.pi / 180.0
    e2 = flattening * (2.0 - flattening)
    axis2 = 1.0 / (1.0 - flattening) ** 2
    for i in range(n):
        for j in range(polygon[i], polygon[i + 1]):
            first = ring[j]
            sine = math.sin(lat[first] * degree)
            s_first = _strip(sine, series)
            s_here, turned, total = s_first, 0.0, 0.0
            for k in range(first + 1, ring[j + 1]):
                next_sine = math.sin(lat[k] * degree)
                s_next = _strip(next_sine, series)
                step = lon[k] - lon[k - 1]
                if step > 180.0:
                    step -= 360.0
                elif step < -180.0:
                    step += 360.0
                step *= degree
                middle = 0.5 * (sine + next_sine)
                parallel2 = max(axis2 * (1.0 - middle * middle) / (1.0 - e2 * middle * middle), 1e-12)
                rise2 = (s_next - s_here) * (s_next - s_here) / parallel2
                bow = step * middle * (step * step * parallel2 + 3.0 * rise2) / 12.0
                total += step * (0.5 * (s_here - s_first) + 0.5 * (s_next - s_first)) + bow
                longest[i] = max(longest[i], math.sqrt(rise2 + step * step * parallel2))
                turned += step
                s_here, sine = s_next, next_sine
            closed[i] = closed[i] and abs(turned) < 1e-9
            area[i] += -abs(total) if hole[j] else abs(total)
    return Areas(area, longest, closed)


def geodesic_areas(
    lon: Floats, lat: Floats, ring: Ints, hole: Flags, polygon: Ints, *, semi_major: float, flattening: float
) -> Areas:
    """Areas of polygons whose edges are geodesics, m².

    lon, lat: (v,) degrees. ring: (r+1,) where each closed ring begins; hole: (r,); polygon: (n+1,) where each
    polygon's rings begin. Good to 2e-8 of the area while edges are below about 20 km (0.003 rad); what `longest` and `closed`
    flag needs a geodesic library. Source of the strip: series of the authalic latitude (Snyder 1987, eq. 3-12).
    """
    minor = semi_major * (1.0 - flattening)
    found = _areas(lon, lat, ring, hole, polygon, strip_series(flattening), flattening)
    return found._replace(area=found.area * minor * minor)


class Bows(NamedTuple):
    """Plane areas of polygons, what geodesics between the vertices enclose less, and the sum of what lies between, m², (n,)."""

    plane: Floats
    less: Floats
    between: Floats


@njit(cache=True)
def bows(x: Floats, y: Floats, ring: Ints, hole: Flags, polygon: Ints, middle: float, radius: float) -> Bows:
    """How far geodesics bow away from straight edges in a transverse Mercator projection, to first order.

    x, y: m. middle: easting of the central meridian. radius: of the Earth, m. The scale grows by x²/2R², so a geodesic bends by
    x/R² away from the central meridian and encloses (x/R²)·L³/12 with its chord of length L (Snyder 1987, eq. 8-11).
    """
    n = len(polygon) - 1
    out = Bows(np.zeros(n), np.zeros(n), np.zeros(n))
    for i in range(n):
        for j in range(polygon[i], polygon[i + 1]):
            a, twice, less = ring[j], 0.0, 0.0
            for k in range(ring[j], ring[j + 1] - 1):
                dx, dy = x[k + 1] - x[k], y[k + 1] - y[k]
                twice += (x[k] - x[a]) * dy - (y[k] - y[a]) * dx
                bend = (0.5 * (x[k] + x[k + 1]) - middle) / (radius * radius) * (dx * dx + dy * dy) / 12.0
                less -= bend * dy
                out.between[i] += abs(bend) * math.hypot(dx, dy)
            sign = (1.0 if twice > 0 else -1.0) * (-1.0 if hole[j] else 1.0)
            out.plane[i] += sign * twice / 2.0
            out.less[i] += sign * less
    return out


@njit(cache=True)
def _steps(dx: float, dy: float, longest: float) -> int:
    return 2 * max(1, math.ceil(math.hypot(dx, dy) / (2.0 * longest)))


@njit(cache=True)
def densified(x: Floats, y: Floats, ring: Ints, longest: float) -> tuple[Floats, Floats, Ints]:
    """Rings with an odd number of points added on every edge so that none exceeds `longest`, in the coordinates' unit."""
    count = np.zeros(len(ring), dtype=np.int64)
    for j in range(len(ring) - 1):
        points = 1 if ring[j + 1] > ring[j] else 0
        for k in range(ring[j] + 1, ring[j + 1]):
            points += _steps(x[k] - x[k - 1], y[k] - y[k - 1], longest)
        count[j + 1] = count[j] + points
    px, py = np.empty(count[-1]), np.empty(count[-1])
    for j in range(len(ring) - 1):
        at = count[j]
        for k in range(ring[j], ring[j + 1]):
            if k > ring[j]:
                parts = _steps(x[k] - x[k - 1], y[k] - y[k - 1], longest)
                for p in range(1, parts):
                    px[at] = x[k - 1] + (x[k] - x[k - 1]) * p / parts
                    py[at] = y[k - 1] + (y[k] - y[k - 1]) * p / parts
                    at += 1
            px[at], py[at] = x[k], y[k]
            at += 1
    return px, py, count


def every_second(ring: Ints) -> tuple[Ints, Ints]:
    """Which vertices of densified rings remain where every second one is left out, (w,), and where rings then begin, (r+1,)."""
    length = np.diff(ring)
    place = np.arange(ring[-1]) - np.repeat(ring[:-1], length)
    return np.flatnonzero(place % 2 == 0), np.concatenate(([0], np.cumsum((length + 1) // 2)))


def survey_areas(
    lon: Floats, lat: Floats, ring: Ints, hole: Flags, polygon: Ints, *, semi_major: float, flattening: float
) -> Floats:
    """Areas by the national land survey's trapezoid formula, m²: a cross-check of geodesic_areas.

    Each edge spans a trapezoid between its two parallels, its middle meridian and the first vertex's meridian. Arguments as
    geodesic_areas. Source: Second National Land Survey, formula for the ellipsoidal area of map polygons (2008, no. 32).
    """
    e2 = flattening * (2.0 - flattening)
    e4, e6, e8 = e2**2, e2**3, e2**4
    factor = (
        1.0 + 3 / 6 * e2 + 30 / 80 * e4 + 35 / 112 * e6 + 630 / 2304 * e8,
        -(1 / 6 * e2 + 15 / 80 * e4 + 21 / 112 * e6 + 420 / 2304 * e8),
        3 / 80 * e4 + 7 / 112 * e6 + 180 / 2304 * e8,
        -(1 / 112 * e6 + 45 / 2304 * e8),
        5 / 2304 * e8,
    )
    minor = semi_major * (1.0 - flattening)
    out = np.zeros(len(polygon) - 1)
    owner = np.repeat(np.arange(len(out)), np.diff(polygon))
    for j in range(len(ring) - 1):
        b, m = np.radians(lat[ring[j] : ring[j + 1]]), np.radians(lon[ring[j] : ring[j + 1]])
        half, middle = (b[1:] - b[:-1]) / 2.0, (b[1:] + b[:-1]) / 2.0
        reach = (m[1:] + m[:-1]) / 2.0 - m[0]
        strip = sum(c * np.sin((2 * k + 1) * half) * np.cos((2 * k + 1) * middle) for k, c in enumerate(factor))
        area = abs(float(np.sum(2.0 * minor**2 * reach * strip)))
        out[owner[j]] += -area if hole[j] else area
    return out
