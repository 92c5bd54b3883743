"""What a supply keeps, years that spread, and floods over weirs against closed forms and an independent integration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from planner.balance import Climate, Storm, climate, even_years, flood_level, kept_years, largest_lake_m2
from planner.errors import InvalidInput
from planner.parameters import defaults


def test_xinghai_keeps_what_its_supply_is_over_its_loss() -> None:
    """20 Mm³ a year on a net loss of 1.70 m: 11.8 of its 20 km²."""
    year = Climate("xinghai", (170.0 / 12,) * 12, (1870.0 / 12,) * 12)
    assert largest_lake_m2(year, 20e6) == pytest.approx(20e6 / 1.70)
    assert largest_lake_m2(year, 34e6) == pytest.approx(20e6)
    wet = Climate("wet", (100.0,) * 12, (80.0,) * 12)
    assert largest_lake_m2(wet, 0.0) == np.inf


def test_runoff_of_the_land_around_keeps_more() -> None:
    year = Climate("dry", (50.0,) * 12, (150.0,) * 12)
    lake = largest_lake_m2(year, 1e6, basin_m2=1e7, runoff_share=0.2, seepage_mm=300.0)
    assert lake * (1.8 + 0.3 - 0.6) == pytest.approx(1e6 + 0.2 * 0.6 * (1e7 - lake))


def test_thirty_years_spread_as_the_climate_does() -> None:
    mean = climate(defaults(), "huaibei")
    years = even_years(mean, 0.25, 30)
    sums = np.array([sum(y.rain_mm) for y in years])
    assert sums.mean() == pytest.approx(832.0, rel=0.01)
    assert sums.std() / sums.mean() == pytest.approx(0.25, rel=0.06)
    assert sums.min() == pytest.approx(0.6 * 832, rel=0.12)
    assert even_years(mean, 0.0, 3) == [mean] * 3
    assert [sum(y.rain_mm) for y in even_years(mean, 0.25, 30)] == sums.tolist()


def test_a_year_is_kept_by_its_lowest_month() -> None:
    assert kept_years([5.0] * 12 + [5.0] * 11 + [4.0], 4.5) == 0.5


STORM = Storm(280.0, 24.0, 0.7)


def test_all_the_rain_arrives() -> None:
    inflow, step = STORM.inflow(4e6, 1e6)
    volume = np.sum((inflow[1:] + inflow[:-1]) / 2) * step
    assert volume == pytest.approx(0.28 * (1e6 + 0.7 * 4e6), rel=1e-9)
    assert inflow.argmax() * step == pytest.approx(12 * 3600)


def test_a_flood_agrees_with_an_independent_integration_and_keeps_its_water() -> None:
    level, area = np.linspace(30, 34, 41), 1e6
    found = flood_level(30.0, level, area * (level - 25.0), STORM, land_m2=4e6, water_m2=area, weir=17.0)
    inflow, step = STORM.inflow(4e6, area)
    time = np.arange(len(inflow)) * step
    change = lambda t, s: np.interp(t, time, inflow) - 17.0 * np.maximum(s / area, 0.0) ** 1.5  # noqa: E731
    exact = solve_ivp(change, (0, time[-1]), [0.0], t_eval=time, rtol=1e-9, atol=1e-3, max_step=step / 2)
    height = exact.y[0] / area
    assert found.level_m == pytest.approx(30.0 + height.max(), abs=1e-5)
    assert found.outflow_m3_s == pytest.approx(17.0 * height**1.5, abs=1e-3)
    left = area * (found.outflow_m3_s[-1] / 17.0) ** (2 / 3)
    passed = np.sum((found.outflow_m3_s[1:] + found.outflow_m3_s[:-1]) / 2) * step
    arrived = np.sum((inflow[1:] + inflow[:-1]) / 2) * step
    assert passed + left == pytest.approx(arrived, rel=1e-5)


def test_a_wide_weir_passes_the_storm_and_none_holds_it() -> None:
    level = np.linspace(30, 34, 41)
    volume = 0.28 * (1e6 + 0.7 * 4e6)
    shut = flood_level(30.0, level, 1e6 * (level - 25), STORM, land_m2=4e6, water_m2=1e6, weir=0.0)
    assert shut.level_m == pytest.approx(30.0 + volume / 1e6, rel=1e-9)
    wide = flood_level(30.0, level, 1e3 * (level - 25), STORM, land_m2=4e6, water_m2=1e3, weir=170.0)
    assert wide.level_m == pytest.approx(30.0 + (wide.peak_in_m3_s / 170.0) ** (2 / 3), abs=1e-3)


def test_storms_and_curves_that_are_none_are_refused() -> None:
    with pytest.raises(InvalidInput, match="share from 0 to 1"):
        Storm(100.0, 24.0, 1.5)
    with pytest.raises(InvalidInput, match="not above the crest"):
        flood_level(40.0, [30.0, 34.0], [0.0, 1.0], STORM, land_m2=1.0, water_m2=1.0, weir=1.0)
