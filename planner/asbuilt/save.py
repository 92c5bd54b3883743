"""The folder of a survey: document, layers, page, difference raster and tables, all at once or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import pandas as pd

from planner.export.geopackage import write_geopackage
from planner.export.texts import write_csv
from planner.files import whole_folder, written_as
from planner.geotiff import write_bands

if TYPE_CHECKING:
    from planner.asbuilt.record import AsBuilt

REPLAN: Final = "replan"
OWNED: Final = ("asbuilt.json", "asbuilt.gpkg", "asbuilt.html", "difference.tif", REPLAN)


class SavesItself(Protocol):
    """A plan that writes itself into a folder."""

    def save(self, folder: str | Path, *, lang: str = "en", stands_in: Path | None = None) -> Any:
        """Writes it; stands_in: the folder it will be moved to."""


def save(found: AsBuilt, folder: str | Path, *, overwrite: bool, lang: str, again: SavesItself | None = None) -> Path:
    """Writes what a survey gave, and the plan made again from it.

    Raises OutputExists where the folder holds something and overwrite is off.
    """
    from planner.asbuilt.page import draw

    page = draw(found, lang=lang).page()
    tables = _tables(found)
    owned = {*OWNED, *(f"{name}.csv" for name in tables)}
    with whole_folder(
        folder, overwrite=overwrite, is_ours=written_as("planner.asbuilt/", "asbuilt.json"), owned=owned.__contains__
    ) as work:
        document = json.dumps(found.summary(), ensure_ascii=False, indent=1, allow_nan=False)
        (work / "asbuilt.json").write_text(document + "\n", encoding="utf-8")
        (work / "asbuilt.html").write_text(page, encoding="utf-8")
        write_geopackage(work / "asbuilt.gpkg", {"units": found.units.sort_index()}, {}, {})
        before, ground = found.plan.site.terrain, found.survey.ground
        bands = {
            "ground_m": ground,
            "change_m": ground.like(ground.values - before.values),
            "off_design_m": ground.like(ground.values - found.planned.values),
        }
        write_bands(bands, found.plan.site.crs, work / "difference.tif")
        for name, table in tables.items():
            write_csv(table, work / f"{name}.csv")
        if again is not None:
            again.save(work / REPLAN, lang=lang, stands_in=Path(folder) / REPLAN)
    return Path(folder)


def _tables(found: AsBuilt) -> dict[str, pd.DataFrame]:
    units = pd.DataFrame(found.units.drop(columns=found.units.geometry.name)).reset_index()
    checks = found.acceptance.assign(verdict=found.acceptance["verdict"].map(lambda v: "unseen" if v is None else v.value))
    return {
        "units": units,
        "matrix": found.matrix.reset_index(),
        "acceptance": checks,
        "storage": found.storage,
        "settlement": found.settlement,
        **{name: table.reset_index() for name, table in found.groups.items()},
    }
