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
from planner.subsidence.outline import reach_along
from planner.words import Message, say

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

Floats = NDArray[np.float64]
REQUIRED: Final = ("thickness_m", "depth_m")
PACE: Final = 0.125  # of the radius: what an advancing face takes at once; right to 6e-4 of W₀ (tests/subsidence)
THICKEST_M: Final = 100.0  # m: beyond any seam that is mined underground; more is another unit
STRATA: Final = {"坚硬": "hard", "中硬": "medium", "软弱": "soft"}
DEEPEST_MINE_M: Final = 5_000.0  # m: beyond the deepest mine (4 000 m); more is another unit
OPTIONAL: Final = (
    "q", "tan_beta", "b", "dip_deg", "dip_azimuth_deg", "offset_m", "theta0_deg", "c_per_year", "start", "end", "seam",
    "overburden", "advance_deg",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Panels:
    """Checked panels as arrays, one entry each in the input's order; a panel whose face advances in a direction (`advance_deg`)
    is as many entries as pieces are taken in turn.

    names: labels for messages. outline: the panel's polygons, whole. numbers: column → (p,) values in the columns' own units,
    defaults filled in; `start` and `end` are decimal years of the panel, NaN where undated. warnings: what is doubtful. piece:
    (p, 2) from which to which share of the way of its face an entry is, 0 and 1 for a whole panel.
    """

    names: tuple[str, ...]
    outline: NDArray[Any]
    numbers: Mapping[str, Floats]
    warnings: tuple[Message, ...]
    piece: Floats

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
    def advancing(self) -> NDArray[np.bool_]:
        """Which entries are pieces of a panel whose face advances."""
        return np.asarray(self.piece[:, 1] - self.piece[:, 0] < 1.0)

    @property
    def taken(self) -> tuple[Floats, Floats]:
        """When the extraction of each entry begins and ends, decimal years, (p,) each, NaN where undated.

        A piece of an advancing panel counts once the face is an offset beyond it: behind the face, as along every edge of the
        goaf, the ground is bridged that far.
        """
        n, moving = self.numbers, self.advancing
        bridged = np.clip(2.0 * n["offset_m"] / n["advance_m"], 0.0, 1.0)
        way = np.where(moving[:, None], bridged[:, None] + self.piece * (1.0 - bridged[:, None]), self.piece)
        begin, close = (n["start"] + way[:, k] * (n["end"] - n["start"]) for k in (0, 1))
        return begin, close

    @property
    def dated(self) -> NDArray[np.bool_]:
        """Which panels have an extraction date."""
        return np.isfinite(self.numbers["end"])

    def share(self, year: float | None) -> Floats:
        """Share of each panel's final subsidence come by a (decimal) year; 1 where undated or where no year is asked."""
        if year is None:
            return np.ones(len(self))
        dated = self.dated
        share = np.ones(len(self))
        start, end = (moment[dated] for moment in self.taken)
        share[dated] = knothe_share(year - start, year - end, self.numbers["c_per_year"][dated])
        return share

    def share_after(self, years: float) -> Floats:
        """Share of each panel's final subsidence that has come so many years after its own extraction."""
        zero = np.full(len(self), float(years))
        return knothe_share(zero, zero, self.numbers["c_per_year"])


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
    n |= _advance(table, outline, names)
    whole = np.tile([0.0, 1.0], (len(names), 1))
    return _in_pieces(Panels(names, outline, n, tuple(_doubts(n, names, p, earlier, from_default)), whole))


def _advance(table: gpd.GeoDataFrame, outline: NDArray[Any], names: tuple[str, ...]) -> dict[str, Floats]:
    """Where the face of each panel goes, degrees, and how far, m; NaN where it is not known."""
    azimuth = np.full(len(names), np.nan)
    if "advance_deg" in table.columns:
        known = ~_missing(table, "advance_deg")
        azimuth[known] = _column(table[known], "advance_deg", tuple(np.array(names, dtype=object)[known]))
    reach = [np.ptp(reach_along(g, a, g.centroid)) if np.isfinite(a) else np.nan for g, a in zip(outline, azimuth, strict=True)]
    return {"advance_deg": azimuth, "advance_m": np.asarray(reach, dtype=np.float64)}


def _in_pieces(panels: Panels) -> Panels:
    """The panels, each whose face advances in a given direction over a known while as the pieces it takes in turn."""
    n = panels.numbers
    moving = np.isfinite(n["advance_deg"])
    undated = np.flatnonzero(moving & ~panels.dated)
    if len(undated):
        raise InvalidInput(say("subsidence.advance_undated", panel=panels.names[undated[0]]))
    moving &= n["end"] > n["start"]
    if not moving.any():
        return panels
    pieces = np.ceil(np.where(moving, n["advance_m"], 0.0) / (PACE * panels.radius_m))
    count = np.maximum(pieces, 1.0).astype(np.int64)
    row = np.repeat(np.arange(len(panels)), count)
    edge = np.concatenate([np.stack([np.arange(c), np.arange(c) + 1.0], axis=1) / c for c in count])
    names = tuple(panels.names[k] for k in row)
    return Panels(names, panels.outline[row], {key: v[row] for key, v in n.items()}, panels.warnings, edge)


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
