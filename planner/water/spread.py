"""How far area and storage may be off where the terrain and the water level are known with an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from planner.core.terrain.hypsometry import Hypsometry
from planner.core.terrain.storage import Knots, area_at, storage_at
from planner.errors import InvalidInput
from planner.parameters import defaults
from planner.scenario import Scenario
from planner.words import say

Floats = NDArray[np.float64]

SHIFTS: Final = 64  # equally likely shifts of the water level against the terrain
LEAST_JOIN: Final = 0.01  # share of the storage from which a neighbour that joins is looked at by itself


@dataclass(frozen=True)
class Errors:
    """Standard deviations, m, of errors that are normal and independent of each other; the defaults are the shipped parameters.

    bias_sd_m: of the terrain as a whole. noise_sd_m, correlation_m: of errors that vary over the terrain, and the distance over
    which they hold together (Gaussian). level_sd_m: of the water level. Raises InvalidInput for one that is negative or no
    finite number.
    """

    bias_sd_m: float = defaults().number("terrain.bias_sd_m")
    noise_sd_m: float = defaults().number("terrain.noise_sd_m")
    correlation_m: float = defaults().number("terrain.correlation_m")
    level_sd_m: float = defaults().number("terrain.level_sd_m")

    @classmethod
    def of(cls, scenario: Scenario) -> Errors:
        """What a site's [terrain] says of its terrain and levels."""
        return cls(*(scenario.number(f"terrain.{part.name}") for part in fields(cls)))

    def __post_init__(self) -> None:
        """Raises InvalidInput for what is no standard deviation."""
        for name, value in asdict(self).items():
            if not (np.isfinite(value) and value >= 0):
                raise InvalidInput(say("water.error_bar", name=name, value=value))


def error_bars(curves: Sequence[Knots], level: ArrayLike, errors: Errors) -> pd.DataFrame:
    """Area and storage of all curves together at each level with their standard deviations, one row a level.

    Columns level_m, area_m2, area_sd_m2, storage_m3, storage_sd_m3. What shifts the level against the whole terrain is carried
    through the curves themselves, so that a rim nearby counts: below it the neighbour may have joined already, as far as the
    shift and the noise at the rim let it. Noise over the ground adds σ²·∫∫ρ = σ²·A·min(A, 2π·correlation²) of each curve to
    the variance of storage; that of the area, which it hardly moves, leaves it out.
    """
    stage = np.atleast_1d(np.asarray(level, dtype=np.float64)).ravel()
    shifted = stage[:, None] + _shifts(errors)
    total = {name: np.zeros(shifted.shape) for name in ("area", "storage")}
    apart = {name: np.zeros(len(stage)) for name in ("area", "storage")}  # variance that no shift explains
    for knots in curves:
        wet = area_at(knots, stage)
        apart["storage"] += errors.noise_sd_m**2 * wet * np.minimum(wet, 2.0 * np.pi * errors.correlation_m**2)
        total["area"] += area_at(knots, shifted.ravel()).reshape(shifted.shape)
        total["storage"] += storage_at(knots, shifted.ravel()).reshape(shifted.shape)
        for rim, *joining in zip(*_joins(knots), strict=True):
            joined = ndtr((shifted - rim) / errors.noise_sd_m) if errors.noise_sd_m > 0 else (shifted > rim) * 1.0
            for name, gain in zip(("area", "storage"), joining, strict=True):
                total[name] += gain * (joined - (shifted > rim))
                apart[name] += gain**2 * np.mean(joined * (1.0 - joined), axis=1)
    return pd.DataFrame(
        {
            "level_m": stage,
            "area_m2": np.sum([area_at(k, stage) for k in curves], axis=0),
            "area_sd_m2": np.sqrt(np.var(total["area"], axis=1) + apart["area"]),
            "storage_m3": np.sum([storage_at(k, stage) for k in curves], axis=0),
            "storage_sd_m3": np.sqrt(np.var(total["storage"], axis=1) + apart["storage"]),
        }
    )


def storage_sd(ground: Hypsometry, level: ArrayLike, errors: Errors) -> Floats:
    """Standard deviation of what each body of water holds at its level, m³, (n,), as in `error_bars`.

    ground: the bodies' ground, (n,). level: scalar or (n,), m. Above a body's own ground its banks are vertical: no neighbour
    joins it.
    """
    stage = np.broadcast_to(np.asarray(level, dtype=np.float64), (len(ground),))
    wet = ground.area_below(stage)
    apart = errors.noise_sd_m**2 * wet * np.minimum(wet, 2.0 * np.pi * errors.correlation_m**2)
    held = [ground.volume_below(stage + shift) for shift in _shifts(errors)]
    return np.asarray(np.sqrt(np.var(held, axis=0) + apart))


def _shifts(errors: Errors) -> Floats:
    """Equally likely shifts of the water level against the whole terrain, m, (SHIFTS,)."""
    usual = ndtri((np.arange(SHIFTS) + 0.5) / SHIFTS)
    return np.asarray(np.hypot(errors.bias_sd_m, errors.level_sd_m) * usual / np.std(usual))


def _joins(knots: Knots) -> tuple[Floats, Floats, Floats]:
    """Levels at which connected water spills into a hollow beside it that holds a good part, its area and its storage, (k,)."""
    above = knots.area * (knots.level - knots.datum) - knots.moment
    gain = above - storage_at(knots, knots.level)
    some = gain > LEAST_JOIN * above
    return knots.level[some], np.diff(knots.area, prepend=0.0)[some], gain[some]
