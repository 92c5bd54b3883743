"""The finished ground as it is handed to those who build it: surface, contours, breaklines, stake-out, sections, checks."""

from planner.groundworks.drawing import Drawing, design, drawing, section

__all__ = ["Drawing", "design", "drawing", "section"]
