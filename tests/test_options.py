"""Appraisal by hand: one unit of four cells of 100 m², 10 m to 13 m high, under a water table of 12 m."""

import numpy as np
import pandas as pd
import pytest

from planner.core.terrain.hypsometry import Hypsometry
from planner.landuse import CHOICES
from planner.options import appraise, rules_alone
from planner.scenario import Scenario, parse_scenario
from planner.tables import Judgement, Measures

START = np.array([0, 4, 8])
LEVEL = np.array([10.0, 11.0, 12.0, 13.0, 14.0, 14.0, 14.0, 14.0])
AREA = np.full(8, 100.0)
MU = 400.0 * 15 / 10_000


def world(**sections: object) -> tuple[Measures, Judgement, Scenario]:
    scenario = parse_scenario(
        {"site": {"year": 2020}, "layers": {"polygons": "a.gpkg"}, "reservoir": {"level_m": 12.0}, **sections}
    )
    index = pd.Index(["low", "high"], name="unit_id")
    facts = pd.DataFrame(
        {"area_mu": MU, "water_table_m": 12.0, "water_share_wet": [0.75, 0.0], "settled_year": [2025.0, 2000.0]}, index=index
    )
    yes = pd.DataFrame(True, index=index, columns=list(CHOICES))
    score = pd.DataFrame(0.5, index=index, columns=list(CHOICES))
    decision = pd.Series(["reservoir", "construction"], index=index)
    judgement = Judgement(yes, score, pd.DataFrame(), decision)
    return Measures(facts, Hypsometry(START, LEVEL, AREA)), judgement, scenario


def test_a_lake_option_by_hand() -> None:
    options = appraise(*world())
    dig = options.loc[("low", "reservoir:dig_1")]
    assert dig["cut_m3"] == pytest.approx(100 * (1 + 1 + 1 + 2))
    assert dig["storage_m3"] == pytest.approx(100 * (3 + 2 + 1 + 1))
    assert dig["water_mu"] == pytest.approx(MU)
    assert dig["restored_mu"] == 0.0
    assert dig["cost_cny"] == pytest.approx(MU * 6000 + 500 * 8)


def test_total_storage_is_measured_at_the_flood_level() -> None:
    options = appraise(*world(reservoir={"level_m": 12.0, "flood_level_m": 12.5}))
    assert options.loc[("low", "reservoir:keep"), "storage_m3"] == pytest.approx(100 * (2.5 + 1.5 + 1.5 + 1.5))


def test_filled_land_stands_on_its_platform() -> None:
    dry = {"arable": {"ditch_m3_per_mu": 0.0}}
    fill = appraise(*world(targets=dry)).loc[("low", "arable:fill")]  # platform 12 + 1 = 13 m
    assert fill["fill_m3"] == pytest.approx(100 * (3 + 2 + 1))
    assert fill["cut_m3"] == pytest.approx(0.0)
    assert fill["restored_mu"] == pytest.approx(MU)


def test_field_ditches_and_pumps_are_earth_and_cost_of_an_option() -> None:
    """A platform 1 m above the water has ditches; a flood 0.8 m above the lake leaves it 0.2 m: pumps as well."""
    ways = [("low", "arable:fill"), ("low", "green:fill"), ("low", "reservoir:keep")]
    flood = {"level_m": 12.0, "flood_level_m": 12.8}
    none = {"arable": {"ditch_m3_per_mu": 0.0, "drain_m3_s_km2": 0.0}}
    without, drained = (appraise(*world(targets=t, reservoir=flood)).loc[ways] for t in (none, {}))
    assert (drained["cut_m3"] - without["cut_m3"]).tolist() == pytest.approx([20.0 * MU, 0.0, 0.0])
    assert drained["drain_m3"].tolist() == pytest.approx([20.0 * MU, 0.0, 0.0])
    assert (drained["cost_cny"] - without["cost_cny"]).tolist() == pytest.approx(drained["drain_cny"].tolist())
    assert drained["drain_cny"].iloc[0] > 20.0 * MU * 8.0
    assert (drained["pump_kw"] > 0).tolist() == [True, False, False]
    assert not without["drain_cny"].any()


def test_high_ground_is_levelled_not_filled() -> None:
    options = appraise(*world())
    assert ("high", "arable:level") in options.index
    assert ("high", "arable:fill") not in options.index
    assert options.loc[("high", "arable:level"), ["cut_m3", "fill_m3"]].tolist() == pytest.approx([0.0, 0.0])
    assert ("low", "green:forest") not in options.index
    assert options.loc[("high", "green:forest"), "cost_cny"] == pytest.approx(MU * 6000)


