"""Prices of patch rows: a linear program over the options that count, rows added as shares break them, a bound in closed form.

Options that the prices found without patch rules keep in play make a small program. Rows of patches broken by its shares are
added until none is, and every option that the new prices favour joins. Whatever the program's solver says, its prices alone
prove the bound, over all options.
Source: cutting planes and column generation, Dantzig, Fulkerson & Johnson 1954; Gilmore & Gomory 1961.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from planner.allocation.bound import Multipliers, forest, reduced_values, upper_bound
from planner.allocation.exact import multipliers_of
from planner.allocation.highs import Solved, solve_program
from planner.allocation.model import Model
from planner.allocation.parts import Clauses, empty_clauses, stack_clauses
from planner.allocation.program import Program, program
from planner.allocation.search import Found, Settings
from planner.allocation.table import Bools, Floats

ROUNDS = 40  # most times that rows or options are added
BROKEN = 1e-3  # share by which a row must be broken to be added
NEAR = 0.15  # of the usual worth of a unit in the target: options that lose less take part from the beginning


@dataclass(frozen=True, eq=False)
class PatchPrices:
    """shares (K,) of each option; multipliers of the coupling rows beside the borders' pull; bound: proven with the patch rows'
    own prices. paying (K,), limits: what options pay for the patch rows, and what these rows' limits come to. found: rows found
    on the way that no plan breaks."""

    shares: Floats
    multipliers: Multipliers
    bound: float
    paying: Floats
    limits: float
    found: Clauses


def patch_prices(model: Model, settings: Settings, free: Found, known: Clauses | None = None) -> PatchPrices | None:
    """Prices with the rows that rules on patches make; `free`: what was found without these; `known`: rows found before.

    None where time is too short.
    """
    loose = replace(model, separators=(), hidden=(), cuts=empty_clauses())
    table, order = _matrix(model.cuts, model.gain.size), forest(loose)
    added, within, best = known or empty_clauses(), _that_count(model, free), None
    for _ in range(ROUNDS):
        if settings.seconds_left <= 0:
            break
        current = replace(loose, allowed=within, clauses=stack_clauses([loose.clauses, added]))
        prog = program(current)
        answer = solve_program(prog, relaxed=True, seconds=settings.seconds_left, seed=settings.seed, stop=settings.stop)
        if answer.point is None or answer.duals is None:
            if answer.status is not Solved.INFEASIBLE or (within == model.allowed).all():
                break
            within = model.allowed
            continue
        multipliers, dual = multipliers_of(current, prog, answer.duals), prices_of_clauses(current, prog, answer.duals)
        priced, constant = with_rows_priced(loose, current.clauses, dual)
        bound = upper_bound(replace(priced, clauses=empty_clauses()), multipliers, order) + constant
        shares = answer.point[: model.gain.size]
        if best is None or bound <= best.bound:
            best = PatchPrices(shares, multipliers, bound, loose.gain - priced.gain, constant, added)
        more = _broken(model, table, shares)
        fresh = _favoured(current, reduced_values(priced, multipliers), model.allowed)
        if more is None and not fresh.any():
            break
        within = within | fresh
        added = stack_clauses([added, more]) if more is not None else added
    return best


def _matrix(rows: Clauses, options: int) -> tuple[sparse.csr_array, Floats]:
    return sparse.csr_array((rows.value, (rows.row, rows.col)), shape=(rows.hi.size, options)), rows.hi


def _that_count(model: Model, free: Found) -> Bools:
    """Options nearly as good as the best of their unit on the same side of every rule on patches, and those chosen, (K,)."""
    value = reduced_values(model, free.multipliers)
    keep = np.zeros(model.gain.size, dtype=np.bool_)
    for separator in model.separators:
        within, without = sides_of(model, value, separator.inside)
        best = np.where(separator.inside, within[model.unit], without[model.unit])
        worth = np.abs(within - without)
        usual = float(np.median(worth[np.isfinite(worth)])) if np.isfinite(worth).any() else 0.0
        keep |= model.allowed & (best - value <= NEAR * usual)
    if free.chosen is not None:
        keep[free.chosen] = True
    return keep


def prices_of_clauses(model: Model, prog: Program, duals: Floats) -> Floats:
    """Prices of the clauses, none of them negative."""
    at = prog.first_sum + model.coef.shape[0] + model.child.size + prog.border_variables[0].size
    prices = np.maximum(-duals[at : at + model.clauses.hi.size] * prog.scale, 0.0)
    return np.where(np.isfinite(prices), prices, 0.0)


def with_rows_priced(model: Model, clauses: Clauses, dual: Floats) -> tuple[Model, float]:
    """The model whose options pay for the clauses they use, and what the clauses' limits come to, rounding added."""
    cost = np.bincount(clauses.col, weights=clauses.value * dual[clauses.row], minlength=model.gain.size)
    limits = dual * clauses.hi
    rounding = 1e-13 * (float(np.abs(limits).sum()) + float(np.maximum.reduceat(np.abs(cost), model.start[:-1]).sum()))
    return replace(model, gain=model.gain - cost), math.fsum(limits) + rounding


def _favoured(model: Model, value: Floats, allowed: Bools) -> Bools:
    """Options left out so far that are worth more than the best of their unit among those taken in, (K,)."""
    best = np.maximum.reduceat(np.where(model.allowed, value, -np.inf), model.start[:-1])
    return np.asarray(allowed & ~model.allowed & (value > best[model.unit] + 1e-9 * np.abs(best[model.unit])))


def _broken(model: Model, known: tuple[sparse.csr_array, Floats], shares: Floats) -> Clauses | None:
    """Rows that the shares break: of those known beforehand, and of those that the rules find."""
    matrix, hi = known
    found = [c for s in model.separators if (c := s.broken(shares)) is not None]
    rows = np.flatnonzero(matrix @ shares - hi > BROKEN)
    if rows.size:
        part = sparse.coo_array(matrix[rows])
        found.append(Clauses(part.row.astype(np.int64), part.col.astype(np.int64), part.data, hi[rows]))
    return stack_clauses(found) if found else None


def sides_of(model: Model, value: Floats, inside: Bools) -> tuple[Floats, Floats]:
    """What each unit is worth at best inside and outside a rule's target, −inf where it cannot be there; (N,) each."""
    start = model.start[:-1]
    within = np.maximum.reduceat(np.where(model.allowed & inside, value, -np.inf), start)
    without = np.maximum.reduceat(np.where(model.allowed & ~inside, value, -np.inf), start)
    return within, without
