"""Polygons from tables with a vertex a row: which column tells parcels, parts, rings and the order of points apart."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.errors import InvalidInput
from planner.read.depths import tier
from planner.read.lengths import words_of
from planner.read.roles import ROLES, natural, plain
from planner.words import say

_KEY: Final = (
    *words_of(
        "parcel_id polygon_id poly_id polygon parcel unit_id 地块编号 地块号 图斑编号 图斑号 沉陷区编号 塌陷区编号 宗地号"
    ),
    *ROLES["id"].exact,
    *words_of("shape_id feature_id name 名称 地块名称 地块 图斑"),
)
_ORDER: Final = words_of(
    "order vertex vertex_index vertex_part_index point point_no point_id seq sequence no 序号 点号 点序 顺序 顶点号 界址点号"
)
_PART: Final = words_of("part part_id part_no vertex_part 部分 部分号 块号 分块 分块号 子块号")
_RING: Final = words_of("ring ring_id ring_no vertex_part_ring 圈号 圈 环号 环 界址圈号 界址线圈号")
_FEWEST: Final = 3  # vertices of a ring
_NUMBER: Final = re.compile(r"[-+]?\d+(\.\d+)?")

_Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class _Columns:
    """The columns of a vertex table by what they tell; None where there is none."""

    key: str | None
    part: str | None
    ring: str | None
    order: str | None


def from_vertices(table: pd.DataFrame, x: str, y: str, *, shown: str, first_row: int) -> gpd.GeoDataFrame:
    """One row a parcel; a ring inside another of its part is a hole, every other ring a part.

    first_row: the file's row of the first vertex. Raises InvalidInput for a coordinate that is none, a ring of fewer than three
    vertices or one that crosses itself, and where rows of one polygon have several depths: then a column was not understood.
    """
    numbers = {n: pd.to_numeric(table[n], errors="coerce") for n in (x, y)}
    for name, values in numbers.items():
        bad = np.flatnonzero(values.isna().to_numpy())
        if len(bad):
            text = str(table[name].iloc[bad[0]])[:30]
            raise InvalidInput(say("read.no_coordinate", path=shown, row=int(bad[0]) + first_row, column=name, text=text))
    table = table.assign(**{x: numbers[x], y: numbers[y]})
    columns = _columns(table, (x, y))
    polygon = _codes(table, columns.key)
    first = np.unique(polygon, return_index=True)[1]
    names = [str(table[columns.key].iloc[k]) if columns.key else "" for k in first]
    _one_depth(table, polygon, names, columns, shown)
    rings, owner = _rings(table, polygon, columns, (x, y), _Told(names, shown))
    shapes = [assembled(list(own)) for own in np.split(rings, np.flatnonzero(np.diff(owner)) + 1)]
    used = [c for c in (x, y, columns.order, columns.part, columns.ring) if c is not None]
    frame = table.iloc[first].drop(columns=used, errors="ignore").reset_index(drop=True)
    return gpd.GeoDataFrame(frame, geometry=shapes)


@dataclass(frozen=True)
class _Told:
    """What a refusal says: the polygons' names by their number, and the file."""

    names: list[str]
    shown: str

    def name(self, polygon: int) -> str:
        return self.names[polygon] or self.shown


def _codes(table: pd.DataFrame, column: str | None) -> _Ints:
    """The column's values numbered by first appearance, shape (rows,); all 0 without a column. An empty cell is a value too."""
    if column is None:
        return np.zeros(len(table), dtype=np.int64)
    return np.asarray(pd.factorize(table[column], use_na_sentinel=False)[0], dtype=np.int64)


def _columns(table: pd.DataFrame, used: tuple[str, str]) -> _Columns:
    names = [str(n) for n in table.columns if n not in used]
    part, ring = _named(names, _PART), _named(names, _RING)
    key = next((n for k in _KEY for n in names if plain(n) == k and n not in (part, ring) and _groups(table[n], 2)), None)
    if key is None:  # any column by which the rows come in runs: 序号 may number parcels as well as points
        free = [n for n in names if n not in (part, ring) and tier(n) is None]
        key = next((n for n in free if _groups(table[n]) and table[n].nunique() > 1), None)
    order = next((n for k in _ORDER for n in names if plain(n) == k and n not in (key, part, ring)), None)
    return _Columns(key, part, ring, order)


def _named(names: list[str], known: tuple[str, ...]) -> str | None:
    return next((n for k in known for n in names if plain(n) == k), None)


def _groups(values: pd.Series[Any], fewest: int = _FEWEST) -> bool:
    """Whether every value of a column stands in at least so many rows: it may tell polygons apart, a point's label may not."""
    counts = values.astype(str).value_counts()
    return bool(len(counts) and counts.min() >= fewest)


