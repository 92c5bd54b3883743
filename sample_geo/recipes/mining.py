"""Panels and what they do to the ground: the probability-integral method's closed form for a rectangle, with Knothe's time.

Written apart from the planner's own kernel (which it is tested against), so that the samples do not move when the kernel does.
"""

from __future__ import annotations

from calendar import isleap
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf
from shapely import Polygon

from recipes.relief import hashed

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Seam:
    """What a coal seam's panels share: mean thickness and depth (m), probability-integral parameters, dip."""

    name: str
    thickness_m: float
    depth_m: float
    q: float
    tan_beta: float
    b: float
    offset_m: float
    c_per_year: float


@dataclass(frozen=True)
class Panel:
    """A longwall panel: rectangle by its centre, length along the bearing (radians from east), width; years of extraction."""

    panel_id: str
    mine: str
    mine_en: str
    seam: Seam
    thickness_m: float
    x: float
    y: float
    length: float
    width: float
    bearing: float
    start: date
    end: date

    @property
    def shape(self) -> Polygon:
        """The goaf as drawn on the mine plan, coordinates on whole centimetres."""
        along = np.array([np.cos(self.bearing), np.sin(self.bearing)]) * self.length / 2
        aside = np.array([-np.sin(self.bearing), np.cos(self.bearing)]) * self.width / 2
        centre = np.array([self.x, self.y])
        ring = [centre - along - aside, centre + along - aside, centre + along + aside, centre - along + aside]
        return Polygon(np.round(ring, 2))


def district(
    code: str,
    mine: tuple[str, str],
    seam: Seam,
    centre: tuple[float, float],
    *,
    bearing_deg: float,
    lengths: tuple[float, ...],
    width: float,
    pillar: float,
    first: float,
    years_each: float,
) -> list[Panel]:
    """Panels side by side, worked one after the other: lengths names each panel's length (0 leaves a pillar standing)."""
    bearing = np.radians(bearing_deg)
    panels = []
    worked = 0
    for k, length in enumerate(lengths):
        if length == 0:
            continue
        aside = (k - (len(lengths) - 1) / 2) * (width + pillar)
        shift = 0.04 * length * (-1) ** k
        x = centre[0] - aside * np.sin(bearing) + shift * np.cos(bearing)
        y = centre[1] + aside * np.cos(bearing) + shift * np.sin(bearing)
        start = first + worked * years_each
        panels.append(
            Panel(
                f"{code}{k + 1:02d}",
                *mine,
                seam,
                round(seam.thickness_m * (0.9 + 0.2 * float(hashed(k, len(code), round(first)))), 2),
                float(x),
                float(y),
                length,
                width,
                float(bearing),
                _month(start),
                _month(start + years_each),
            )
        )
        worked += 1
    return panels


def kept_apart(panels: list[Panel], *, pillar_m: float = 5.0, step_m: float = 20.0, least_m: float = 250.0) -> list[Panel]:
    """Panels of one seam with a pillar between them: a later one stops short of those before it, or is not driven at all."""
    kept: list[Panel] = []
    for panel in panels:
        others = [p.shape.buffer(pillar_m, join_style="mitre") for p in kept if p.seam.name == panel.seam.name]
        while panel.length >= least_m:
            hit = next((o for o in others if o.intersects(panel.shape)), None)
            if hit is None:
                kept.append(panel)
                break
            along = np.array([np.cos(panel.bearing), np.sin(panel.bearing)])
            met = hit.intersection(panel.shape).centroid
            ahead = 1.0 if (met.x - panel.x) * along[0] + (met.y - panel.y) * along[1] > 0 else -1.0
            x, y = np.array([panel.x, panel.y]) - ahead * along * step_m / 2
            panel = replace(panel, x=float(x), y=float(y), length=panel.length - step_m)
    return kept


def _month(year: float) -> date:
    """The first day of the month in which a decimal year lies."""
    return date(int(year), int(12 * (year % 1)) + 1, 1)


def decimal_year(day: date) -> float:
    """A date as a decimal year."""
    return day.year + (day.timetuple().tm_yday - 1) / (366 if isleap(day.year) else 365)


def share(panel: Panel, year: float) -> float:
    """Share of the final subsidence reached at a year, for a goaf opened evenly between start and end (Knothe)."""
    start, end = decimal_year(panel.start), decimal_year(panel.end)
    since, after = year - start, max(year - end, 0.0)
    if since <= 0:
        return 0.0
    c, span = panel.seam.c_per_year, end - start
    return float(((since - after) - (np.exp(-c * after) - np.exp(-c * since)) / c) / span)


def subsidence(panels: list[Panel], x: Floats, y: Floats, year: float | None = None) -> Floats:
    """Subsidence of every cell, m, (rows, cols): final, or reached at a year. x: (1, cols), y: (rows, 1)."""
    out = np.zeros(np.broadcast_shapes(x.shape, y.shape))
    for p in panels:
        r = p.seam.depth_m / p.seam.tan_beta
        w0 = p.thickness_m * p.seam.q * (1.0 if year is None else share(p, year))
        cos, sin = np.cos(p.bearing), np.sin(p.bearing)
        reach = 2.5 * r + np.hypot(p.length, p.width) / 2
        cols = np.flatnonzero(np.abs(x[0] - p.x) <= reach)
        rows = np.flatnonzero(np.abs(y[:, 0] - p.y) <= reach)
        if not (len(cols) and len(rows)):
            continue
        window = slice(rows[0], rows[-1] + 1), slice(cols[0], cols[-1] + 1)
        u = (x[:, window[1]] - p.x) * cos + (y[window[0]] - p.y) * sin
        v = (y[window[0]] - p.y) * cos - (x[:, window[1]] - p.x) * sin
        half_u, half_v = p.length / 2 - p.seam.offset_m, p.width / 2 - p.seam.offset_m
        k = np.sqrt(np.pi) / r
        fu = 0.5 * (erf(k * (u + half_u)) - erf(k * (u - half_u)))
        fv = 0.5 * (erf(k * (v + half_v)) - erf(k * (v - half_v)))
        out[window] += w0 * fu * fv
    return out
