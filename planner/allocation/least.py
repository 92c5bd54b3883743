"""What a limit says about a patch: where a target has to come to so much, a piece of it that comes to less cannot stand alone.

Connected knows nothing of quotas, and a quota nothing of patches. Together they rule out every small piece, as MinPatch does,
with rows that hold from the beginning; a flow from an unknown root says far less and costs far more.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from planner.allocation.model import Model
from planner.allocation.parts import ROUNDING, Separator, stack_clauses
from planner.allocation.table import Floats


def with_least(model: Model) -> Model:
    """The model whose rules of one patch know what the patch comes to at least; itself where no limit says so."""
    told = [_told(model, s) for s in model.separators]
    if all(new is old for new, old in zip(told, model.separators, strict=True)):
        return model
    rows = [c for new, old in zip(told, model.separators, strict=True) if new is not old and (c := new.known()) is not None]
    flows = () if all(new is not old for new, old in zip(told, model.separators, strict=True)) else model.hidden
    return replace(model, separators=tuple(told), cuts=stack_clauses([model.cuts, *rows]), hidden=flows)


def _told(model: Model, separator: Separator) -> Separator:
    """The separator with the limit that asks for most of the target alone, and the units that are in it whatever is chosen."""
    best: tuple[float, Floats, float] | None = None
    for r in np.flatnonzero(np.isfinite(model.lo) & (model.lo > 0) & (model.border == 0)):
        coef = model.coef[r]
        if (coef[~separator.inside & model.allowed] > 0).any() or model.entries[:, r].any():
            continue
        among = np.where(separator.inside & model.allowed, coef, 0.0)
        most = np.maximum(np.maximum.reduceat(among, model.start[:-1]), 0.0)
        least = float(model.lo[r]) - ROUNDING * float(most.sum() + model.lo[r])
        if most.sum() > 0 and (best is None or least / most.sum() > best[0]):
            best = least / most.sum(), most, least
    if best is None:
        return separator
    outside = np.logical_or.reduceat(model.allowed & ~separator.inside, model.start[:-1])
    return separator.at_least(best[1], best[2], ~outside)
