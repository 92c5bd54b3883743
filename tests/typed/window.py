"""What a user's type checker sees of the package: read by mypy (tests/test_types.py), never run."""

from pathlib import Path
from typing import Any, assert_type

import planner as pl
from planner.allocation import Result
from planner.facade import Plan

sets: dict[str, Any] = {"budget.max_cny": 1e9}
plan = pl.make_plan("site", **sets)
assert_type(plan, Plan)
assert_type(plan.save("out", lang="zh"), Path)
assert_type(pl.load_plan("out"), Plan)
assert_type(pl.samples.folder("zhonghu"), Path)
assert_type(pl.Problem(plan.options).subject_to(pl.Budget(max_cny=1e9)).solve(gap=1e-3), Result)
