"""Puts a site together: outline and parcels, predicted subsidence, today's ground, water, land use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import contourpy
import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from recipes.mining import Panel, subsidence
from recipes.network import Cut, fitted, halve, merged, parcels, smooth_ring
from recipes.place import Place, layer
from recipes.relief import Frame

Floats = NDArray[np.float64]
CELL_M = 5.0


@dataclass(frozen=True)
class Sample:
    """What is written into a sample's folder: rasters by file name with their frame, and layers by name."""

    crs: str
    rasters: Mapping[str, tuple[Frame, Floats]]
    layers: Mapping[str, gpd.GeoDataFrame]


def zhonghu() -> Sample:
    """Zhonghu: the outline is drawn by roads and a river, the water table slopes."""
    place = Place.named("zhonghu")
    holes = place.villages(kept=True)
    edge = fitted(smooth_ring(place.at(place.given["outline"]["points"])), holes, place.crs, area_mu=place.given["area_mu"])
    fields = place.given["fields"]
    _, cuts = halve(edge, largest_m2=fields["parcel_m2"], bearing=fields["bearing"], seed=fields["parcel_seed"])
    pieces = parcels(edge, cuts, holes)
    frame = Frame.around(edge.bounds, margin=220, cell=CELL_M)
    ground, lost = _ground(place, frame, edge, pieces, cuts)
    table, t = place.water_table(frame), place.given["water_table"]
    north = place.given["phases"]["north_of"] + place.given["centre"][1]
    named = _named(place, pieces, {id(p): 1 if p.centroid.y > north else 2 for p in pieces})
    return Sample(
        place.crs,
        {
            "dem.tif": (frame, ground),
            "subsidence.tif": (frame, lost),
            "water_table_normal.tif": (frame, table),
            "water_table_dry.tif": (frame, table - t["dry_fall_m"]),
            "water_table_wet.tif": (frame, table + t["wet_rise_m"]),
        },
        _layers(place, named, frame, table - ground),
    )


def panan() -> Sample:
    """Pan'an: the outline follows a contour of the subsidence, and so does the hollow of its third phase."""
    place = Place.named("panan")
    holes = place.villages(kept=True)
    third, fields = place.given["jieyou"], place.given["fields"]
    edge = _hollow(place, place.at([0.0, 0.0]), 3_500.0, place.given["area_mu"], place.given["outline"]["smooth_m"], holes)
    hollow = _hollow(place, place.at(third["at"]), third["reach_m"], third["area_mu"], third["smooth_m"], [])
    ring: Any = edge.difference(hollow)
    _, drawn = halve(ring, largest_m2=fields["parcel_m2"], bearing=fields["bearing"], seed=fields["parcel_seed"])
    cuts = [Cut(hollow.exterior, 9), *drawn]
    pieces = merged(parcels(edge, cuts, holes), least_m2=100_000.0, apart=hollow)
    frame = Frame.around(edge.bounds, margin=320, cell=CELL_M)
    ground, lost = _ground(place, frame, edge, pieces, cuts)
    east = place.given["phases"]["second_east_of"] + place.given["centre"][0]
    inside = hollow.buffer(1.0)
    named = _named(place, pieces, {id(p): 3 if inside.contains(p) else 2 if p.centroid.x > east else 1 for p in pieces})
    named.loc[named["phase"] == 3, ["name", "name_en"]] = third["name"], third["name_en"]
    layers = _layers(place, named, frame, place.given["water_table"]["level_m"] - ground)
    layers["parcels"] = named.rename(columns=place.given["names"]["columns"])
    return Sample(place.crs, {"dem.tif": (frame, ground), "subsidence.tif": (frame, lost)}, layers)


def _hollow(place: Place, centre: Floats, reach_m: float, area_mu: float, smooth_m: float, holes: list[Polygon]) -> Polygon:
    """The subsidence contour about a place that holds an area outside the holes, without its finer bends."""
    x, y = centre
    frame = Frame.around((x - reach_m, y - reach_m, x + reach_m, y + reach_m), margin=0, cell=20.0)
    lost = subsidence(place.panels, frame.x, frame.y, place.year)
    low, high = 0.05, float(lost.max())
    for _ in range(30):
        middle = 0.5 * (low + high)
        shape = max(above(frame, lost, middle, least_m2=1e5).geoms, key=lambda s: s.area, default=Polygon())
        if shape.area * 15 / 10_000 > area_mu:
            low = middle
        else:
            high = middle
    shape = max(above(frame, lost, low, least_m2=1e5).geoms, key=lambda s: s.area)
    ring = shapely.simplify(Polygon(shape.exterior).buffer(smooth_m).buffer(-2 * smooth_m).buffer(smooth_m), 12.0)
    outline = Polygon(max(shapely.get_parts(ring), key=lambda s: s.area).exterior)
    return fitted(outline, holes, place.crs, area_mu=area_mu)


