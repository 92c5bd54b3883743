"""The finished ground as it is handed to those who build it: surface, contours, breaklines, stake-out, sections, checks."""

from planner.groundworks.drawing import Drawing, design, drawing, section
from planner.groundworks.raster import design_raster

__all__ = ["Drawing", "design", "design_raster", "drawing", "section"]
