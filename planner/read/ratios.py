"""How many of a file's cells lie on one that is asked for, whatever their CRS."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyproj

from planner.read.position import computed


def same_place(a: pyproj.CRS, b: pyproj.CRS) -> bool:
    """Whether positions in both CRS mean the same, heights and axis order aside."""
    flat = [c.sub_crs_list[0] if c.is_compound else c for c in (a, b)]
    if flat[0].equals(flat[1], ignore_axis_order=True):
        return True
    epsg = [c.to_epsg() for c in flat]
    return epsg[0] is not None and epsg[0] == epsg[1]


def scales(source: Any, own: pyproj.CRS | None, wanted: pyproj.CRS | None, cell: tuple[float, float]) -> dict[str, float]:
    """How many cells of a frame lie on one of the file, at most 1, as the warper takes them along x and y.

    Below 1 it averages so many cells instead of interpolating. Left to itself it takes the ratio from its windows, so that the
    same ground differs from window to window, on slopes by metres. The file's cells are measured at its centre.
    """
    t = source.transform
    across, down = np.array([t.a, t.d]), np.array([t.b, t.e])
    if own is not None and wanted is not None and not same_place(own, wanted):
        middle = np.array([t.c, t.f]) + across * (source.width / 2) + down * (source.height / 2)
        points = np.stack([middle, middle + across, middle + down])
        with computed(own, wanted):
            x, y = pyproj.Transformer.from_crs(own, wanted, always_xy=True).transform(points[:, 0], points[:, 1])
        across, down = np.array([x[1] - x[0], y[1] - y[0]]), np.array([x[2] - x[0], y[2] - y[0]])
    steps = np.stack([across, down])
    size = np.hypot(steps[:, 0], steps[:, 1])[np.abs(steps).argmax(axis=0)]  # of the step that runs most along each axis
    if not (np.isfinite(size).all() and (size > 0).all()):
        return {"XSCALE": 1.0, "YSCALE": 1.0}
    return {"XSCALE": float(min(1.0, size[0] / cell[0])), "YSCALE": float(min(1.0, size[1] / cell[1]))}
