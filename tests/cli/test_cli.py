"""The command line: verbs, exit codes, one JSON document on stdout, one or two lines on stderr."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from planner.cli.console import clean, table
from planner.cli.main import run
from planner.cli.verbs import parse_sets
from planner.errors import UsageError


def test_help_needs_no_heavy_library() -> None:
    code = "import sys; from planner.cli.main import run; run(['--help']); print([m for m in sys.modules if m in %r])"
    heavy = ["geopandas", "folium", "scipy", "rasterio", "numba", "pandas", "numpy", "matplotlib"]
    done = subprocess.run([sys.executable, "-c", code % heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


VERBS = [
    "demo",
    "init",
    "check",
    "allocate",
    "explain",
    "map",
    "compare",
    "storage",
    "predict",
    "doctor",
    "report",
    "replay",
    "export",
]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_and_json(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([verb, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--json" in shown
    assert "--verbose" in shown
    assert "--quiet" in shown


def test_usage_errors_are_two(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nonsense"]) == 2
    assert run(["allocate"]) == 2
    assert run(["allocate", "x", "--gap", "a lot"]) == 2
    assert run(["allocate", "x", "--set", "no equals sign"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_missing_site_is_three_and_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(["allocate", str(tmp_path / "nowhere"), "-o", str(tmp_path / "out")]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") <= 2
    assert not (tmp_path / "out").exists()


def test_allocate_writes_a_plan_and_one_document(small_world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "plan"
    assert run(["allocate", str(small_world), "-o", str(out), "--json", "--set", "targets.green.min_mu=150"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["targets"]["green"]["area_mu"] >= 150
    assert json.loads((out / "summary.json").read_text(encoding="utf-8"))["targets"] == document["targets"]
    unit = "P1-001"
    assert run(["allocate", str(small_world), "-o", str(out)]) == 1  # never silently over an existing plan
    assert "overwrite" in capsys.readouterr().err

    import planner as pl

    unit = pl.load_plan(out).units.index[0]
    assert run(["explain", str(out), unit, "--lang", "zh"]) == 0
    assert unit in capsys.readouterr().out
    assert run(["explain", str(out), unit + "-", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["exit_code"] == 3
    assert run(["map", str(out), "-o", str(tmp_path / "m.html")]) == 0
    assert (tmp_path / "m.html").read_bytes().startswith(b"<!DOCTYPE html>")
    assert run(["compare", str(out), str(out), "--json"]) == 0
    said = capsys.readouterr().out
    assert json.loads(said[said.index("{") :])["schema"] == "planner.compare/1"


def test_dry_run_writes_nothing(small_world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "plan"
    assert run(["allocate", str(small_world), "-o", str(out), "--dry-run"]) == 0
    assert "nothing was written" in capsys.readouterr().out
    assert not out.exists()


def test_infeasible_is_four_and_names_what_to_relax(
    small_world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ["allocate", str(small_world), "-o", str(tmp_path / "x"), "--set", "budget.max_cny=1000", "--json"]
    assert run(args) == 4
    said = capsys.readouterr()
    assert "relax" in said.err
    assert json.loads(said.out)["relaxations"]
    assert not (tmp_path / "x").exists()


def test_sets_are_toml_values_or_text() -> None:
    assert parse_sets(["a.b=1e3", "c=true", "d=[1, 2]", "e=plain text", 'f="1"']) == {
        "a.b": 1000.0,
        "c": True,
        "d": [1, 2],
        "e": "plain text",
        "f": "1",
    }
    with pytest.raises(UsageError):
        parse_sets(["novalue"])


def test_control_characters_cannot_drive_the_terminal() -> None:
    assert clean("a\x1b[31mb\u202ec") == "a\\x1b[31mb\\x202ec"


def test_tables_align_wide_characters() -> None:
    lines = table([("耕地", "1"), ("green", "22")], ("target", "mu")).splitlines()
    assert lines[2] == "耕地     1"
    assert lines[3] == "green   22"


def test_doctor_tells_versions(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["packages"]["geopandas"]
    assert report["libraries"]["PROJ"]


def test_chinese_is_chinese_throughout(small_world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "plan"
    assert run(["allocate", str(small_world), "-o", str(out), "--lang", "zh", "--set", "earthwork.max_export_m3=0"]) == 0
    said = capsys.readouterr()
    told = said.out.replace(str(out), "").replace("map.html", "")
    assert not re.findall(r"[A-Za-z]{3,}", told), told  # no word of English: only units' and lakes' ids may be Latin
    assert "注意：" in said.err
    assert run(["compare", str(out), str(out), "--lang", "zh"]) == 0
    assert "建设用地（亩）" in capsys.readouterr().out

    import openpyxl

    book = openpyxl.load_workbook(out / "tables.xlsx", read_only=True, data_only=True)
    cells = [
        str(c) for name in ("概要", "水库", "约束", "资金") for row in book[name].iter_rows(values_only=True) for c in row if c
    ]
    assert not [c for c in cells if re.search(r"[A-Za-z]{4,}", c)]


def test_a_search_cut_short_says_how_far_it_is_from_the_best(small_world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["allocate", str(small_world), "--dry-run", "--alternatives", "--time-limit", "0.001", "--gap", "0", "--lang"]
    code = run([*args, "en"])
    said = capsys.readouterr()
    assert code in (0, 5)
    assert "time" in said.err
    assert code == 5 or "--time-limit" in said.err
    assert code == 5 or "no alternatives" in said.err


def test_an_infeasible_limit_is_told_once(small_world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["allocate", str(small_world), "--dry-run", "--set", "reservoir.min_storage_m3=1e9"]) == 4
    said = capsys.readouterr().err
    assert said.count("\n") == 2
    assert said.count("lower") == 1


def test_bad_settings_are_named_with_their_fix(small_world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for given, words in (
        ("targets.green.value_cny_per_mu=nan", "finite"),
        ('lock=[{target="green"}]', 'add unit = "…" or parcel = "…"'),
        ("layers.terrain.path=nofile.tif", "nofile.tif"),
    ):
        assert run(["allocate", str(small_world), "--dry-run", "--set", given]) == 3
        said = capsys.readouterr().err
        assert words in said
        assert said.count("\n") <= 2


def test_a_wrong_language_is_refused_before_the_work(small_world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["allocate", str(small_world), "--dry-run", "--lang", "fr"]) == 2
    assert "zh or en" in capsys.readouterr().err


def test_storage_within_a_file_of_several_layers_takes_the_parcels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import geopandas as gpd
    import shapely
    from conftest import CRS, NORTH, WEST, write_raster

    write_raster(tmp_path / "d.tif", np.full((120, 120), 30.0))
    for layer, side in (("parcels", 100.0), ("boundary", 500.0)):
        box = shapely.box(WEST + 100, NORTH - 100 - side, WEST + 100 + side, NORTH - 100)
        gpd.GeoDataFrame({"id": [1]}, geometry=[box], crs=CRS).to_file(tmp_path / "s.gpkg", layer=layer)
    assert run(["storage", str(tmp_path / "d.tif"), "--within", str(tmp_path / "s.gpkg"), "--level", "31", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["storage_m3"] == pytest.approx(10_000.0)


def test_a_site_that_cannot_be_planned_says_so_even_when_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(tmp_path / "nowhere"), "-q"]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert "nowhere" in said.err
    assert run(["check", str(tmp_path / "nowhere"), "--json"]) == 3
    said = capsys.readouterr()
    assert json.loads(said.out)["ok"] is False
    assert said.err.count("\n") == 1
