"""The README cannot lie: its Python and its shell lines are run as they stand."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import geopandas as gpd
import pytest
from conftest import write_small_world

from planner.cli.main import run

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for code in blocks("python"):
        assert len(code.strip().splitlines()) <= 20
        exec(compile(code, "README.md", "exec"), {})
    assert (tmp_path / "zhonghu-plan" / "map.html").is_file()


def test_shell_lines_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    world = write_small_world(tmp_path / "world")
    monkeypatch.chdir(tmp_path)
    parcels = gpd.read_file(world / "parcels.gpkg")
    parcels["depth_m"] = 2.0
    parcels.rename(columns={"parcel_id": "id"}).to_file("my-polygons.shp")
    (world / "dem.tif").rename("dem.tif")
    lines = [line for line in blocks("console")[-1].splitlines() if line.startswith("planner ")]
    assert len(lines) == 5
    for line in lines:
        assert run(shlex.split(line)[1:]) == 0, f"{line}\n{capsys.readouterr().err}"
    assert (tmp_path / "map.html").is_file()


def test_links_point_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (ROOT / target).exists(), target
