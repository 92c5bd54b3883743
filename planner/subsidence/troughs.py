"""Subsidence polygons from what people have: a prediction, two terrains, a radar raster, levelled points."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import ndimage

from planner.core.terrain.owner import owner_of
from planner.errors import InvalidInput
from planner.files import write_whole
from planner.geotiff import write_bands
from planner.parameters import Parameters, defaults
from planner.site import Decision, Grid
from planner.subsidence.contours import area_above
from planner.subsidence.observed import downward_negative
from planner.subsidence.predict import grid_over, predict_grid
from planner.words import Message, say

Floats = NDArray[np.float64]
NMAD: Final = 1.4826  # median absolute deviation to standard deviation, normal noise
UNITS: Final = {"m": 1.0, "cm": 0.01, "mm": 0.001}


@dataclass(frozen=True, eq=False)
class Trough:
    """Where the ground sank and by how much.

    subsidence: m, positive downward, 0 below the noise, NaN where nothing is known. polygons: index `parcel_id`; columns name,
    subsidence_m (mean), subsidence_max_m, area_m2; the areas that sank by more than `threshold_m`. noise_m: one standard
    deviation of a cell, NaN where it cannot be told. decisions, warnings: what was settled and what is doubtful.
    """

    subsidence: Grid
    polygons: gpd.GeoDataFrame
    threshold_m: float
    noise_m: float
    decisions: tuple[Decision, ...]
    warnings: tuple[Message, ...]

    def save(self, folder: str | Path) -> tuple[Path, Path]:
        """Writes subsidence.gpkg and subsidence.tif, fit for `planner init subsidence.gpkg`."""
        folder = Path(folder)

        def raster(path: Path) -> None:
            write_bands({"subsidence_m": self.subsidence}, self.polygons.crs, path)

        vector = write_whole(folder / "subsidence.gpkg", lambda path: self.polygons.to_file(path, driver="GPKG"))
        return vector, write_whole(folder / "subsidence.tif", raster)


def trough_from_prediction(
    panels: gpd.GeoDataFrame, *, cell_m: float = 10.0, year: float | None = None, parameters: Parameters | None = None
) -> Trough:
    """The trough of mining panels, at a calendar year or (None) when all movement is done."""
    grid = grid_over(panels, cell_m, parameters=parameters)
    found = predict_grid(panels, grid, year=year, parameters=parameters)["subsidence_m"]
    return _trough(found, panels.crs, 0.0, parameters, [], [])


def trough_from_terrains(
    before: Grid, after: Grid, crs: Any, *, stable: gpd.GeoDataFrame | None = None, parameters: Parameters | None = None
) -> Trough:
    """The trough between two terrains, co-registered on ground that did not move.

    before, after: elevations, m; `after` is brought to the cells of `before`. stable: polygons that did not move; without them
    the cells that fit the bulk of the differences are taken. Heights are shifted by the median there; a horizontal shift is
    estimated from the slopes (Δh = a + s·∇z) and taken out where it is plain; the noise floor is the NMAD that is left.

    Raises InvalidInput where the two share no ground.
    """
    after_here = _resampled(after, before)
    lost = before.values - after_here
    known = np.isfinite(lost)
    if known.sum() < 100:
        raise InvalidInput(say("subsidence.few_shared", cells=int(known.sum())))
    fixed = known & (_inside(stable, before) if stable is not None else _bulk(lost, known))
    if fixed.sum() < 100:
        raise InvalidInput(say("subsidence.few_stable", cells=int(fixed.sum())))
    decisions: list[Decision] = []
    warnings: list[Message] = []
    bias = float(np.median(lost[fixed]))
    decisions.append(_decided("height_shift", "stable_median", say("subsidence.height_shift_value", bias_m=bias)))
    lost = lost - bias
    shift, error, correction = _shift(lost, before.values, after_here, fixed, before)
    size, doubt = float(np.hypot(*shift)), float(np.hypot(*error))
    if not doubt < before.cell_x:
        warnings.append(say("subsidence.too_flat"))
    elif size > 3.0 * doubt and size > 0.1 * before.cell_x:
        lost = lost - correction
        value = say("subsidence.sideways_value", east_m=float(shift[0]), north_m=float(shift[1]), doubt_m=doubt)
        decisions.append(_decided("sideways", "follows_slope", value))
    noise = float(NMAD * np.median(np.abs(lost[fixed] - np.median(lost[fixed]))))
    if downward_negative(lost[known]) and -np.quantile(lost[known], 0.01) > 5 * noise:
        warnings.append(say("subsidence.rose"))
    return _trough(before.like(lost), crs, noise, parameters, decisions, warnings)


def trough_from_raster(
    raster: Grid, crs: Any, *, unit: str = "mm", incidence_deg: float = 0.0, parameters: Parameters | None = None
) -> Trough:
    """The trough of a raster of displacement, such as radar interferometry gives.

    unit: of the raster: m, cm or mm. incidence_deg: angle of sight from the vertical; 0 where it is vertical displacement
    already; the ground is taken to move vertically. Which sign means down is found and said. The noise floor comes from the
    side of the sign that no mine makes.

    Raises InvalidInput for an unknown unit or an angle of 90° or more.
    """
    if unit not in UNITS:
        raise InvalidInput(say("subsidence.unit_unknown", unit=unit, units=list(UNITS)))
    if not 0.0 <= incidence_deg < 90.0:
        raise InvalidInput(say("subsidence.incidence", incidence_deg=incidence_deg))
    values = raster.values * UNITS[unit] / np.cos(np.radians(incidence_deg))
    known = values[np.isfinite(values)]
    if not len(known):
        raise InvalidInput(say("subsidence.raster_empty"))
    negative = downward_negative(known)
    down = say("subsidence.negative_down") if negative else say("subsidence.positive_down")
    decisions = [_decided("sign_raster", "larger_sign", down)]
    values = -values if negative else values
    rising = np.abs(values[np.isfinite(values) & (values < 0)])
    noise = float(NMAD * np.median(rising)) if len(rising) >= 50 else float("nan")
    most = float(np.nanmax(values))
    warnings = [say("subsidence.deep", most_m=most, unit=unit)] if most > 30 else []
    return _trough(raster.like(values), crs, noise, parameters, decisions, warnings)


def trough_from_points(
    points: gpd.GeoDataFrame, *, cell_m: float = 10.0, column: str = "subsidence_m", parameters: Parameters | None = None
) -> Trough:
    """The trough through levelled points, linear between them and unknown outside their hull.

    The noise floor is how far every fifth point lies from the surface through the others.

    Raises InvalidInput for a missing column or fewer than ten points.
    """
    if column not in points.columns:
        raise InvalidInput(say("subsidence.points_column", column=column, columns=list(points.columns)))
    values = np.asarray(points[column], dtype=float)
    use = np.isfinite(values)
    xy, values = shapely.get_coordinates(np.asarray(points.geometry))[use], values[use]
    if len(values) < 10:
        raise InvalidInput(say("subsidence.few_points", points=len(values)))
    from scipy import interpolate

    decisions = []
    if downward_negative(values):
        values = -values
        why = say("subsidence.larger_sign")
        decisions.append(Decision(say("subsidence.sign_column", column=column), say("subsidence.negative_down"), why))
    west, south = np.floor(xy.min(axis=0) / cell_m) * cell_m
    east, north = np.ceil(xy.max(axis=0) / cell_m) * cell_m
    shape = max(1, round((north - south) / cell_m)), max(1, round((east - west) / cell_m))
    grid = Grid(np.zeros(shape), float(west), float(north), cell_m, cell_m)
    centre = xy.mean(axis=0)
    surface = interpolate.LinearNDInterpolator(xy - centre, values)
    x, y = grid.centres()
    xx, yy = np.meshgrid(x - centre[0], y - centre[1])
    tested = np.zeros(len(values), dtype=bool)
    tested[np.lexsort(xy.T)[2::5]] = True
    off = interpolate.LinearNDInterpolator((xy - centre)[~tested], values[~tested])(xy[tested] - centre) - values[tested]
    off = off[np.isfinite(off)]
    noise = float(NMAD * np.median(np.abs(off))) if len(off) >= 5 else float("nan")
    return _trough(grid.like(surface(xx, yy)), points.crs, noise, parameters, decisions, [])


def _decided(what: str, why: str, value: Message) -> Decision:
    """A decision by the codes of what was settled and why."""
    return Decision(say(f"subsidence.{what}"), value, say(f"subsidence.{why}"))


def _trough(
    lost: Grid, crs: Any, noise_m: float, parameters: Parameters | None, decisions: list[Decision], warnings: list[Message]
) -> Trough:
    """Outlines what sank by more than the outer limit and three times the noise; the rest counts as still."""
    p = parameters or defaults()
    outer = p.number("standards.boundary.outer_subsidence_mm") / 1e3
    threshold = outer if np.isnan(noise_m) else max(outer, 3.0 * noise_m)
    smallest = p.number("prediction.smallest_trough_m2")
    parts = shapely.get_parts(area_above(lost, threshold))
    parts = parts[shapely.area(parts) >= smallest]
    corner = shapely.bounds(parts) if len(parts) else np.zeros((0, 4))
    parts = parts[np.lexsort((corner[:, 0], -corner[:, 3]))]
    still = np.where(np.isnan(lost.values), np.nan, np.where(lost.values > threshold, lost.values, 0.0))
    of_cell, label = owner_of(parts, lost.frame), np.arange(len(parts))
    mean = np.asarray(ndimage.mean(np.nan_to_num(still), of_cell, label), dtype=float)
    most = np.asarray(ndimage.maximum(np.nan_to_num(still), of_cell, label), dtype=float)
    names = [f"S{k + 1:03d}" for k in label]
    polygons = gpd.GeoDataFrame(
        {"name": names, "subsidence_m": mean, "subsidence_max_m": most, "area_m2": shapely.area(parts)},
        index=names,
        geometry=list(parts),
        crs=crs,
    )
    polygons.index.name = "parcel_id"
    decisions = [*decisions, _decided("what_counts", "outer_line", say("subsidence.more_than", threshold_mm=1e3 * threshold))]
    if np.isnan(noise_m):
        warnings = [*warnings, say("subsidence.noise_unknown")]
    if not len(parts):
        warnings = [*warnings, say("subsidence.nothing_sank", threshold_mm=1e3 * threshold, area_m2=smallest)]
    return Trough(lost.like(still), polygons, threshold, noise_m, tuple(decisions), tuple(warnings))


def _inside(shapes: gpd.GeoDataFrame, grid: Grid) -> NDArray[np.bool_]:
    return owner_of(shapes.geometry.to_numpy(), grid.frame) >= 0


def _bulk(lost: Floats, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The cells within three standard deviations of the commonest difference, found by narrowing down."""
    kept = known.copy()
    for _ in range(20):
        middle = np.median(lost[kept])
        spread = max(NMAD * np.median(np.abs(lost[kept] - middle)), 1e-4)
        narrower = known & (np.abs(lost - middle) < 3.0 * spread)
        if (narrower == kept).all():
            break
        kept = narrower
    return kept


