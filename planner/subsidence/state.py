"""The state of the ground at the plan's year: what is still to come, how strained it will be, and from when it is settled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from planner.core import probability_integral as kernel
from planner.core.settling import knothe_share, last_unsettled
from planner.subsidence.panels import Panels, check_panels
from planner.subsidence.predict import BAND_CELLS, bands, reaches, subsidence_on
from planner.subsidence.sources import Sources, sources
from planner.tables import Ground
from planner.words import Message, say

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.parameters import Parameters
    from planner.site import Grid, Site

Floats = NDArray[np.float64]
DAYS_PER_YEAR: Final = 365.25
HORIZON_YEARS: Final = 100  # no panel is waited for longer: e^(-0.3*100) of it is left
SHALLOW_M: Final = 400.0  # to this mining depth a movement lasts in proportion to it


def ground(site: Site, *, year: float | None = None) -> Ground:
    """The residual subsidence and deformation of a site at a year, and the years from which it is settled and free to build on.

    From the mining panels by Knothe's law where they are dated, else from the residual raster by differences; where neither is
    known the ground is taken as settled, which `notes` says and `known` = False marks. year: `scenario.site.year` unless given
    (a residual raster holds for that year; later ones follow by Knothe's law with the default c).

    Examples
    --------
    >>> import planner as pl
    >>> pl.ground(pl.samples.aidans()).known  # nothing is known of the mine: taken as settled
    False
    """
    stated = float(site.scenario.site.year)
    year = stated if year is None else float(year)
    p = site.scenario.parameters
    if site.panels is not None and len(site.panels):
        panels = check_panels(_in_site_crs(site), parameters=p)
        if panels.dated.any():
            both = (say("subsidence.panels_win"),) if site.residual_mm is not None else ()
            return _from_panels(panels, site.terrain, year, p, both)
        if site.residual_mm is None:
            return _settled(site.terrain, year, (say("subsidence.no_dates"), *panels.warnings))
    if site.residual_mm is not None:
        faded = np.exp(-p.number("prediction.c_per_year") * max(year - stated, 0.0))
        return _from_residual(site.residual_mm.like(site.residual_mm.values * faded), site.terrain, year, p)
    return _settled(site.terrain, year, (say("subsidence.mine_unknown"),))


def _in_site_crs(site: Site) -> gpd.GeoDataFrame:
    panels = site.panels
    assert panels is not None
    return panels.to_crs(site.crs) if panels.crs is not None and panels.crs != site.crs else panels


def _settled(terrain: Grid, year: float, notes: tuple[Message, ...]) -> Ground:
    zero = terrain.like(0.0)
    return Ground(zero, zero, zero, zero, terrain.like(year), terrain.like(year), known=False, notes=notes)


def _from_panels(panels: Panels, terrain: Grid, year: float, p: Parameters, said: tuple[Message, ...]) -> Ground:
    """Residual fields by (1 − share) · final prediction: superposition holds at every date."""
    all_sources = sources(panels)
    rest = all_sources.weighted(1.0 - panels.share(year))
    residual, tilt, curvature, strain, settled, free = (np.empty(terrain.shape) for _ in range(6))
    timing = _timing(panels, p)
    groups = [all_sources.only(timing.group == g) for g in range(len(timing.remaining))]
    for rows, fields in bands(rest, terrain, cells=BAND_CELLS // (1 + len(timing.remaining) // 10)):
        values = kernel.principal(fields)
        residual[rows], tilt[rows] = np.maximum(values[..., 0], 0.0) * 1e3, values[..., 1] * 1e3
        curvature[rows], strain[rows] = np.abs(values[..., 2]) * 1e3, np.abs(values[..., 4]) * 1e3
        settled[rows], free[rows] = _settled_years(groups, timing, terrain, rows)
    notes = [*said, *panels.warnings]
    first = panels.piece[:, 0] == 0.0  # of every panel
    undated = int(np.sum(~panels.dated & first))
    if undated:
        notes.append(say("subsidence.undated", undated=undated, panels=int(first.sum())))
    ahead = int(np.sum((panels.numbers["start"] > year) & first))
    if ahead:
        notes.append(say("subsidence.ahead", panels=ahead, year=year))
    return _known(terrain, [residual, tilt, curvature, strain, settled, free], notes)


def _known(terrain: Grid, fields: list[Floats], notes: list[Message]) -> Ground:
    residual, tilt, curvature, strain, settled, free = (terrain.like(f) for f in fields)
    return Ground(residual, tilt, curvature, strain, settled, free, known=True, notes=tuple(notes))


@dataclass(frozen=True, eq=False)
class _Timing:
    """Panels grouped by their dates, and what is left of each group at the beginning of every year from `first` on."""

    group: NDArray[np.int64]
    first: int
    remaining: Floats
    half_year: Floats
    per_day: Floats
    done: Floats
    limits: Floats
    few: float


def equivalent_depth(depth_m: Floats) -> Floats:
    """The depth, m, that a movement's length is proportional to: the mining depth to 400 m, below it 400·exp(1 − 400/H).

    Source: with 2.5 days per metre, T = 2.5·H and 1000·exp(1 − 400/H) days (coal pillar code).
    """
    deep = np.maximum(depth_m, SHALLOW_M)
    return np.asarray(np.where(depth_m > SHALLOW_M, SHALLOW_M * np.exp(1.0 - SHALLOW_M / deep), depth_m), dtype=np.float64)


def _timing(panels: Panels, p: Parameters) -> _Timing:
    n = panels.numbers
    days = p.number("prediction.duration_days_per_m") * equivalent_depth(n["depth_m"])
    duration = days / DAYS_PER_YEAR * p.number("standards.settled.durations")
    key = np.stack([*panels.taken, n["c_per_year"], np.round(duration, 1)], axis=1)[panels.dated]
    groups, of_dated = np.unique(key, axis=0, return_inverse=True)
    group = np.full(len(panels), -1, dtype=np.int64)
    group[panels.dated] = of_dated.ravel()
    limits = np.array([p.number(f"standards.settled.{k}") for k in ("residual_mm", "half_year_mm", "day_mm", "felt_mm")]) / 1e3
    start, end, c, duration = groups.T
    first = int(np.floor(start.min()))
    depth = max(float(panels.w0_m.sum()), limits[0])
    longest = np.max(end + np.maximum(duration, np.log(depth / limits[:3].min()) / c))
    dates = np.arange(first, min(int(np.ceil(longest)) + 1, int(end.max()) + HORIZON_YEARS), dtype=float)

    def rest(at: Floats) -> Floats:
        return np.stack([1.0 - knothe_share(t - start, t - end, c) for t in at], axis=1)

    remaining = rest(dates)
    return _Timing(
        group,
        first,
        remaining,
        remaining - rest(dates + 0.5),
        (remaining - rest(dates + 1.0 / DAYS_PER_YEAR)),
        (dates[None, :] >= (end + duration)[:, None]).astype(float),
        limits,
        p.number("standards.settled.restricted_mm") / 1e3,
    )


def _settled_years(groups: list[Sources], timing: _Timing, terrain: Grid, rows: slice) -> Floats:
    """First year from which the ground stays within every limit, and from which so little is left, (2, rows, cols)."""
    x, y = terrain.centres()
    shape = len(y[rows]), len(x)
    near = [g for g, mine in enumerate(groups) if reaches(mine, float(y[rows].min()), float(y[rows].max()))]
    if not near:
        return np.full((2, *shape), float(timing.first))
    w = np.stack([subsidence_on(groups[g], x, y[rows]).ravel() for g in near], axis=1)
    last = last_unsettled(
        w, timing.remaining[near], timing.half_year[near], timing.per_day[near], timing.done[near], timing.limits, timing.few
    )
    return (timing.first + 1.0 + last.T).reshape(2, *shape)


def _from_residual(residual: Grid, terrain: Grid, year: float, p: Parameters) -> Ground:
    """Deformation of a residual raster by central differences; its settling by Knothe's law with the default c."""
    left = np.abs(residual.values)
    notes = [say("subsidence.by_differences")]
    if np.nanmin(residual.values) < 0:
        notes.append(say("subsidence.sign_turned"))
    known = np.isfinite(left)
    if not known.all():
        notes.append(say("subsidence.residual_empty", share=float(np.mean(~known))))
    metres = np.where(known, left, 0.0) / 1e3
    wy, wx = np.gradient(metres, residual.cell_y, residual.cell_x)
    wxy, wxx = np.gradient(wx, residual.cell_y, residual.cell_x)
    wyy = np.gradient(wy, residual.cell_y, axis=0)
    br = p.number("prediction.b") * p.number("prediction.residual_radius_m")
    fields = np.stack([metres, wx, wy, wxx, wxy, wyy, br * wx, br * wy, br * wxx, br * wxy, br * wyy], axis=-1)
    values = kernel.principal(fields)
    curvature, strain = np.abs(values[..., 2]) * 1e3, np.abs(values[..., 4]) * 1e3
    c = p.number("prediction.c_per_year")
    limit, few, half, day = (
        p.number(f"standards.settled.{k}") / 1e3 for k in ("residual_mm", "restricted_mm", "half_year_mm", "day_mm")
    )
    settled = min(limit, half / -np.expm1(-0.5 * c), day * DAYS_PER_YEAR / c)
    years = [
        year + np.ceil(np.maximum(np.log(np.maximum(metres, 1e-9) / most), 0.0) / c - 1e-9)
        for most in (settled, min(settled, few))
    ]
    found = (
        *((metres * 1e3, 0.0), (values[..., 1] * 1e3, 0.0), (curvature, 0.0), (strain, 0.0)),
        *((from_year, year) for from_year in years),
    )
    return _known(terrain, [_onto(residual.like(field), terrain, outside) for field, outside in found], notes)


def _onto(grid: Grid, terrain: Grid, outside: float) -> Floats:
    """A grid's values at the terrain's cells: those of the cell each centre falls in."""
    if grid.aligned(terrain):
        return grid.values
    frame, centres = grid.frame, terrain.centres()
    row, col = frame.cell(*centres)
    values = grid.values[np.ix_(*frame.nearest(*centres))]
    return np.where(frame.holds(row[:, None], col[None, :]), values, outside)
