"""What `planner check` tells: what was found, what was decided and why, what was mended and how many mu that moved."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import shapely

from planner.ellipsoid import ellipsoidal_m2
from planner.errors import InvalidInput
from planner.files import write_whole
from planner.read.assemble import Reading, read
from planner.read.readback import check_layer
from planner.read.record import Fault, Record
from planner.site import Site
from planner.units import mu_from_m2
from planner.words import Message, render, say

KINDS_ZH: Final = {
    "self-intersection": "自相交",
    "ring self-intersection": "环自相接",
    "overlap": "重叠",
    "duplicate": "重复",
    "sliver": "碎屑",
    "empty": "空图形",
    "not finite": "坐标无效",
    "outside": "超出边界",
    "hole lies outside shell": "洞在外环之外",
    "nested holes": "洞嵌套",
    "nested shells": "面嵌套",
    "interior is disconnected": "内部不连通",
    "duplicate rings": "环重复",
    "too few points in geometry component": "点数不足",
    "invalid coordinate": "坐标无效",
    "gap": "缝隙",
}


@dataclass(frozen=True)
class Mended:
    """Faults of one kind in one layer: how many, and what they moved, mu."""

    kind: str
    role: str
    count: int
    change_mu: float


@dataclass(frozen=True, eq=False)
class CheckReport:
    """What reading a site found; refusal is said where no plan can be built on it."""

    shown: str
    site: Site | None
    record: Record
    features: int
    area_mu: float
    stored_mu: float
    mended: tuple[Mended, ...]
    refusal: Message | None

    @property
    def error(self) -> str | None:
        """The refusal in English, None where there is none."""
        return None if self.refusal is None else str(self.refusal)

    @property
    def ok(self) -> bool:
        """Whether a plan can be built on the site."""
        return self.error is None

    def text(self, lang: str = "en") -> str:
        """The report as a person would tell it, in `en` or `zh`."""
        zh = lang == "zh"
        lines = [_title(self, zh)]
        lines += _block("发现" if zh else "Found", _found(self, zh))
        lines += _block("决定" if zh else "Decided", [_decided(s, zh) for s in self.record.settled])
        lines += _block("修复" if zh else "Mended", [_mended(m, zh) for m in self.mended] + _areas(self, zh))
        lines += _block("注意" if zh else "Mind", [render(w, lang) for w in self.record.warned])
        if self.refusal is None:
            verdict = f"可以规划：planner allocate {self.shown}" if zh else f"Ready: planner allocate {self.shown}"
        else:
            verdict = f"不能规划：{render(self.refusal, lang)}" if zh else f"Cannot be planned: {self.error}"
        return "\n".join([*lines, "", verdict]) + "\n"

    def to_dict(self) -> dict[str, Any]:
        """The report as one JSON document (schema planner.check/1)."""
        return {
            "schema": "planner.check/1",
            "ok": self.ok,
            "error": self.error,
            "site": _figures(self),
            "decisions": [{"what": str(s.what), "value": str(s.value), "why": str(s.why)} for s in self.record.settled],
            "warnings": [str(w) for w in self.record.warned],
            "faults": {
                "count": len(self.record.faults),
                "change_mu": sum(m.change_mu for m in self.mended),
                "kinds": [{"kind": m.kind, "layer": m.role, "count": m.count, "change_mu": m.change_mu} for m in self.mended],
            },
            "inputs": [{"role": i.role, "path": i.path, "sha256": i.sha256} for i in self.record.inputs],
        }

    def write_faults(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Writes the faults as a GeoPackage to open in QGIS: layers faults_polygon, faults_line, faults_point.

        Raises OutputExists where the file is there and overwrite is off.
        """
        if Path(path).suffix.lower() != ".gpkg":
            raise InvalidInput(say("read.faults_gpkg", path=path, stem=Path(path).stem))
        crs = self.site.crs if self.site is not None else None
        return write_whole(
            path, lambda partial: _faults_to(partial, self.record.faults, crs), overwrite=overwrite, inputs=self.record.files
        )


