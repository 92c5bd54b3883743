"""Polygons from tables with a vertex a row: which column tells parcels, parts, rings and the order of points apart."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

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
    rows, shapes = [], []
    groups = table.groupby(columns.key, sort=False) if columns.key else [("", table)]
    for name, group in groups:
        _one_depth(group, str(name), columns, shown)
        label = str(name) or shown
        rings = [r for _, part in _by(group, columns.part) for r in _rings(part, columns, (x, y), label, shown)]
        shapes.append(assembled(rings))
        rows.append(group.iloc[0])
    used = [c for c in (x, y, columns.order, columns.part, columns.ring) if c is not None]
    frame = pd.DataFrame(rows).drop(columns=used, errors="ignore").reset_index(drop=True)
    return gpd.GeoDataFrame(frame, geometry=shapes)


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


def _one_depth(group: pd.DataFrame, name: str, columns: _Columns, shown: str) -> None:
    for column in group.columns:
        if column in (columns.part, columns.ring, columns.order) or tier(str(column)) is None:
            continue
        found = [t for t in dict.fromkeys(str(v).strip() for v in group[column]) if t not in ("", "nan", "None")]
        if len(found) > 1:
            raise InvalidInput(say("read.vertex_depths", path=shown, name=name, column=str(column), found=found[:3]))


def _by(group: pd.DataFrame, column: str | None) -> Any:
    return group.groupby(column, sort=False) if column else [("", group)]


def _rings(part: pd.DataFrame, columns: _Columns, xy: tuple[str, str], name: str, shown: str) -> list[Any]:
    """The rings of one part: as its ring column tells, else where a list comes back to its first point."""
    found = []
    for _, group in _by(part, columns.ring):
        points = _in_order(group, columns.order)[list(xy)].to_numpy(dtype=float)
        for ring in [points] if columns.ring else _closing(points):
            if len(np.unique(ring, axis=0)) < _FEWEST:
                raise InvalidInput(say("read.few_vertices", path=shown, name=name, n=len(ring)))
            line = shapely.linearrings(ring)
            if not line.is_simple:
                raise InvalidInput(say("read.vertices_cross", path=shown, name=name))
            found.append(shapely.polygons(line))
    return found


def _in_order(group: pd.DataFrame, order: str | None) -> pd.DataFrame:
    """Points by their number or label (J2 before J10) where each has its own; else as they stand."""
    if order is None:
        return group
    labels = [unicodedata.normalize("NFKC", str(v)).strip() for v in group[order]]
    closed = len(labels) > 1 and labels[0] == labels[-1]
    if len(set(labels[:-1] if closed else labels)) < len(labels) - closed or "" in labels:
        return group
    numbers = [float(t) if re.fullmatch(r"[-+]?\d+(\.\d+)?", t) else None for t in labels]
    keys: list[Any] = numbers if None not in numbers else [natural(t) for t in labels]
    rank = sorted(range(len(keys) - closed), key=keys.__getitem__)
    return group.iloc[rank]


def _closing(points: Any) -> list[Any]:
    """Lists of points parted wherever one comes back to its first point."""
    rings, start = [], 0
    for i in range(1, len(points)):
        if i - start >= _FEWEST and np.array_equal(points[i], points[start]):
            rings.append(points[start : i + 1])
            start = i + 1
        if start == i + 1 and start >= len(points):
            return rings
    return [*rings, points[start:]] if start < len(points) else rings


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
