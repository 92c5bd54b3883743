"""Field ditches and pumps by hand: 15 mu (1 ha), water at 10 m, wet season as the normal one."""

import numpy as np
import pandas as pd
import pytest

from planner.design import Levels, drains
from planner.plan.drains import left_low, left_low_mu
from planner.scenario import Scenario, parse_scenario

MU = 15.0  # 10 000 m²
RUNOFF_M = 0.832 * 0.25  # a mean year of Huaibei


def scenario(**sections: object) -> Scenario:
    return parse_scenario({"site": {"year": 2020}, "layers": {"polygons": "x"}, **sections})


def facts(n: int, **more: object) -> pd.DataFrame:
    return pd.DataFrame({"area_mu": MU, "water_table_m": 10.0, **more}, index=[f"u{k}" for k in range(n)])


def found(target: str, finished: list[float], wanted: Scenario | None = None, **more: object):
    wanted = wanted or scenario()
    table = facts(len(finished), **more)
    return drains(target, np.array(finished), Levels.of(table, wanted), table, wanted)


def test_fields_near_the_water_have_ditches_and_high_ones_none() -> None:
    got = found("arable", [11.5, 11.49, 11.0])
    assert got.ditch_m3.tolist() == pytest.approx([0.0, 300.0, 300.0])  # 20 m³ a mu
    assert not got.pump_kw.any() and not got.pump_cny.any()


def test_pumps_by_hand() -> None:
    """0.5 m below the water: 0.5 m³/s/km² of 0.01 km², lifted 1 + 0.3 + 0.5 m at 0.65."""
    got = found("arable", [10.3, 9.5], scenario(economics={"discount_rate": 0.0, "years": 10}))
    kilowatt = 9.81 * 0.005 * 1.8 / 0.65
    energy = RUNOFF_M * 1e4 * 1000 * 9.81 * 1.8 / 3.6e6 / 0.65  # kWh a year
    assert got.pump_kw.tolist() == pytest.approx([0.0, kilowatt])
    assert got.pump_cny[1] == pytest.approx(kilowatt * 12_000 * (1 + 10 * 0.05) + 10 * energy * 0.6)


def test_a_discounted_year_of_pumping() -> None:
    one = found("arable", [9.5], scenario(economics={"discount_rate": 0.25, "years": 1}, drainage={"cny_per_kwh": 0.0}))
    assert one.pump_cny[0] == pytest.approx(one.pump_kw[0] * 12_000 * (1 + 0.05 / 1.25))


def test_what_still_sinks_and_the_wet_season_count() -> None:
    assert found("arable", [11.0], residual_mm=699.0).pump_kw[0] == 0.0
    assert found("arable", [11.0], residual_mm=701.0).pump_kw[0] > 0.0
    assert found("arable", [11.0], water_table_wet_m=10.71).pump_kw[0] > 0.0
    assert found("arable", [11.0], residual_mm=np.nan).pump_kw[0] == 0.0


def test_a_flood_level_above_fields_is_pumped_against() -> None:
    lake = scenario(reservoir={"level_m": 10.0, "flood_level_m": 11.0})
    assert found("arable", [11.0], lake).pump_kw[0] == pytest.approx(9.81 * 0.005 * 1.3 / 0.65)


def test_built_land_has_pumps_alone_and_parks_neither() -> None:
    built, park = found("construction", [9.5]), found("green", [9.5])
    assert built.pump_kw[0] == pytest.approx(2 * found("arable", [9.5]).pump_kw[0])
    assert not built.ditch_m3.any() and not park.ditch_m3.any() and not park.pump_kw.any()


def test_land_left_low_beside_a_lake_is_told() -> None:
    """A lake at 10 m; beside it dry land at 9.9 and 10.1 m and a pond; not beside it land at 9 m."""
    units = facts(5, ground_m=[8.0, 9.9, 10.1, 9.0, 9.0], residual_mm=0.0, water_depth_m=[2.0, 0.0, 0.0, 0.5, 0.0]).assign(
        target=["reservoir", *["unrestored"] * 4], treatment=["keep", *["none"] * 4], water_table_m=[10.0, 8.0, 8.0, 9.5, 8.0]
    )
    borders = pd.DataFrame({"unit_a": ["u0", "u0", "u0", "u3"], "unit_b": ["u1", "u2", "u3", "u4"], "length_m": 100.0})
    assert left_low_mu(units, borders, scenario()) == MU
    assert len(left_low(units, borders, scenario())) == 1
    assert not left_low(units.assign(residual_mm=0.0, ground_m=11.0), borders, scenario())
