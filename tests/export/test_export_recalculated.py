"""The workbook in a real office: LibreOffice works every formula out anew and finds what is stored beside it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest

import planner as pl
from planner.export.workbook import _told_apart

OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
HARD = ["P*", "P?x", "<5", "=7", "a1", "A1", "340621001001000001", "340621001001000002", "1"]


def test_ids_that_a_spreadsheet_takes_for_one_are_known() -> None:
    assert _told_apart(["P1", "P2", "1", "2", "地块1", "1-2", "1.5"])
    for two in (["a1", "A1"], ["1", "01"], ["1e2", "100"], ["340621001001000001", "340621001001000002"], ["P1", "P*"], ["=7"]):
        assert not _told_apart(two)


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize(("lang", "ids"), [("en", []), ("zh", []), ("zh", HARD)], ids=["en", "zh", "hard ids"])
def test_libreoffice_works_out_what_is_stored(own_small_world: Path, tmp_path: Path, lang: str, ids: list[str]) -> None:
    assert OFFICE is not None
    if ids:
        parcels = gpd.read_file(own_small_world / "parcels.gpkg")
        parcels.assign(parcel_id=ids).to_file(own_small_world / "parcels.gpkg", driver="GPKG")
    saved = pl.make_plan(own_small_world).save(tmp_path / "plan", lang=lang) / "tables.xlsx"
    told = openpyxl.load_workbook(saved, data_only=True)
    bare = openpyxl.load_workbook(saved)
    bare.save(tmp_path / "bare.xlsx")  # formulas without the values beside them: the office has to work them out
    profile = (tmp_path / "profile").as_uri()
    command = [OFFICE, f"-env:UserInstallation={profile}", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML"]
    subprocess.run([*command, "--outdir", str(tmp_path / "out"), str(tmp_path / "bare.xlsx")], check=True, timeout=180)
    found = openpyxl.load_workbook(tmp_path / "out" / "bare.xlsx", data_only=True)
    formulas = 0
    for sheet in bare:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type != "f":
                    continue
                formulas += 1
                here = (sheet.title, cell.coordinate, cell.value)
                value = found[sheet.title][cell.coordinate].value
                assert value == pytest.approx(told[sheet.title][cell.coordinate].value, rel=1e-9, abs=1e-6), here
    assert formulas > 60
