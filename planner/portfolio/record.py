"""A programme that was solved, as data: what was asked, what was chosen, where it lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from planner.portfolio.programme import Programme
from planner.portfolio.solve import Solution

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True, eq=False)
class Solved:
    """A schedule of projects with its proof.

    made: the programme. solution: chosen columns, payments, bound. outlines: a polygon a project where a layer gives them.
    columns_proof: what was proven over all plans of all sites, where variants were planned; empty where they were given.
    """

    made: Programme
    solution: Solution
    outlines: gpd.GeoDataFrame | None = None
    columns_proof: Mapping[str, Any] = field(default_factory=dict)
