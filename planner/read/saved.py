"""A saved plan's folder back into tables: what `planner allocate` wrote, read with nothing else at hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from planner.columns import CONTRACT_COLUMNS, CONTRACT_OPTIONS, OPTIONS, RESERVOIRS, UNITS
from planner.errors import InvalidInput
from planner.files import settle
from planner.memory import MEMORY, available_memory
from planner.read import door
from planner.read.door import FOREIGN
from planner.scenario import load_scenario
from planner.site import Decision, Grid, InputFile, Site, WaterTable
from planner.words import Message, both, say

NEEDED: Final = ("summary.json", "site.toml", "plan.gpkg", "ground.tif")
SCHEMA: Final = "planner.summary/"
TABLES: Final = ("options", "borders", "haul", "storage", "rules", "land_use", "others", "border_prices", "earth_prices")
MAX_SUMMARY_BYTES: Final = 256 << 20
_SUMMARY_TABLES: Final = ("site", "targets", "water", "earthwork", "economics", "solver", "provenance")


@dataclass(frozen=True, eq=False)
class SavedFolder:
    """The parts of a saved plan: site (its ground as the overview that was kept), layers, attribute tables, the summary."""

    site: Site
    units: gpd.GeoDataFrame
    reservoirs: gpd.GeoDataFrame
    tables: dict[str, pd.DataFrame]
    summary: dict[str, Any]
    dykes: gpd.GeoDataFrame | None = None


@contextmanager
def damaged(folder: Path) -> Iterator[None]:
    """Tells whatever a plan's files make the program stumble over as a refusal of the plan."""
    try:
        yield
    except InvalidInput:
        raise
    except (*FOREIGN, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, OSError) as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        raise InvalidInput(say("door.damaged_plan", folder=folder, why=why)) from error


def read_saved(folder: str | Path) -> SavedFolder:
    """Reads a folder that `planner allocate` wrote, wherever it comes from: its files are looked at like a site's.

    Raises InvalidInput where it is none, or a file of it is missing or damaged.
    """
    folder = Path(folder)
    settle(folder)
    for name in NEEDED:
        file = folder / name
        if not file.is_file():
            raise InvalidInput(say("door.no_plan", folder=folder, name=name))
        if not file.resolve().is_relative_to(folder.resolve()):
            raise InvalidInput(say("door.side_file_leads_out", shown=f"{folder.name}/{name}"))
    with damaged(folder):
        summary = read_summary(folder)
        with door.vector(folder / "plan.gpkg", f"{folder.name}/plan.gpkg") as base:
            there = {name for name, _ in base.layers()}
            layers = {name: base.read(layer=name) for name in ("units", "parcels", "reservoirs")}
            beside = {name: base.read(layer=name) if name in there else None for name in ("constraints", "boundary", "dykes")}
            tables = {name: base.read(layer=name, geometry=False) if name in there else pd.DataFrame() for name in TABLES}
        for name, key in (("units", "unit_id"), ("parcels", "parcel_id"), ("reservoirs", "reservoir_id")):
            layers[name] = _checked(name, layers[name].set_index(key))
        tables["options"] = _checked("options", tables["options"].set_index(["unit_id", "option"]))
        tables["rules"] = tables["rules"].set_index("unit_id")
        if len(tables["others"]):  # plans whose alternatives were asked for
            tables["others"] = tables["others"].set_index("unit_id")
        if "unit_id" in tables["earth_prices"]:
            tables["earth_prices"] = tables["earth_prices"].set_index("unit_id")
        site = replace(
            _site(folder, layers["parcels"], summary), constraints=beside["constraints"], boundary=beside["boundary"]
        )
        dykes = beside["dykes"]
    return SavedFolder(
        site, layers["units"], layers["reservoirs"], tables, summary, None if dykes is None else dykes.set_index("dyke_id")
    )


def read_summary(folder: Path) -> dict[str, Any]:
    """What a plan folder's summary.json holds; to be called within `damaged`, for it raises KeyError … where it is spoilt."""
    path = folder / "summary.json"
    if path.stat().st_size > MAX_SUMMARY_BYTES:
        raise ValueError(f"summary.json of {path.stat().st_size / 1e6:,.0f} MB")
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if not str(told["schema"]).startswith(SCHEMA):
        raise InvalidInput(say("door.other_schema", folder=path.parent, schema=str(told["schema"])[:40], wanted=f"{SCHEMA}1"))
    missing = [key for key in _SUMMARY_TABLES if not isinstance(told[key], dict)]
    if missing:
        raise TypeError(f"summary.json: {missing[0]} is no table")
    for key in ("warnings", "warnings_zh"):
        if not all(isinstance(text, str) for text in told.get(key, [])):
            raise TypeError(f"summary.json: {key} holds something else than texts")
    return told


def _checked(name: str, frame: Any) -> Any:
    """A layer with the columns the contract promises, figures as numbers. Raises KeyError or TypeError where it is spoilt."""
    wanted = {"units": [c for c in CONTRACT_COLUMNS if c != "unit_id"], "options": list(CONTRACT_OPTIONS)}.get(name, [])
    known = {"units": UNITS, "options": OPTIONS, "reservoirs": RESERVOIRS}.get(name, {})
    missing = [c for c in wanted if c not in frame.columns]
    if missing:
        raise KeyError(f"{name}.{missing[0]}")
    for column in frame.columns:
        if column in known and known[column].unit and frame[column].dtype.kind not in "fiu" and frame[column].notna().any():
            raise TypeError(f"{name}.{column} holds texts where figures are expected")
    return frame


def _warnings(summary: dict[str, Any]) -> tuple[Message, ...]:
    """The warnings as they were written, in both languages."""
    told = zip_longest(summary.get("warnings", []), summary.get("warnings_zh", []), fillvalue="")
    return tuple(both(en, zh) for en, zh in told)


def _site(folder: Path, parcels: gpd.GeoDataFrame, summary: dict[str, Any]) -> Site:
    with door.raster(folder / "ground.tif", f"{folder.name}/ground.tif") as file:
        if file.width * file.height * file.count * 8 > available_memory() * MEMORY.list_share:
            raise ValueError(f"ground.tif of {file.width} × {file.height} cells")
        a, _, west, _, e, north = tuple(file.transform)[:6]
        bands = [Grid(file.read(k, out_dtype="float64"), west, north, a, -e) for k in file.indexes]
    terrain, subsidence, normal, dry, wet, residual = bands
    told = summary.get("provenance", {})
    return Site(
        name=summary["site"]["name"],
        crs=parcels.crs,
        parcels=parcels,
        terrain=terrain,
        subsidence=subsidence,
        water_table=WaterTable(normal, dry, wet),
        scenario=load_scenario(folder / "site.toml"),
        residual_mm=residual if (residual.values == residual.values).any() else None,
        inputs=tuple(InputFile(i.get("role", ""), i["path"], i["sha256"]) for i in told.get("inputs", [])),
        decisions=tuple(
            Decision(*(both(d[part], d.get(f"{part}_zh", "")) for part in ("what", "value", "why")))
            for d in told.get("decisions", [])
        ),
        warnings=_warnings(summary),
        extra={"folder": str(folder.resolve())},
    )
