"""Where things stand on the page: the site's CRS to web-Mercator metres and back, for display only.

Some Chinese base maps are drawn in GCJ-02, which is 300-700 m off. For those, and only on the page, everything is moved along;
nothing that is written as data ever passes through here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyproj
from numpy.typing import NDArray

Floats = NDArray[np.float64]
RADIUS = 6_378_137.0  # m, sphere of web Mercator (EPSG:3857)
HALF = np.pi * RADIUS  # m, half the side of the web-Mercator square
DEGREES = (2, 3, 4, 5, 6)  # of the fitted polynomial: the first that is good enough
TOLERANCE_M = 0.005  # largest error allowed to the fit on its control grid; a twentieth of the page's coordinate step
GCJ_AXIS = 6_378_245.0  # m, semi-major axis of Krasovsky 1940, as the published GCJ-02 formulas take it
GCJ_E2 = 0.00669342162296594323  # first eccentricity squared, same source


@dataclass(frozen=True)
class Polynomial:
    """A fitted map of the plane: `coefficients` shape (terms, 2) on x^i y^j, i + j <= degree, of centred and scaled input."""

    centre: tuple[float, float]
    half: float
    coefficients: tuple[tuple[float, float], ...]
    degree: int
    error: float

    def __call__(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        u, v = (x - self.centre[0]) / self.half, (y - self.centre[1]) / self.half
        c = dict(zip(_powers(self.degree), self.coefficients, strict=True))
        out = []
        for axis in (0, 1):
            total = np.zeros_like(u)
            for i in range(self.degree, -1, -1):  # Horner in u of Horner in v
                inner = np.full_like(v, c[i, self.degree - i][axis])
                for j in range(self.degree - i - 1, -1, -1):
                    inner *= v
                    inner += c[i, j][axis]
                total *= u
                total += inner
            out.append(total)
        return out[0], out[1]

    def as_json(self) -> dict[str, Any]:
        """What the page needs to evaluate it."""
        return {
            "centre": list(self.centre),
            "half": self.half,
            "degree": self.degree,
            "powers": [list(p) for p in _powers(self.degree)],
            "coefficients": [[float(f"{a:.12g}"), float(f"{b:.12g}")] for a, b in self.coefficients],
        }


def _powers(degree: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]


def _fit(function: Any, bounds: tuple[float, float, float, float]) -> Polynomial:
    """The polynomial of least degree that follows `function` within the tolerance over the bounds (or the best there is)."""
    fits = []
    for degree in DEGREES:
        fits.append(_fit_degree(function, bounds, degree))
        if fits[-1].error <= TOLERANCE_M:
            break
    return min(fits, key=lambda fit: fit.error)


def _fit_degree(function: Any, bounds: tuple[float, float, float, float], degree: int) -> Polynomial:
    """Least squares on Chebyshev nodes, with the largest error on a denser grid."""
    west, south, east, north = bounds
    centre = ((west + east) / 2, (south + north) / 2)
    half = max(east - west, north - south, 1.0) / 2 * 1.05

    def design(u: Floats, v: Floats) -> Floats:
        return np.stack([u**i * v**j for i, j in _powers(degree)], axis=1)

    nodes = np.cos((np.arange(12) + 0.5) * np.pi / 12)
    u, v = (a.ravel() for a in np.meshgrid(nodes, nodes))
    target = np.stack(function(centre[0] + half * u, centre[1] + half * v), axis=1)
    solved, *_ = np.linalg.lstsq(design(u, v), target, rcond=None)
    check = np.linspace(-1, 1, 25)
    u, v = (a.ravel() for a in np.meshgrid(check, check))
    truth = np.stack(function(centre[0] + half * u, centre[1] + half * v), axis=1)
    error = float(np.abs(design(u, v) @ solved - truth).max())
    return Polynomial(centre, half, tuple((float(a), float(b)) for a, b in solved), degree, error)


def mercator_from_degrees(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Web-Mercator metres of degrees."""
    return np.radians(lon) * RADIUS, np.arctanh(np.sin(np.radians(lat))) * RADIUS


