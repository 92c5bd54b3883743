"""Surveys of a small world whose works are known."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine

import planner as pl
from planner.asbuilt import AsBuilt, asbuilt
from planner.asbuilt.accept import Verdict, verdicts
from planner.asbuilt.built import by_landuse, target_of
from planner.asbuilt.compare import year_of
from planner.asbuilt.page import _named, in_both
from planner.asbuilt.replan import not_kept, replan, standing
from planner.design import owners
from planner.errors import InvalidInput, OutputExists
from planner.landuse import CHOICES, TREATMENTS
from planner.plan import Plan
from planner.site import Grid


@pytest.fixture(scope="module")
def plan(small_world: Path) -> Plan:
    return pl.make_plan(small_world)


@pytest.fixture(scope="module")
def design(plan: Plan) -> Grid:
    return asbuilt(plan, plan.site.terrain).planned


def noisy(grid: Grid, sd: float, seed: int) -> Grid:
    return grid.like(grid.values + np.random.default_rng(seed).normal(0, sd, grid.shape))


def test_the_design_fed_back_is_done_in_full_and_nothing_lies_beyond_detection(plan: Plan, design: Grid) -> None:
    found = asbuilt(plan, design)
    assert found.achieved_share == 1.0
    assert found.beyond_m3 == 0.0
    assert (found.units["done_share"] == 1.0).all()
    assert (found.units["verdict"] == "passed").all()
    np.testing.assert_array_equal(found.storage["planned_m3"], found.storage["built_m3"])
    planned = np.asarray(found.matrix)
    assert planned.sum() == pytest.approx(plan.units["area_mu"].sum())
    assert np.trace(planned[:, : planned.shape[0]]) == pytest.approx(planned.sum(), rel=1) and found.summary()["shift_m"] == [
        0,
        0,
        0,
    ]


def test_ground_that_nobody_touched_is_not_done(plan: Plan) -> None:
    found = asbuilt(plan, plan.site.terrain)
    worked = found.units["judged_m3"] > 0.0
    assert found.judged_share > 0.95
    assert found.achieved_share == 0.0
    assert (found.units.loc[worked, "done_share"] == 0.0).all()
    assert found.units["cut_m3"].sum() == found.units["fill_m3"].sum() == 0.0


def test_a_height_error_on_one_unit_is_found_with_its_volume(plan: Plan, design: Grid) -> None:
    owner = owners(plan.units, design)
    row = int(np.bincount(owner[owner >= 0].ravel()).argmax())
    mine = owner == row
    found = asbuilt(plan, design.like(design.values + np.where(mine, 0.20, 0.0)))
    unit = found.units.iloc[row]
    assert unit["off_m"] == pytest.approx(0.20, abs=1e-9)
    assert unit["off_m3"] == pytest.approx(0.20 * mine.sum() * design.cell_area, rel=1e-9)
    assert (found.units["off_m3"] != 0).sum() == 1
    assert found.beyond_m3 == pytest.approx(unit["off_m3"])
    assert unit["verdict"] == "failed"
    checks = found.acceptance[(found.acceptance["unit_id"] == unit.name) & (found.acceptance["check"] == "level")]
    assert checks["verdict"].item() is Verdict.FAILED


def test_noise_of_both_surveys_sets_the_level_of_detection_and_raises_few_false_alarms(plan: Plan, design: Grid) -> None:
    noise = noisy(design, np.hypot(0.10, 0.10), 7)
    found = asbuilt(plan, noise)
    assert found.survey.lod95_m == pytest.approx(0.277, abs=0.004)
    off = noise.values - design.values
    assert (np.abs(off) > found.survey.lod95_m).mean() < 0.055
    assert (found.units["off_m3"] != 0).mean() < 0.08
    assert (found.acceptance["verdict"] == Verdict.FAILED).mean() < 0.03
    assert found.achieved_share == pytest.approx(1.0, abs=0.02)


def test_a_survey_that_lies_off_is_moved_back(plan: Plan, design: Grid) -> None:
    found = asbuilt(plan, noisy(design.like(design.values + 0.3), 0.14, 8))
    assert found.survey.shift.up == pytest.approx(0.3, abs=0.01)
    assert found.achieved_share == pytest.approx(1.0, abs=0.02)
    assert any(note.code == "asbuilt.level_ground" for note in found.notes)  # a plain tells no shift sideways


def test_works_that_are_sixty_percent_done_are_told_so_by_target(plan: Plan, design: Grid) -> None:
    before = plan.site.terrain.values
    found = asbuilt(plan, design.like(before + 0.6 * (design.values - before)))
    assert found.achieved_share == pytest.approx(0.6, abs=1e-9)
    for table in found.groups.values():
        some = table["planned_cut_m3"] + table["planned_fill_m3"] > 1000
        assert table.loc[some, "done_share"].to_numpy() == pytest.approx(0.6, abs=0.02)
    assert not found.units.loc[found.units["judged_m3"] > 0, "stands"].any()


def test_where_the_survey_shows_the_water_the_bed_is_not_judged(plan: Plan, design: Grid) -> None:
    level = float(plan.reservoirs["level_m"].iloc[0])
    found = asbuilt(plan, design.like(np.maximum(design.values, level)))
    assert any(note.code == "asbuilt.shows_water" for note in found.notes)
    lake = found.units[found.units["target"] == "reservoir"]
    assert lake["seen_share"].mean() < 0.3
    assert (found.storage["seen_share"] < 0.3).all()
    assert found.judged_share < 0.7  # most of the lake's earth cannot be judged
    assert found.achieved_share == 1.0


def test_land_use_says_what_stands_there(plan: Plan, design: Grid) -> None:
    units = plan.units
    names = {"construction": "城镇住宅用地", "arable": "0103", "green": "公园与绿地", "reservoir": "坑塘水面"}
    layer = gpd.GeoDataFrame(
        {"landuse": units["target"].map(names).to_numpy()}, geometry=units.geometry.to_numpy(), crs=units.crs
    )
    layer.loc[0, "landuse"] = "某类"
    found = asbuilt(plan, design, layer)
    wrong = found.matrix["unknown"].sum()
    assert wrong == pytest.approx(units["area_mu"].iloc[0], rel=1e-6)
    for target in found.matrix.index:
        missed = wrong if target == units["target"].iloc[0] else 0.0
        assert found.matrix.at[target, target] == pytest.approx(units.loc[units["target"] == target, "area_mu"].sum() - missed)
    assert any(note.code == "asbuilt.strange_landuse" for note in found.notes)


def test_overlapping_land_use_counts_once(plan: Plan) -> None:
    whole = plan.units.union_all()
    layer = gpd.GeoDataFrame({"landuse": ["耕地", "耕地"]}, geometry=[whole, whole], crs=plan.units.crs)
    matrix, _ = by_landuse(plan.units, layer)
    assert matrix.to_numpy().sum() == pytest.approx(plan.units["area_mu"].sum())
    assert matrix["arable"].sum() == pytest.approx(plan.units["area_mu"].sum())


@pytest.mark.parametrize(
    ("names", "target"),
    [
        ("0101 水田 水浇地 farmland", "arable"),
        ("1104 Reservoir 坑塘", "reservoir"),
        ("0301 绿地 公园", "green"),
        ("0701 公路用地 采矿用地", "construction"),
        ("1206 裸土地", "unrestored"),
        ("? 99", "unknown"),
    ],
)
def test_classes_of_the_survey_standard_are_known(names: str, target: str) -> None:
    assert {target_of(name) for name in names.split()} == {target}
    assert target_of("") == "unknown"


def test_verdicts_know_what_the_error_leaves_open() -> None:
    found = verdicts(np.array([0.05, 0.15, 0.30, np.nan]), -0.1, 0.1, 0.1)
    assert list(found) == [Verdict.PASSED, Verdict.UNSURE, Verdict.FAILED, None]


def test_groups_are_called_by_their_names_in_both_languages() -> None:
    assert _named("dig_4") == in_both(TREATMENTS["dig_4"].en, TREATMENTS["dig_4"].zh)
    assert "水库" in _named("reservoir") and _named("P<7") == "P&lt;7" and _named("") == "–"


def test_a_date_is_a_year_with_its_fraction() -> None:
    assert year_of(2027) == 2027.0
    assert year_of("2027-07") == pytest.approx(2027 + 181 / 365)
    assert year_of("2028-12-31") == pytest.approx(2028 + 365 / 366)
    assert np.isnan(year_of(None))
    for wrong in ("27", "soon", "2027-13", "2027-02-30", ""):
        with pytest.raises(InvalidInput, match="2027-06"):
            year_of(wrong)


def test_settlement_since_is_predicted_and_measured(plan: Plan) -> None:
    residual = plan.site.terrain.like(400.0)
    site = pl.Site(**{**plan.site.__dict__, "residual_mm": residual})
    moving = Plan(**{**plan.__dict__, "site": site})
    sunk = 0.4 * (1 - np.exp(-2.0 * 1.0))
    design = asbuilt(plan, plan.site.terrain).planned
    found = asbuilt(moving, noisy(design.like(design.values - sunk), 0.02, 9), date=2021)
    assert len(found.settlement)
    assert found.settlement["predicted_mm"].to_numpy() == pytest.approx(1e3 * sunk, rel=1e-6)
    assert found.achieved_share == pytest.approx(1.0, abs=0.02)  # earth is counted apart from what sank with it
    with pytest.raises(InvalidInput, match="before the plan"):
        asbuilt(moving, design, date=2019)


def test_other_cells_and_places_are_refused(plan: Plan, design: Grid) -> None:
    with pytest.raises(InvalidInput, match="cells"):
        asbuilt(plan, Grid(np.zeros((3, 3)), 0.0, 0.0, 1.0, 1.0))
    with pytest.raises(InvalidInput, match="does not meet"):
        asbuilt(plan, design.like(np.nan))


FOOT = 0.3048


def written(path: Path, grid: Grid, plan: Plan, *, unit: str = "") -> Path:
    shape = {"height": grid.shape[0], "width": grid.shape[1], "count": 1, "dtype": "float64", "nodata": np.nan}
    with rasterio.open(path, "w", "GTiff", **shape, crs=plan.site.crs, transform=Affine(*grid.transform)) as file:
        file.write(grid.values, 1)
        if unit:
            file.units = (unit,)
    return path


@pytest.mark.parametrize(("factor", "unit"), [(1 / FOOT, "ft"), (3.0, "尺"), (100.0, "cm")])
def test_heights_in_another_unit_are_noticed(plan: Plan, design: Grid, tmp_path: Path, factor: float, unit: str) -> None:
    """The design itself in feet was a survey some 70 m too high: moved down, and every cut and fill 3.3 times as large."""
    other = design.like(design.values * factor)
    for survey in (other, written(tmp_path / "bare.tif", other, plan)):
        with pytest.raises(InvalidInput, match=f"terrain: the heights lie .* taken for {unit}"):
            asbuilt(plan, survey)
    with pytest.raises(InvalidInput, match="planned: the heights"):
        asbuilt(plan, design, planned=other)


def test_a_file_that_states_its_unit_is_believed_and_told(plan: Plan, design: Grid, tmp_path: Path) -> None:
    file = written(tmp_path / "feet.tif", design.like(design.values / FOOT), plan, unit="ft")
    found = asbuilt(plan, file)
    assert found.achieved_share == pytest.approx(1.0)
    assert "read.times" in [note.code for note in found.notes]
    with pytest.raises(InvalidInput, match="chain"):
        asbuilt(plan, written(tmp_path / "chains.tif", design, plan, unit="chain"))


def test_another_datum_is_no_other_unit(plan: Plan, design: Grid) -> None:
    """Heights that are 2.28 times higher by chance, yet with their relief in metres, are moved; how far is told."""
    up = (1 / FOOT - 1) * float(np.nanmedian(plan.site.terrain.values))
    found = asbuilt(plan, design.like(design.values + up))
    assert found.achieved_share == pytest.approx(1.0)
    assert found.survey.shift.up == pytest.approx(up)
    assert [note.code for note in found.notes if note.code == "asbuilt.far_off"]
    assert "asbuilt.far_off" not in [note.code for note in asbuilt(plan, noisy(design, 0.1, 3)).notes]


def test_the_folder_holds_everything_and_the_document_keeps_the_contract(plan: Plan, design: Grid, tmp_path: Path) -> None:
    found = asbuilt(plan, noisy(design, 0.1, 11))
    folder = found.save(tmp_path / "out", lang="zh")
    document = json.loads((folder / "asbuilt.json").read_text(encoding="utf-8"))
    assert document["schema"] == "planner.asbuilt/1"
    assert {"achieved_share", "lod95_m", "targets", "units", "shift_m"} <= set(document)
    assert {"planned", "built", "area_mu"} == set(document["targets"][0])
    assert {"unit_id", "cut_m3", "fill_m3", "done_share"} <= set(document["units"][0])
    assert len(document["shift_m"]) == 3
    assert len(pd.read_csv(folder / "units.csv")) == len(plan.units)
    assert len(gpd.read_file(folder / "asbuilt.gpkg", layer="units")) == len(plan.units)
    assert "竣工" in (folder / "asbuilt.html").read_text(encoding="utf-8")
    with pytest.raises(OutputExists):
        found.save(folder)
    found.save(folder, overwrite=True)


def test_a_unit_that_nothing_is_done_to_is_told_and_written(plan: Plan, design: Grid, tmp_path: Path) -> None:
    units = plan.units.copy()
    units.loc[units.index[0], ["target", "treatment"]] = ["unrestored", "none"]
    found = asbuilt(dataclasses.replace(plan, units=units), design)
    assert found.units["verdict"].iloc[0] == "unseen"
    document = json.loads((found.save(tmp_path / "out") / "asbuilt.json").read_text(encoding="utf-8"))
    assert document["units"][0]["verdict"] == "unseen"


def test_what_stands_is_kept_and_the_rest_is_planned_again(plan: Plan, design: Grid) -> None:
    north = np.zeros(design.shape, dtype=bool)
    north[:60] = True  # the northern half is built
    found = asbuilt(plan, design.like(np.where(north, design.values, plan.site.terrain.values)), date=2023)
    again = replan(found, **{"targets.construction.min_mu": 200.0})
    stands = found.units[standing(found)]
    for target, group in stands.groupby("target"):
        kept = group.union_all().buffer(-0.5)
        inside = again.units[again.units.representative_point().within(kept)]
        assert set(inside["target"]) <= {target, "unrestored"}
        assert inside.loc[inside["target"] == target, "area_mu"].sum() > 0.97 * inside["area_mu"].sum()
    assert again.units["area_mu"].sum() == pytest.approx(plan.units["area_mu"].sum(), rel=1e-9)
    earth = again.units[["cut_m3", "fill_m3"]].to_numpy().sum()
    assert earth < plan.units[["cut_m3", "fill_m3"]].to_numpy().sum()
    assert again.site.scenario.site.year == 2023
    # what does not keep its use is listed, with what speaks against it
    other = not_kept(found, again)
    assert other["area_mu"].sum() < 0.03 * stands["area_mu"].sum()
    assert (other["stood"] != other["target"]).all() and other["why"].map(len).gt(0).all()


def test_a_site_built_as_planned_keeps_every_quota(plan: Plan, design: Grid) -> None:
    """Fields that ended on the slope to a bed are refused where they are proposed; the plan's quotas must hold all the same."""
    steep = plan.units["target"] == "arable"
    least = float(plan.units.loc[steep, "area_mu"].sum())
    found = asbuilt(plan, design)
    assert standing(found).sum() == plan.units["target"].isin(CHOICES).sum()
    again = replan(found, **{"targets.arable.max_slope_deg": 0.0, "targets.arable.min_mu": least - 1e-6})
    assert again.units.loc[again.units["target"] == "arable", "area_mu"].sum() == pytest.approx(least, rel=1e-6)
    assert not len(not_kept(found, again))