def check(
    path: str | Path, *, sets: Mapping[str, Any] | None = None, encoding: str | None = None, crs: str | None = None
) -> CheckReport:
    """Reads a site as read_site would and tells how; what cannot be read is in the report's error, not raised."""
    record = Record()
    shown = str(path)
    try:
        reading = read(path, sets=sets, encoding=encoding, crs=crs, record=record)
    except InvalidInput as error:
        return CheckReport(shown, None, record, 0, 0.0, 0.0, _by_kind(record.faults, 1.0), error.message)
    return _told(shown, reading)


def _told(shown: str, reading: Reading) -> CheckReport:
    site = reading.site
    geometry = site.parcels.geometry.to_numpy()
    plane = float(shapely.area(geometry).sum())
    area = float(ellipsoidal_m2(geometry, site.crs).sum())
    scale = area / plane
    return CheckReport(
        shown=shown,
        site=site,
        record=reading.record,
        features=reading.features,
        area_mu=float(mu_from_m2(area)),
        stored_mu=float(mu_from_m2(reading.stored_m2 * scale)),
        mended=_by_kind(reading.record.faults, scale),
        refusal=None,
    )


def _by_kind(faults: list[Fault], scale: float) -> tuple[Mended, ...]:
    groups: dict[tuple[str, str], list[float]] = {}
    for fault in faults:
        groups.setdefault((fault.role, fault.kind), []).append(fault.change_m2)
    return tuple(Mended(kind, role, len(v), float(mu_from_m2(sum(v) * scale))) for (role, kind), v in sorted(groups.items()))


def _figures(report: CheckReport) -> dict[str, Any]:
    """The figures of the site; none, {}, where it could not be read."""
    site = report.site
    if site is None:
        return {}
    depth = site.parcels["subsidence_m"].to_numpy(dtype=float)
    ground = site.terrain.values
    return {
        "name": site.name,
        "crs": site.crs.to_string(),
        "features": report.features,
        "parcels": len(site.parcels),
        "area_mu": report.area_mu,
        "area_stored_mu": report.stored_mu,
        "depth_m": [_finite(np.nanmin(depth)), _finite(np.nanmax(depth))],
        "terrain": {
            "rows": site.terrain.shape[0],
            "cols": site.terrain.shape[1],
            "cell_m": [site.terrain.cell_x, site.terrain.cell_y],
            "elevation_m": [_finite(np.nanmin(ground)), _finite(np.nanmax(ground))],
        },
        "layers": {r: len(f) for r in _BESIDE if (f := getattr(site, r)) is not None},
    }


_BESIDE: Final = ("panels", "landuse", "constraints", "boundary")
_BESIDE_ZH: Final = {"panels": "工作面", "landuse": "土地利用", "constraints": "限制条件", "boundary": "边界"}


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _title(report: CheckReport, zh: bool) -> str:
    if report.site is None:
        return report.shown
    kind = report.site.scenario.site.kind
    note = "" if kind == "survey" else ("（复原示例，非实测）" if zh else " (a reconstruction, not survey data)")
    return f"{report.site.name}{note}"


def _block(head: str, rows: list[str]) -> list[str]:
    if not rows:
        return []
    return ["", head, *(f"  {row}" for row in rows)]


