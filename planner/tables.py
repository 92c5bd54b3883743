"""What one stage hands to the next: thin frozen nouns around frames whose columns `planner.columns` names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from planner.core.polygons.edging import Beside
    from planner.core.terrain.hypsometry import Hypsometry
    from planner.site import Grid
    from planner.words import Message


@dataclass(frozen=True, eq=False)
class Partition:
    """Planning units and who touches whom.

    units: index `unit_id` (str), columns `parcel_id`, geometry; areas sum to the parcels' (relative 1e-9).
    borders: columns `unit_a`, `unit_b` (a < b), `length_m`; only shared lines, not points.
    """

    units: gpd.GeoDataFrame
    borders: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Ground:
    """The state of the ground at the plan's year, on the terrain's cells.

    residual_mm: subsidence still to come, mm. tilt_mm_m, curvature_mm_m2, strain_mm_m: the largest residual deformation
    over all directions, absolute. settled_year: calendar year from which the ground counts as settled. free_year: from which,
    settled, it has so little still to come that building is not restricted. known: False where nothing was known of the mine
    and the ground is taken as settled (then the notes say so).
    """

    residual_mm: Grid
    tilt_mm_m: Grid
    curvature_mm_m2: Grid
    strain_mm_m: Grid
    settled_year: Grid
    free_year: Grid
    known: bool
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True, eq=False)
class Measures:
    """Facts of every unit, one row each in the partition's order.

    table: index `unit_id`; columns as in `columns.FACTS`. ground: the units' ground as areas by elevation, same order. edge:
    the ground beside their edges, where it was measured.
    """

    table: pd.DataFrame
    ground: Hypsometry
    edge: Beside | None = None


@dataclass(frozen=True, eq=False)
class Judgement:
    """Which targets a unit may have, how well it suits, and why.

    eligible: bool, index `unit_id`, columns the four targets. score: 0-1, same shape. verdicts: one row per (unit_id,
    target, rule) with `passed`, `hard`, `value`, `limit`, `unit`, `source`. decision: the target that the published
    rules alone give.
    """

    eligible: pd.DataFrame
    score: pd.DataFrame
    verdicts: pd.DataFrame
    decision: pd.Series[str]
