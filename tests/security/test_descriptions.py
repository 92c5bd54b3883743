"""Files of settings that are no files, without bottom or without end: each verb that takes one refuses it in two lines."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from dirty.case import frame

from planner.cli.main import run
from planner.documents import MAX_BYTES
from planner.errors import InvalidInput

VERBS = ("check", "allocate", "whatif", "portfolio", "finance", "city")


def device(path: Path) -> None:
    if not Path("/dev/zero").exists():
        pytest.skip("no such device on this system")
    path.symlink_to("/dev/zero")


def large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)


SPOILT: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a device without end": device,
    "a folder": Path.mkdir,
    "links in a circle": lambda p: p.symlink_to(p),
    "brackets without bottom": lambda p: p.write_text("a = " + "[" * 100_000),
    "tables without bottom": lambda p: p.write_text("a = " + "{a=" * 5000),
    "a key without end": lambda p: p.write_text(".".join(["a"] * 200_000) + " = 1"),
    "a key without end in a table": lambda p: p.write_text("a = {" + ".".join(["b"] * 200_000) + " = 1}"),
    "a number without end": lambda p: p.write_text("a = " + "9" * 5000),
    "not UTF-8": lambda p: p.write_bytes(b"[site]\nname = '\xff\xfe'\n"),
    "UTF-16": lambda p: p.write_bytes("[site]\n".encode("utf-16")),
    "zeros": lambda p: p.write_bytes(b"\0" * 100),
    "nothing": lambda p: p.write_text(""),
    "dates for texts": lambda p: p.write_text("".join(f"[{s}]\nname = 1979-05-27\n" for s in ("site", "city", "portfolio"))),
    "figures for sections": lambda p: p.write_text("site = 1\nlayers = 2\nfinance = 3\nportfolio = 4\ncity = 5\n"),
    "too large": large,
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes by name on this system")
@pytest.mark.parametrize("name", SPOILT)
def test_no_settings_are_refused_in_two_lines(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    SPOILT[name](tmp_path / "site.toml")
    for verb in VERBS:
        assert run([verb, str(tmp_path / "site.toml")]) == InvalidInput.exit_code, verb
        told = capsys.readouterr()
        assert told.err.count("\n") <= 2, verb
        assert "please report" not in told.err + told.out, verb


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".gdb", ".csv", ".xlsx", ".zip", ".tif", ".vrt", ".adf", ".txt"])
def test_links_in_a_circle_are_no_files(suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"a{suffix}"
    path.symlink_to(path)
    frame().to_file(tmp_path / "b.gpkg")
    for arguments in (["allocate", str(path)], ["init", str(path)], ["storage", str(path)], ["predict", str(path)]):
        assert run(arguments) == InvalidInput.exit_code, arguments
        assert capsys.readouterr().err.count("\n") <= 2
    told = run(["init", str(tmp_path / "b.gpkg"), "-o", str(path)])
    assert told in (1, 2), told
    assert path.is_symlink()


def test_a_grid_of_other_files_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.adf").write_bytes(b"\0" * 500)
    assert run(["storage", str(tmp_path / "x.adf")]) == InvalidInput.exit_code


def test_a_workbook_of_enterprises_without_end_or_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame().drop(columns="geometry").to_excel(tmp_path / "good.xlsx", index=False)
    (tmp_path / "city.toml").write_text('[enterprises]\ntable = "a.xlsx"\nid = "编号"\n', encoding="utf-8")
    endless = (b"</sheetData>", b'<row r="1000000000000"><c r="A1000000000000"><v>1</v></c></row></sheetData>')
    for old, new in (endless, (b"<sheetData>", b"<sheetData><"), (b'r="A2"', b'r="2A"')):
        with zipfile.ZipFile(tmp_path / "good.xlsx") as good, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as bad:
            for name in good.namelist():
                raw = good.read(name)
                bad.writestr(name, raw.replace(old, new) if name == "xl/worksheets/sheet1.xml" else raw)
        assert run(["city", str(tmp_path / "city.toml")]) == InvalidInput.exit_code
        assert capsys.readouterr().err.count("\n") <= 2
    (tmp_path / "a.xlsx").write_bytes(b"PK\x03\x04 no workbook")
    assert run(["city", str(tmp_path / "city.toml")]) == InvalidInput.exit_code
