"""A plan folder that somebody sent: spoilt or hostile, every verb refuses it in two lines with exit 3 and does nothing else."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import rasterio
from dirty.case import frame, site

from planner import load_plan, make_plan
from planner.cli.main import run
from planner.errors import InvalidInput
from security.canary import canary
from security.hostile import ISIS, OGRVRT, WMS, WMTS, pipeline

Spoil = Callable[[Path, str], None]


@pytest.fixture(scope="session")
def saved_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    frame().to_file(folder / "a.gpkg")
    money = '[finance]\nregime = "2015"\nfirst_year = 2016\nbuild_years = 2\noperate_years = 10\n'
    money += "equity_share = 0.3\nloan_rate = 0.06\n"
    make_plan(site(folder, f'[layers]\npolygons = "a.gpkg"\n[partition]\nmax_unit_mu = 60.0\n{money}')).save(folder / "plan")
    return folder / "plan"


@pytest.fixture
def plan(saved_once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved_once, tmp_path / "plan"))


def text(name: str, content: str) -> Spoil:
    def spoil(folder: Path, url: str) -> None:
        (folder / name).write_text(content.replace("URL", url).replace("AWAY", str(folder.parent)))

    return spoil


def summary(change: Callable[[dict], object]) -> Spoil:
    def spoil(folder: Path, url: str) -> None:
        told = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        change(told)
        (folder / "summary.json").write_text(json.dumps(told), encoding="utf-8")

    return spoil


def sql(*statements: str) -> Spoil:
    def spoil(folder: Path, url: str) -> None:
        with sqlite3.connect(folder / "plan.gpkg") as base:
            for statement in statements:
                base.execute(statement)

    return spoil


def link(name: str) -> Spoil:
    def spoil(folder: Path, url: str) -> None:
        (folder / name).rename(folder.parent / f"away-{name}")
        os.symlink(folder.parent / f"away-{name}", folder / name)

    return spoil


def cut(name: str) -> Spoil:
    def spoil(folder: Path, url: str) -> None:
        raw = (folder / name).read_bytes()
        (folder / name).write_bytes(raw[: len(raw) // 2])

    return spoil


def fewer_bands(folder: Path, url: str) -> None:
    with rasterio.open(folder / "ground.tif") as file:
        profile, values = file.profile, file.read(1)
    with rasterio.open(folder / "ground.tif", "w", **{**profile, "count": 1}) as file:
        file.write(values, 1)


WFS = "<OGRWFSDataSource><URL>URL/wfs</URL></OGRWFSDataSource>"
MOSAIC = (
    '<VRTDataset rasterXSize="9" rasterYSize="9"><VRTRasterBand dataType="Float32" band="1"><SimpleSource>'
    "<SourceFilename>/vsicurl/URL/dem.tif</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
)
SPOILT: dict[str, Spoil] = {
    "ground of a web service": text("ground.tif", WMS),
    "ground of a tile service": text("ground.tif", WMTS),
    "ground of a mosaic": text("ground.tif", MOSAIC),
    "ground of a planetary label": text("ground.tif", ISIS),
    "ground cut off": cut("ground.tif"),
    "ground with one band": fewer_bands,
    "ground that is a link": link("ground.tif"),
    "layers of a virtual source": text("plan.gpkg", OGRVRT.format("units", "AWAY")),
    "layers of a web service": text("plan.gpkg", WFS),
    "layers of a pipeline": text("plan.gpkg", pipeline(Path("AWAY"))),
    "layers cut off": cut("plan.gpkg"),
    "layers that are a link": link("plan.gpkg"),
    "no units": sql("DELETE FROM gpkg_contents WHERE table_name = 'units'"),
    "units without a column": sql("ALTER TABLE units DROP COLUMN cost_cny"),
    "units with texts for figures": sql(
        "ALTER TABLE units RENAME COLUMN area_mu TO x", "ALTER TABLE units ADD COLUMN area_mu TEXT DEFAULT 'much'"
    ),
    "no options": sql("DELETE FROM gpkg_contents WHERE table_name = 'options'", "DROP TABLE options"),
    "units that are a view": sql("ALTER TABLE units RENAME TO u", "CREATE VIEW units AS SELECT * FROM u"),
    "figures that are no JSON": text("summary.json", "{"),
    "figures without bottom": text("summary.json", "[" * 100_000),
    "figures of another schema": summary(lambda s: s.update(schema="something/1")),
    "figures that are a list": text("summary.json", '["planner.summary/1"]'),
    "no solver": summary(lambda s: s.pop("solver")),
    "no site": summary(lambda s: s.pop("site")),
    "half a solver": summary(lambda s: s["solver"].pop("bound")),
    "a solver that is a text": summary(lambda s: s.update(solver="HiGHS")),
    "warnings that are numbers": summary(lambda s: s.update(warnings=[1, 2])),
    "inputs that are numbers": summary(lambda s: s["provenance"].update(inputs=[1])),
    "decisions without words": summary(lambda s: s["provenance"].update(decisions=[{}])),
    "site.toml that is no TOML": text("site.toml", "[["),
    "site.toml with an unknown key": text("site.toml", "[site]\nnme = 'x'\n"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_or_hostile_plan_is_refused_in_a_line(
    name: str, plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with canary() as bird:
        SPOILT[name](plan, bird.url)
        before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
        with pytest.raises(InvalidInput) as caught:
            load_plan(plan)
        assert run(["map", "plan"]) == InvalidInput.exit_code
        told = capsys.readouterr()
        money = run(["finance", "plan"])  # which reads the figures and the settings only
        assert money == InvalidInput.exit_code or (money == 0 and not name.startswith(("figures", "no site", "site.toml")))
        assert "please report" not in capsys.readouterr().err
    assert bird.calls == 0
    assert str(caught.value).count("\n") <= 1
    assert told.out == ""
    assert told.err.count("\n") <= 2
    assert "please report" not in told.err
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_a_whole_plan_still_opens(plan: Path) -> None:
    assert len(load_plan(plan).units) > 0
