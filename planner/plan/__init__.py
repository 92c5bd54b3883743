"""Composition: the stages put together into a plan, and what a plan can tell."""

from planner.plan.compose import make_plan
from planner.plan.noun import Plan
from planner.plan.record import PlanRecord
from planner.plan.saved import load_plan
from planner.plan.sensitivity import confidence, sweep

__all__ = ["Plan", "PlanRecord", "confidence", "load_plan", "make_plan", "sweep"]
