"""Relief of a plain on a regular grid: deterministic smooth noise, distances to lines, embankments, ditches and mounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rasterio.features import rasterize
from rasterio.transform import from_origin
from shapely import LineString, MultiLineString, Polygon, get_coordinates

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """A north-up grid: outer corner of the north-west cell, cell size in metres, rows and columns."""

    west: float
    north: float
    cell: float
    rows: int
    cols: int

    @classmethod
    def around(cls, bounds: tuple[float, float, float, float], *, margin: float, cell: float) -> Frame:
        """The frame that covers bounds and a margin, its corners on multiples of 100 m."""
        west, south = (np.floor((v - margin) / 100) * 100 for v in bounds[:2])
        east, north = (np.ceil((v + margin) / 100) * 100 for v in bounds[2:])
        return cls(float(west), float(north), cell, round((north - south) / cell), round((east - west) / cell))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        return self.west, self.north - self.rows * self.cell, self.west + self.cols * self.cell, self.north

    @property
    def x(self) -> Floats:
        """Centres of the columns, m, (1, cols)."""
        return np.asarray(self.west + (np.arange(self.cols) + 0.5) * self.cell, np.float64)[None, :]

    @property
    def y(self) -> Floats:
        """Centres of the rows, m, (rows, 1)."""
        return np.asarray(self.north - (np.arange(self.rows) + 0.5) * self.cell, np.float64)[:, None]

    def window(self, bounds: tuple[float, float, float, float], reach: float) -> tuple[slice, slice]:
        """Rows and columns of the cells within reach of bounds."""
        west, south, east, north = bounds
        c0 = int(np.clip(np.floor((west - reach - self.west) / self.cell), 0, self.cols))
        c1 = int(np.clip(np.ceil((east + reach - self.west) / self.cell), 0, self.cols))
        r0 = int(np.clip(np.floor((self.north - north - reach) / self.cell), 0, self.rows))
        r1 = int(np.clip(np.ceil((self.north - south + reach) / self.cell), 0, self.rows))
        return slice(r0, r1), slice(c0, c1)


def hashed(i: ArrayLike, j: ArrayLike, seed: int) -> Floats:
    """A number in [0, 1) for every pair of integers and a seed, the same on every machine (SplitMix64's finaliser)."""
    a, b = np.asarray(i, np.int64).astype(np.uint64), np.asarray(j, np.int64).astype(np.uint64)
    with np.errstate(over="ignore"):
        z = (
            a * np.uint64(0x9E3779B97F4A7C15)
            + b * np.uint64(0xC2B2AE3D27D4EB4F)
            + np.uint64(seed) * np.uint64(0x165667B19E3779F9)
        )
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return np.asarray((z >> np.uint64(11)).astype(np.float64) / 2.0**53)


def noise(x: ArrayLike, y: ArrayLike, wavelength: float, seed: int) -> Floats:
    """Smooth noise in [-1, 1] with the given wavelength in metres: hashed lattice values, quintic blending."""
    u, v = np.broadcast_arrays(np.asarray(x) / wavelength, np.asarray(y) / wavelength)
    i, j = np.floor(u).astype(np.int64), np.floor(v).astype(np.int64)
    s, t = (d**3 * (d * (6 * d - 15) + 10) for d in (u - i, v - j))
    low = hashed(i, j, seed) * (1 - s) + hashed(i + 1, j, seed) * s
    high = hashed(i, j + 1, seed) * (1 - s) + hashed(i + 1, j + 1, seed) * s
    return np.asarray(2 * (low * (1 - t) + high * t) - 1, np.float64)


def distance(frame: Frame, line: LineString | MultiLineString, reach: float) -> tuple[tuple[slice, slice], Floats]:
    """Distance of cell centres to a line, m, exact within reach and infinite beyond, and the window of cells it is for."""
    window = frame.window(line.bounds, reach)
    part_x, part_y = frame.x[:, window[1]], frame.y[window[0]]
    out = np.full((part_y.shape[0], part_x.shape[1]), np.inf)
    for part in getattr(line, "geoms", [line]):
        for (ax, ay), (bx, by) in pairwise(get_coordinates(part)):
            rows, cols = frame.window((min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)), reach)
            here = (
                slice(rows.start - window[0].start, rows.stop - window[0].start),
                slice(cols.start - window[1].start, cols.stop - window[1].start),
            )
            x, y = part_x[:, here[1]], part_y[here[0]]
            length2 = (bx - ax) ** 2 + (by - ay) ** 2
            t = np.clip(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / max(length2, 1e-12), 0, 1)
            out[here] = np.minimum(out[here], np.hypot(x - (ax + t * (bx - ax)), y - (ay + t * (by - ay))))
    out[out > reach] = np.inf
    return window, out