def degrees_from_mercator(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Degrees (lon, lat) of web-Mercator metres."""
    return np.degrees(x / RADIUS), np.degrees(np.arcsin(np.tanh(y / RADIUS)))


def gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Degrees as GCJ-02 base maps draw them, from WGS 84 / CGCS2000 degrees.

    Source: the published approximation of the national offset (accuracy about 1-2 m), e.g. as used by open map clients.
    """
    x, y = lon - 105.0, lat - 35.0
    wave = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + wave
    north += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + wave
    east += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    root = 1.0 - GCJ_E2 * np.sin(np.radians(lat)) ** 2
    d_lat = np.degrees(north * root * np.sqrt(root) / (GCJ_AXIS * (1.0 - GCJ_E2)))
    d_lon = np.degrees(east * np.sqrt(root) / (GCJ_AXIS * np.cos(np.radians(lat))))
    return lon + d_lon, lat + d_lat


def from_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """WGS 84 / CGCS2000 degrees of GCJ-02 degrees, by fixed-point iteration (agrees with `gcj02` to 1e-9 degrees)."""
    guess_lon, guess_lat = lon, lat
    for _ in range(12):
        seen_lon, seen_lat = gcj02(guess_lon, guess_lat)
        guess_lon, guess_lat = guess_lon + (lon - seen_lon), guess_lat + (lat - seen_lat)
    return guess_lon, guess_lat


@dataclass(frozen=True, eq=False)
class Place:
    """A site's display frame.

    crs: the site's. bounds: in the site's CRS, m. shifted: drawn on GCJ-02. forward: site to Mercator metres (None where
    the fit is not good enough and every point is transformed exactly). back: Mercator metres to the site's CRS.
    """

    crs: pyproj.CRS
    bounds: tuple[float, float, float, float]
    shifted: bool
    forward: Polynomial | None
    back: Polynomial

    def mercator(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Web-Mercator metres of points in the site's CRS, shape kept."""
        if self.forward is not None:
            return self.forward(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
        moved: tuple[Floats, Floats] = _exact(self.crs, shifted=self.shifted)(x, y)
        return moved

    def degrees(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Degrees (lon, lat) on the page."""
        return degrees_from_mercator(*self.mercator(x, y))

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the bounds in web-Mercator metres."""
        west, south, east, north = self.bounds
        edge = np.linspace(0.0, 1.0, 9)
        xs = np.concatenate([west + (east - west) * edge, west + (east - west) * edge, np.full(9, west), np.full(9, east)])
        ys = np.concatenate(
            [np.full(9, south), np.full(9, north), south + (north - south) * edge, south + (north - south) * edge]
        )
        mx, my = self.mercator(xs, ys)
        return float(mx.min()), float(my.min()), float(mx.max()), float(my.max())


def _exact(crs: pyproj.CRS, *, shifted: bool) -> Any:
    to_degrees = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)

    def function(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        lon, lat = to_degrees.transform(x, y)
        lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        return mercator_from_degrees(*(gcj02(lon, lat) if shifted else (lon, lat)))

    return function


def _exact_back(crs: pyproj.CRS, *, shifted: bool) -> Any:
    from_degrees = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)

    def function(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        lon, lat = degrees_from_mercator(x, y)
        back_x, back_y = from_degrees.transform(*(from_gcj02(lon, lat) if shifted else (lon, lat)))
        return np.asarray(back_x, dtype=np.float64), np.asarray(back_y, dtype=np.float64)

    return function


def place(crs: pyproj.CRS, bounds: tuple[float, float, float, float], *, shifted: bool = False) -> Place:
    """The display frame of a site with these bounds (west, south, east, north in its CRS)."""
    exact = _exact(crs, shifted=shifted)
    forward = _fit(exact, bounds)
    west, south, east, north = bounds
    mx, my = exact(np.array([west, east, west, east]), np.array([south, north, north, south]))
    box = (float(mx.min()), float(my.min()), float(mx.max()), float(my.max()))
    back = _fit(_exact_back(crs, shifted=shifted), box)
    return Place(crs, bounds, shifted, forward if forward.error <= TOLERANCE_M else None, back)
