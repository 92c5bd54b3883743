"""A saved plan's folder back into tables: what `planner allocate` wrote, read with nothing else at hand."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import pyogrio
import rasterio

from planner.errors import InvalidInput
from planner.scenario import load_scenario
from planner.site import Decision, Grid, InputFile, Site, WaterTable
from planner.words import Message, both

NEEDED: Final = ("summary.json", "site.toml", "plan.gpkg", "ground.tif")
SCHEMA: Final = "planner.summary/"


@dataclass(frozen=True, eq=False)
class SavedFolder:
    """The parts of a saved plan: site (its ground as the overview that was kept), layers, attribute tables, the summary."""

    site: Site
    units: gpd.GeoDataFrame
    reservoirs: gpd.GeoDataFrame
    tables: dict[str, pd.DataFrame]
    summary: dict[str, Any]


def read_saved(folder: str | Path) -> SavedFolder:
    """Reads a folder that `planner allocate` wrote.

    Raises InvalidInput where it is none, or a file of it is missing or damaged.
    """
    folder = Path(folder)
    for name in NEEDED:
        if not (folder / name).is_file():
            raise InvalidInput(f"{folder}: no {name}, so this is no saved plan; `planner allocate SITE -o DIR` writes one")
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        layers = {name: _layer(folder, name) for name in ("units", "parcels", "reservoirs")}
        tables = {name: _table(folder, name) for name in ("options", "borders", "haul", "storage", "rules")}
    except (json.JSONDecodeError, pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise InvalidInput(f"{folder}: damaged plan ({error}); run `planner allocate` again") from None
    if not str(summary.get("schema", "")).startswith(SCHEMA):
        raise InvalidInput(f"{folder}/summary.json: schema {summary.get('schema')!r} is not {SCHEMA}1")
    for name, key in (("units", "unit_id"), ("parcels", "parcel_id"), ("reservoirs", "reservoir_id")):
        layers[name] = layers[name].set_index(key)
    tables["options"] = tables["options"].set_index(["unit_id", "option"])
    tables["rules"] = tables["rules"].set_index("unit_id")
    site = replace(
        _site(folder, layers["parcels"], summary),
        constraints=_beside(folder, "constraints"),
        boundary=_beside(folder, "boundary"),
    )
    return SavedFolder(site, layers["units"], layers["reservoirs"], tables, summary)


def _beside(folder: Path, name: str) -> gpd.GeoDataFrame | None:
    """A layer that not every plan has."""
    return _layer(folder, name) if name in {str(row[0]) for row in pyogrio.list_layers(folder / "plan.gpkg")} else None


def _layer(folder: Path, name: str) -> gpd.GeoDataFrame:
    return pyogrio.read_dataframe(folder / "plan.gpkg", layer=name)


def _table(folder: Path, name: str) -> pd.DataFrame:
    if name not in {str(row[0]) for row in pyogrio.list_layers(folder / "plan.gpkg")}:
        return pd.DataFrame()
    return pyogrio.read_dataframe(folder / "plan.gpkg", layer=name, read_geometry=False)


def _warnings(summary: dict[str, Any]) -> tuple[Message, ...]:
    """The warnings as they were written, in both languages."""
    told = zip_longest(summary.get("warnings", []), summary.get("warnings_zh", []), fillvalue="")
    return tuple(both(en, zh) for en, zh in told)


def _site(folder: Path, parcels: gpd.GeoDataFrame, summary: dict[str, Any]) -> Site:
    with rasterio.open(folder / "ground.tif") as file:
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
