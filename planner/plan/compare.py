"""Plans side by side: figures, and what moved from target to target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from planner.errors import CRSMismatch, UsageError
from planner.plan.figures import FIGURES, Figure, with_unit
from planner.plan.prices import within_gap
from planner.units import mu_from_m2
from planner.words import render, say

if TYPE_CHECKING:
    from planner.plan.noun import Plan


def compare_plans(plans: Sequence[Plan], *, names: Sequence[str]) -> dict[str, Any]:
    """Two or more plans side by side.

    Returns `plans` (name, site), `rows` (what, unit, values by plan) and `moves`: per pair of neighbours the mu that went from
    each target to each. Where the units are the same they are matched by id, otherwise by where they lie.
    Raises UsageError for fewer than two plans, CRSMismatch where they do not share a CRS.
    """
    if len(plans) < 2:
        raise UsageError(say("plan.two_plans"))
    summaries = [plan.summary() for plan in plans]
    unsure = within_gap(summaries)
    return {
        "schema": "planner.compare/1",
        "warnings": [] if unsure is None else [render(unsure, "en")],
        "warnings_zh": [] if unsure is None else [render(unsure, "zh")],
        "plans": [{"name": name, "site": s["site"]["name"]} for name, s in zip(names, summaries, strict=True)],
        "rows": [_row(figure, summaries) for figure in FIGURES if figure.compared],
        "moves": [
            {"from_plan": names[k], "to_plan": names[k + 1], "flows": moves(plans[k], plans[k + 1])}
            for k in range(len(plans) - 1)
        ],
    }


def _row(figure: Figure, summaries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A key figure of every plan, in the larger unit where it has one."""
    unit = figure.large or figure.unit
    values = [(figure.of(s) or 0.0) / figure.size for s in summaries]
    return {"key": figure.key, "what": with_unit(figure.name("en"), unit, "en"), "unit": unit, "values": values}


def moves(before: Plan, after: Plan) -> list[dict[str, Any]]:
    """What went from which target to which, mu: rows `from`, `to`, `area_mu`, sorted; unchanged land included."""
    pairs = _same_units(before, after) or _overlay(before, after)
    flows: dict[tuple[str, str], float] = {}
    for old, new, area in zip(*pairs, strict=True):
        flows[(old, new)] = flows.get((old, new), 0.0) + float(area)
    return [{"from": a, "to": b, "area_mu": area} for (a, b), area in sorted(flows.items())]


def _same_units(before: Plan, after: Plan) -> tuple[Any, Any, Any] | None:
    """Targets and areas unit by unit, where both plans have the same units in the same places."""
    if not before.units.index.equals(after.units.index):
        return None
    if not np.allclose(before.units["area_mu"], after.units["area_mu"], rtol=1e-9):
        return None
    return before.units["target"], after.units["target"], after.units["area_mu"]


def _overlay(before: Plan, after: Plan) -> tuple[Any, Any, Any]:
    """Targets and areas of the pieces that two different partitions share."""
    if before.site.crs != after.site.crs:
        raise CRSMismatch(
            say(
                "plan.crs_apart",
                one=before.site.name,
                one_crs=before.site.crs.name,
                other=after.site.name,
                other_crs=after.site.crs.name,
            )
        )
    old, new = before.units, after.units
    tree = shapely.STRtree(old.geometry.to_numpy())
    j, i = tree.query(new.geometry.to_numpy(), predicate="intersects")
    shared = shapely.area(shapely.intersection(old.geometry.to_numpy()[i], new.geometry.to_numpy()[j]))
    scale = new["area_mu"].to_numpy(float)[j] / mu_from_m2(shapely.area(new.geometry.to_numpy()[j]))
    keep = shared > 0
    mu = mu_from_m2(shared * scale)[keep]
    return old["target"].to_numpy()[i][keep], new["target"].to_numpy()[j][keep], mu