def _found(report: CheckReport, zh: bool) -> list[str]:
    site = report.site
    if site is None:
        files = ", ".join(dict.fromkeys(i.path for i in report.record.inputs))
        return [f"{'文件' if zh else 'files'}: {files}"] if files else []
    n, area = len(site.parcels), report.area_mu
    depth = site.parcels["subsidence_m"].to_numpy(dtype=float)
    low, high = float(np.nanmin(depth)), float(np.nanmax(depth))
    rows, cols = site.terrain.shape
    bottom, top = float(np.nanmin(site.terrain.values)), float(np.nanmax(site.terrain.values))
    w, s, e, north = site.parcels.total_bounds
    result = [
        f"沉陷区 {n} 块，共 {area:,.1f} 亩（原有 {report.features} 个要素），深 {low:.2f}–{high:.2f} 米"
        if zh
        else f"{n} parcels, {area:,.1f} mu ({report.features} features in the file), {low:.2f}–{high:.2f} m deep",
        f"位置 x {w:,.0f}–{e:,.0f}，y {s:,.0f}–{north:,.0f}" if zh else f"at x {w:,.0f}–{e:,.0f}, y {s:,.0f}–{north:,.0f}",
        f"地形 {rows} × {cols} 格，格宽 {site.terrain.cell_x:g} 米，高程 {bottom:.2f}–{top:.2f} 米"
        if zh
        else f"terrain of {rows} × {cols} cells of {site.terrain.cell_x:g} m, {bottom:.2f}–{top:.2f} m high",
    ]
    for role in _BESIDE:
        frame = getattr(site, role)
        if frame is not None:
            result.append(f"{_BESIDE_ZH[role]} {len(frame)} 个" if zh else f"{len(frame)} {role}")
    return result


def _decided(settled: Any, zh: bool) -> str:
    lang = "zh" if zh else "en"
    what, value, why = (render(part, lang) for part in (settled.what, settled.value, settled.why))
    return f"{what}：{value}（{why}）" if zh else f"{what}: {value} ({why})"


def _mended(item: Mended, zh: bool) -> str:
    moved = "" if abs(item.change_mu) < 5e-5 else f"{'：' if zh else ': '}{item.change_mu:+,.4f} {'亩' if zh else 'mu'}"
    if zh:
        return f"{item.role}：{KINDS_ZH.get(item.kind, item.kind)} {item.count} 处{moved}"
    return f"{item.role}: {item.count} × {item.kind}{moved}"


def _areas(report: CheckReport, zh: bool) -> list[str]:
    if report.site is None or not report.mended:
        return []
    change = report.area_mu - report.stored_mu
    if zh:
        return [f"面积：文件中 {report.stored_mu:,.4f} 亩 → 现 {report.area_mu:,.4f} 亩（{change:+,.4f}）"]
    return [f"area: {report.stored_mu:,.4f} mu as stored → {report.area_mu:,.4f} mu ({change:+,.4f})"]


def _faults_to(path: Path, faults: list[Fault], crs: pyproj.CRS | None) -> None:
    """One layer per dimension; a fault without a drawable place keeps its row in faults_point."""
    table = gpd.GeoDataFrame(
        {
            "kind": [f.kind for f in faults],
            "kind_zh": [KINDS_ZH.get(f.kind, f.kind) for f in faults],
            "layer": [f.role for f in faults],
            "feature": [f.feature for f in faults],
            "change_mu": [float(mu_from_m2(f.change_m2)) for f in faults],
            "action": [str(f.action) for f in faults],
            "action_zh": [render(f.action, "zh") for f in faults],
        },
        geometry=[_drawable(f.geometry) for f in faults],
        crs=crs,
    )
    dimension = shapely.get_dimensions(table.geometry.to_numpy())
    for name, kind, rows in (
        ("faults_polygon", "MultiPolygon", dimension == 2),
        ("faults_line", "MultiLineString", dimension == 1),
        ("faults_point", "MultiPoint", dimension < 1),
    ):
        part = table[rows]
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="'crs' was not provided")  # what could not be read may have none
            pyogrio.write_dataframe(part, path, layer=name, driver="GPKG", geometry_type=kind, promote_to_multi=True)
        check_layer(path, part, layer=name)


def _drawable(geometry: Any) -> Any:
    """The geometry's parts of its highest dimension, as a file can hold them; None where there is none."""
    if geometry is None or geometry.is_empty or not np.isfinite(shapely.get_coordinates(geometry)).all():
        return None
    flat = shapely.force_2d(geometry)
    if flat.geom_type != "GeometryCollection":
        return flat
    parts = shapely.get_parts(shapely.get_parts(flat))
    top = shapely.get_dimensions(parts).max()
    parts = parts[shapely.get_dimensions(parts) == top]
    if top == 2:
        return shapely.multipolygons(parts)
    return shapely.multilinestrings(parts) if top == 1 else shapely.multipoints(parts)
