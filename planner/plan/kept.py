"""What a search learned about prices, kept with its plan as tables, so that planning again begins where it ended.

The prices are no beliefs: whatever they are, they are drawn into what borders and ways cost and prove a bound of their own.
Ones that do not fit are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from planner.allocation.search import Warm

if TYPE_CHECKING:
    from planner.allocation import Result

DIGITS: Final = 2  # of a price, yuan: finer ones move the bound of a site by less than a thousandth of its gap
EARTH: Final = "cny_per_m3"
EARTH_DIGITS: Final = 5


def frames_of(result: Result) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """A result's prices as tables: of each border's terms, yuan (columns term_1 …, empty where 0), and of earth by unit."""
    warm = result.warm
    if warm is None:
        return None, None
    border = earth = None
    if warm.border.size:
        rounded = np.round(warm.border, DIGITS)
        columns = [f"term_{k + 1}" for k in range(rounded.shape[1])]
        border = pd.DataFrame(np.where(rounded == 0, np.nan, rounded), columns=columns)
    if warm.earth is not None:
        earth = pd.DataFrame({EARTH: np.round(warm.earth, EARTH_DIGITS)}, index=result.choice.index.rename("unit_id"))
    return border, earth


def warm_of(border: pd.DataFrame | None, earth: pd.DataFrame | None, units: pd.Index[str]) -> Warm | None:
    """The prices in such tables, for a problem with these units; None where there are none."""
    numbers, worth = np.empty((0, 0)), None
    if border is not None and not border.empty:
        numbers = border.apply(pd.to_numeric, errors="coerce").to_numpy(float)
    if earth is not None and EARTH in earth.columns and earth.index.is_unique:
        worth = pd.to_numeric(earth[EARTH], errors="coerce").reindex(units).to_numpy(float)
    if worth is None and not numbers.size:
        return None
    return Warm(np.nan_to_num(numbers, nan=0.0, posinf=0.0, neginf=0.0), worth)
