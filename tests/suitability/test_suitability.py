"""Judging units: every rule at its limit, what rules out and what only warns, scores, the published decision, sentences."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import InvalidInput
from planner.landuse import CHOICES
from planner.scenario import parse_scenario
from planner.suitability import ahp_weights, building_class, damage_grade, farmland_damage, judge, sentences
from planner.suitability.foundation import centre_stress_kpa, load_reach_m
from planner.suitability.wording import TOLD

GOOD = {
    "area_mu": 5.0,
    "ground_m": 33.0,
    "water_table_m": 31.0,
    "water_depth_m": 0.0,
    "water_share": 0.0,
    "subsidence_m": 0.5,
    "slope_deg": 1.0,
    "residual_mm": 20.0,
    "tilt_mm_m": 0.5,
    "curvature_mm_m2": 0.01,
    "strain_mm_m": 0.3,
    "settled_year": 2015.0,
    "free_year": 2015.0,
    "missing_share": 0.0,
    "forbids": "",
    "constraint": "",
    "waterlogging": "dry",
}


def facts(*changes):
    return pd.DataFrame([GOOD | c for c in changes], index=[f"u{k}" for k in range(len(changes))])


def scenario(**sets):
    document = {"site": {"year": 2020}, "layers": {"polygons": "x"}}
    for key, value in sets.items():
        *path, last = key.split("__")
        node = document
        for name in path:
            node = node.setdefault(name, {})
        node[last] = value
    return parse_scenario(document)


def eligible(change, target, **sets):
    return bool(judge(facts(change), scenario(**sets)).eligible[target].iloc[0])


@pytest.mark.parametrize(
    ("target", "column", "kept", "broken"),
    [
        ("construction", "tilt_mm_m", 10.0, 10.001),
        ("construction", "curvature_mm_m2", 0.6, 0.601),
        ("construction", "strain_mm_m", 6.0, 6.001),
        ("construction", "strain_mm_m", 6.0, -6.001),
        ("construction", "residual_mm", 200.0, 200.1),
        ("construction", "settled_year", 2020.0, 2021.0),
        ("construction", "ground_m", 28.0, 27.9),  # platform 31 + 1, fill of at most 4 m
        ("construction", "missing_share", 0.5, 0.51),
        ("construction", "forbids", "arable", "arable, construction"),
        ("arable", "slope_deg", 6.0, 6.1),
        ("construction", "slope_deg", 14.0, 14.1),
        ("green", "slope_deg", 35.0, 35.1),
        ("arable", "ground_m", 29.0, 28.9),  # platform 32, fill of at most 3 m
        ("reservoir", "ground_m", 34.0, 34.1),  # 4 m of digging leaves 1 m of water at 31
        ("green", "ground_m", 27.3, 27.2),  # platform 31.3, fill of at most 4 m
        ("green", "forbids", "", "green"),
    ],
)
def test_a_limiting_factor_rules_out_just_beyond_its_limit(target, column, kept, broken):
    assert eligible({column: kept}, target)
    assert not eligible({column: broken}, target)


@pytest.mark.parametrize(
    ("target", "column", "value"),
    [
        ("construction", "tilt_mm_m", 5.0),
        ("construction", "strain_mm_m", 3.0),
        ("construction", "free_year", 2022.0),  # the works end in 2021
        ("arable", "subsidence_m", 6.0),
        ("arable", "ground_m", 31.5),
        ("reservoir", "ground_m", 32.0),
    ],
)
def test_what_asks_for_work_is_kept_as_a_reason_but_rules_nothing_out(target, column, value):
    judged = judge(facts({column: value}), scenario())
    assert judged.eligible[target].iloc[0]
    told = judged.verdicts[(judged.verdicts["target"] == target) & ~judged.verdicts["passed"]]
    assert len(told) >= 1
    assert not told["hard"].any()


def test_optional_columns_bring_their_rules():
    assert not eligible({"soil_m": 0.5}, "arable")
    assert eligible({"soil_m": 0.6}, "arable")
    assert not eligible({"seepage_mm_d": 9.0}, "reservoir")
    assert not eligible({"pollution_index": 1.2}, "reservoir")
    assert eligible({"depth_ratio": 20.0}, "construction")
    assert not eligible({"mining_depth_m": 60.0, "fractured_m": 40.0}, "construction", suitability__foundation_load_kpa=200.0)
    assert eligible({"mining_depth_m": 60.0, "fractured_m": 40.0}, "construction")


def test_wetland_makes_green_of_ground_too_deep_to_fill():
    """31.0 normal level, 0.3 m of water: bed 30.7, reached by at most 1 m of cut or fill, though only 0.4 m may be filled."""
    sets = {"targets__green__max_fill_m": 0.4}
    assert eligible({"ground_m": 29.8}, "green", **sets)
    assert not eligible({"ground_m": 29.6}, "green", **sets)
    assert eligible({"ground_m": 33.0}, "green", **sets)


def test_what_stands_is_not_ruled_out_as_that_but_told():
    """Fields of 9° (most 6°): refused as a proposal, kept where fields stand; houses that stand make no field of them."""
    table = facts({"slope_deg": 9.0}, {"slope_deg": 9.0}, {"slope_deg": 9.0})
    stands = pd.Series(["", "arable", "construction"], index=table.index)
    found = judge(table.assign(stands=stands), scenario())
    assert found.eligible["arable"].tolist() == [False, True, False]
    assert (found.score["arable"] > 0).tolist() == [False, True, False]
    steep = found.verdicts[(found.verdicts["target"] == "arable") & ~found.verdicts["passed"]]
    assert steep["hard"].tolist() == [True, False, True]


def test_levels_of_a_reservoir_above_the_water_table_raise_the_platform():
    assert eligible({"ground_m": 28.5}, "construction")
    assert not eligible({"ground_m": 28.5}, "construction", reservoir__level_m=32.0)
    assert not eligible({"ground_m": 28.5}, "construction", reservoir__level_m=31.0, reservoir__flood_level_m=32.0)
    # A reservoir below the water table does not lower the platform: roots stand in the water table, not in the lake.
    assert not eligible({"ground_m": 28.9}, "arable", reservoir__level_m=30.0)


def test_holding_building_land_back_lets_ground_settle_first():
    moving = {"settled_year": 2023.0, "residual_mm": 400.0, "tilt_mm_m": 11.0}
    assert not eligible(moving, "construction")
    assert not eligible(moving, "construction", suitability__construction_wait_years=2.0)
    assert eligible(moving, "construction", suitability__construction_wait_years=3.0)


def test_building_is_restricted_until_little_is_left_to_come():
    """GB 51044: to 100 mm free, to 200 mm restricted, above prohibited; works of 2020 end in 2021: free by then is free."""
    table = facts({"free_year": 2021.0}, {"free_year": 2022.0, "residual_mm": 150.0}, {"residual_mm": 250.0})
    judged = judge(table, scenario())
    assert judged.eligible["construction"].tolist() == [True, True, False]
    told = judged.verdicts[judged.verdicts["rule"] == "restricted"]
    assert told["passed"].tolist() == [True, False, True]
    assert sentences(told)[0] == (
        "Building is not restricted from 2021, when the land is ready in 2021 (GB 51044-2014: building is restricted from 100 "
        "to 200 mm of residual subsidence (DOMAIN 7))."
    )
    assert sentences(told)[1].endswith("costs design against deformation; buildings ready 1 years later would need none.")
    assert sentences(told, "zh")[1] == (
        "2022年前限制建设，晚于用地可用的2021年（GB 51044-2014）：仍可作建设用地，须计抗变形设计增加费；晚1年建设则无须此项。"
    )


def test_land_that_waits_is_restricted_by_the_year_it_waits_for():
    waits = {"settled_year": 2023.0, "residual_mm": 400.0}
    table = facts(waits | {"free_year": 2023.0}, waits | {"free_year": 2025.0})
    told = judge(table, scenario(suitability__construction_wait_years=3.0)).verdicts.query("rule == 'restricted'")
    assert told["limit"].tolist() == [2023.0, 2023.0]
    assert told["passed"].tolist() == [True, False]


def test_another_countrys_table_can_be_swapped_in():
    strained = facts({"curvature_mm_m2": 0.3})
    assert judge(strained, scenario()).eligible["construction"].iloc[0]
    polish = scenario(standards__building="polish")
    assert not judge(strained, polish).eligible["construction"].iloc[0]
    assert "Polish" in set(judge(strained, polish).verdicts["source"].astype(str).str.split().str[0])
    with pytest.raises(InvalidInput, match="did you mean 'polish'"):
        judge(strained, scenario(standards__building="polsh"))


def test_published_decision_by_hand():
    table = facts(
        {},
        {"waterlogging": "perennial", "water_share": 0.9, "ground_m": 29.0},
        {"waterlogging": "seasonal", "water_share": 0.3},
        {"strain_mm_m": 7.0},
        {"residual_mm": 150.0},
        {"forbids": "construction"},
        {"ground_m": 31.2, "residual_mm": 300.0},
    )
    decided = judge(table, scenario()).decision
    assert decided.tolist() == ["construction", "reservoir", "construction", "green", "green", "green", "reservoir"]


def test_classes_and_grades_by_hand():
    table = facts(
        {}, {"tilt_mm_m": 3.1}, {"curvature_mm_m2": 0.61}, {"strain_mm_m": -4.0}, {"strain_mm_m": 4.1}, {"subsidence_m": 2.5}
    )
    assert building_class(table, scenario()).tolist() == [
        "suitable",
        "evaluate",
        "unsuitable",
        "evaluate",
        "evaluate",
        "suitable",
    ]
    assert damage_grade(table, scenario()).tolist() == [1, 2, 4, 2, 3, 1]
    assert farmland_damage(table, scenario()).tolist() == [1, 1, 1, 1, 1, 2]
    assert farmland_damage(facts({"ground_m": 31.4}, {"ground_m": 32.4}, {"subsidence_m": 5.1}), scenario()).tolist() == [
        3,
        2,
        3,
    ]


def test_score_is_zero_where_ruled_out_and_the_weighted_mean_elsewhere():
    judged = judge(facts({}, {"strain_mm_m": 7.0}), scenario(suitability__construction__weights=[1.0, 1.0, 0.0, 0.0, 2.0]))
    best = 0.25 * (1 - 20 / 200) + 0.25 * (1 - 0.3 / 6) + 0.5 * (1 - 1 / 6)
    assert judged.score["construction"].tolist() == pytest.approx([best, 0.0])
    assert ((judged.score >= 0) & (judged.score <= 1)).to_numpy().all()


@settings(max_examples=30, deadline=None)
@given(
    ground=st.floats(25, 36),
    residual=st.floats(0, 400),
    strain=st.floats(-9, 9),
    settled=st.integers(2000, 2040),
    more=st.floats(0, 5),
)
def test_worse_ground_is_never_more_suitable_for_building(ground, residual, strain, settled, more):
    good = {"ground_m": ground, "residual_mm": residual, "strain_mm_m": strain, "settled_year": float(settled)}
    worse = good | {"residual_mm": residual + 10 * more, "strain_mm_m": strain + math.copysign(more, strain)}
    judged = judge(facts(good, worse), scenario())
    assert judged.eligible["construction"].iloc[0] >= judged.eligible["construction"].iloc[1]
    assert judged.score["construction"].iloc[0] >= judged.score["construction"].iloc[1] - 1e-12


def test_eligibility_is_what_the_hard_verdicts_say():
    rng = np.random.default_rng(1)
    table = facts(*[{"ground_m": rng.uniform(25, 36), "residual_mm": rng.uniform(0, 300)} for _ in range(60)])
    judged = judge(table, scenario())
    v = judged.verdicts
    assert (v.groupby("unit_id", observed=True).size() == len(v) / 60).all()
    broken = v[v["hard"] & ~v["passed"]].groupby(["unit_id", "target"], observed=True).size()
    for unit in table.index:
        for target in CHOICES:
            assert judged.eligible.loc[unit, target] == ((unit, target) not in broken.index)


def test_judging_does_not_depend_on_the_order_of_units():
    table = facts(*[{"ground_m": 25.0 + k / 3} for k in range(30)])
    one, other = judge(table, scenario()), judge(table.iloc[::-1], scenario())
    assert one.eligible.equals(other.eligible.sort_index(key=lambda i: i.str[1:].astype(int)))
    assert one.score.loc["u7"].equals(other.score.loc["u7"])


def test_sentences_tell_value_limit_source_and_change_in_both_languages():
    judged = judge(facts({"strain_mm_m": 7.5, "forbids": "arable", "constraint": "Mine road"}), scenario())
    v = judged.verdicts
    strain = v[(v["rule"] == "strain")]
    assert sentences(strain, "en") == [
        "Residual horizontal strain 7.50 mm/m is above 6.00 mm/m (GB 50021-2001 cl. 5.5.5) and rules construction land out; "
        "it must fall by 1.50 mm/m first."
    ]
    assert sentences(strain, "zh") == [
        "残余水平变形7.50 mm/m，超过限值6.00 mm/m（GB 50021-2001 第5.5.5条），不得作建设用地；须再衰减1.50 mm/m。"
    ]
    settled = judge(facts({"settled_year": 2023.0}), scenario()).verdicts.query("rule == 'settled'")
    assert sentences(settled)[0].startswith("The ground is settled from 2023 only, after 2020 (")
    assert sentences(settled, "zh")[0].endswith("不得作建设用地；再等3年即可。")
    road = v[(v["rule"] == "forbidden") & (v["target"] == "arable")]
    assert sentences(road)[0].startswith("The constraint Mine road rules arable land out")
    assert sentences(road, "zh")[0].startswith("限制条件“Mine road”禁止作耕地")


def test_every_rule_can_be_told_passed_failed_and_unknown():
    full = {
        "soil_m": 0.1,
        "depth_ratio": 20.0,
        "mining_depth_m": 1.0,
        "seepage_mm_d": 9.0,
        "pollution_index": 2.0,
        "roundness": 0.1,
    }
    sets = {"suitability__foundation_load_kpa": 100.0}
    bad = full | {"ground_m": 20.0, "slope_deg": 9.0, "residual_mm": 500.0, "tilt_mm_m": 12.0, "curvature_mm_m2": 1.0}
    bad |= {
        "strain_mm_m": 9.0,
        "settled_year": 2030.0,
        "free_year": 2031.0,
        "missing_share": 0.7,
        "forbids": "construction",
        "subsidence_m": 9.0,
    }
    bad |= {"dam_m": 1.5}
    unknown = dict.fromkeys(bad, math.nan) | {"forbids": ""}
    v = judge(facts(GOOD | full, bad, unknown, bad | {"ground_m": 40.0}), scenario(**sets)).verdicts
    assert set(v["rule"]) == set(TOLD)
    failed = v[~v["passed"]]
    assert set(failed["rule"]) == set(TOLD)
    for lang in ("en", "zh"):
        for sentence in sentences(v, lang):
            assert "{" not in sentence
            assert "nan" not in sentence
            assert sentence.endswith("。" if lang == "zh" else ".")


def test_weights_of_a_consistent_matrix_are_its_ratios():
    true = np.array([0.5, 0.3, 0.2])
    weights, ratio = ahp_weights(true[:, None] / true[None, :])
    assert weights == pytest.approx(true)
    assert ratio == pytest.approx(0.0, abs=1e-12)


def test_saatys_own_example():
    """Saaty 1980, the wealth of nations: seven weights, the largest eigenvalue 7.61, consistency ratio 0.08."""
    rows = [
        [1, 4, 9, 6, 6, 5, 5],
        [1 / 4, 1, 7, 5, 5, 3, 4],
        [1 / 9, 1 / 7, 1, 1 / 5, 1 / 5, 1 / 7, 1 / 5],
        [1 / 6, 1 / 5, 5, 1, 1, 1 / 3, 1 / 3],
        [1 / 6, 1 / 5, 5, 1, 1, 1 / 3, 1 / 3],
        [1 / 5, 1 / 3, 7, 3, 3, 1, 2],
        [1 / 5, 1 / 4, 5, 3, 3, 1 / 2, 1],
    ]
    weights, ratio = ahp_weights(rows)
    assert weights == pytest.approx([0.429, 0.231, 0.021, 0.053, 0.053, 0.119, 0.095], abs=0.005)
    assert ratio == pytest.approx(0.61 / 6 / 1.32, abs=0.005)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[1, 2], [0.5, 1], [1, 1]], "square"),
        ([[1, -2], [-0.5, 1]], "above 0"),
        ([[1, 2], [2, 1]], "its inverse is needed"),
    ],
)
def test_bad_comparisons_are_refused(matrix, message):
    with pytest.raises(InvalidInput, match=message):
        ahp_weights(matrix)


def test_contradicting_comparisons_and_wrong_weights_are_refused():
    contradiction = [[1.0, 9.0, 1 / 9], [1 / 9, 1.0, 9.0], [9.0, 1 / 9, 1.0]]
    with pytest.raises(InvalidInput, match="consistency ratio"):
        judge(facts({}), scenario(suitability__arable__pairwise=contradiction))
    with pytest.raises(InvalidInput, match="3 numbers of 0 or more"):
        judge(facts({}), scenario(suitability__arable__weights=[1.0, 2.0]))
    with pytest.raises(InvalidInput, match=r"suitability\.scale\.colour"):
        judge(facts({}), scenario(suitability__green__criteria=["fill_m", "colour"]))
    with pytest.raises(InvalidInput, match="no column slope_deg"):
        judge(facts({}).drop(columns="slope_deg"), scenario())
    with pytest.raises(InvalidInput, match="'u0' is there twice"):
        judge(pd.concat([facts({}), facts({})]), scenario())


def test_stress_under_a_footing_is_newmarks():
    """A corner of m = n = 1 takes 0.1752 of the load (Newmark's chart): the centre of 2z × 2z four times that."""
    assert centre_stress_kpa(100.0, 20.0, 20.0, 10.0) == pytest.approx(4 * 17.52, abs=0.05)
    assert centre_stress_kpa(100.0, 20.0, 20.0, 0.0) == 100.0
    far = centre_stress_kpa(100.0, 2.0, 2.0, 100.0)
    assert far == pytest.approx(100.0 * 4 * 3 / (2 * math.pi * 100.0**2), rel=1e-3)


def test_load_reaches_where_it_is_a_tenth_of_the_grounds_weight():
    reach = load_reach_m(100.0, 15.0, 60.0)
    assert centre_stress_kpa(100.0, 15.0, 60.0, reach) == pytest.approx(0.1 * 19.0 * reach)
    assert load_reach_m(200.0, 15.0, 60.0) > reach > load_reach_m(100.0, 15.0, 60.0, share=0.2)
    assert load_reach_m(0.0, 15.0, 60.0) == 0.0
    with pytest.raises(InvalidInput, match="width_m = 0"):
        load_reach_m(100.0, 0.0, 60.0)


def test_irrigated_land_is_damaged_sooner():
    uses = facts(*({"landuse": use, "subsidence_m": 2.5, "ground_m": 40.0} for use in ("旱地", "水浇地", "0102", "")))
    assert farmland_damage(uses, scenario()).tolist() == [2, 2, 2, 2]
    deeper = facts(*({"landuse": use, "subsidence_m": 1.8, "ground_m": 40.0} for use in ("旱地", "水浇地", "Paddy", "")))
    assert farmland_damage(deeper, scenario()).tolist() == [1, 2, 2, 1]
    severe = facts(*({"landuse": use, "subsidence_m": 3.5, "ground_m": 40.0} for use in ("旱地", "水浇地")))
    assert farmland_damage(severe, scenario()).tolist() == [2, 3]
