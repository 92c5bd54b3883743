"""`planner asbuilt` from the command line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from conftest import write_raster, write_small_world

from planner import make_plan
from planner.asbuilt import asbuilt
from planner.cli.main import run
from planner.facade import load_plan


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_small_world(tmp_path_factory.mktemp("built"))
    make_plan(folder).save(folder / "plan")
    plan = load_plan(folder / "plan")
    write_raster(folder / "new.tif", asbuilt(plan, plan.site.terrain).planned.values)
    # a small field beside a deep bed is mostly side slope once it is built, too steep to count as arable again
    asked = folder / "plan" / "site.toml"
    asked.write_text(asked.read_text(encoding="utf-8").replace("min_mu = 100.0", "min_mu = 95.0"), encoding="utf-8")
    return folder


def test_the_design_fed_back_from_a_file_is_done(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    call = ["asbuilt", str(saved / "plan"), "--terrain", str(saved / "new.tif"), "-o", str(out), "--replan", "--json"]
    assert run(call) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["achieved_share"] == pytest.approx(1.0, abs=1e-5)
    assert told["beyond_detection_m3"] == 0.0
    assert told["replan"]["schema"] == "planner.summary/1"
    assert (out / "asbuilt.html").is_file() and (out / "replan" / "summary.json").is_file()
    assert run(call) == 1  # never silently over what is there
    layers = tomllib.loads((out / "replan" / "site.toml").read_text(encoding="utf-8"))["layers"]
    named = layers["polygons"] if isinstance(layers["polygons"], str) else layers["polygons"]["path"]
    assert (out / "replan" / named).is_file()  # what it was planned from is found from where it stands
    assert run([*call[:-2], "--overwrite"]) == 0
    assert not (out / "replan").exists()  # a plan made again from an earlier survey goes with that survey


def test_what_cannot_be_is_refused(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["asbuilt", str(saved / "plan"), "--terrain", str(saved / "new.tif")]
    assert run([*call, "--replan"]) == 2
    assert run([*call, "--date", "soon"]) == 3
    assert run([*call, "--date", "2019"]) == 3
    assert run(["asbuilt", str(saved / "plan"), "--terrain", str(saved / "none.tif")]) == 3
    assert "2027-06" in capsys.readouterr().err