@dataclass(frozen=True)
class Section:
    """The cross-section of a road, dyke, ditch or river: offset from the axis and height above the plain, both m."""

    offset: tuple[float, ...]
    height: tuple[float, ...]

    @property
    def reach(self) -> float:
        return self.offset[-1]

    def at(self, away: Floats) -> Floats:
        """Heights at distances from the axis, m; 0 beyond the section."""
        return np.interp(away, self.offset, self.height, right=0.0)


# Ditches are as shallow as a 5 m terrain shows them: a cell averages over bed and banks.
SECTIONS: Final = {
    "city_road": Section((0, 16, 19, 24, 26, 30, 33), (0.9, 0.9, 0.0, 0.0, -0.7, -0.7, 0.0)),
    "road": Section((0, 6, 9, 11, 13, 16, 18), (0.7, 0.7, 0.0, 0.0, -0.6, -0.6, 0.0)),
    "lane": Section((0, 3.5, 6), (0.3, 0.3, 0.0)),
    "canal": Section((0, 7, 13, 15, 19, 23), (-1.6, -1.6, 0.0, 0.8, 0.8, 0.0)),
    "ditch": Section((0, 2.5, 6.5, 8, 10, 13), (-0.7, -0.7, 0.0, 0.3, 0.3, 0.0)),
    "river": Section((0, 24, 38, 52, 58, 64, 76), (-4.6, -4.3, -0.6, -0.2, 2.6, 2.6, 0.0)),
    "stream": Section((0, 9, 17, 21, 25, 29, 36), (-3.2, -3.0, -0.2, 0.0, 1.5, 1.5, 0.0)),
    "railway": Section((0, 6, 12, 15, 17, 20, 22), (2.4, 2.4, 0.0, 0.0, -0.7, -0.7, 0.0)),
}


def carved(frame: Frame, lines: Iterable[tuple[LineString, Section]]) -> Floats:
    """Height that lines add to the ground, m, (rows, cols); where they meet, a bank stands over a ditch as a bridge does."""
    low, high = np.zeros((frame.rows, frame.cols)), np.zeros((frame.rows, frame.cols))
    for line, section in lines:
        window, away = distance(frame, line, section.reach)
        profile = section.at(away)
        low[window], high[window] = np.minimum(low[window], profile), np.maximum(high[window], profile)
    return np.where(high > 0.05, high, low)


def ramp(frame: Frame, area: Polygon, slope_m: float) -> Floats:
    """1 inside a polygon, falling smoothly to 0 at slope_m outside it, (rows, cols)."""
    window, away = distance(frame, area.boundary, slope_m)
    out = np.zeros((frame.rows, frame.cols))
    shape = away.shape
    corner = from_origin(
        frame.west + window[1].start * frame.cell, frame.north - window[0].start * frame.cell, frame.cell, frame.cell
    )
    inside = rasterize([(area, 1)], out_shape=shape, transform=corner, fill=0, dtype="uint8") == 1
    t = np.clip(1 - np.where(inside, 0.0, away) / slope_m, 0, 1)
    out[window] = t * t * (3 - 2 * t)
    return out


def plots(frame: Frame, fields: list[Polygon], *, width: float, length: float, step_m: float, seed: int) -> Floats:
    """Terraces of a few centimetres between the plots of each field, laid out along the field's long side, (rows, cols)."""
    origin = from_origin(frame.west, frame.north, frame.cell, frame.cell)
    out = np.zeros((frame.rows, frame.cols))
    label = rasterize([(f, k + 1) for k, f in enumerate(fields)], out_shape=out.shape, transform=origin, fill=0, dtype="int32")
    for k, field in enumerate(fields):
        box = get_coordinates(field.minimum_rotated_rectangle)
        sides = np.diff(box, axis=0)[:2]
        along = sides[int(np.argmax(np.hypot(*sides.T)))]
        along = along / np.hypot(*along)
        window = frame.window(field.bounds, 0.0)
        x, y = frame.x[:, window[1]] - box[0, 0], frame.y[window[0]] - box[0, 1]
        s, t = x * along[0] + y * along[1], y * along[0] - x * along[1]
        row = np.floor(t / width).astype(np.int64)
        column = np.floor(s / length + hashed(row, 7 * k, seed + 1)).astype(np.int64)
        mine = label[window] == k + 1
        out[window][mine] = (step_m * (2 * hashed(row * 4096 + column, np.full_like(row, k), seed) - 1))[mine]
    return out
