"""The only room that opens files, repairs geometry and reprojects."""

from planner.read.assemble import read_site
from planner.read.check import CheckReport, check
from planner.read.init import init_text

__all__ = ["CheckReport", "check", "init_text", "read_site"]
