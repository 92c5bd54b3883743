"""What `planner check` tells: what was found, what was decided and why, what was mended and how many mu that moved."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
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
from planner.words import Message, plain, render, say, term, text


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
        settled = [say("check.decided", what=s.what, value=s.value, why=s.why) for s in self.record.settled]
        lines = [render(_title(self), lang)]
        lines += _block("check.found", _found(self), lang)
        lines += _block("check.settled", settled, lang)
        lines += _block("check.mended", [*map(_mended, self.mended), *_areas(self)], lang)
        lines += _block("check.mind", self.record.warned, lang)
        ready = say("check.ready", path=self.shown)
        verdict = ready if self.refusal is None else say("check.refused", why=self.refusal)
        return "\n".join([*lines, "", render(verdict, lang)]) + "\n"

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
    """Reads a site as read_site would and tells how; what cannot be read is in the report's error, not raised.

    Examples
    --------
    >>> import planner as pl
    >>> report = pl.check(pl.samples.folder("aidans"))
    >>> report.ok, report.text().splitlines()[0]
    (True, "St Aidan's opencast void")
    """
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


def _finite(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _title(report: CheckReport) -> Message:
    if report.site is None:
        return plain(report.shown)
    kind = report.site.scenario.site.kind
    return plain(report.site.name) if kind == "survey" else say("check.title", name=report.site.name, kind=kind)


def _block(head: str, rows: Sequence[Message], lang: str) -> list[str]:
    return ["", text(head, lang), *(f"  {render(row, lang)}" for row in rows)] if rows else []


def _found(report: CheckReport) -> list[Message]:
    site = report.site
    if site is None:
        files = list(dict.fromkeys(i.path for i in report.record.inputs))
        return [say("check.files", files=files)] if files else []
    depth, ground = site.parcels["subsidence_m"].to_numpy(dtype=float), site.terrain
    low, high = float(np.nanmin(depth)), float(np.nanmax(depth))
    rows, cols = ground.shape
    bottom, top = float(np.nanmin(ground.values)), float(np.nanmax(ground.values))
    w, s, e, n = site.parcels.total_bounds
    parcels = len(site.parcels)
    return [
        say("check.parcels", n=parcels, area=report.area_mu, features=report.features, low=low, high=high),
        say("check.place", w=w, e=e, s=s, n=n),
        say("check.terrain", rows=rows, cols=cols, cell=ground.cell_x, low=bottom, high=top),
        *(say("check.beside", role=role, n=len(frame)) for role in _BESIDE if (frame := getattr(site, role)) is not None),
    ]


def _mended(item: Mended) -> Message:
    moved = "" if abs(item.change_mu) < 5e-5 else say("check.moved", change=item.change_mu)
    return say("check.mended_kind", role=item.role, kind=item.kind, n=item.count, moved=moved)


def _areas(report: CheckReport) -> list[Message]:
    if report.site is None or not report.mended:
        return []
    return [say("check.areas", stored=report.stored_mu, now=report.area_mu, change=report.area_mu - report.stored_mu)]


def _faults_to(path: Path, faults: list[Fault], crs: pyproj.CRS | None) -> None:
    """One layer per dimension; a fault without a drawable place keeps its row in faults_point."""
    table = gpd.GeoDataFrame(
        {
            "kind": [f.kind for f in faults],
            "kind_zh": [term("fault", f.kind, "zh") for f in faults],
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
