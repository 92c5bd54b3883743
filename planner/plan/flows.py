"""Thousands of hauls as a few zone flows that hold all of the earth: what an arrow on a map and a foreman can use."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MOST: Final = 30  # arrows a reader can tell apart
_ENDS: Final = ["x_from", "y_from", "x_to", "y_to"]


def zone_flows(hauls: pd.DataFrame, *, most: int = MOST) -> pd.DataFrame:
    """Hauls gathered into at most `most` flows from zone to zone; every cubic metre is in one of them.

    hauls: columns `x_from, y_from, x_to, y_to` (m) and `volume_m3`. Hauls that begin and end near each other are gathered: the
    group whose ends lie furthest apart, weighted by volume, is halved until there are enough. Returns the same columns with the
    mean ends of each group, weighted by volume, and `hauls` (how many it holds), the largest flow first.
    """
    volume = hauls["volume_m3"].to_numpy(np.float64)
    kept = np.flatnonzero(volume > 0)
    ends = hauls[_ENDS].to_numpy(np.float64)[kept]
    volume = volume[kept]
    groups = [np.arange(len(kept))] if len(kept) else []
    spread = [_spread(ends[g], volume[g]) for g in groups]
    while groups and len(groups) < most and max(spread) > 0.0:
        widest = int(np.argmax(spread))
        halves = _halved(groups[widest], ends, volume)
        groups[widest : widest + 1] = halves
        spread[widest : widest + 1] = [_spread(ends[g], volume[g]) for g in halves]
    rows = [(*np.average(ends[g], axis=0, weights=volume[g]), volume[g].sum(), len(g)) for g in groups]
    table = pd.DataFrame(rows, columns=[*_ENDS, "volume_m3", "hauls"])
    return table.sort_values(["volume_m3", *_ENDS], ascending=[False, True, True, True, True], ignore_index=True)


def _spread(ends: NDArray[np.float64], volume: NDArray[np.float64]) -> float:
    """What a group loses by being drawn as one arrow: m³·m² about its mean ends."""
    if len(ends) < 2:
        return 0.0
    middle = np.average(ends, axis=0, weights=volume)
    return float((volume[:, None] * (ends - middle) ** 2).sum())


def _halved(group: NDArray[Any], ends: NDArray[np.float64], volume: NDArray[np.float64]) -> list[NDArray[Any]]:
    """A group cut across its longest extent at its mean, neither half empty."""
    mine, weight = ends[group], volume[group]
    middle = np.average(mine, axis=0, weights=weight)
    axis = int(np.argmax((weight[:, None] * (mine - middle) ** 2).sum(axis=0)))
    low = mine[:, axis] <= middle[axis]
    if low.all() or not low.any():  # the mean fell on the largest coordinate by rounding
        low = mine[:, axis] < mine[:, axis].max()
    if not low.any():  # all ends are the same but for rounding
        low = np.arange(len(group)) < len(group) // 2
    return [group[low], group[~low]]
