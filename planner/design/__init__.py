"""Design: the finished ground and the water levels, decided in one place and asked by every stage and every output."""

from planner.design.drains import Drains, drains
from planner.design.dykes import Section, crests, dykes, edges, heights
from planner.design.lakes import lake_levels
from planner.design.levels import Levels, platform, water_surface
from planner.design.shape import Shape, graded
from planner.design.surface import Design, owners
from planner.design.ways import bed_of, dig_limit_m, shape_of, ways

__all__ = [
    "Design",
    "Drains",
    "Levels",
    "Section",
    "Shape",
    "bed_of",
    "crests",
    "dig_limit_m",
    "drains",
    "dykes",
    "edges",
    "graded",
    "heights",
    "lake_levels",
    "owners",
    "platform",
    "shape_of",
    "water_surface",
    "ways",
]
