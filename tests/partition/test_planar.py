"""Which parcel a face of the planar graph lies in."""

from __future__ import annotations

import numpy as np
import shapely

from planner.partition import planar


def test_a_face_that_runs_out_into_a_sliver_is_not_met_there() -> None:
    """A part of it is a sliver of micrometres beside a parcel: a point there is in either (12 m² were counted twice)."""
    face = shapely.Polygon([(12.514, 17.0977), (12.514, 11.29), (8.2633, 11.29), (0.0, 0.0)])
    beside = shapely.Polygon([(12.514, 11.29), (12.514, -5.57), (-0.1, -1.09), (0.0, 0.0), (8.2633, 11.29)])
    assert planar.owners(np.array([face, beside], dtype=object), np.array([beside], dtype=object)).tolist() == [-1, 0]
