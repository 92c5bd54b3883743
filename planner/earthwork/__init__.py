"""Earthwork: cut and fill against a level, levels that balance, and who digs for whom."""

from planner.earthwork.checks import places
from planner.earthwork.haul import BEYOND, EXPORT, IMPORT, Haul, haul
from planner.earthwork.levels import bed_level, cut_fill, dig_depth, grading_level, platform_level, pooled
from planner.earthwork.mass import mass_curve

__all__ = [
    "BEYOND",
    "EXPORT",
    "IMPORT",
    "Haul",
    "bed_level",
    "cut_fill",
    "dig_depth",
    "grading_level",
    "haul",
    "mass_curve",
    "places",
    "platform_level",
    "pooled",
]
