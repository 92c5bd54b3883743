"""The lakes of a plan through the years: levels, storage, filling, what water they need, and floods over their weirs."""

from planner.lakes.noun import LakeYears
from planner.lakes.years import water

__all__ = ["LakeYears", "water"]
