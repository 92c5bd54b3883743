"""The folder of a plan's lakes through the years: document, page and tables, all at once or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from planner.export.folder import json_text
from planner.export.texts import write_csv
from planner.files import whole_folder, written_as
from planner.lakes.page import document
from planner.report.html import as_html

if TYPE_CHECKING:
    from planner.plan.lakes.record import LakeYearsRecord

OWNED: Final = ("water.json", "water.html", "years.csv", "months.csv", "floods.csv")


def save(found: LakeYearsRecord, folder: str | Path, *, overwrite: bool, lang: str) -> Path:
    """Writes what the years do to the lakes. Raises OutputExists where the folder holds something and overwrite is off."""
    page = as_html(document(found, lang))
    with whole_folder(
        folder, overwrite=overwrite, is_ours=written_as("planner.water/", "water.json"), owned=OWNED.__contains__
    ) as work:
        (work / "water.json").write_text(json_text(found.summary()), encoding="utf-8")
        (work / "water.html").write_text(page, encoding="utf-8")
        months = [found.monthly(b.name).assign(reservoir_id=b.name) for b in found.lakes.bodies]
        for name, table in {"years": found.table, "months": pd.concat(months), "floods": _floods(found)}.items():
            write_csv(table, work / f"{name}.csv")
    return Path(folder)


def _floods(found: LakeYearsRecord) -> pd.DataFrame:
    """The hydrographs, one row a time and reservoir."""
    parts = []
    for name, flood in found.floods.items():
        hours = flood.step_s / 3600 * pd.RangeIndex(len(flood.inflow_m3_s)).to_numpy()
        columns = {"hours": hours, "inflow_m3_s": flood.inflow_m3_s, "outflow_m3_s": flood.outflow_m3_s}
        parts.append(pd.DataFrame({"reservoir_id": name, **columns}))
    return pd.concat(parts, ignore_index=True)
