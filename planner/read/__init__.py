"""The only room that opens files, repairs geometry and reprojects."""

from planner.read.assemble import read_site

__all__ = ["read_site"]
