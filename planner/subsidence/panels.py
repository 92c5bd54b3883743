"""Mining panels as users give them → checked numbers the kernels take, with every default and doubt said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.core.settling import knothe_share
from planner.errors import CRSMismatch, InvalidInput
from planner.parameters import Parameters, defaults
from planner.periods import period, periods
from planner.read.position import keeps_lengths, label, zone_crs
from planner.subsidence.headings import understood
from planner.subsidence.outline import moved_along, offset_outline, quadrature_nodes, reach_along, rectangle_axes, strips
from planner.words import Message, say

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

Floats = NDArray[np.float64]
REQUIRED: Final = ("thickness_m", "depth_m")
ELEMENT: Final = 0.03  # relative change of depth within an element of an inclined seam: right to 1e-3 of W₀ (tests/subsidence)
THICKEST_M: Final = 100.0  # m: beyond any seam that is mined underground; more is another unit
STRATA: Final = {"坚硬": "hard", "中硬": "medium", "软弱": "soft"}
DEEPEST_MINE_M: Final = 5_000.0  # m: beyond the deepest mine (4 000 m); more is another unit
OPTIONAL: Final = (
    "q", "tan_beta", "b", "dip_deg", "dip_azimuth_deg", "offset_m", "theta0_deg", "c_per_year", "start", "end", "seam",
    "overburden",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Panels:
    """Checked panels as arrays, one entry each in the input's order.

    names: labels for messages. outline: the panel's polygons. numbers: column → (p,) values in the columns' own units,
    defaults filled in; `start` and `end` are decimal years, NaN where undated. overlap: (p,) share of each panel's area under
    which another seam was taken before it. warnings: what is doubtful.
    """

    names: tuple[str, ...]
    outline: NDArray[Any]
    numbers: Mapping[str, Floats]
    warnings: tuple[Message, ...]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def radius_m(self) -> Floats:
        """Radius of main influence H / tan β, m."""
        return self.numbers["depth_m"] / self.numbers["tan_beta"]

    @property
    def w0_m(self) -> Floats:
        """Final subsidence over a panel wide enough for it, m·q·cos α, m."""
        return self.numbers["thickness_m"] * self.numbers["q"] * np.cos(np.radians(self.numbers["dip_deg"]))

    @property
    def dated(self) -> NDArray[np.bool_]:
        """Which panels have an extraction date."""
        return np.isfinite(self.numbers["end"])

    def share(self, year: float | None) -> Floats:
        """Share of each panel's final subsidence come by a (decimal) year; 1 where undated or where no year is asked."""
        if year is None:
            return np.ones(len(self))
        dated, n = self.dated, self.numbers
        share = np.ones(len(self))
        share[dated] = knothe_share(year - n["start"][dated], year - n["end"][dated], n["c_per_year"][dated])
        return share

    def share_after(self, years: float) -> Floats:
        """Share of each panel's final subsidence that has come so many years after its own extraction."""
        zero = np.full(len(self), float(years))
        return knothe_share(zero, zero, self.numbers["c_per_year"])


@dataclass(frozen=True, eq=False)
class Sources:
    """What the kernels take: rectangles (p, 11), and other outlines as ragged quadrature nodes with their own (k, 11) rows.

    rectangle_of, outline_of: which panel each row came from.
    """

    rectangles: Floats
    rectangle_of: NDArray[np.int64]
    nodes: Floats
    start: NDArray[np.int64]
    outlines: Floats
    outline_of: NDArray[np.int64]

    def weighted(self, share: Floats) -> Sources:
        """The same panels with their final subsidence multiplied by a share each."""
        rectangles, outlines = self.rectangles.copy(), self.outlines.copy()
        rectangles[:, 7] *= share[self.rectangle_of]
        outlines[:, 7] *= share[self.outline_of]
        return Sources(rectangles, self.rectangle_of, self.nodes, self.start, outlines, self.outline_of)

    def only(self, chosen: NDArray[np.bool_]) -> Sources:
        """Some of the panels: chosen (p,)."""
        rectangle, outline = chosen[self.rectangle_of], chosen[self.outline_of]
        counts = np.diff(self.start)
        return Sources(
            self.rectangles[rectangle],
            self.rectangle_of[rectangle],
            self.nodes[np.repeat(outline, counts)],
            np.concatenate(([0], np.cumsum(counts[outline]))).astype(np.int64),
            self.outlines[outline],
            self.outline_of[outline],
        )


