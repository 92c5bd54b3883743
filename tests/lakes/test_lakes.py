"""A plan's lakes through the years, on the small world and on ground made by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import planner as pl
from planner.cli.main import run
from planner.errors import InvalidInput, OutputExists
from planner.plan import Plan
from planner.plan.lakes.bodies import edges, site_lakes
from planner.read.series import read_years
from planner.site import Grid


@pytest.fixture(scope="module")
def plan(small_world: Path) -> Plan:
    return pl.make_plan(small_world)


@pytest.fixture(scope="module")
def years(plan: Plan) -> pl.LakeYears:
    return pl.water(plan)


def test_a_lake_on_the_wet_plain_is_kept_and_every_drop_is_told(years: pl.LakeYears) -> None:
    document = years.summary()
    json.dumps(document, allow_nan=False)
    assert document["schema"] == "planner.water/1"
    assert document["residual_share"] <= 1e-9
    lake = document["reservoirs"][0]
    assert lake["kept"] and lake["years"]["series"]["kept_share"] == 1.0
    low = [lake["years"][k]["lowest_m"] for k in ("wet", "mean", "dry", "drought3")]
    assert low == sorted(low, reverse=True)
    assert lake["fill_years"]["wet"] < lake["fill_years"]["mean"] < lake["fill_years"]["dry"]


def test_the_catchment_is_the_ground_s_own(plan: Plan, years: pl.LakeYears) -> None:
    body = years.lakes.bodies[0]
    grid = plan.site.terrain
    whole = grid.values.size * grid.cell_area
    assert body.area_m2 < body.basin_m2 < whole
    assert body.area_m2 == pytest.approx(
        float(plan.reservoirs["water_mu"].iloc[0]) * 10_000 / 15, rel=0.15
    )  # shores slope half into the land


def test_in_an_arid_climate_the_lake_is_lost_without_water_and_kept_with_it(plan: Plan) -> None:
    dry = pl.water(plan, climate="shizuishan")
    body = dry.lakes.bodies[0]
    assert dry.largest_m2[body.name] < body.area_m2
    assert dry.table["kept_share"].max() < 1.0
    needed = float(dry.table.set_index("run").at["mean", "needed_m3"])
    held = pl.water(plan, climate="shizuishan", supply_m3=4.0 * needed)
    assert held.table.set_index("run").at["mean", "lowest_m"] > dry.table.set_index("run").at["mean", "lowest_m"]
    assert held.largest_m2[body.name] > body.area_m2


def test_two_bowls_behind_one_rim_keep_their_water(plan: Plan) -> None:
    """A plateau with two pits and a saddle: what spills over the saddle stays, and leaves only over the rim."""
    grid = plan.site.terrain
    values = np.full(grid.shape, 33.0)
    values[[0, -1]] = values[:, [0, -1]] = 31.0
    values[40:80, 30:58] = 24.0
    values[40:80, 62:90] = 26.0
    values[58:62, 58:62] = 28.0  # the saddle
    found = site_lakes(plan, grid.like(values), climate="huaibei", supply_m3=0.0, use_m3=0.0)
    (body,) = found.bodies
    assert len(body.parts) == 3 and body.parts[-1] == "R1"
    lakes = {lake.name: lake for lake in found.lakes}
    first, second, both = (lakes[name] for name in body.parts)
    assert (first.spills_to, second.spills_to, both.spills_to) == (second.name, first.name, None)
    assert first.joins == second.joins == "R1"
    assert both.level_m[0] == 28.0 and both.full_m == pytest.approx(30.5)
    result = pl.water(plan, surface=grid.like(values))
    assert result.residual_share <= 1e-9
    series = result.runs["series"].table
    inner = series[series["lake"].isin([first.name, second.name])]
    assert inner["spill_m3"].sum() > 0  # over the saddle
    assert result.table.set_index("run").at["series", "lowest_m"] > 28.0


@pytest.mark.parametrize("bowls", [1, 2])
def test_what_holds_the_level_counts_all_that_comes_and_goes(plan: Plan, bowls: int) -> None:
    """Where each month needs some, a m³ brought or drawn is a m³ less or more, in one bowl or two; runoff is water, too: in a
    wet year what the lake falls by is all that it needs."""
    grid = plan.site.terrain
    values = np.full(grid.shape, 33.0)
    values[[0, -1]] = values[:, [0, -1]] = 31.0
    values[40:80, 30:58], values[40:80, 62:90] = 24.0, 26.0
    values[58:62, 58:62] = 28.0 if bowls == 2 else 24.0
    given: Any = {"surface": grid.like(values), "years": ("mean", "wet")}
    wet = pl.water(plan, **given).table.set_index("run")
    dry = pl.water(plan, climate="shizuishan", **given)
    fallen = (30.5 - wet.at["wet", "lowest_m"]) * dry.lakes.bodies[0].area_m2
    assert 0.0 <= wet.at["wet", "needed_m3"] < 2.0 * fallen
    assert len(dry.lakes.bodies[0].parts) == 2 * bowls - 1
    needed = dry.table.set_index("run").at["mean", "needed_m3"]
    assert needed > 0.5 * dry.lakes.bodies[0].area_m2
    for more, less in ((0.0, 0.02 * needed), (0.3 * needed, 0.0)):
        other = pl.water(plan, climate="shizuishan", supply_m3=less, use_m3=more, **given).table.set_index("run")
        assert other.at["mean", "needed_m3"] == pytest.approx(needed + more - less, rel=2e-3)
    held = pl.water(plan, climate="shizuishan", supply_m3=4.0 * needed, **given).table.set_index("run")
    assert held.at["mean", "needed_m3"] == 0.0
    assert held.at["mean", "lowest_m"] == pytest.approx(30.5, abs=1e-3)


def test_a_reservoir_above_its_rim_is_held_by_a_dyke(plan: Plan) -> None:
    grid = plan.site.terrain
    values = np.full(grid.shape, 29.5)
    values[40:80, 40:80] = 25.0
    result = pl.water(plan, surface=grid.like(values))
    body = result.lakes.bodies[0]
    assert body.rim_m == pytest.approx(29.5)
    assert any(note.code == "lakes.held_by_dyke" for note in result.notes)
    flood = result.floods[body.name]
    assert flood.level_m > body.level_m
    assert result.summary()["reservoirs"][0]["flood"]["dyke_m"] > 1.0


def test_edges_are_where_the_ground_ends() -> None:
    values = np.ones((5, 6))
    values[2, 3] = np.nan
    found = edges(Grid(values, 0.0, 5.0, 1.0, 1.0))
    assert found[0].all() and found[:, 0].all() and found[1, 3] and not found[1, 1] and not found[2, 3]


def test_a_series_of_one_s_own_is_read_and_run(plan: Plan, tmp_path: Path) -> None:
    rows = [f"{year},{month},{40 + month},{60}" for year in (2001, 2002) for month in range(1, 13)]
    path = tmp_path / "站.csv"
    path.write_bytes("\n".join(["年,月,降水量,蒸发量", *rows]).encode("gb18030"))
    ((first, rain, loss), _) = read_years(path)
    assert first == 2001 and rain[11] == 52.0 and loss == (60.0,) * 12
    found = pl.water(plan, ("dry",), series=path)
    assert len(found.runs["series"].table) == 24 * len(found.lakes.lakes)
    assert not any(note.code == "lakes.even_years" for note in found.notes)
    assert set(found.runs) == {"dry", "series"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("year,month,rain_mm\n", "evaporation_mm"),
        ("year,month,rain_mm,evaporation_mm\n2001,1,5,x\n", "row 2"),
        ("year,month,rain_mm,evaporation_mm\n2001,13,5,5\n", "row 2"),
        ("year,month,rain_mm,evaporation_mm\n2001,1,5,5\n2001,1,5,5\n", "row 3"),
        ("year,month,rain_mm,evaporation_mm\n2001,1,5,5\n", "2001-02"),
    ],
)
def test_a_series_that_is_none_is_refused(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=says):
        read_years(tmp_path / "s.csv")
    with pytest.raises(InvalidInput, match="no such file"):
        read_years(tmp_path / "none.csv")


def test_unknown_years_climates_and_plans_without_lakes_are_refused(plan: Plan) -> None:
    with pytest.raises(InvalidInput, match="drought3"):
        pl.water(plan, ("drought2",))
    with pytest.raises(InvalidInput, match="huaibei"):
        pl.water(plan, climate="huabei")
    with pytest.raises(InvalidInput, match="no reservoir"):
        pl.water(replace(plan, reservoirs=plan.reservoirs.iloc[:0]))


def test_the_folder_and_the_verb(plan: Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan.save(tmp_path / "plan")
    out = tmp_path / "water"
    assert run(["water", str(tmp_path / "plan"), "--years", "mean,dry", "-o", str(out), "--json", "--lang", "zh"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["reservoirs"][0]["years"]) == {"mean", "dry", "series"}
    assert "枯水年" in (out / "water.html").read_text(encoding="utf-8")
    months = pd.read_csv(out / "months.csv")
    gain = months[["rain_m3", "runoff_m3", "inflow_m3", "upstream_m3"]].sum(axis=1)
    loss = months[["evaporation_m3", "seepage_m3", "use_m3", "spill_m3"]].sum(axis=1)
    mean = months["run"] == "mean"
    change = months.loc[mean, "storage_m3"].diff().iloc[1:]
    assert (gain - loss)[mean].iloc[1:].to_numpy() == pytest.approx(change.to_numpy(), abs=1e-3)
    assert run(["water", str(tmp_path / "plan"), "-o", str(out)]) == 1
    assert run(["water", str(tmp_path / "plan"), "--years", "wettest"]) == 3
    with pytest.raises(OutputExists):
        pl.water(plan, ("mean",)).save(out)


def test_report_workbook_and_map_say_what_the_summary_says(plan: Plan, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    from planner.maps.adapt import view_of
    from planner.maps.flood import _years
    from planner.report.write import compose

    told = plan.summary()["water"]["years"]["reservoirs"][0]
    lowest = told["years"]["drought3"]["lowest_m"]
    for lang, sheet in (("en", "Lakes, years"), ("zh", "湖泊多年水情")):
        folder = pl.facade.Plan.of(plan).save(tmp_path / lang, lang=lang)
        rows = list(load_workbook(folder / "tables.xlsx")[sheet].iter_rows(values_only=True))
        assert len(rows) == 1 + 5 * len(plan.reservoirs)
        assert any(row[0] == told["id"] and row[2] == pytest.approx(lowest) for row in rows)
        document = compose(plan, lang=lang)
        cells = [cell for s in document.sections for b in s.blocks for row in getattr(b, "rows", ()) for cell in row]
        assert f"{lowest:.2f}" in cells
    shown = _years(view_of(plan), told["id"])
    assert shown is not None
    assert shown["lowest"][2] == [["Three dry years", "连续三枯"], round(lowest, 2)]
    assert shown["crest"] == round(told["flood"]["crest_m"], 2)
    assert shown["climate"] == ["Huaibei plain, assumed: the site names none", "淮北平原（假定：场地未指定）"]


def test_a_climate_that_the_site_names_is_not_called_assumed(small_world: Path) -> None:
    from planner.maps.adapt import view_of
    from planner.maps.flood import _years

    plan = pl.make_plan(small_world, **{"water.climate": "huaibei"})
    name = plan.summary()["water"]["years"]["reservoirs"][0]["id"]
    shown = _years(view_of(plan), name)
    assert shown is not None and shown["climate"] == ["Huaibei plain", "淮北平原"]
