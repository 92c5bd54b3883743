"""What the kernels take of checked panels: rectangles and outlines, moved in, cut along dip and along the face's way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.errors import InvalidInput
from planner.subsidence.outline import moved_along, offset_outline, quadrature_nodes, reach_along, rectangle_axes, strips
from planner.subsidence.panels import Panels
from planner.words import say

Floats = NDArray[np.float64]
ELEMENT: Final = 0.03  # relative change of depth within an element of an inclined seam: right to 1e-3 of W₀ (tests/subsidence)


@dataclass(frozen=True, eq=False)
class Sources:
    """What the kernels take: rectangles (p, 11), and other outlines as ragged quadrature nodes with their own (k, 11) rows.

    rectangle_of, outline_of: which panel each row came from.
    """

    rectangles: Floats
    rectangle_of: NDArray[np.int64]
    nodes: Floats
    start: NDArray[np.int64]
    outlines: Floats
    outline_of: NDArray[np.int64]

    def weighted(self, share: Floats) -> Sources:
        """The same panels with their final subsidence multiplied by a share each."""
        rectangles, outlines = self.rectangles.copy(), self.outlines.copy()
        rectangles[:, 7] *= share[self.rectangle_of]
        outlines[:, 7] *= share[self.outline_of]
        return Sources(rectangles, self.rectangle_of, self.nodes, self.start, outlines, self.outline_of)

    def only(self, chosen: NDArray[np.bool_]) -> Sources:
        """Some of the panels: chosen (p,)."""
        rectangle, outline = chosen[self.rectangle_of], chosen[self.outline_of]
        counts = np.diff(self.start)
        return Sources(
            self.rectangles[rectangle],
            self.rectangle_of[rectangle],
            self.nodes[np.repeat(outline, counts)],
            np.concatenate(([0], np.cumsum(counts[outline]))).astype(np.int64),
            self.outlines[outline],
            self.outline_of[outline],
        )


def sources(panels: Panels) -> Sources:
    """Kernel rows of checked panels: goaf outlines moved in by the offset, cut along dip where the seam is inclined, and every
    element moved down-dip by its own depth times cot θ₀, with its own radius.

    Raises InvalidInput where an inclined seam comes to the surface within its panel.
    """
    n = panels.numbers
    rectangles, rectangle_of, outlines, outline_of, nodes = [], [], [], [], []
    for k, polygon in enumerate(panels.outline):
        azimuth, cot = np.radians(n["dip_azimuth_deg"][k]), 1.0 / np.tan(np.radians(n["theta0_deg"][k]))
        dip_x, dip_y = cot * np.sin(azimuth), cot * np.cos(azimuth)
        effective = offset_outline(polygon, float(n["offset_m"][k]), panels.names[k])
        for moved, depth, weight in _elements(panels, k, _behind_the_face(panels, k, effective), cot):
            radius = depth / float(n["tan_beta"][k])
            tail = [radius, float(panels.w0_m[k]) * weight, n["b"][k] * radius, dip_x, dip_y]
            axes = rectangle_axes(moved)
            if axes is not None:
                rectangles.append([*axes, *tail])
                rectangle_of.append(k)
            else:
                west, south, east, north = moved.bounds
                outlines.append([west, south, 1.0, 0.0, east - west, north - south, *tail])
                outline_of.append(k)
                nodes.append(quadrature_nodes(moved, radius))
    return Sources(
        np.array(rectangles, dtype=float).reshape(-1, 11),
        np.array(rectangle_of, dtype=np.int64),
        np.concatenate(nodes) if nodes else np.zeros((0, 3)),
        np.concatenate(([0], np.cumsum([len(x) for x in nodes]))).astype(np.int64),
        np.array(outlines, dtype=float).reshape(-1, 11),
        np.array(outline_of, dtype=np.int64),
    )


def _behind_the_face(panels: Panels, k: int, effective: Any) -> Any:
    """What an entry takes of its panel's effective outline: all of it, or the strip that its face takes in one go."""
    if not panels.advancing[k]:
        return effective
    azimuth, middle = float(panels.numbers["advance_deg"][k]), effective.centroid
    low, high = reach_along(effective, azimuth, middle)
    found = [piece for piece, _ in strips(effective, azimuth, middle, low + panels.piece[k] * (high - low))]
    return found[0] if len(found) == 1 else shapely.union_all(found)


def _elements(panels: Panels, k: int, effective: Any, cot: float) -> list[tuple[Any, float, float]]:
    """Pieces of a panel's effective outline where they act, down-dip by depth · cot θ₀, with the seam's depth below each, m,
    and the share of W₀ that they carry: the whole where the seam lies flat.

    Depth grows down-dip, and with it how far off the seam the ground moves, so that a piece acts on more ground than it covers
    and by as much less.
    """
    n = panels.numbers
    depth, slope = float(n["depth_m"][k]), float(np.tan(np.radians(n["dip_deg"][k])))
    azimuth, middle = float(n["dip_azimuth_deg"][k]), panels.outline[k].centroid
    # As many as the goaf itself asks for: a fit that moves the offset then moves no element in or out.
    low, high = (depth + slope * s for s in reach_along(panels.outline[k], azimuth, middle))
    if low <= float(n["thickness_m"][k]):
        raise InvalidInput(say("subsidence.seam_outcrops", panel=panels.names[k], depth_m=low, dip_deg=n["dip_deg"][k]))
    count = int(np.ceil(np.log(high / low) / ELEMENT))
    if count <= 1:
        way = depth * cot
        return [(moved_along(effective, azimuth, middle, way=way, stretch=1.0), depth, 1.0)]
    edges = (np.geomspace(low, high, count + 1) - depth) / slope
    edges[0], edges[-1] = -np.inf, np.inf  # an offset that widens the goaf stays with the outermost
    stretch, found = 1.0 + slope * cot, []
    for piece, s in strips(effective, azimuth, middle, edges):
        moved = moved_along(piece, azimuth, middle, way=depth * cot, stretch=stretch)
        found.append((moved, depth + slope * s, 1.0 / stretch))
    return found