def _one_depth(table: pd.DataFrame, polygon: _Ints, names: list[str], columns: _Columns, shown: str) -> None:
    for column in table.columns:
        if column in (columns.part, columns.ring, columns.order) or tier(str(column)) is None:
            continue
        seen = pd.DataFrame({"polygon": polygon, "text": table[column].astype(str).str.strip().to_numpy()}).drop_duplicates()
        seen = seen[~seen["text"].isin(["", "nan", "None"])]
        several = seen[seen["polygon"].duplicated(keep=False)]
        if len(several):
            at = int(several["polygon"].min())
            found = several.loc[several["polygon"] == at, "text"].tolist()
            name = names[at]
            raise InvalidInput(say("read.vertex_depths", path=shown, name=name, column=str(column), found=found[:3]))


def _rings(
    table: pd.DataFrame, polygon: _Ints, columns: _Columns, xy: tuple[str, str], told: _Told
) -> tuple[NDArray[np.object_], _Ints]:
    """All rings as polygons with the number of the polygon each belongs to, in order, both of shape (rings,).

    A list of points has one polygon, part and ring; without a ring column it parts where it comes back to its first point.
    """
    codes = (polygon, _codes(table, columns.part), _codes(table, columns.ring))
    rank = np.lexsort(codes[::-1])  # stable: points stay as they stand
    new = np.zeros(len(rank), dtype=bool)
    new[0] = True
    for code in codes:
        new[1:] |= np.diff(code[rank]) != 0
    rank, starts = _in_order(table, rank, np.flatnonzero(new), columns.order)
    points = table[list(xy)].to_numpy(dtype=float)[rank]
    if columns.ring is None:
        starts = _closing(points, starts)
    sizes = np.diff(starts, append=len(points))
    ring = np.repeat(np.arange(len(starts)), sizes)
    owner = polygon[rank[starts]]
    few = np.flatnonzero(_distinct(points, ring) < _FEWEST)
    if len(few):
        raise InvalidInput(say("read.few_vertices", path=told.shown, name=told.name(owner[few[0]]), n=int(sizes[few[0]])))
    lines = shapely.linearrings(points, indices=ring)
    crossed = np.flatnonzero(~shapely.is_simple(lines))
    if len(crossed):
        raise InvalidInput(say("read.vertices_cross", path=told.shown, name=told.name(owner[crossed[0]])))
    return np.asarray(shapely.polygons(lines)), owner


def _distinct(points: NDArray[np.float64], ring: _Ints) -> _Ints:
    """Different points of each ring, shape (rings,)."""
    rank = np.lexsort((points[:, 1], points[:, 0], ring))
    differs = np.ones(len(rank), dtype=bool)
    differs[1:] = (np.diff(points[rank], axis=0) != 0).any(axis=1) | (np.diff(ring[rank]) != 0)
    return np.bincount(ring[rank], weights=differs).astype(np.int64)


def _in_order(table: pd.DataFrame, rank: _Ints, starts: _Ints, order: str | None) -> tuple[_Ints, _Ints]:
    """Rows and where each list starts: by number or label (J2 before J10) where each point has its own, else as they stand."""
    if order is None:
        return rank, starts
    labels = [unicodedata.normalize("NFKC", str(v)).strip() for v in table[order].iloc[rank]]
    lists = [rank[a:b][_ranked(labels[a:b])] for a, b in zip(starts, [*starts[1:], len(rank)], strict=True)]
    return np.concatenate(lists), np.cumsum([0, *map(len, lists[:-1])])


def _ranked(labels: list[str]) -> list[int]:
    """Positions of a list's points by their labels; a last label like the first only closes the ring and falls away."""
    closed = len(labels) > 1 and labels[0] == labels[-1]
    own = set(labels[:-1] if closed else labels)
    if len(own) < len(labels) - closed or "" in own:
        return list(range(len(labels)))
    numbers = [float(t) if _NUMBER.fullmatch(t) else None for t in labels]
    keys: list[Any] = numbers if None not in numbers else [natural(t) for t in labels]
    return sorted(range(len(keys) - closed), key=keys.__getitem__)


def _closing(points: NDArray[np.float64], starts: _Ints) -> _Ints:
    """First points of the rings: lists of points parted wherever one comes back to its first point."""
    rows, found = points.tolist(), []
    for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), len(rows)], strict=True):
        found.append(start)
        for i in range(start + 1, stop - 1):
            if i - found[-1] >= _FEWEST and rows[i] == rows[found[-1]]:
                found.append(i + 1)
    return np.asarray(found, dtype=np.int64)


def assembled(rings: list[Any]) -> Any:
    """Rings as one geometry: those inside an odd number of others are holes."""
    if len(rings) == 1:
        return rings[0]
    rings = sorted(rings, key=lambda r: -r.area)
    depth = [sum(o.covers(r) for o in rings[:i]) for i, r in enumerate(rings)]
    shells = [r for r, d in zip(rings, depth, strict=True) if d % 2 == 0]
    for hole, d in zip(rings, depth, strict=True):
        if d % 2:
            at = max(i for i, s in enumerate(shells) if s.covers(hole))
            shells[at] = shapely.Polygon(shells[at].exterior, [*shells[at].interiors, hole.exterior])
    return shells[0] if len(shells) == 1 else shapely.multipolygons(shells)
