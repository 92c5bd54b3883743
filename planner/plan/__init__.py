"""Composition: the stages put together into a plan, and what a plan can tell."""

from planner.plan.compose import make_plan
from planner.plan.noun import Plan
from planner.plan.saved import load_plan

__all__ = ["Plan", "load_plan", "make_plan"]