def sources(panels: Panels) -> Sources:
    """Kernel rows of checked panels: goaf outlines moved in by the offset, cut along dip where the seam is inclined, and every
    element moved down-dip by its own depth times cot θ₀, with its own radius.

    Raises InvalidInput where an inclined seam comes to the surface within its panel.
    """
    n = panels.numbers
    rectangles, rectangle_of, outlines, outline_of, nodes = [], [], [], [], []
    for k, polygon in enumerate(panels.outline):
        azimuth, cot = np.radians(n["dip_azimuth_deg"][k]), 1.0 / np.tan(np.radians(n["theta0_deg"][k]))
        dip_x, dip_y = cot * np.sin(azimuth), cot * np.cos(azimuth)
        effective = offset_outline(polygon, float(n["offset_m"][k]), panels.names[k])
        for moved, depth, weight in _elements(panels, k, effective, cot):
            radius = depth / float(n["tan_beta"][k])
            tail = [radius, float(panels.w0_m[k]) * weight, n["b"][k] * radius, dip_x, dip_y]
            axes = rectangle_axes(moved)
            if axes is not None:
                rectangles.append([*axes, *tail])
                rectangle_of.append(k)
            else:
                west, south, east, north = moved.bounds
                outlines.append([west, south, 1.0, 0.0, east - west, north - south, *tail])
                outline_of.append(k)
                nodes.append(quadrature_nodes(moved, radius))
    return Sources(
        np.array(rectangles, dtype=float).reshape(-1, 11),
        np.array(rectangle_of, dtype=np.int64),
        np.concatenate(nodes) if nodes else np.zeros((0, 3)),
        np.concatenate(([0], np.cumsum([len(x) for x in nodes]))).astype(np.int64),
        np.array(outlines, dtype=float).reshape(-1, 11),
        np.array(outline_of, dtype=np.int64),
    )


def _elements(panels: Panels, k: int, effective: Any, cot: float) -> list[tuple[Any, float, float]]:
    """Pieces of a panel's effective outline where they act, down-dip by depth · cot θ₀, with the seam's depth below each, m,
    and the share of W₀ that they carry: the whole where the seam lies flat.

    Depth grows down-dip, and with it how far off the seam the ground moves, so that a piece acts on more ground than it covers
    and by as much less.
    """
    n = panels.numbers
    depth, slope = float(n["depth_m"][k]), float(np.tan(np.radians(n["dip_deg"][k])))
    azimuth, middle = float(n["dip_azimuth_deg"][k]), panels.outline[k].centroid
    # As many as the goaf itself asks for: a fit that moves the offset then moves no element in or out.
    low, high = (depth + slope * s for s in reach_along(panels.outline[k], azimuth, middle))
    if low <= float(n["thickness_m"][k]):
        raise InvalidInput(say("subsidence.seam_outcrops", panel=panels.names[k], depth_m=low, dip_deg=n["dip_deg"][k]))
    count = int(np.ceil(np.log(high / low) / ELEMENT))
    if count <= 1:
        way = depth * cot
        return [(moved_along(effective, azimuth, middle, way=way, stretch=1.0), depth, 1.0)]
    edges = (np.geomspace(low, high, count + 1) - depth) / slope
    edges[0], edges[-1] = -np.inf, np.inf  # an offset that widens the goaf stays with the outermost
    stretch, found = 1.0 + slope * cot, []
    for piece, s in strips(effective, azimuth, middle, edges):
        moved = moved_along(piece, azimuth, middle, way=depth * cot, stretch=stretch)
        found.append((moved, depth + slope * s, 1.0 / stretch))
    return found


def check_panels(table: gpd.GeoDataFrame, *, parameters: Parameters | None = None) -> Panels:
    """Checks a table of panels and fills what it does not say from the parameters.

    table: polygons in a projected CRS in metres, columns thickness_m, depth_m and any of OPTIONAL, or what `headings` knows
    them by.

    Raises InvalidInput or CRSMismatch naming the panel, the number and the fix.
    """
    p = parameters or defaults()
    table = understood(table)
    _check_frame(table)
    names = _names(table)
    n = {c: _column(table, c, names) for c in REQUIRED}
    classes = overburden_classes(table, p)
    for name in ("q", "tan_beta"):
        n[name] = _filled(table, name, names, np.array([p.number(f"prediction.{c}.{name}") for c in classes]))
    n["b"] = _filled(table, "b", names, np.full(len(names), p.number("prediction.b")))
    n["c_per_year"] = _filled(table, "c_per_year", names, np.full(len(names), p.number("prediction.c_per_year")))
    n["dip_deg"] = _filled(table, "dip_deg", names, np.zeros(len(names)))
    n["dip_azimuth_deg"] = _filled(table, "dip_azimuth_deg", names, np.zeros(len(names)))
    n["offset_m"] = _filled(table, "offset_m", names, p.number("prediction.offset_ratio") * n["depth_m"])
    k = np.array([p.number(f"prediction.{c}.propagation_k") for c in classes])
    n["theta0_deg"] = _filled(table, "theta0_deg", names, 90.0 - k * n["dip_deg"])
    _check_numbers(n, names)
    n["start"], n["end"] = _dates(table, names)
    outline = np.array([shapely.force_2d(g) for g in table.geometry], dtype=object)
    earlier = _taken_before(table, outline, n, names)
    from_default = _missing(table, "q")
    n["q"] = np.where(
        from_default, np.minimum(n["q"] * (1 + (p.number("prediction.repeat_q_factor") - 1) * earlier), 1.0), n["q"]
    )
    return Panels(names, outline, n, tuple(_doubts(n, names, p, earlier, from_default)))