def _ground(place: Place, frame: Frame, edge: Polygon, pieces: list[Polygon], cuts: list[Cut]) -> tuple[Floats, Floats]:
    """Ground today and ground lost, m, whole centimetres."""
    lost = np.round(subsidence(place.panels, frame.x, frame.y, place.year), 2)
    return np.round(place.built(frame, edge, pieces, cuts) - lost, 2), lost


def _named(place: Place, pieces: list[Polygon], phase: Mapping[int, int]) -> gpd.GeoDataFrame:
    """Parcels in reading order with names, the nearest panel's mine, and the phase of the works (by id of the piece)."""
    names = place.given["names"]
    rows = []
    ordered = sorted(pieces, key=lambda p: (-round(p.centroid.y / 620), p.centroid.x))
    for k, (piece, (zh, en)) in enumerate(zip(ordered, names["parcels"][: len(ordered)], strict=True)):
        mine = _nearest(place.panels, piece)
        rows.append(
            {
                "parcel_id": f"{names['prefix']}-{k + 1:02d}",
                "name": f"{zh}片区",
                "name_en": f"{en} block",
                "mine": mine.mine,
                "mine_en": mine.mine_en,
                "phase": phase[id(piece)],
                "geometry": piece,
            }
        )
    return layer(rows, place.crs)


def _nearest(panels: list[Panel], piece: Polygon) -> Panel:
    middle = piece.centroid
    return min(panels, key=lambda p: (p.x - middle.x) ** 2 + (p.y - middle.y) ** 2)


def _layers(place: Place, named: gpd.GeoDataFrame, frame: Frame, depth: Floats) -> dict[str, gpd.GeoDataFrame]:
    site: Any = shapely.coverage_union_all(named.geometry.to_numpy())
    zh, en = place.given["names"]["boundary"]
    return {
        "parcels": named,
        "panels": panel_layer(place.panels, place.crs),
        "constraints": place.constraints(site),
        "landuse": _landuse(place, frame, depth, site),
        "boundary": layer([{"name": zh, "name_en": en, "geometry": site}], place.crs),
    }


def panel_layer(panels: list[Panel], crs: str) -> gpd.GeoDataFrame:
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


def _landuse(place: Place, frame: Frame, depth: Floats, site: Polygon) -> gpd.GeoDataFrame:
    """Land use today: open water as terrain and water table give it, the villages to be moved, fields elsewhere."""
    step = round(15 / frame.cell)
    coarse = Frame(frame.west, frame.north, frame.cell * step, -(-frame.rows // step), -(-frame.cols // step))
    water: Any = above(coarse, depth[step // 2 :: step, step // 2 :: step], 0.2, least_m2=4_000.0)
    water = shapely.set_precision(water.simplify(4.0).intersection(site), 0.01)
    villages = shapely.unary_union(place.villages(kept=False)).intersection(site).difference(water)
    rows = [
        {"landuse": "坑塘水面", "landuse_en": "open water", "geometry": water},
        {"landuse": "村庄", "landuse_en": "village", "geometry": villages},
        {"landuse": "旱地", "landuse_en": "dry cropland", "geometry": site.difference(water).difference(villages)},
    ]
    return layer(rows, place.crs)


def above(frame: Frame, values: Floats, level: float, *, least_m2: float) -> MultiPolygon:
    """Where a surface lies above a level, as smooth polygons, without specks and holes under least_m2."""
    rows, cols = values.shape
    lines = contourpy.contour_generator(frame.x[0, :cols], frame.y[:rows, 0], values, fill_type="OuterOffset")
    shapes = []
    for points, offsets in zip(*lines.filled(level, 1e9), strict=True):
        rings = [points[a:b] for a, b in pairwise(offsets)]
        shapes.append(Polygon(rings[0], [r for r in rings[1:] if Polygon(r).area >= least_m2]))
    return MultiPolygon([s for s in shapes if s.area >= least_m2])
