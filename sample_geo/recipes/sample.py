"""A sample site as its recipe gives it, and how the pieces that both sites share are put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPolygon, Polygon

from recipes import relief
from recipes.mining import Panel
from recipes.network import Cut, halve, smooth_ring
from recipes.relief import Frame, Section

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """What is written into a sample's folder: rasters by file name (whole centimetres), layers by name."""

    frame: Frame
    rasters: Mapping[str, Floats]
    coarse: tuple[Frame, Mapping[str, Floats]] | None
    layers: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class Works:
    """Lines and areas that stand on the plain: (line, cross-section), villages with their mound's height, ponds, spoil hills."""

    lines: Sequence[tuple[LineString, Section]]
    villages: Sequence[Polygon]
    mound_m: float
    ponds: Sequence[Polygon]
    hills: Sequence[tuple[float, float, float, float]]  # x, y, radius, height


def built(frame: Frame, plain: Floats, fields: list[Polygon], works: Works, *, seed: int) -> Floats:
    """The ground as people shaped it before mining, m: plots, mounds and ponds, then ditches, then roads and dykes over them."""
    z = plain + relief.plots(frame, fields, width=45.0, length=240.0, step_m=0.06, seed=seed)
    for k, village in enumerate(works.villages):
        z += works.mound_m * (0.75 + 0.5 * float(relief.hashed(k, 3, seed))) * relief.ramp(frame, village, 30.0)
    for pond in works.ponds:
        z -= 1.9 * relief.ramp(frame, pond, 14.0)
    for x, y, radius, height in works.hills:
        z += height * np.clip(1.15 - 1.15 * np.hypot(frame.x - x, frame.y - y) / radius, 0.0, 1.0)
    low, high = np.zeros_like(z), np.zeros_like(z)
    for line, section in works.lines:
        profile = section.at(relief.distance(frame, line, section.reach))
        low, high = np.minimum(low, profile), np.maximum(high, profile)
    return z + np.where(high > 0.05, high, low)


def countryside(outer: Polygon, *, bearing: float, largest_m2: float, seed: int) -> tuple[list[Polygon], list[Cut]]:
    """The smaller fields of the plain, in and around the site, and the lanes and ditches between them."""
    return halve(outer, largest_m2=largest_m2, bearing=bearing, seed=seed)


def section_of(cut: Cut, sections: Sequence[tuple[Section, Section]], seed: int) -> Section:
    """The cross-section of a dividing line by its rank; each rank has two kinds, drawn by the line's place."""
    pair = sections[min(cut.rank, len(sections) - 1)]
    middle = cut.line.interpolate(0.5, normalized=True)
    return pair[int(relief.hashed(round(middle.x), round(middle.y), seed) < 0.5)]


def village(x: float, y: float, size: float, seed: int) -> Polygon:
    """An irregular village outline about a point, size its mean diameter in metres."""
    angle = np.arange(10) / 10 * 2 * np.pi
    reach = size / 2 * (0.8 + 0.45 * relief.hashed(np.arange(10), np.full(10, seed), 77))
    ring = np.column_stack([x + 1.15 * reach * np.cos(angle), y + 0.9 * reach * np.sin(angle)])
    return smooth_ring(ring)


def pond_by(shape: Polygon, seed: int) -> Polygon:
    """A village pond at the edge of a village."""
    angle = 2 * np.pi * float(relief.hashed(seed, 5, 78))
    c = shape.centroid
    reach = 0.62 * np.sqrt(shape.area)
    middle = shapely.Point(c.x + reach * np.cos(angle), c.y + reach * np.sin(angle))
    return shapely.affinity.scale(middle.buffer(28.0, quad_segs=6), 1.5, 0.8)


def panel_layer(panels: Sequence[Panel], crs: str) -> gpd.GeoDataFrame:
    """Panels with the columns of `planner predict`."""
    rows = [
        {
            "panel_id": p.panel_id,
            "mine": p.mine,
            "mine_en": p.mine_en,
            "seam": p.seam.name,
            "thickness_m": p.thickness_m,
            "depth_m": p.seam.depth_m,
            "q": p.seam.q,
            "tan_beta": p.seam.tan_beta,
            "b": p.seam.b,
            "offset_m": p.seam.offset_m,
            "start": p.start.isoformat(),
            "end": p.end.isoformat(),
            "c_per_year": p.seam.c_per_year,
            "geometry": p.shape,
        }
        for p in panels
    ]
    return gpd.GeoDataFrame(rows, crs=crs)


def ponds_today(frame: Frame, depth: Floats, within: Polygon, *, least_m2: float) -> Polygon | MultiPolygon:
    """Open water today as smooth outlines: where it is deeper than 0.2 m, without puddles and islets under least_m2."""
    import contourpy

    step = max(1, round(15 / frame.cell))
    coarse = depth[step // 2 :: step, step // 2 :: step]
    x, y = frame.x[0, step // 2 :: step], frame.y[step // 2 :: step, 0]
    made = contourpy.contour_generator(x, y, coarse, fill_type="OuterOffset").filled(0.2, 1e9)
    shapes = []
    for points, offsets in zip(*made, strict=True):
        rings = [points[a:b] for a, b in zip(offsets[:-1], offsets[1:], strict=True)]
        shapes.append(Polygon(rings[0], [r for r in rings[1:] if Polygon(r).area >= least_m2]))
    kept = [s.simplify(4.0) for s in shapes if s.area >= least_m2]
    return shapely.set_precision(shapely.unary_union(kept).intersection(within), 0.01)


def frame_of(rows: Sequence[Mapping[str, object]], crs: str) -> gpd.GeoDataFrame:
    """Rows with a `geometry` as a layer, geometry snapped to whole centimetres."""
    layer = gpd.GeoDataFrame(list(rows), geometry="geometry", crs=crs)
    layer["geometry"] = shapely.set_precision(layer.geometry.to_numpy(), 0.01)
    return layer


def corridor(line: LineString, width_m: float, within: Polygon) -> Polygon | MultiPolygon:
    """A strip of a width along a line, inside an area."""
    return line.buffer(width_m / 2, cap_style="flat", join_style="mitre").intersection(within)
