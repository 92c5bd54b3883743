"""Who pays for each chosen project in each year, and whose earth it takes: the exact program with the choices made."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from planner.errors import PlannerError
from planner.portfolio.model import Model
from planner.portfolio.programme import Floats, Ints, Programme
from planner.portfolio.rows import ask
from planner.words import say

LEAST = 1e-9  # share of the largest sum below which a sum is none


@dataclass(frozen=True, eq=False)
class Paid:
    """money: yuan by chosen project, fund and year, (n, F, T). unpaid: yuan nobody pays, (n,). cost_cny: present value of
    charges, haul and bought earth. hauls: columns `giver`, `taker` (places among the chosen), `year`, `m3`, `km`. bought: m³ by
    chosen project and year, (n, T)."""

    money: Floats
    unpaid: Floats
    cost_cny: float
    hauls: pd.DataFrame
    bought: Floats


def pay(made: Programme, chosen: Ints) -> Paid:
    """The cheapest way to pay for chosen columns, project by project; what cannot be paid is told by project."""
    cols, span = made.columns, len(made.years)
    money, bought = np.zeros((len(chosen), len(made.funds), span)), np.zeros((len(chosen), span))
    heads = ["giver", "taker", "year", "m3", "km"]
    if not len(chosen):
        return Paid(money, np.zeros(0), 0.0, pd.DataFrame(columns=heads), bought)
    alone = _alone(made, chosen)
    model = Model(alone, {"npv": 1.0}, split=frozenset(range(len(chosen))), elastic="spending")
    program = model.program
    lower = program.lower.copy()
    lower[: len(chosen)] = 1.0
    answer = ask(replace(program, lower=lower), relaxed=True)
    if answer.point is None:
        raise PlannerError(say("portfolio.not_paid", status=answer.status))
    point = answer.point
    for (c, f), at in model.money.items():
        money[model.classes[c].projects[0], f] += point[at : at + span] * model.yuan
    short = point[model.slacks :].reshape(len(model.classes), span).sum(axis=1) * model.yuan
    unpaid = np.zeros(len(chosen))
    for c, group in enumerate(model.classes):
        unpaid[group.projects[0]] += short[c]
    floor = LEAST * max(float(cols.spend[chosen].max(initial=0.0)), 1e-300)
    money[money < floor] = 0.0
    unpaid[unpaid < floor] = 0.0
    givers, takers, km = alone.pairs
    hauled = point[model.hauls : model.bought].reshape(-1, span) * model.m3
    some = hauled > LEAST * max(model.m3, float(hauled.max(initial=0.0)))
    rows = [
        (int(givers[p]), int(takers[p]), int(made.years[t]), float(hauled[p, t]), float(km[p]))
        for p, t in zip(*np.nonzero(some), strict=True)
    ]
    bought[model.takers] = point[model.bought : model.slacks].reshape(len(model.takers), span) * model.m3
    cost = -float((model.costs[: model.slacks] * point[: model.slacks])[len(chosen) :].sum())
    return Paid(money, unpaid, cost, pd.DataFrame(rows, columns=heads), bought)


def _alone(made: Programme, chosen: Ints) -> Programme:
    """The programme of the chosen columns and nothing else: each project has one variant and one start."""
    cols = made.columns
    projects = []
    for j in chosen.tolist():
        project = made.projects[int(cols.project[j])]
        only = project.variant[int(cols.variant[j])]
        year = int(cols.start[j])
        free = {"after": (), "with_": (), "not_with": (), "settled": None, "must": True}
        projects.append(project.model_copy(update={**free, "variant": (only,), "earliest": year, "latest": year}))
    general = made.general.model_copy(update={"settled_until": None})
    return replace(made, general=general, projects=tuple(projects), quotas=())
