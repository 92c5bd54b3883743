"""Several moves at once beside an earlier plan: a program of the least decided options at prices found for the new limits.

A limit that moves shifts which borders cost, so that earlier prices choose the wrong moves. With borders taken as the choice
has them the prices of the rows are found anew, and the options that lose least at those, chains of water included, become a
small linear program with what limits miss as dear slack.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from planner.allocation.bound import Multipliers
from planner.allocation.dual import minimise
from planner.allocation.losses import Priced, priced
from planner.allocation.model import Model
from planner.allocation.polishing import Polisher
from planner.allocation.prices import worth
from planner.allocation.restrict import Core, narrowed, restrict
from planner.allocation.saddle import without_borders
from planner.allocation.swaps import DEAR, REACHED, SLOW, SPARED, TURNS, Corner, made_to_fit, missed_least, softened
from planner.allocation.table import Bools, Floats, Ints
from planner.allocation.wholes import made_whole
from planner.allocation.zoned import Flows, with_flows
from planner.core.choice.arrays import Forest
from planner.core.choice.assignment import forest_order
from planner.core.choice.moves import needed

MOVES: Final = 6_000  # moves a program weighs, those that lose least
LACKING: Final = 3_000  # moves added where it misses limits: on Zhonghu with 2.75 to 2.9 % more storage 0.03 to 1 → 0
ACCURACY: Final = 1e-4  # of the bound at moved prices: a tenth of the gap that is near enough; in truth some 5e-6
WARMTH: Final = 2e-3  # first temperature there: prices move further than within a search, and colder steps fall short
ALONG: Final = 3  # most units that must go under, or come out, for one that a program moves, where that is enough: whole lakes
BEHIND: Final = 5e-3  # of the bound by which moves of so few may fall behind: 0.7e-3 to 2e-3 where they suffice, 8e-3 where not
LOST: Final = 1.0  # share of what a choice is worth that its moves may lose at most


@dataclass(frozen=True, eq=False)
class Weighing:
    """What a program of moves stands in: moves whose model has nothing to carry, the order of water, what no plan exceeds.

    flows: of earth beside its worth; None where nothing is carried. short: what limits leave free for them, yuan."""

    moves: Polisher
    order: Forest | None
    bound: float
    flows: Flows | None
    short: float


def mended_by_program(here: Weighing, chosen: Ints, prices: Floats) -> tuple[Ints | None, Floats]:
    """A choice near `chosen` (N,) that keeps the limits of the moves' model, None where none is found, and the prices of the
    rows that it was made at, (S,). prices (S,): to begin at."""
    moves, last, along, first = here.moves, np.inf, ALONG, True
    for _ in range(TURNS):
        found, missed, at, more = _swapped(here, chosen, prices, along, first)
        if missed > REACHED and along < moves.model.size:
            along = moves.model.size
            continue
        prices, first = at, False
        found, inside = made_to_fit(moves.with_room(more), found, missed, prices)
        if inside:
            return found, prices
        if missed > REACHED and (missed > SLOW * last or missed == np.inf or not moves.go_on()):
            break
        chosen, last = found, missed
    return None, prices


def _swapped(here: Weighing, chosen: Ints, prices: Floats, along: int, first: bool) -> tuple[Ints, float, Floats, Floats]:
    """The choice after the moves of one program, what the program misses of a limit, in moves' most, the prices of the rows
    that it was made at, (S,), and the room that its flows ask for beyond what is free, (S,). prices (S,): to begin at. along:
    most others that must go with a unit; few are not enough where what they lead to lies far below the bound. first: whether
    options that the program lacks are sought where all may move and it misses limits."""
    moves, order, model = here.moves, here.order, here.moves.model
    bare = without_borders(model, worth(model, chosen, prices)[1])
    bare = replace(bare, allowed=_within_reach(moves, chosen, along))
    value = float(bare.gain[chosen].sum())
    least = value - LOST * abs(value) if along == model.size else here.bound - BEHIND * abs(here.bound)
    dual = minimise(bare, order, start=prices, accuracy=ACCURACY, warmth=WARMTH, least=least, patient=True, go_on=moves.go_on)
    nothing = np.zeros_like(prices)
    if dual.bound < least:
        return chosen, np.inf, prices, nothing
    best = priced(bare, dual.multipliers, order)
    keep = _undecided(best, chosen, MOVES)
    gain = bare.gain - bare.gain[chosen][model.unit]
    prices_of_ends = SPARED * max(float(best.loss[keep].max()), 1e-9), DEAR * max(float(np.abs(gain[keep]).max()), 1e-9)
    soft = softened(bare, gain, *prices_of_ends)
    core, corner = corner_of(here, soft, chosen, keep)
    if corner is not None and corner.missed > REACHED and first and along == model.size:
        keep |= lacking(here, bare, corner, chosen)
        core, corner = corner_of(here, soft, chosen, keep)
    if corner is None:
        return chosen, np.inf, prices, nothing
    more = nothing if here.flows is None else here.flows.carriage.money * here.flows.asked(corner.columns)
    return made_whole(moves, core, corner.point, chosen), corner.missed, dual.multipliers.rows, more


def corner_of(here: Weighing, soft: Model, chosen: Ints, keep: Bools) -> tuple[Core, Corner | None]:
    """The program of the options `keep` (K,) of a softened model beside a choice, and its corner."""
    free = np.add.reduceat(keep, soft.start[:-1]) > 1
    core = narrowed(restrict(soft, chosen, free, keep))
    small = core.model if here.flows is None else with_flows(core, chosen, here.flows, here.short)
    return core, missed_least(small, soft.hi.size)


def lacking(here: Weighing, bare: Model, corner: Corner, chosen: Ints) -> Bools:
    """The options (K,) that lose least at a program's own prices of limits and, where earth flows between zones, of earth in
    them: what would take it nearer to its limits. Source: column generation, Dantzig & Wolfe 1960."""
    s, prices = bare.hi.size, corner.prices
    if prices is None:
        return np.zeros(bare.gain.size, dtype=np.bool_)
    gain = bare.gain if here.flows is None else bare.gain - here.flows.costs(prices[s + 1 :], bare.unit)
    return _undecided(priced(replace(bare, gain=gain), Multipliers(prices[:s]), here.order), chosen, LACKING)


def _within_reach(moves: Polisher, chosen: Ints, along: int) -> Bools:
    """The allowed options (K,) for which so many other units at most must move as far as water levels go, and those chosen."""
    model, water = moves.model, moves.water
    wet = water.inside[chosen]
    near = needed(wet, water.parent, forest_order(water.parent)[0]) <= along
    found = model.allowed & ((water.inside == wet[model.unit]) | near[model.unit])
    found[chosen] = True
    return np.asarray(found)


def _undecided(best: Priced, chosen: Ints, most: int) -> Bools:
    """The options (K,) that a program weighs: so many that lose least at prices beside each unit's best and the chosen one."""
    keep = np.zeros(best.loss.size, dtype=np.bool_)
    keep[best.chosen] = True
    keep[chosen] = True
    loss = np.where(keep, np.inf, best.loss)
    some = np.argsort(loss, kind="stable")[:most]
    keep[some[np.isfinite(loss[some])]] = True
    return keep
