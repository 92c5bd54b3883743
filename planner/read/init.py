"""What `planner init` writes: a commented, runnable site.toml for somebody's own files."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

from planner.core.terrain.owner import owner_of
from planner.errors import InvalidInput
from planner.read.assemble import area_mu, read
from planner.read.record import Record
from planner.scenario import parse_scenario
from planner.site import Site
from planner.words import Telling, say


def init_text(
    polygons: str | Path,
    terrain: str | Path | None = None,
    *,
    beside: str | Path | None = None,
    lang: str = "en",
    encoding: str | None = None,
    crs: str | None = None,
) -> str:
    """The text of a site.toml for the files given, with what was found in them said as comments.

    beside: the folder where the site.toml will stand (default: the polygons' folder); paths are relative to it.
    lang: of the comments.
    Raises InvalidInput where the files cannot be read: what has to be settled first is said there.
    """
    home = Path(beside) if beside is not None else Path(polygons).parent
    for path in (polygons, terrain):
        if path is not None and not Path(path).exists():
            raise InvalidInput(say("read.no_file", path=path, nearest=""))
    shown = _relative(Path(polygons), home)
    ground = None if terrain is None else _relative(Path(terrain), home)
    outside = any(p.startswith("..") or Path(p).is_absolute() for p in (shown, ground) if p is not None)
    record = Record()
    sets: dict[str, Any] = {"site.outside_paths": True}
    if terrain is not None:
        sets["layers.terrain"] = {"path": str(Path(terrain).resolve())}
    site, depthless = _read(polygons, sets, encoding, crs, record)
    layer = _layer(shown, record, encoding)
    text = _compose(site, layer, ground, outside, crs, depthless, told=Telling(lang))
    parse_scenario(tomllib.loads(text))  # what is written can be read
    return text


def _relative(path: Path, home: Path) -> str:
    try:
        return Path(os.path.relpath(path.resolve(), home.resolve())).as_posix()
    except ValueError:  # another drive
        return path.resolve().as_posix()


def _read(
    polygons: str | Path, sets: dict[str, Any], encoding: str | None, crs: str | None, record: Record
) -> tuple[Site, bool]:
    """The site as it would be read; where no depth is known, as if it were 1 m, to be said in the file."""
    try:
        return read(polygons, sets=sets, encoding=encoding, crs=crs, record=record).site, False
    except InvalidInput as error:
        if error.message.code not in ("read.no_depth_at_all", "read.all_zero"):
            raise
        again = read(polygons, sets={**sets, "layers.subsidence": 1.0}, encoding=encoding, crs=crs, record=record)
        return again.site, True


def _layer(shown: str, record: Record, encoding: str | None) -> dict[str, str]:
    found = {(s.what.code, s.what.values.get("role")): str(s.value) for s in record.settled}
    layer = {"path": shown}
    keys = {
        ("read.layer_of", "polygons"): "layer",
        ("read.sheet_of", "polygons"): "layer",
        ("read.column_for", "id"): "id",
        ("read.depth_column", None): "depth",
        ("read.column_for", "name"): "name",
        ("read.unit_of_depth", None): "unit",
    }
    layer |= {key: found[what] for what, key in keys.items() if what in found}
    said = encoding or found.get(("read.encoding_of", "polygons"))
    if said:
        layer["encoding"] = said
    return layer


def _compose(
    site: Site, layer: dict[str, str], ground: str | None, outside: bool, crs: str | None, depthless: bool, *, told: Telling
) -> str:
    area = area_mu(site.parcels)
    forced = crs or (f"EPSG:{site.crs.to_epsg()}" if site.crs.to_epsg() else "")
    depth = site.parcels["subsidence_m"].to_numpy(dtype=float)
    table = ", ".join(f"{k} = {_quoted(v)}" for k, v in layer.items())
    lines = [
        "# " + told("init.parcels", count=len(site.parcels), area=area)
        if depthless
        else "# " + told("init.parcels_deep", count=len(site.parcels), area=area, low=np.nanmin(depth), high=np.nanmax(depth)),
        "# " + told("init.open"),
        "",
        "[site]",
        f"name = {_quoted(site.name)}",
    ]
    if forced:
        lines.append(f"crs = {_quoted(forced)}  # {told('init.crs')}: {site.crs.name}")
    if outside:
        lines.append(f"outside_paths = true  # {told('init.outside')}")
    lines += ["", "[layers]", f"polygons = {{{table}}}"]
    lines += _ground_lines(site, ground, depthless, told)
    lines += _wish_lines(area, float(np.nanmedian(site.water_table.normal.values)), told)
    return "\n".join(lines) + "\n"


def _ground_lines(site: Site, ground: str | None, depthless: bool, told: Telling) -> list[str]:
    if ground is None:
        note = told("init.no_ground")
        lines = [f'# terrain = "dem.tif"  # {note}']
    else:
        low, high = np.nanmin(site.terrain.values), np.nanmax(site.terrain.values)
        lines = [f"terrain = {_quoted(ground)}  # {told('init.ground')}, {low:.2f}…{high:.2f} m"]
    if depthless:
        note = told("init.no_depth")
        lines.append(f"subsidence = 1.0  # {note}")
    else:
        note = told("init.subsidence")
        lines.append(f'# subsidence = "w.tif"  # {note}')
    level = _table(site)
    note = told("init.water_table")
    return [*lines, f"# water_table = {level:.2f}  # {note}"]


def _table(site: Site) -> float:
    """The water table in the polygons, m: the median over their cells, over all cells where none has its centre in them."""
    values = site.water_table.normal.values
    inside = values[owner_of(site.parcels.geometry.to_numpy(), site.terrain.frame) >= 0]
    return float(np.nanmedian(inside if np.isfinite(inside).any() else values))


def _wish_lines(area: float, water: float, told: Telling) -> list[str]:
    share = {"construction": 0.2, "arable": 0.2, "green": 0.2}
    notes = {
        "construction": told("init.least"),
        "arable": told.term("unit", "mu"),
        "green": told.term("unit", "mu"),
    }
    lines: list[str] = []
    for target, part in share.items():
        lines += ["", f"[targets.{target}]", f"# min_mu = {round(area * part, 1)}  # {notes[target]}"]
    money = told("init.budget")
    earth = told("init.import")
    level = told("init.level")
    lines += ["", "[budget]", f"# max_cny = {round(area * 60_942, -4):.1f}  # {money}"]
    lines += ["", "[earthwork]", f"max_import_m3 = 0.0  # {earth}"]
    lines += ["", "[reservoir]", f"# level_m = {water:.2f}  # {level}"]
    lines += ["", "[solver]", f"gap = 1e-4  # {told('init.gap')}"]
    return lines


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