def test_levelling_balances_cut_times_compaction_with_fill() -> None:
    sections = {"reservoir": {"level_m": 5.0}, "earthwork": {"compaction": 0.9}}
    measures, judgement, scenario = world(**sections)
    facts = measures.table.assign(water_table_m=5.0)
    options = appraise(Measures(facts, measures.ground), judgement, scenario)
    level = options.loc[("low", "construction:level")]
    assert level["cut_m3"] > 0
    assert level["cut_m3"] * 0.9 == pytest.approx(level["fill_m3"], rel=1e-6)


def test_deep_fill_is_no_option() -> None:
    options = appraise(*world(targets={"construction": {"max_fill_m": 1.0}}))
    assert ("low", "construction:fill") not in options.index  # 1.5 m on average to the platform at 13 m


def test_construction_waits_for_the_ground_to_settle() -> None:
    options = appraise(*world())
    assert options.loc[("low", "construction:fill"), "ready_year"] == 2025
    assert options.loc[("low", "green:fill"), "ready_year"] == 2021


def test_restricted_building_land_costs_design_against_deformation() -> None:
    """Ready in 2025 (low, waits for settling) and 2021 (high): free from 2026 and 2021."""
    measures, judgement, scenario = world(targets={"construction": {"surcharge_cny_per_mu": 40_000.0}})
    facts = measures.table.assign(free_year=[2026.0, 2021.0])
    free, dear = appraise(measures, judgement, scenario), appraise(Measures(facts, measures.ground), judgement, scenario)
    more = dear["cost_cny"] - free["cost_cny"]
    assert more.to_dict() == pytest.approx(
        {k: MU * 40_000.0 if k[0] == "low" and k[1].startswith("construction") else 0.0 for k in more.index}
    )
    assert dear["surcharge_cny"].tolist() == pytest.approx(more.tolist())
    assert (dear["npv_cny"] <= free["npv_cny"]).all()


def test_what_is_not_eligible_is_not_priced() -> None:
    measures, judgement, scenario = world()
    judgement.eligible.loc["low", "construction"] = False
    assert "construction" not in set(appraise(measures, judgement, scenario).loc["low", "target"])


def test_units_without_known_ground_have_no_option() -> None:
    measures, judgement, scenario = world()
    bare = Measures(measures.table, Hypsometry(np.array([0, 0, 4]), LEVEL[4:], AREA[4:]))
    assert set(appraise(bare, judgement, scenario).index.get_level_values(0)) == {"high"}


def test_a_hill_is_heaped_on_the_platform() -> None:
    options = appraise(*world())
    fill, mound = options.loc[("low", "green:fill")], options.loc[("low", "green:mound")]
    assert mound["fill_m3"] == pytest.approx(fill["fill_m3"] + 2.5 * 400)
    assert mound["cut_m3"] == pytest.approx(fill["cut_m3"])
    high = options.loc[("high", "construction:raise")]  # level at 14, a metre more
    assert (high["cut_m3"], high["fill_m3"]) == pytest.approx((0.0, 400.0))


def test_a_wetland_is_graded_to_its_bed() -> None:
    wetland = appraise(*world()).loc[("low", "green:wetland")]  # bed 11.7 under a level of 12
    assert wetland["cut_m3"] == pytest.approx(100 * (0.3 + 1.3))
    assert wetland["fill_m3"] == pytest.approx(100 * (1.7 + 0.7))


def test_rules_alone_take_the_decided_target_by_its_best_option() -> None:
    measures, judgement, scenario = world()
    chosen = rules_alone(appraise(measures, judgement, scenario), judgement)
    assert chosen["option"].tolist() == ["construction:level", "reservoir:keep"]
    assert chosen.index.tolist() == ["high", "low"]


def test_what_a_lake_loses_a_year_by_hand() -> None:
    options = appraise(*world(reservoir={"level_m": 12.0, "water_m3_a": 1000.0}))
    loss = (960.0 - 832.0) / 1000.0 * 400.0  # m of open water in a mean year of Huaibei, on 400 m²
    wet = (options["target"] == "reservoir") | (options["treatment"] == "wetland")
    assert options.loc[wet, "water_loss_m3_a"].tolist() == pytest.approx([loss] * int(wet.sum()))
    assert wet.any() and not options.loc[~wet, "water_loss_m3_a"].any()
    dry = appraise(*world(reservoir={"level_m": 12.0, "water_m3_a": 1000.0}, water={"climate": "shizuishan"}))
    assert dry["water_loss_m3_a"].max() == pytest.approx((1250.0 - 173.0) / 1000.0 * 400.0)
    assert "water_loss_m3_a" not in appraise(*world())
