"""Why a programme has no schedule, and by how much which limit has to give."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from planner.errors import Infeasible
from planner.portfolio.model import Model
from planner.portfolio.programme import Programme
from planner.portfolio.rows import ask
from planner.words import Message, say

MOST = 12  # relaxations that are told
NODES = 1000  # of the search for each answer: the same whatever the machine


def refuse(made: Programme) -> NoReturn:
    """Raises Infeasible: the least money, fund by fund and year, that would do; or the projects that cannot all be done."""
    musts = [p.id for p in made.projects if p.must or p.settled is not None]
    quotas = [say("portfolio.quota_kept", measure=q.measure) for q in made.quotas]
    conflicts = (*(say("portfolio.must_kept", id=name) for name in musts), *quotas)
    money = _more_money(made)
    if money is not None:
        raise Infeasible(say("portfolio.money_short", projects=musts), conflicts=conflicts, relaxations=money)
    left = _left_out(made)
    if left:
        names = tuple(say("portfolio.drop_must", id=name) for name in left)
        raise Infeasible(say("portfolio.cannot_all", projects=left), conflicts=conflicts, relaxations=names)
    told = tuple(say("portfolio.quota_kept", measure=q.measure) for q in made.quotas)
    raise Infeasible(say("portfolio.quotas_conflict"), conflicts=conflicts, relaxations=told)


def _more_money(made: Programme) -> tuple[Message, ...] | None:
    """The least extra yuan by fund and year under which all that must be done can be; None where money is not what lacks."""
    model = Model(made, {}, elastic="funds", split=frozenset(range(len(made.projects))))
    answer = ask(model.program, nodes=NODES, gap=1e-3)
    if answer.point is None:
        return None
    extra = answer.point[model.slacks :].reshape(len(made.funds), model.span) * model.yuan
    f, t = np.nonzero(extra > 1e-9 * max(model.yuan, float(extra.max(initial=0.0))))
    if not len(f):
        return None
    order = np.argsort(-extra[f, t], kind="stable")[:MOST]
    return tuple(
        say("portfolio.more_money", fund=made.funds[f[k]].id, year=int(made.years[t[k]]), cny=float(extra[f[k], t[k]]))
        for k in order
    )


def _left_out(made: Programme) -> list[str]:
    """The fewest projects that must be done and cannot all be: what a schedule that keeps most of them leaves."""
    model = Model(made, {}, free=True, split=frozenset(range(len(made.projects))))
    must = np.array([p.must or p.settled is not None for p in made.projects])
    cost = np.zeros(model.width)
    cost[: len(made.columns)] = -must[made.columns.project].astype(float)
    from dataclasses import replace

    answer = ask(replace(model.program, cost=cost, scale=1.0), nodes=NODES)
    if answer.point is None:
        return []
    done = set(made.columns.project[answer.point[: len(made.columns)] > 0.5].tolist())
    return [p.id for i, p in enumerate(made.projects) if must[i] and i not in done]