def _check_frame(table: gpd.GeoDataFrame) -> None:
    if not len(table):
        raise InvalidInput(say("subsidence.no_panels"))
    missing = [c for c in REQUIRED if c not in table.columns]
    if missing:
        has = [str(c) for c in table.columns if c != table.geometry.name]
        raise InvalidInput(say("subsidence.panel_columns", missing=missing, required=" and ".join(REQUIRED), has=has or ["-"]))
    if table.crs is None:
        raise CRSMismatch(say("subsidence.panels_no_crs"))
    if not table.crs.is_projected or abs(table.crs.axis_info[0].unit_conversion_factor - 1.0) > 1e-9:
        raise CRSMismatch(say("subsidence.panels_not_metres", name=table.crs.name))
    w, s, e, n = (float(v) for v in table.total_bounds)
    if np.isfinite([w, s, e, n]).all() and not keeps_lengths(table.crs, (w, s, e, n)):
        good = label(zone_crs((w, s, e, n), table.crs)).partition(" ")[0]
        raise CRSMismatch(say("subsidence.panels_distorted", name=table.crs.name, good=good))
    for name, geometry in zip(_names(table), table.geometry, strict=True):
        if geometry is None or geometry.is_empty or geometry.geom_type not in ("Polygon", "MultiPolygon"):
            raise InvalidInput(
                say("subsidence.not_a_polygon", name=name, kind=None if geometry is None else geometry.geom_type)
            )
        if not geometry.is_valid:
            raise InvalidInput(say("subsidence.panel_invalid", name=name, reason=shapely.is_valid_reason(geometry)))


def _names(table: gpd.GeoDataFrame) -> tuple[str, ...]:
    for column in ("panel_id", "name", "id"):
        if column in table.columns:
            return tuple(str(x) for x in table[column])
    return tuple(str(x) for x in table.index)


