"""Drains: field ditches and pumps for land that ends low above the water it drains to, their earth and their price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.core.money import discounted
from planner.design.levels import Levels
from planner.scenario import Scenario
from planner.units import m2_from_mu

Floats = NDArray[np.float64]

GRAVITY: Final = 9.81  # m/s²: a m³/s lifted by a metre takes so many kW


@dataclass(frozen=True, eq=False)
class Drains:
    """What keeps n units dry, (n,) each: earth of field ditches, m³ bank; installed power of pumps, kW; their cost, yuan.

    The cost holds the stations and, at its present value over `economics.years` after they are built, upkeep and energy.
    """

    ditch_m3: Floats
    pump_kw: Floats
    pump_cny: Floats

    @classmethod
    def none(cls, count: int) -> Drains:
        """Of units that need none."""
        return cls(*(np.zeros(count) for _ in range(3)))


def drains(target: str, finished_m: Floats, levels: Levels, facts: pd.DataFrame, scenario: Scenario) -> Drains:
    """The drains of dry land of a target whose finished ground has a mean elevation, (n,) m.

    facts: columns `area_mu` and, where known, `residual_mm`, by which the ground still sinks. Land drains to the highest water
    beside it or under it: the storage level there, or the water table in the wet season. Nearer to it than
    `drainage.ditch_above_m` it has field ditches (`targets.*.ditch_m3_per_mu`), nearer than `drainage.gravity_m` pumps
    (`targets.*.drain_m3_s_km2`): power = ρ·g·flow·lift / efficiency. Source: decision 0080.
    """
    p, wants = (scenario.parameters.section(key) for key in ("drainage", f"targets.{target}"))
    sinks = np.nan_to_num(facts["residual_mm"].to_numpy(float)) / 1e3 if "residual_mm" in facts else 0.0
    above = finished_m - sinks - np.fmax(levels.shore_storage, levels.wet)
    area = facts["area_mu"].to_numpy(float)
    ditch = np.where(above < p["ditch_above_m"], area * wants["ditch_m3_per_mu"], 0.0)
    low = (above < p["gravity_m"]) & (wants["drain_m3_s_km2"] > 0)
    lift = np.where(low, p["depth_m"] + p["gravity_m"] - above, 0.0)
    square_m = m2_from_mu(area)
    kilowatt = GRAVITY * wants["drain_m3_s_km2"] * square_m / 1e6 * lift / p["efficiency"]
    kilowatt_hours = GRAVITY * _runoff_m(scenario) * square_m * lift / 3600.0 / p["efficiency"]
    yearly = kilowatt * p["cny_per_kw"] * p["upkeep_share"] + kilowatt_hours * p["cny_per_kwh"]
    return Drains(ditch, kilowatt, kilowatt * p["cny_per_kw"] + yearly * _annuity(scenario))


def _runoff_m(scenario: Scenario) -> float:
    """What runs off land in a mean year of the site's climate, m."""
    where = scenario.parameters.value("water.climate")
    rain = float(sum(scenario.parameters.value(f"climate.{where}.rain_mm")))
    return rain * scenario.number(f"climate.{where}.runoff_share") / 1e3


def _annuity(scenario: Scenario) -> float:
    """Present value of a yuan in each of the horizon's years, from the year after the station is built."""
    paid = np.ones(int(scenario.number("economics.years")) + 1)
    paid[0] = 0.0
    return float(discounted(paid, scenario.number("economics.discount_rate")).sum())
