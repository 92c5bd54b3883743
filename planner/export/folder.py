"""The folder a plan is saved in: every file of it appears at once, or the old plan stays as it was."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import geopandas as gpd
import pandas as pd
from pyogrio.errors import DataSourceError, FeatureError, FieldError, GeometryError

from planner import __version__
from planner.columns import CONTRACT_COLUMNS, UNITS
from planner.errors import PlannerError
from planner.export.geopackage import write_geopackage
from planner.export.project import project_xml
from planner.export.sitefile import site_text
from planner.export.styles import layer_styles, qml
from planner.export.workbook import Sheets, write_workbook
from planner.files import PLAN_DATA, whole_folder, written_as
from planner.locks import plain_reason
from planner.plan.places import names_alone
from planner.site import Site

OWNED: Final = (*PLAN_DATA, "map.html", "report.html", "report.pdf")

Content = bytes | str | Callable[[Path], Any]


class SavedPlan(Protocol):
    """What saving asks of a plan; tables that are missing are left out."""

    @property
    def site(self) -> Site: ...
    @property
    def units(self) -> gpd.GeoDataFrame: ...
    @property
    def parcels(self) -> gpd.GeoDataFrame: ...
    @property
    def reservoirs(self) -> gpd.GeoDataFrame: ...
    def summary(self) -> dict[str, Any]: ...


is_plan = written_as("planner.summary/")  # whether a folder holds a plan that this program wrote


def save(
    plan: SavedPlan,
    folder: str | Path,
    *,
    overwrite: bool = False,
    lang: str = "en",
    extra_files: Mapping[str, Content] | None = None,
    more_figures: Mapping[str, Any] | None = None,
    more_sheets: Sheets | None = None,
    stands_in: Path | None = None,
) -> Path:
    """Writes plan.gpkg, tables.xlsx, summary.json and site.toml into a folder, whole or not at all.

    lang: of headings in the workbook and of the QGIS styles. extra_files: further files by name, as bytes, text, or a function
    that writes the path it is given (map.html, report.html). more_figures: further keys of summary.json. more_sheets: writes
    further sheets of the workbook. stands_in: the folder it will be moved to, where that is another: files that site.toml
    names are named from there.
    Raises OutputExists where the folder holds a plan and overwrite is off, or holds something else; PlannerError where the
    system refuses (disk full, read-only, another run writing).
    """
    extra = dict(extra_files or {})
    owned = {*OWNED, *extra, "plan.gpkg-wal", "plan.gpkg-shm", "plan.gpkg-journal"}
    with whole_folder(folder, overwrite=overwrite, is_ours=is_plan, owned=owned.__contains__) as work:
        try:
            _write(
                plan, work, (stands_in or Path(folder)).resolve(), lang, {**plan.summary(), **(more_figures or {})}, more_sheets
            )
            for name, content in extra.items():
                _put(work / name, content)
        except (DataSourceError, FeatureError, FieldError, GeometryError) as error:
            raise PlannerError(plain_reason(error, Path(folder))) from error
    return Path(folder)


def _put(path: Path, content: Content) -> None:
    if callable(content):
        content(path)
    else:
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def _write(
    plan: SavedPlan, work: Path, target: Path, lang: str, summary: Mapping[str, Any], more_sheets: Sheets | None
) -> None:
    (work / "summary.json").write_text(json_text(summary), encoding="utf-8")
    source = plan.site.extra.get("folder")
    origin = Path(source) if source else None
    text = site_text(plan.site.scenario, name=plan.site.name, source=origin, target=target, version=__version__)
    (work / "site.toml").write_text(text, encoding="utf-8")
    layers = {"units": _units(plan.units), "parcels": plan.parcels.sort_index(), "reservoirs": plan.reservoirs.sort_index()}
    dykes = getattr(plan, "dykes", None)
    beside = {"constraints": plan.site.constraints, "boundary": plan.site.boundary, "dykes": dykes}
    beside["names"] = names_alone(plan.site, plan.parcels)
    layers |= {name: frame for name, frame in beside.items() if frame is not None and len(frame)}
    tables = attribute_tables(plan)
    columns = {name: [*frame.index.names, *frame.columns] for name, frame in layers.items()}
    bodies = layer_styles(columns, lang=lang)
    title = (lang == "en" and plan.site.scenario.site.name_en) or plan.site.name
    project = project_xml(layers, tables, bodies, title=title, crs=plan.site.crs, lang=lang)
    styles = {name: qml(body) for name, body in bodies.items()}
    write_geopackage(work / "plan.gpkg", layers, tables, styles, project=project)
    write_workbook(work / "tables.xlsx", plan, summary, lang=lang, more=more_sheets)


def _units(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The contract's columns first, then the others in the data dictionary's order, then what is not in it."""
    first = [c for c in CONTRACT_COLUMNS if c in units.columns]
    known = [c for c in UNITS if c in units.columns and c not in first]
    rest = sorted(str(c) for c in units.columns if c not in first and c not in known and c != units.geometry.name)
    return units[[*first, *known, *rest, units.geometry.name]].sort_index()


def attribute_tables(plan: SavedPlan) -> dict[str, pd.DataFrame]:
    """Tables a plan is reloaded from: options, borders, storage (stage by reservoir), haul, rules, land_use, others,
    and the prices that planning again begins at."""
    tables: dict[str, pd.DataFrame] = {}
    for name in ("options", "borders", "haul", "rules", "land_use", "border_prices", "earth_prices"):
        table = getattr(plan, name, None)
        if isinstance(table, pd.DataFrame) and len(table.columns):
            tables[name] = pd.DataFrame(table)
    if others := getattr(plan, "others", ()):
        tables["others"] = pd.DataFrame({other.key: other.option for other in others})
    curves = getattr(plan, "storage_tables", None) or {}
    if len(curves):
        parts = [frame.reset_index(drop=True).assign(reservoir_id=key) for key, frame in sorted(curves.items())]
        tables["storage"] = pd.concat(parts, ignore_index=True)
    return tables


def json_text(value: Any) -> str:
    """A JSON document, NaN as null, Chinese as it is."""
    return json.dumps(_jsonable(value), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _jsonable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _jsonable(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set):
        return [_jsonable(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
