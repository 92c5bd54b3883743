"""A year of rain and evaporation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.errors import InvalidInput
from planner.words import say

if TYPE_CHECKING:
    from planner.parameters import Parameters

Floats = NDArray[np.float64]

MONTHS: Final = 12


@dataclass(frozen=True)
class Climate:
    """A year over open water by month: rain and evaporation, mm, (12,) from January."""

    name: str
    rain_mm: tuple[float, ...]
    evaporation_mm: tuple[float, ...]

    def __post_init__(self) -> None:
        for what in ("rain_mm", "evaporation_mm"):
            monthly(getattr(self, what), f"climate {self.name}: {what}")

    def scaled(self, *, rain: float, evaporation: float) -> Climate:
        """The same year with every month's rain and evaporation times a factor."""
        return Climate(
            f"{self.name}, rain × {rain:g}, evaporation × {evaporation:g}",
            tuple(rain * v for v in self.rain_mm),
            tuple(evaporation * v for v in self.evaporation_mm),
        )


def climate(parameters: Parameters, name: str) -> Climate:
    """The mean year of a climate in `parameters.toml`, e.g. "huaibei". Raises InvalidInput naming the nearest key."""
    rain, evaporation = (parameters.value(f"climate.{name}.{what}") for what in ("rain_mm", "evaporation_mm"))
    return Climate(name, tuple(rain), tuple(evaporation))


def wet_year(parameters: Parameters, name: str) -> Climate:
    """The wet year of a climate in `parameters.toml`: its mean year with more rain and less evaporation."""
    return climate(parameters, name).scaled(
        rain=parameters.number(f"climate.{name}.wet_rain_share"),
        evaporation=parameters.number(f"climate.{name}.wet_evaporation_share"),
    )


def dry_year(parameters: Parameters, name: str) -> Climate:
    """The dry year of a climate in `parameters.toml`: its mean year with less rain and more evaporation."""
    return climate(parameters, name).scaled(
        rain=parameters.number(f"climate.{name}.dry_rain_share"),
        evaporation=parameters.number(f"climate.{name}.dry_evaporation_share"),
    )


def monthly(values: ArrayLike, name: str) -> Floats:
    """Twelve finite values that are not negative, from a number or twelve."""
    found = np.asarray(values, dtype=np.float64)
    if found.shape not in ((), (MONTHS,)) or not (np.isfinite(found) & (found >= 0)).all():
        raise InvalidInput(say("balance.one_or_twelve", name=name, values=values))
    return np.array(np.broadcast_to(found, (MONTHS,)))
