"""Choosing one option per unit under named rules, with a certificate."""

from planner.allocation.problem import Problem
from planner.allocation.result import Binding, Result
from planner.allocation.rules import (
    Adjacent,
    Apart,
    Budget,
    Compactness,
    Connected,
    Earthwork,
    Exclude,
    Limit,
    Lock,
    MinPatch,
    Quota,
    Share,
    Storage,
    WaterLevel,
)

__all__ = [
    "Adjacent",
    "Apart",
    "Binding",
    "Budget",
    "Compactness",
    "Connected",
    "Earthwork",
    "Exclude",
    "Limit",
    "Lock",
    "MinPatch",
    "Problem",
    "Quota",
    "Result",
    "Share",
    "Storage",
    "WaterLevel",
]
