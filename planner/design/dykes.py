"""Dykes: where water stands above what lies beside it, the section that holds it, its earth and its price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.core.polygons.edging import Beside
from planner.core.polygons.rings import rings_of
from planner.design.beside import beside
from planner.design.lakes import SAME_M
from planner.design.levels import Levels
from planner.design.surface import Design, owners
from planner.design.ways import GRADED
from planner.landuse import LAND
from planner.scenario import Scenario

if TYPE_CHECKING:
    from planner.site import Grid

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

PIECE_M: Final = 20.0  # stations of a dyke lie no farther apart
COLUMNS: Final = ("reservoir_id", "crest_m", "length_m", "height_m", "mean_m", "fill_m3", "cost_cny")


@dataclass(frozen=True)
class Section:
    """A dyke's section: crest width, m; run of its slopes a metre of height on the water and on the land side; prices."""

    crest_m: float
    wet: float
    dry: float
    fill_cny_per_m3: float
    lining_cny_per_m2: float

    @classmethod
    def of(cls, scenario: Scenario) -> Section:
        """The section that the parameters `dyke` give."""
        keys = ("crest_width_m", "slope_wet", "slope_dry", "fill_cny_per_m3", "lining_cny_per_m2")
        return cls(*(scenario.number(f"dyke.{key}") for key in keys))

    def area(self, height: Floats) -> Floats:
        """Of the earth across a dyke, m², by its height, m."""
        return (self.crest_m + (self.wet + self.dry) / 2.0 * height) * height

    def cost(self, height: Floats) -> Floats:
        """Of a metre of dyke, yuan, by its height, m: earth, and lining of the water side."""
        lining = height * np.hypot(1.0, self.wet)
        return np.asarray(self.area(height) * self.fill_cny_per_m3 + lining * self.lining_cny_per_m2, dtype=np.float64)


def crests(levels: Levels, scenario: Scenario) -> Floats:
    """The crest that a dyke beside each unit's water needs, m, (n,): the storage level and the freeboard.

    NaN where the water table stands at the storage level: no dyke holds back what the ground itself brings.
    """
    held = levels.storage > levels.table + SAME_M
    return np.where(held, levels.storage + scenario.number("reservoir.freeboard_m"), np.nan)


def heights(edge: Beside, crest: Floats) -> Floats:
    """The height of the dyke on every piece of edge, m, (m,); 0 where a bank within reach stands at the crest.

    crest: (n,) of every unit, NaN for none.
    """
    top = crest[edge.piece.polygon]
    return np.where(edge.bank < top, np.maximum(top - edge.ground, 0.0), 0.0)


def edges(
    units: gpd.GeoDataFrame,
    ground: Grid,
    scenario: Scenario,
    *,
    water: Flags | None = None,
    owner: NDArray[np.int32] | None = None,
) -> Beside:
    """The ground beside the units' edges. ground: m, as it will lie beside them.

    water: which units stand under water, (n,): a bank may then lie on any land beyond, and pieces between water are no edge.
    Where it is not given a bank lies on the neighbour itself. owner: the unit of each cell, where it is known already.
    """
    kind = np.arange(len(units) + 1) if water is None else np.append(water, False).astype(np.int64)
    shapes = np.asarray(units.geometry.values, dtype=object)
    if water is not None:
        shapes = shapes.copy()
        shapes[~water] = shapely.Polygon()  # whose edges nobody asks for
    found = beside(
        rings_of(shapes),
        owners(units, ground) if owner is None else owner,
        ground.values,
        ground.frame,
        longest_m=max(PIECE_M, ground.cell_x, ground.cell_y),
        reach_m=scenario.number("dyke.reach_m"),
        kind=kind,
    )
    if water is None:
        return found
    return found.take(kind[found.neighbour] == 0)


def dykes(
    units: gpd.GeoDataFrame, ground: Grid, scenario: Scenario, design: Design, *, owner: NDArray[np.int32] | None = None
) -> gpd.GeoDataFrame:
    """The dykes along all water of a plan: lines at their crest, index `dyke_id`, columns COLUMNS.

    units: of the plan, with `reservoir_id`. ground: finished, m. Filled and levelled land keeps its target's freeboard and
    takes none. height_m: greatest; mean_m: over the length.
    """
    edge = edges(units, ground, scenario, water=design.water, owner=owner)
    safe = units["target"].isin(LAND).to_numpy() & units["treatment"].isin(GRADED).to_numpy()
    crest = crests(design.levels, scenario)
    height = np.where(np.append(safe, False)[edge.neighbour], 0.0, heights(edge, crest))
    edge, height = edge.take(height > 0), height[height > 0]
    section, unit = Section.of(scenario), edge.piece.polygon
    body = units["reservoir_id"].fillna("").to_numpy(object)[unit]
    line, length = _lines(edge, pd.factorize(body)[0]), edge.piece.length
    rows = []
    for k in range(int(line.max(initial=-1)) + 1):
        mine = line == k
        ends = np.stack([edge.piece.start[mine], edge.piece.end[mine]], axis=1)
        parts = np.asarray(shapely.linestrings(ends), dtype=object)
        shape = shapely.force_3d(shapely.line_merge(shapely.multilinestrings(parts)), crest[unit[mine][0]])
        m, h = length[mine], height[mine]
        sums = (m.sum(), h.max(), float(m @ h) / m.sum(), float(m @ section.area(h)), float(m @ section.cost(h)))
        rows.append((body[mine][0], crest[unit[mine][0]], *sums, shape))
    frame = gpd.GeoDataFrame(rows, columns=[*COLUMNS, "geometry"], geometry="geometry", crs=units.crs)
    frame = frame.sort_values(["reservoir_id", "length_m"], ascending=[True, False], ignore_index=True)
    return frame.set_index(pd.Index([f"B{k + 1}" for k in range(len(frame))], name="dyke_id", dtype=object))


def _lines(edge: Beside, body: NDArray[np.int64]) -> NDArray[np.int64]:
    """The dyke that each piece is part of, (m,): pieces of one body that meet at an end, numbered along the pieces."""
    count = len(body)
    ends = np.round(np.concatenate([edge.piece.start, edge.piece.end]), 3)
    _, point = np.unique(np.column_stack([ends, np.tile(body, 2)]), axis=0, return_inverse=True)
    most = int(point.max(initial=-1)) + 1
    pairs = np.tile(np.arange(count), 2), count + point.ravel()
    links = coo_array((np.ones(2 * count, np.int8), pairs), shape=(count + most, count + most))
    label = connected_components(links, directed=False)[1][:count]
    return np.asarray(np.unique(label, return_inverse=True)[1], dtype=np.int64)
