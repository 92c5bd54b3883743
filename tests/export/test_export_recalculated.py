"""The workbook in a real office: LibreOffice works every formula out anew and finds what is stored beside it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import openpyxl
import pytest

import planner as pl

OFFICE = shutil.which("soffice") or shutil.which("libreoffice")


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_libreoffice_works_out_what_is_stored(small_world: Path, tmp_path: Path, lang: str) -> None:
    assert OFFICE is not None
    saved = pl.make_plan(small_world).save(tmp_path / "plan", lang=lang) / "tables.xlsx"
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
