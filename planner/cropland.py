"""Which of today's land uses are cropland: by their names and by the codes of the national classification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.landuse import means_use

if TYPE_CHECKING:
    import pandas as pd

    from planner.scenario import Scenario


def is_cropland(landuse: pd.Series[str], scenario: Scenario) -> pd.Series[bool]:
    """Which land uses are cropland: by a name of `farmland.cropland`, or a code that begins as one of `cropland_codes`."""
    return _are(landuse, scenario, "farmland.cropland", "farmland.cropland_codes")


def is_irrigated(landuse: pd.Series[str], scenario: Scenario) -> pd.Series[bool]:
    """Which land uses are irrigated land: by a name or a code of `suitability.irrigated`."""
    return _are(landuse, scenario, "suitability.irrigated", "suitability.irrigated")


def _are(landuse: pd.Series[str], scenario: Scenario, names: str, codes: str) -> pd.Series[bool]:
    known = {str(n).lower() for n in scenario.value(names)}
    begin = tuple(str(c).lower() for c in scenario.value(codes) if str(c)[:1].isdigit())
    uses = landuse.astype(str)
    return uses.map({use: means_use(use, known, begin) for use in uses.unique()}).astype(bool)
