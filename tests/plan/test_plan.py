"""The whole way of the data on a small world."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planner as pl
from planner.economics import haul_worth
from planner.errors import Infeasible, InvalidInput, OutputExists
from planner.landuse import CHOICES, LAND, UNRESTORED
from planner.plan import Plan
from planner.plan.compare import compare_plans
from planner.plan.explain import reasons
from planner.plan.figures import published_name
from planner.plan.limits import limit_name, method_name
from planner.words import pair, say


@pytest.fixture(scope="module")
def plan(small_world: Path) -> Plan:
    return pl.make_plan(small_world)


def test_every_unit_has_exactly_one_target_and_no_area_is_lost(plan: Plan) -> None:
    assert plan.units.index.is_unique
    assert set(plan.units["target"]) <= {*CHOICES, UNRESTORED}
    parcels = pl.area_mu(plan.site.parcels.geometry, plan.site.crs).sum()
    assert plan.units["area_mu"].sum() == pytest.approx(parcels, rel=1e-9)


def test_quotas_are_kept_to_the_last_mu(plan: Plan) -> None:
    sums = plan.units.groupby("target")["area_mu"].sum()
    assert sums["construction"] >= 300.0
    assert sums["arable"] >= 100.0
    assert sums["reservoir"] >= 200.0


def test_the_proof_holds(plan: Plan) -> None:
    proof = plan.certificate
    assert proof.status == "optimal"
    hauled = plan.economics.haul_cny * haul_worth(plan.site.scenario)
    assert plan.economics.haul_cny == pytest.approx(plan.haul["cost_cny"].sum())
    assert proof.objective == pytest.approx(plan.units["npv_cny"].sum() - hauled, rel=1e-9)
    assert proof.objective == pytest.approx(plan.economics.npv_cny, rel=1e-9)
    assert proof.objective <= proof.bound * (1 + 1e-12)
    assert proof.gap <= plan.site.scenario.solver.gap


def test_earth_is_not_made_of_nothing(plan: Plan) -> None:
    compaction = plan.site.scenario.number("earthwork.compaction")
    assert plan.units["fill_m3"].sum() <= compaction * plan.units["cut_m3"].sum() + 1e-6


def test_a_lake_reaches_down(plan: Plan) -> None:
    lake = plan.units[plan.units["target"] == "reservoir"]
    deeper = lake["deeper"].dropna()
    deeper = deeper[deeper.astype(str).str.len() > 0]
    assert len(deeper)
    assert set(deeper) <= set(lake.index)


def test_reservoirs_hold_what_their_units_hold(plan: Plan) -> None:
    assert plan.reservoirs["storage_m3"].sum() == pytest.approx(plan.units["storage_m3"].sum(), rel=1e-9)
    assert plan.reservoirs["area_mu"].sum() == pytest.approx(plan.units["water_mu"].sum(), rel=1e-9)
    for name, table in plan.storage_tables.items():
        row = plan.reservoirs.loc[name]
        assert np.interp(row["level_m"], table["level_m"], table["storage_m3"]) == pytest.approx(row["storage_m3"], rel=1e-6)
        assert row["level_m"] in table["level_m"].to_numpy()
        assert table["level_m"].iloc[-1] > row["level_m"] + 0.01  # the map's slider goes on above the level


def test_the_water_balance_closes_in_a_wet_and_a_dry_climate(plan: Plan) -> None:
    wet, dry = plan.water_balance("huaibei"), plan.water_balance("shizuishan")
    for balance in (wet, dry):
        assert balance.residual_share <= 1e-9
        assert set(balance.table["lake"]) == set(plan.reservoirs.index)
    assert dry.table["storage_m3"].max() < wet.table["storage_m3"].max()
    with pytest.raises(InvalidInput, match="huaibei"):
        plan.water_balance("huabei")


def test_what_the_lakes_settle_at_stands_beside_what_they_are_built_to_hold(plan: Plan) -> None:
    told = plan.summary()["water"]
    settled = told["settled"]
    assert plan.lake_years is not None
    months = plan.lake_years.monthly("R1")
    mean = months[months["run"] == "mean"].tail(12)
    assert settled["levels_m"]["R1"] == pytest.approx(mean["level_m"].mean())
    assert settled["lowest_m3"] <= settled["mean_m3"] <= settled["full_m3"] * (1 + 1e-9)
    assert set(settled["levels_m"]) == set(plan.reservoirs.index)


def test_the_summary_tells_what_pl_water_tells(plan: Plan) -> None:
    told = plan.summary()["water"]["years"]
    asked = pl.water(plan).summary()
    assert {k: v for k, v in asked.items() if k not in ("schema", "site")} == told
    assert told["residual_share"] <= 1e-9


def test_a_plan_whose_lakes_cannot_be_followed_says_why_and_is_written_all_the_same(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise InvalidInput(say("balance.no_known_cell"))

    monkeypatch.setattr("planner.plan.lakes.years.site_lakes", refuse)
    broken = replace(plan)
    told = broken.summary()
    assert "years" not in told["water"] and "settled" not in told["water"]
    assert "could not be followed" in told["warnings"][-1]
    assert "无法逐年推算" in told["warnings_zh"][-1]


def test_every_unit_explains_itself_in_two_languages(plan: Plan) -> None:
    assert plan.units["reason"].str.len().gt(10).all()
    assert plan.units["reason_zh"].str.len().gt(4).all()
    for target, group in plan.units.groupby("target"):
        told = plan.explain(group.index[0])
        assert set(told.others) == set(CHOICES) - {target}
        assert all(told.others.values())
        assert told.text("en") != told.text("zh")
        json.dumps(told.to_dict(), allow_nan=False)


def test_a_lock_is_told_as_what_decides_and_what_it_costs(small_world: Path, plan: Plan) -> None:
    """The unit that would lose most by its next best target is locked to that: what it is now would bring about as much."""
    units = plan.units[plan.units["next_target"].isin(CHOICES) & (plan.units["target"] != "reservoir")]
    unit = units["next_loss_cny"].idxmax()
    was, now, loss = units.loc[unit, ["target", "next_target", "next_loss_cny"]]
    locked = pl.make_plan(small_world, lock=[{"unit": unit, "target": now}])
    ways = locked.options.loc[unit]
    worth = -ways["loss_cny"][ways["target"] == was].min()
    assert worth == pytest.approx(loss, rel=0.2)
    assert f"would bring {worth:+,.0f} yuan at the plan's prices" in locked.units["reason"][unit]
    assert locked.units["reason"][unit].startswith("Locked by the brief: ")
    assert "the brief locks this land; " in str(locked.explain(unit).others[was][0])
    assert f"would bring {worth:+,.0f} yuan" in str(locked.explain(unit).others[was][0])


def test_an_option_worth_more_at_the_prices_is_not_as_good_as_the_chosen_one(plan: Plan) -> None:
    unit = plan.units["next_loss_cny"].idxmax()
    changed = plan.units.assign(next_target="green", target="arable")
    for loss, told in ((900.0, "would be 900 yuan behind"), (0.4, "As good as"), (-900.0, "would be worth 900 yuan more")):
        changed.loc[unit, "next_loss_cny"] = loss
        assert told in reasons(replace(plan, units=changed))["reason"][unit]


def test_unknown_unit_is_named_with_its_nearest(plan: Plan) -> None:
    wrong = plan.units.index[0] + "x"
    with pytest.raises(InvalidInput, match=plan.units.index[0]):
        plan.explain(wrong)


def test_summary_keeps_the_contract(plan: Plan) -> None:
    s = plan.summary()
    assert s["schema"] == "planner.summary/1"
    assert set(s["targets"]) == {*CHOICES, UNRESTORED}
    assert s["restored_mu"] == pytest.approx(sum(s["targets"][t]["area_mu"] for t in LAND))
    assert s["site"]["area_mu"] == pytest.approx(sum(v["area_mu"] for v in s["targets"].values()))
    assert set(s["solver"]) >= {"status", "objective", "bound", "gap", "seconds", "binding"}
    assert set(s["earthwork"]) >= {"cut_m3", "fill_m3", "import_m3", "export_m3"}
    assert {i["role"] for i in s["provenance"]["inputs"]} >= {"polygons", "terrain"}
    assert all(len(i["sha256"]) == 64 for i in s["provenance"]["inputs"])
    json.dumps(s, allow_nan=False)


def test_a_dearer_quota_costs_what_its_price_says(plan: Plan) -> None:
    more = pl.make_plan(plan.site, **{"targets.arable.min_mu": 110.0})
    assert more.units.groupby("target")["area_mu"].sum()["arable"] >= 110.0
    assert more.certificate.objective <= plan.certificate.bound * (1 + 1e-12)


def test_same_in_same_out(plan: Plan, small_world: Path) -> None:
    again = pl.make_plan(small_world)
    pd.testing.assert_frame_equal(plan.to_frame(), again.to_frame())
    first, second = plan.summary(), again.summary()
    first["solver"].pop("seconds")
    second["solver"].pop("seconds")
    assert first == second


def test_order_of_parcels_does_not_matter(plan: Plan) -> None:
    turned = replace(plan.site, parcels=plan.site.parcels.iloc[::-1])
    again = pl.make_plan(turned)
    pd.testing.assert_frame_equal(plan.to_frame(), again.to_frame())


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        ({"targets.arable.min_mu": 1e6}, "arable"),
        ({"reservoir.min_storage_m3": 1e9}, "storage"),
        ({"budget.max_cny": 1000.0}, "udget"),
        ({"reservoir.water_m3_a": 0.0, "targets.reservoir.min_mu": 100.0}, "water_loss_m3_a"),
    ],
)
def test_impossible_limits_are_named_with_what_has_to_give(plan: Plan, sets: dict[str, float], words: str) -> None:
    with pytest.raises((Infeasible, InvalidInput)) as caught:
        pl.make_plan(plan.site, **sets)
    told = str(caught.value) + " ".join(map(str, getattr(caught.value, "relaxations", ())))
    assert words in told
    assert "\n" not in told.strip() or told.count("\n") <= 2


def test_lakes_lose_no_more_than_the_water_there_is(plan: Plan) -> None:
    free = {
        f"targets.{t}.{end}": None for t in ("construction", "arable", "green", "reservoir") for end in ("min_mu", "max_mu")
    }
    free |= {"reservoir.min_storage_m3": None, "budget.max_cny": None}
    wide = pl.make_plan(plan.site, **free, **{"reservoir.water_m3_a": 1e9})

    def lost(found: Plan) -> float:  # from the saved shapes, not from the options
        wet = (found.units["target"] == "reservoir") | (found.units["treatment"] == "wetland")
        return float(pl.area_mu(found.units.geometry[wet], crs=found.site.crs).sum() * 10_000 / 15 * 0.128)

    assert lost(wide) > 0
    tight = pl.make_plan(plan.site, **free, **{"reservoir.water_m3_a": 0.6 * lost(wide)})
    assert lost(tight) <= 0.6 * lost(wide) * (1 + 1e-9)
    assert lost(tight) > 0.4 * lost(wide)  # it is used, not given up
    row = next(b for b in tight.certificate.binding if b["name"] == "water_loss_m3_a")
    assert row["unit"] == "m³/a" and row["high"] == pytest.approx(0.6 * lost(wide))
    assert tight.certificate.objective <= wide.certificate.objective + 1.0


def test_locks_hold(plan: Plan) -> None:
    high = plan.units[(plan.units["target"] != "green") & plan.judgement.eligible["green"]].index[0]
    locked = pl.make_plan(plan.site, lock=[{"unit": high, "target": "green"}])
    assert locked.units.loc[high, "target"] == "green"
    with pytest.raises(InvalidInput, match="did you mean"):
        pl.make_plan(plan.site, lock=[{"unit": high + "z", "target": "green"}])


def test_a_saved_plan_comes_back(plan: Plan, tmp_path: Path) -> None:
    folder = plan.save(tmp_path / "out")
    assert {p.name for p in folder.iterdir()} >= {"plan.gpkg", "map.html", "tables.xlsx", "summary.json", "site.toml"}
    back = pl.load_plan(folder)
    assert back.units["target"].equals(plan.units["target"])
    assert back.summary()["targets"] == plan.summary()["targets"]
    unit = plan.units.index[3]
    assert back.explain(unit).text("en") == plan.explain(unit).text("en")
    with pytest.raises(OutputExists):
        plan.save(folder)


def test_plans_compare_by_unit_and_by_place(plan: Plan) -> None:
    other = pl.make_plan(plan.site, **{"targets.arable.min_mu": 200.0})
    finer = pl.make_plan(plan.site, **{"partition.max_unit_mu": 5.0})
    for rival in (other, finer):
        result = compare_plans([plan, rival], names=["a", "b"])
        flows = pd.DataFrame(result["moves"][0]["flows"])
        assert flows["area_mu"].sum() == pytest.approx(plan.units["area_mu"].sum(), rel=1e-6)
        before = flows.groupby("from")["area_mu"].sum()
        assert before["reservoir"] == pytest.approx(plan.units.groupby("target")["area_mu"].sum()["reservoir"], rel=1e-6)


def test_rules_alone_follow_the_published_decisions(plan: Plan) -> None:
    judged = plan.judgement.decision
    assert (plan.rules["target"].reindex(judged.index) == judged)[
        plan.rules["target"].reindex(judged.index) != UNRESTORED
    ].all()


def test_export_keeps_its_limit_and_the_rest_stays_on_the_site(small_world: Path) -> None:
    free = pl.make_plan(small_world, **{"reservoir.min_storage_m3": 700_000.0}).summary()["earthwork"]
    assert free["spread_m3"] == 0.0
    shut = pl.make_plan(small_world, **{"earthwork.max_export_m3": 0.0}).summary()["earthwork"]
    assert shut["export_m3"] == 0.0
    left = 0.95 * shut["cut_m3"] - shut["fill_m3"]
    assert shut["spread_m3"] == pytest.approx(max(left, 0.0), abs=1e-6)


def test_published_figures_stand_beside_the_plans_own(small_world: Path, tmp_path: Path) -> None:
    import openpyxl

    reference = [{"key": "water.storage_m3", "value": v, "unit": "m3", "source": "a page"} for v in (1e6, 2e6)]
    made = pl.make_plan(small_world, reference=reference)
    out = made.save(tmp_path / "out", lang="zh")
    rows = list(openpyxl.load_workbook(out / "tables.xlsx")["公布数据对照"].iter_rows(min_row=2, values_only=True))
    summary = made.summary()
    assert [row[1] for row in rows] == [1e6, 2e6]
    for row in rows:
        assert row[0] == "蓄水量"
        assert row[2] == pytest.approx(summary["water"]["storage_m3"])
        assert row[3] == pytest.approx(summary["rules_alone"]["storage_m3"])
        assert row[4:] == ("立方米", "a page")


@pytest.mark.parametrize(
    ("told", "en", "zh"),
    [
        ({"key": "water_mu"}, "Water surface", "水面面积"),
        ({"key": "phase.3.area_mu"}, "Phase 3: area", "第3期面积"),
        ({"key": "district.treated_mu"}, "district.treated_mu", "district.treated_mu"),
        ({"key": "district.treated_mu", "name": "全区", "name_en": "Whole district"}, "Whole district", "全区"),
        ({"key": "water_mu", "name": "水面"}, "水面", "水面"),
        ({"key": "water_mu", "name": "", "name_en": "Lakes"}, "Lakes", "Lakes"),
    ],
)
def test_a_published_figure_has_a_name(told: dict[str, str], en: str, zh: str) -> None:
    assert (published_name(told, "en"), published_name(told, "zh")) == (en, zh)


def test_the_rules_alone_lose_no_area(small_world: Path) -> None:
    free = {f"targets.{t}.min_mu": 0.0 for t in ("construction", "arable", "reservoir")}
    high = {f"targets.{t}.freeboard_m": 50.0 for t in LAND}  # no fill reaches it: much land has no option
    made = pl.make_plan(small_world, **free, **high)
    alone = made.summary()["rules_alone"]["targets"]
    assert alone["unrestored"]["units"] > 0
    assert sum(t["area_mu"] for t in alone.values()) == pytest.approx(made.units["area_mu"].sum(), rel=1e-12)


@pytest.mark.parametrize("method", ["newton prices + core", "primal-dual + polish", "newton prices + core, then milp", "milp"])
def test_every_method_has_a_chinese_name(method: str) -> None:
    assert not set(method_name(method, "zh")) & set("abcdefghijklmnopqrstuvwxyz")


@pytest.mark.parametrize(
    ("row", "en", "zh"),
    [
        ({"kind": "quota", "target": "arable", "low": 100.0, "high": None}, "arable land ≥ 100 mu", "耕地 ≥ 100亩"),
        ({"kind": "import", "low": None, "high": 0.0, "unit": "m³"}, "imported fill ≤ 0 m³", "外购土 ≤ 0立方米"),
        (
            {"kind": "storage", "low": 1e6, "high": 2e6, "unit": "m³"},
            "storage 1,000,000 to 2,000,000 m³",
            "蓄水量 1,000,000至2,000,000立方米",
        ),
        (
            {"kind": "limit", "target": "green", "name": "score", "low": 1.0, "unit": "x"},
            "suitability of green space ≥ 1 x",
            "绿地适宜性得分 ≥ 1x",
        ),
        ({"rule": "of the first edition"}, "of the first edition", "of the first edition"),
    ],
)
def test_a_limit_is_named_by_what_it_counts(row: dict[str, object], en: str, zh: str) -> None:
    assert pair(limit_name({"unit": "mu", **row})) == (en, zh)


def test_a_comparison_tells_what_the_verdict_tells(small_world: Path) -> None:
    from planner.plan.figures import FIGURES

    plan = pl.make_plan(small_world)
    s = plan.summary()
    compared = {figure.key: figure for figure in FIGURES if figure.compared}
    assert compared["economics.npv_cny"].of(s) == plan.economics.npv_cny
    assert "lump sums" in compared["solver.objective"].name("en")


def test_the_mean_haul_is_that_of_the_earth_that_is_carried(plan: Plan) -> None:
    """Earth that serves its own unit travels nowhere: it made the mean shorter than that of the hauls themselves."""
    hauls = plan.haul
    assert (hauls["from_unit"] == hauls["to_unit"]).any()
    carried = hauls[(hauls["from_unit"] != hauls["to_unit"]) & (hauls["to_unit"] != "export")]
    mean = float((carried["m3"] * carried["distance_m"]).sum() / carried["m3"].sum())
    assert plan.summary()["earthwork"]["mean_haul_m"] == pytest.approx(mean, rel=1e-9)
