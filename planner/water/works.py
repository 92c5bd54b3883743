"""Ground that is dug and filled before the water comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.design import graded
from planner.errors import InvalidInput
from planner.words import say

Floats = NDArray[np.float64]
SHARED: Final = 1e-6  # of the smaller one's area: what two works may share where their border is drawn


@dataclass(frozen=True)
class Works:
    """Ground that is dug or filled within a geometry: it becomes max(min(ground − dig_m, at_most_m), at_least_m), levels in m.

    A lake bed is dug by a depth and at least down to at_most_m; a platform is filled up to at_least_m. Banks along the geometry
    are taken as vertical. Raises InvalidInput for a depth that is no finite number and levels that are none.
    """

    geometry: shapely.Geometry
    dig_m: float = 0.0
    at_most_m: float = np.inf
    at_least_m: float = -np.inf

    def __post_init__(self) -> None:
        """Raises InvalidInput for numbers that are none."""
        if not np.isfinite(self.dig_m):
            raise InvalidInput(say("water.dig", dig_m=self.dig_m))
        if np.isnan(self.at_most_m) or np.isnan(self.at_least_m):
            raise InvalidInput(say("water.works_levels", at_most_m=self.at_most_m, at_least_m=self.at_least_m))

    def changed(self, ground: Floats) -> Floats:
        """The ground after the works, m; NaN stays NaN."""
        return graded(ground, self.dig_m, self.at_most_m, self.at_least_m)


def refuse_overlaps(works: Sequence[Works]) -> None:
    """Raises InvalidInput where two works share ground: which comes last would decide what is left of it."""
    shapes = np.array([w.geometry for w in works], dtype=object)
    tree = shapely.STRtree(shapes)
    for i, j in tree.query(shapes, predicate="intersects").T:
        if i < j:
            shared = shapely.area(shapely.intersection(shapes[i], shapes[j]))
            if shared > SHARED * min(shapely.area(shapes[i]), shapely.area(shapes[j])):
                raise InvalidInput(say("water.works_overlap", one=int(i), other=int(j), area_m2=float(shared)))
