"""The folder of a design: surface, lines, points, sections, checks, all at once or not at all."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd
import pyogrio
import shapely

from planner.export.folder import json_text
from planner.export.texts import write_csv
from planner.files import whole_folder, written_as
from planner.geotiff import write_bands
from planner.groundworks.drawing import Drawing
from planner.groundworks.picture import change_picture, section_picture

if TYPE_CHECKING:
    from collections.abc import Sequence

OWNED: Final = (
    *(
        "design.tif",
        "cutfill.tif",
        "design.gpkg",
        "reservoirs.gpkg",
        "zones.dxf",
        "contours.dxf",
        "breaklines.dxf",
        "ditches.dxf",
        "dykes.dxf",
        "stakes.csv",
        "section.csv",
        "section.png",
    ),
    *("design.json", "checks.csv"),
)
SECTION_STEPS: Final = 400


def save(
    found: Drawing,
    folder: str | Path,
    *,
    overwrite: bool = False,
    lang: str = "en",
    step_m: float = 0.5,
    line: Sequence[tuple[float, float]] | None = None,
) -> Path:
    """Writes surface, cut and fill with a picture, lines and points (GeoPackage, DXF, CSV), a section and design.json.

    step_m: between contours. line: of the section, in the plan's CRS; across the site through its largest lake where left out.
    Raises OutputExists where the folder holds files already and overwrite is off.
    """
    with design_folder(folder, overwrite=overwrite) as work:
        crs, today = found.plan.site.crs, found.plan.site.terrain
        write_bands({"design_m": found.ground}, crs, work / "design.tif")
        write_bands({"fill_m": found.ground.like(found.ground.values - today.values)}, crs, work / "cutfill.tif")
        write_beside(found, work, lang=lang, step_m=step_m, line=line)
    return Path(folder)


def design_folder(folder: str | Path, *, overwrite: bool) -> AbstractContextManager[Path]:
    """A folder of a design to write into, whole or not at all. Raises OutputExists."""
    ours = written_as("planner.design/", "design.json")
    return whole_folder(folder, overwrite=overwrite, is_ours=ours, owned=OWNED.__contains__)


def write_beside(
    found: Drawing,
    work: Path,
    *,
    lang: str,
    step_m: float,
    line: Sequence[tuple[float, float]] | None,
) -> None:
    """All but the rasters: lines, points, the section, pictures, checks and design.json."""
    (work / "design.json").write_text(json_text(found.summary()), encoding="utf-8")
    layers = {
        "zones": found.zones().reset_index(),
        "contours": found.contours(step_m),
        "breaklines": found.breaklines(),
        "ditches": found.ditches,
        "dykes": found.dykes.reset_index(),
        "stakes": found.stakes(),
    }
    for name, layer in layers.items():
        if len(layer):
            layer.to_file(work / "design.gpkg", layer=name, driver="GPKG")
            if name != "stakes":
                lines = layer[["geometry"]].assign(Layer=name)
                if name == "zones":
                    lines = lines.assign(geometry=layer.geometry.boundary).explode(ignore_index=True)
                pyogrio.write_dataframe(lines, work / f"{name}.dxf", driver="DXF")
    if len(found.storage):
        lakes = found.plan.reservoirs[["geometry"]].merge(found.storage, left_index=True, right_on="reservoir_id")
        lakes.to_file(work / "reservoirs.gpkg", layer="reservoirs", driver="GPKG")
    write_csv(layers["stakes"].drop(columns="geometry"), work / "stakes.csv")
    write_csv(found.checks, work / "checks.csv")
    cut = _section(found, line)
    write_csv(cut, work / "section.csv")
    (work / "section.png").write_bytes(section_picture(found, cut, lang))
    (work / "cutfill.png").write_bytes(change_picture(found, lang))


def _section(found: Drawing, line: Sequence[tuple[float, float]] | None) -> pd.DataFrame:
    """Today and the design along a line."""
    if line is None:
        west, south, east, north = found.plan.units.total_bounds
        lakes = found.plan.reservoirs
        middle = shapely.centroid(lakes.geometry.iloc[0]).y if len(lakes) else (south + north) / 2
        line = [(west, middle), (east, middle)]
    return found.section(line, shapely.LineString(line).length / SECTION_STEPS)