def _shift(lost: Floats, before: Floats, after: Floats, fixed: NDArray[np.bool_], grid: Grid) -> tuple[Floats, Floats, Floats]:
    """Sideways shift of the later terrain (east, north), its standard errors, m, and what it adds to the differences.

    The earlier terrain's slopes are the instrument for the later one's: their noise is independent, so slopes that are noise
    alone tell nothing instead of something wrong.
    """
    slopes, instrument = _slopes(after, grid), _slopes(before, grid)
    use = fixed & np.isfinite(slopes).all(axis=-1) & np.isfinite(instrument).all(axis=-1)
    if use.sum() < 100:
        return np.zeros(2), np.full(2, np.inf), np.zeros_like(lost)
    a, z, b = (v[use] - v[use].mean(axis=0) for v in (slopes, instrument, lost))
    cross = z.T @ a
    if not np.linalg.cond(cross) < 1e12:
        return np.zeros(2), np.full(2, np.inf), np.zeros_like(lost)
    inverse = np.linalg.inv(cross)
    fit = inverse @ (z.T @ b)
    left = b - a @ fit
    error = np.sqrt(np.diag(inverse @ (z.T @ z) @ inverse.T) * (left @ left) / max(len(b) - 3, 1))
    return fit, error, np.nan_to_num(slopes @ fit)


def _slopes(terrain: Floats, grid: Grid) -> Floats:
    south, east = np.gradient(terrain, grid.cell_y, grid.cell_x)
    return np.stack([east, -south], axis=-1)


def _resampled(grid: Grid, onto: Grid) -> Floats:
    """A grid's values at another's cell centres, bilinear; NaN outside."""
    if grid.aligned(onto):
        return grid.values
    rows, cols = np.meshgrid(*grid.frame.amid(*onto.centres()), indexing="ij")
    return np.asarray(
        ndimage.map_coordinates(grid.values, [rows, cols], order=1, mode="constant", cval=np.nan), dtype=np.float64
    )
