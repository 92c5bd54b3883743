"""Parcels into planning units: pieces of ground homogeneous enough to have one fate, with their neighbours."""

from planner.partition.cut import partition

__all__ = ["partition"]
