"""Choosing one option per unit under named rules, with a certificate."""

from planner.allocation.problem import Problem
from planner.allocation.result import Binding, Result
from planner.allocation.rules import (
    Budget,
    Compactness,
    Earthwork,
    Exclude,
    Limit,
    Lock,
    Quota,
    Storage,
    WaterLevel,
)

__all__ = [
    "Binding",
    "Budget",
    "Compactness",
    "Earthwork",
    "Exclude",
    "Limit",
    "Lock",
    "Problem",
    "Quota",
    "Result",
    "Storage",
    "WaterLevel",
]