def test_the_page_offers_before_plan_and_built_to_swipe(plan: Plan, design: Grid) -> None:
    found: AsBuilt = asbuilt(plan, design)
    page = found.map(lang="en").page()
    text = page.decode() if isinstance(page, bytes) else page
    for label in ("Before", "Plan", "Built", "Acceptance"):
        assert f'"{label}"' in text
    assert '"other": "plan_view"' in text or '"other":"plan_view"' in text


def test_a_layer_of_land_use_without_a_crs_or_elsewhere_is_refused_and_a_crossed_one_mended(plan: Plan, design: Grid) -> None:
    west, south, east, north = plan.units.total_bounds
    bow = shapely.Polygon([(west, south), (east, north), (east, south), (west, north)])  # two triangles: half of the box
    layer = gpd.GeoDataFrame({"landuse": ["01"]}, geometry=[bow], crs=plan.units.crs)
    area = asbuilt(plan, design, layer).matrix.to_numpy().sum(axis=0)
    assert area.sum() == pytest.approx(plan.units["area_mu"].sum())
    assert 0.3 < asbuilt(plan, design, layer).matrix["arable"].sum() / area.sum() < 0.7
    with pytest.raises(InvalidInput, match="has no CRS"):
        asbuilt(plan, design, layer.set_crs(None, allow_override=True))
    with pytest.raises(InvalidInput, match="meets none of the plan's ground"):
        asbuilt(plan, design, layer.set_geometry(layer.translate(1e6, 0.0)))
