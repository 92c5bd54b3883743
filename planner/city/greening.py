"""Green coverage, green rate, park green per head, served share: from stated figures or layers, with or without a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from planner.city.layers import Shapes, in_one_plane, polygons_of
from planner.city.served import Served, served
from planner.ellipsoid import ellipsoidal_m2
from planner.errors import InvalidInput
from planner.landuse import UNRESTORED
from planner.parameters import Parameters, defaults
from planner.words import say

if TYPE_CHECKING:
    from planner.plan import Plan


@dataclass(frozen=True, eq=False)
class Greening:
    """The green of a built-up area: areas in m² (None where not known), people living in it, what is within reach of parks."""

    built_up_m2: float
    green_m2: float
    canopy_m2: float | None = None
    parks_m2: float | None = None
    people: float | None = None
    reach: Served | None = None

    @property
    def coverage(self) -> float | None:
        """Vegetation seen from above / built-up area (绿化覆盖率), 0-1."""
        return None if self.canopy_m2 is None else self.canopy_m2 / self.built_up_m2

    @property
    def green_rate(self) -> float:
        """Green land / built-up area (绿地率), 0-1."""
        return self.green_m2 / self.built_up_m2

    @property
    def park_m2_per_head(self) -> float | None:
        """Park green per head (人均公园绿地面积), m²; water inside parks counts."""
        return None if self.parks_m2 is None or not self.people else self.parks_m2 / self.people

    @property
    def served_share(self) -> float | None:
        """Residential land within reach of a park / all residential land, 0-1."""
        return None if self.reach is None else self.reach.share

    def to_dict(self) -> dict[str, float | None]:
        """The figures as `planner.city/1` holds them."""
        return {
            "coverage": self.coverage,
            "green_rate": self.green_rate,
            "park_m2_per_head": self.park_m2_per_head,
            "served_share": self.served_share,
        }


def green_figures(
    *,
    built_up_m2: float,
    green_m2: float,
    canopy_m2: float | None = None,
    parks_m2: float | None = None,
    people: float | None = None,
) -> Greening:
    """The green of a city from stated areas, m², and people. Raises InvalidInput where one is impossible.

    Examples
    --------
    >>> hohhot = green_figures(built_up_m2=272.668e6, green_m2=109.9941e6, parks_m2=42.1906e6, people=2_152_582)
    >>> round(hohhot.green_rate, 4), round(hohhot.park_m2_per_head, 2)
    (0.4034, 19.6)
    """
    for name, value in {"built_up_m2": built_up_m2, "people": people}.items():
        if value is not None and not (np.isfinite(value) and value > 0):
            raise InvalidInput(say("city.bad_number", name=name, value=float(value)))
    for name, value in {"green_m2": green_m2, "canopy_m2": canopy_m2, "parks_m2": parks_m2}.items():
        if value is not None and not (np.isfinite(value) and value >= 0):
            raise InvalidInput(say("city.bad_amount", name=name, value=float(value)))
        if value is not None and name != "parks_m2" and value > built_up_m2 * (1 + 1e-9):
            raise InvalidInput(say("city.more_than_town", name=name, area=value, town=built_up_m2))
    return Greening(built_up_m2, green_m2, canopy_m2, parks_m2, people)


def greening(
    *,
    built_up: Any,
    green: Any,
    parks: Any,
    residential: Any,
    people: float,
    canopy: Any = None,
    roads: Any = None,
    parameters: Parameters | None = None,
) -> Greening:
    """The green of a city from polygon layers; areas ellipsoidal, ground counted once, green counted inside the built-up area.

    built_up, green, parks, residential, canopy: GeoDataFrames or GeoSeries with a CRS, or shapes in metres; canopy: what
    vegetation covers from above (None: coverage is not told). roads: ways to walk along. people: residents, > 0.
    Raises InvalidInput, CRSMismatch. Source: GB/T 51346, CJJ/T 85 (definitions).

    Examples
    --------
    >>> import planner as pl
    >>> import shapely
    >>> town = shapely.box(0, 0, 1000, 1000)  # 1 km²
    >>> green = pl.greening(built_up=[town], green=[shapely.box(0, 0, 500, 800)], parks=[shapely.box(0, 0, 100, 200)],
    ...                     residential=[shapely.box(500, 0, 1000, 1000)], people=2_000)
    >>> green.green_rate, green.park_m2_per_head
    (0.4, 10.0)
    """
    names = ("built_up", "green", "parks") + (() if canopy is None else ("canopy",))
    layers = {n: polygons_of(layer, n) for n, layer in zip(names, (built_up, green, parks, canopy), strict=False)}
    crs = layers["built_up"][1]
    plane = dict(zip(names, in_one_plane(*((n, *layers[n]) for n in names)), strict=True))
    town = shapely.union_all(plane["built_up"])
    ratio = _area(layers["built_up"][0], crs) / float(shapely.area(town))  # ellipsoidal by plane: a constant over a city
    inside = {n: shapely.area(shapely.intersection(shapely.union_all(plane[n]), town)) * ratio for n in names[1:]}
    figures = green_figures(
        built_up_m2=float(shapely.area(town)) * ratio,
        green_m2=float(inside["green"]),
        canopy_m2=None if canopy is None else float(inside["canopy"]),
        parks_m2=float(shapely.area(shapely.union_all(plane["parks"]))) * ratio,
        people=people,
    )
    return replace(figures, reach=served(parks, residential, roads=roads, parameters=parameters))


def _area(shapes: Shapes, crs: Any) -> float:
    """Ellipsoidal area of shapes counted once, m²; plane where they have no CRS."""
    whole = shapely.union_all(shapes)
    if crs is None:
        return float(shapely.area(whole))
    return float(ellipsoidal_m2(np.array([whole], dtype=object), crs).sum())


def parks_of(plan: Plan, *, parameters: Parameters | None = None) -> gpd.GeoSeries:
    """The green of a plan as parks: units that touch are one, with the water they enclose; small ones are left out."""
    p = defaults() if parameters is None else parameters
    units = plan.units
    green = shapely.union_all(units.geometry[(units["target"] == "green").to_numpy()].to_numpy())
    water = shapely.union_all(units.geometry[(units["target"] == "reservoir").to_numpy()].to_numpy())
    patches = shapely.get_parts(green)
    filled = shapely.polygons(shapely.get_exterior_ring(patches)) if len(patches) else patches
    lakes = shapely.intersection(shapely.difference(filled, patches), water) if len(patches) else patches
    parks = [shapely.union(a, b) for a, b in zip(patches, lakes, strict=True)]
    kept = [park for park in parks if park.area >= p.number("city.park_small_m2")]
    return gpd.GeoSeries(kept, crs=units.crs)


def greening_with(plan: Plan, given: Mapping[str, Any], parks: gpd.GeoSeries) -> Greening:
    """The green of a city with a plan: today's where the plan leaves ground as it is or green, and the plan's.

    given: the arguments of `greening` today. parks: the plan's, as parks_of gives them: they are green land with the water
    they enclose; what vegetation covers is the plan's green ground alone, whatever its size. Raises as `greening`.
    """
    target = plan.units["target"]
    taken = plan.units.geometry[~target.isin(["green", UNRESTORED])]
    planted = plan.units.geometry[target == "green"]
    more = {"green": [parks, planted], "parks": [parks], "canopy": [planted]}
    grown = {role: _regrown(given[role], taken, shapes) for role, shapes in more.items() if given.get(role) is not None}
    found = greening(**{**given, **{role: shapes for role, shapes in grown.items() if len(shapes)}})
    gone: dict[str, Any] = {f"{role}_m2": 0.0 for role, shapes in grown.items() if not len(shapes)}
    if "parks_m2" in gone:  # a point is no park of any size: nothing is within reach
        nothing = gpd.GeoSeries([shapely.Point(given["parks"].total_bounds[:2])], crs=given["parks"].crs)
        gone["reach"] = served(nothing, given["residential"], roads=given.get("roads"), parameters=given.get("parameters"))
    return replace(found, **gone)


def _regrown(layer: gpd.GeoDataFrame | gpd.GeoSeries, taken: gpd.GeoSeries, more: list[gpd.GeoSeries]) -> gpd.GeoSeries:
    """A layer's shapes less the ground that is taken, and further ones, in the layer's CRS."""
    lost = shapely.union_all(taken.to_crs(layer.crs).to_numpy()) if len(taken) else shapely.Polygon()
    shapes = layer.geometry.to_numpy()
    left = np.where(shapely.intersects(shapes, lost), shapely.difference(shapes, lost), shapes)
    moved = [left, *(one.to_crs(layer.crs).to_numpy() for one in more if len(one))]
    every = np.concatenate(moved)
    return gpd.GeoSeries(every[shapely.area(every) > 0], crs=layer.crs)


def newly_served(before: Served, after: Served) -> np.ndarray:
    """Residential ground that comes within reach, m² per residential polygon, (n,)."""
    return np.asarray(np.maximum(after.served_m2 - before.served_m2, 0.0))