def _missing(table: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    if name not in table.columns:
        return np.ones(len(table), dtype=bool)
    return np.asarray(table[name].isna(), dtype=bool)


def _column(table: pd.DataFrame, name: str, names: tuple[str, ...]) -> Floats:
    try:
        values = np.asarray(table[name], dtype=float)
    except (TypeError, ValueError):
        raise InvalidInput(say("subsidence.panel_text", name=name)) from None
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise InvalidInput(say("subsidence.panel_no_number", panel=names[bad[0]], key=name, value=values[bad[0]]))
    return values


def _filled(table: pd.DataFrame, name: str, names: tuple[str, ...], default: Floats) -> Floats:
    if name not in table.columns:
        return default.copy()
    return _column(table.assign(**{name: table[name].where(~_missing(table, name), default)}), name, names)


def overburden_classes(table: pd.DataFrame, p: Parameters) -> list[str]:
    """Class of the strata over every panel: hard, medium or soft. Raises InvalidInput for another."""
    default = str(p.value("prediction.overburden"))
    given = table["overburden"] if "overburden" in table.columns else [None] * len(table)
    classes = [default if x is None or x != x else STRATA.get(str(x).strip(), str(x)) for x in given]
    for c in classes:
        if c not in ("hard", "medium", "soft"):
            raise InvalidInput(say("subsidence.overburden", given=c))
    return classes


def _check_numbers(n: Mapping[str, Floats], names: tuple[str, ...]) -> None:
    rules = (
        ("thickness_m", n["thickness_m"] > 0, "above_0_m"),
        ("depth_m", n["depth_m"] > 0, "depth_downward"),
        ("depth_m", n["depth_m"] > n["thickness_m"], "deeper_than_thick"),
        ("thickness_m", n["thickness_m"] <= THICKEST_M, "be_a_seam"),
        ("depth_m", n["depth_m"] <= DEEPEST_MINE_M, "be_a_mine"),
        ("q", (n["q"] > 0) & (n["q"] <= 1.2), "q_range"),
        ("tan_beta", (n["tan_beta"] > 0.3) & (n["tan_beta"] < 10), "tan_beta_range"),
        ("b", (n["b"] >= 0) & (n["b"] < 1), "b_range"),
        ("c_per_year", n["c_per_year"] > 0, "above_0_per_year"),
        ("dip_deg", (n["dip_deg"] >= 0) & (n["dip_deg"] < 90), "dip_range"),
        ("theta0_deg", (n["theta0_deg"] > 0) & (n["theta0_deg"] <= 90), "theta0_range"),
    )
    for name, fine, fault in rules:
        bad = np.flatnonzero(~fine)
        if len(bad):
            fix = say(f"subsidence.must_{fault}")
            raise InvalidInput(say("subsidence.panel_number", panel=names[bad[0]], key=name, value=n[name][bad[0]], fix=fix))


def decimal_year(value: Any) -> float:
    """The beginning of a date as a decimal year: 2008, 2008.5, "2008-07", "2008/7/1", "2008年7月", a timestamp, or NaN.

    Raises InvalidInput for text that is no date.
    """
    return period(value).begin


def _dates(table: pd.DataFrame, names: tuple[str, ...]) -> tuple[Floats, Floats]:
    """Decimal years: extraction begins at the beginning of what `start` says and ends at the end of what `end` says."""
    empty: list[None] = [None] * len(table)
    starts, ends = (periods(table[c] if c in table.columns else empty) for c in ("start", "end"))
    # One date alone is taken as the time of extraction: waiting for more would lose the little that is known.
    known = [(s if s.begin == s.begin else e, e if e.end == e.end else s) for s, e in zip(starts, ends, strict=True)]
    start, end = np.array([s.begin for s, _ in known]), np.array([e.end for _, e in known])
    bad = np.flatnonzero(start > end)
    if len(bad):
        k = bad[0]
        raise InvalidInput(say("subsidence.dates_swapped", name=names[k], start=start[k], end=end[k]))
    wrong = np.flatnonzero((end < 1800) | (end > 2400) | (start < 1800))
    if len(wrong):
        raise InvalidInput(say("subsidence.no_calendar_year", name=names[wrong[0]], end=end[wrong[0]]))
    return start, end


def _taken_before(table: gpd.GeoDataFrame, outline: NDArray[Any], n: Mapping[str, Floats], names: tuple[str, ...]) -> Floats:
    """Share of each panel over or under which another seam was taken earlier (undated: the shallower seam first).

    Raises InvalidInput where two panels of one seam overlap.
    """
    seam = table["seam"].astype(object).to_numpy() if "seam" in table.columns else None
    tree = shapely.STRtree(outline)
    left, right = tree.query(outline, predicate="intersects")
    share = np.zeros(len(outline))
    for i, j in zip(left, right, strict=True):
        if i == j:
            continue
        common = shapely.area(shapely.intersection(outline[i], outline[j])) / shapely.area(outline[i])
        if common < 0.01:
            continue
        if _same_seam(i, j, seam, n):
            raise InvalidInput(say("subsidence.panels_overlap", one=names[i], other=names[j], percent=100 * common))
        before = n["end"][j] <= n["start"][i] if np.isfinite(n["end"][j] + n["start"][i]) else n["depth_m"][j] < n["depth_m"][i]
        if before:
            share[i] = max(share[i], common)
    return share


def _same_seam(i: int, j: int, seam: NDArray[Any] | None, n: Mapping[str, Floats]) -> bool:
    if seam is not None and seam[i] == seam[i] and seam[j] == seam[j] and seam[i] is not None and seam[j] is not None:
        return bool(seam[i] == seam[j])
    apart = abs(n["depth_m"][i] - n["depth_m"][j])
    return bool(apart < max(n["thickness_m"][i], n["thickness_m"][j]))


def _doubts(
    n: Mapping[str, Floats], names: tuple[str, ...], p: Parameters, earlier: Floats, from_default: NDArray[np.bool_]
) -> list[Message]:
    doubts = []
    ratio = n["offset_m"] / n["depth_m"]
    for name in ("q", "tan_beta", "b", "c_per_year", "dip_deg", "offset_ratio"):
        low, high = p.value(f"prediction.range.{name}")
        values = ratio if name == "offset_ratio" else n[name]
        bad = np.flatnonzero((values < low - 1e-12) | (values > high + 1e-12))
        if len(bad):
            who = say("subsidence.and_more", name=names[bad[0]], more=len(bad) - 1) if len(bad) > 1 else names[bad[0]]
            doubts.append(say("subsidence.unusual", panel=who, key=name, value=values[bad[0]], low=low, high=high))
    raised = int(np.sum((earlier > 0) & from_default))
    if raised:
        doubts.append(say("subsidence.repeated", panels=raised))
    return doubts
