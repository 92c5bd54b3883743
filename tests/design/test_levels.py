"""The levels that everything stands on: by hand on rows of units that drain to one or to two bottoms."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.design import Levels, lake_levels, water_surface
from planner.errors import InvalidInput
from planner.scenario import Scenario, parse_scenario


def scenario(**sections: object) -> Scenario:
    return parse_scenario({"layers": {"polygons": "a.gpkg"}, **sections})


def row(ground: list[float], table: list[float], deeper: list[str], spill: float = np.nan) -> pd.DataFrame:
    """Units u0, u1, … of one hectare side by side."""
    ids = pd.Index([f"u{k}" for k in range(len(ground))], name="unit_id")
    facts = pd.DataFrame(
        {"ground_m": ground, "water_table_m": table, "deeper": deeper, "spill_level_m": spill, "basin_id": "B1"}, index=ids
    )
    return facts.assign(water_depth_m=np.maximum(facts["water_table_m"] - facts["ground_m"], 0.0), plane_m2=10_000.0)


def beside(n: int) -> pd.DataFrame:
    return pd.DataFrame({"unit_a": [f"u{k}" for k in range(n - 1)], "unit_b": [f"u{k + 1}" for k in range(n - 1)]})


def levels(facts: pd.DataFrame) -> pd.DataFrame:
    return lake_levels(facts, beside(len(facts)), min_depth_m=1.0)


def test_one_hollow_under_a_sloping_table_has_one_level() -> None:
    facts = row([33.0, 30.0, 32.0, 36.0], [34.0, 33.0, 32.5, 31.0], ["u1", "", "u1", "u2"])
    found = levels(facts)
    assert found["lake_level_m"].tolist() == pytest.approx([(34.0 + 33.0 + 32.5) / 3] * 4)  # over the ponded units
    assert found["shore_level_m"].tolist() == found["lake_level_m"].tolist()
    assert found["dam_m"].tolist() == [0.0] * 4


def test_a_lake_never_stands_above_its_spill() -> None:
    facts = row([33.0, 30.0, 32.0], [34.0, 34.0, 34.0], ["u1", "", "u1"], spill=33.5)
    assert levels(facts)["lake_level_m"].tolist() == [33.5] * 3
    facts.loc["u0", "spill_level_m"] = np.nan  # not every way out is known
    assert levels(facts)["lake_level_m"].tolist() == [34.0] * 3
    facts.loc["u0", "basin_id"] = ""  # but the ground above the hollow is none
    assert levels(facts)["lake_level_m"].tolist() == [33.5] * 3


def test_hollows_whose_ponds_meet_are_one_body() -> None:
    facts = row([30.0, 32.0, 32.0, 30.0], [34.0, 34.0, 33.0, 33.0], ["", "u0", "u3", ""])
    assert levels(facts)["lake_level_m"].tolist() == pytest.approx([33.5] * 4)


def test_two_lakes_at_two_levels_keep_a_dam_between_them() -> None:
    facts = row([30.0, 34.5, 33.6, 28.0], [34.0, 34.0, 32.0, 32.0], ["", "u0", "u3", ""])
    found = levels(facts)
    assert found["lake_level_m"].tolist() == [34.0, 34.0, 32.0, 32.0]
    assert found["shore_level_m"].tolist() == [34.0, 34.0, 34.0, 32.0]  # u2 lies beside the higher one
    assert found["dam_m"].tolist() == [0.0, 0.0, 2.0, 0.0]  # u2 is the shallower of the two at the border


def test_ground_too_high_to_be_dug_for_a_lake_needs_no_dam() -> None:
    facts = row([30.0, 38.0, 38.0, 28.0], [34.0, 34.0, 32.0, 32.0], ["", "u0", "u3", ""])
    found = levels(facts)
    assert found["dam_m"].tolist() == [0.0] * 4
    assert found["shore_level_m"].tolist() == found["lake_level_m"].tolist()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_lakes_never_touch_at_two_levels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    side = 6
    ids = [f"u{k:02d}" for k in range(side * side)]
    ground = rng.uniform(20, 40, side * side).round(1)
    k = np.arange(side * side).reshape(side, side)
    pairs = np.concatenate([np.c_[k[:, :-1].ravel(), k[:, 1:].ravel()], np.c_[k[:-1].ravel(), k[1:].ravel()]])
    deeper = []
    for u in range(side * side):
        others = np.concatenate([pairs[pairs[:, 0] == u, 1], pairs[pairs[:, 1] == u, 0]])
        lowest = others[np.argmin(ground[others])]
        deeper.append(ids[lowest] if ground[lowest] < ground[u] else "")
    facts = row(ground.tolist(), (33 + 0.5 * (np.arange(side * side) % side)).tolist(), deeper)
    facts.index = pd.Index(ids, name="unit_id")
    borders = pd.DataFrame({"unit_a": [ids[a] for a, _ in pairs], "unit_b": [ids[b] for _, b in pairs]})
    found = lake_levels(facts, borders, min_depth_m=1.0)
    level, dam = found["lake_level_m"].to_numpy(), found["dam_m"].to_numpy()
    can = (level - ground >= 1.0 - 4.0) & (dam == 0)
    a, b = pairs.T
    assert (level[a] == level[b])[can[a] & can[b]].all()
    assert (found["shore_level_m"] >= found["lake_level_m"]).all()
    wet = (level - ground >= -3.0) & (dam == 0)
    assert (found["shore_level_m"].to_numpy()[a] >= level[b] - 1e-12)[wet[b] & (level[a] - ground[a] >= -3.0)].all()
    again = lake_levels(facts, borders.sample(frac=1, random_state=seed), min_depth_m=1.0)
    pd.testing.assert_frame_equal(found, again)


def test_levels_by_facts_by_wish_and_by_neither() -> None:
    facts = row([30.0, 34.5, 33.6, 28.0], [34.0, 34.0, 32.0, 32.0], ["", "u0", "u3", ""])
    bare = Levels.of(facts, scenario())
    assert bare.normal.tolist() == bare.storage.tolist() == [34.0, 34.0, 32.0, 32.0]
    known = facts.join(levels(facts)).assign(water_table_wet_m=35.0)
    told = Levels.of(known, scenario(reservoir={"flood_level_m": 33.0}))
    assert told.normal.tolist() == [34.0, 34.0, 32.0, 32.0]
    assert told.storage.tolist() == [34.0, 34.0, 33.0, 33.0]
    assert told.shore.tolist() == [34.0, 34.0, 34.0, 32.0]
    assert told.shore_storage.tolist() == [34.0, 34.0, 34.0, 33.0]
    assert (told.wet.tolist(), told.dry.tolist()) == ([35.0] * 4, told.table.tolist())
    given_level = Levels.of(known, scenario(reservoir={"level_m": 31.0}))
    assert given_level.normal.tolist() == given_level.shore.tolist() == [31.0] * 4
    assert given_level.dam.tolist() == [0.0] * 4


def test_platforms_stand_above_lake_and_table() -> None:
    facts = row([30.0, 34.5, 33.6, 28.0], [34.0, 34.0, 32.0, 32.0], ["", "u0", "u3", ""])
    wish = scenario(reservoir={"flood_level_m": 34.5})
    told = Levels.of(facts.join(levels(facts)), wish)
    assert told.platform("construction", wish).tolist() == [35.5] * 4  # a metre above the flood
    assert told.platform("arable", wish).tolist() == [35.0, 35.0, 35.0, 33.0]
    assert told.wetland_bed(wish).tolist() == pytest.approx([33.7, 33.7, 31.7, 31.7])
    assert told.bed_cap(wish).tolist() == [33.0, 33.0, 31.0, 31.0]


def test_where_water_stands_without_works() -> None:
    table = np.array([[1.0, 2.0, np.nan]])
    assert water_surface(scenario(reservoir={"level_m": 31.0}), table).tolist() == [[31.0] * 3]
    assert water_surface(scenario(), table).tolist() == [[1.0, 2.0, -np.inf]]


def test_a_wetland_is_no_deeper_than_it_may_be() -> None:
    facts = row([30.0, 34.5, 33.6, 28.0], [34.0, 34.0, 32.0, 32.0], ["", "u0", "u3", ""])
    deep = scenario(targets={"green": {"wetland_depth_m": 0.6}})
    told = Levels.of(facts.join(levels(facts)), deep)
    with pytest.raises(InvalidInput, match=r"wetland_depth_m = 0\.6 m is deeper .* = 0\.5 m"):
        told.wetland_bed(deep)
