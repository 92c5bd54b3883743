"""A choice taken into other limits at the prices a search left: single moves, several at once, with room for the haul."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from planner.allocation.bound import Multipliers, least_value, upper_bound
from planner.allocation.dual import Dual, minimise
from planner.allocation.hauls import sides
from planner.allocation.model import Model, at_worth, settle
from planner.allocation.polishing import Polisher, polisher
from planner.allocation.saddle import without_borders
from planner.allocation.swaps import mended_by_swaps
from planner.allocation.table import Floats, Ints
from planner.allocation.undecided import ACCURACY, WARMTH, Weighing, mended_by_program
from planner.allocation.zoned import flows_beside
from planner.core.choice.arrays import Forest, Near, Waters

TURNS: Final = 3  # most times that room is made for hauls that cost more than at prices
ROOM: Final = 1.25  # of what prices do not see of a haul, kept free where money presses: what moves carries further
COOL: Final = 5e-4  # first temperature of prices that are only to prove a bound; begun at WARMTH they wander off and come back
HIDDEN: Final = 0.1  # of a temperature a unit that steps to them need not promise: a third of the steps, the same bound to 1e-6


@dataclass(frozen=True, eq=False)
class Standing:
    """A model where a search left it: order, neighbours, what prices of borders take off each option (K,), worth of earth at
    every unit (N,), None where nothing is carried; go_on: whether there is time for one more step."""

    model: Model
    order: Forest | None
    near: Near
    water: Waters
    pull: Floats
    earth: Floats | None
    go_on: Callable[[], bool] = lambda: True

    @property
    def worths(self) -> tuple[Floats, ...]:
        """Worths of earth of which one bounds the haul of any choice; none where nothing is carried."""
        if self.model.carriage is None or self.earth is None:
            return ()
        return sides(self.model.carriage.hauls, self.earth)

    @property
    def priced(self) -> Model:
        """The model with earth at its worth in place of the haul."""
        return self.beside(0.0)

    def unseen(self, chosen: Ints, hauled: float | None) -> float:
        """What a choice's haul, where it is known, costs beyond what earth at its worth counts of it, yuan."""
        if self.model.carriage is None or self.earth is None:
            return 0.0
        return max(self.model.carriage.unseen(self.earth, chosen, hauled), 0.0)

    def beside(self, unseen: float) -> Model:
        """The priced model with that much, yuan, kept free in limits that count the haul."""
        return self.model if self.earth is None else at_worth(self.model, self.earth, unseen)

    def moved(self, rows: Floats, *, patient: bool = False, rough: bool = False) -> Dual:
        """Prices of the rows at the new limits, from earlier ones (S,). patient: as `minimise` has it, which proves limits
        impossible that are so by little. rough: in few steps, which may miss that limits are impossible."""
        bare = [without_borders(at_worth(self.model, w), self.pull) for w in self.worths]
        bare = bare or [without_borders(self.model, self.pull)]
        warmth, hidden, least = COOL if rough else WARMTH, HIDDEN if rough else 0.0, least_value(self.model)
        how = partial(minimise, accuracy=ACCURACY, warmth=warmth, least=least, patient=patient, hidden=hidden)
        found = [how(m, self.order, start=rows) for m in bare]
        return max(found, key=lambda dual: dual.bound)

    def bound(self, rows: Floats) -> float:
        """What no plan exceeds, in closed form."""
        prices = Multipliers(rows, pull=self.pull)
        models = [at_worth(self.model, w) for w in self.worths] or [self.model]
        return max(upper_bound(m, prices, self.order) for m in models)


def taken_at_once(here: Standing, before: Ints, rows: Floats, short: float, bound: float) -> Ints | None:
    """The choice after several moves at once that take it, as it is outside the limits, into them; None where they do not get
    there. rows (S,), bound: prices, and what they prove that no plan exceeds. short: yuan kept free at first for what prices
    do not see of the haul."""
    hauls = here.model.carriage
    flows = None if hauls is None or here.earth is None else flows_beside(hauls, here.model.unit, here.earth)
    for _ in range(TURNS):
        moves = polisher(here.beside(short), here.near, here.water, go_on=here.go_on)
        found, rows = mended_by_program(Weighing(moves, here.order, bound, flows, short), before, rows)
        if found is None or hauls is None or here.earth is None or settle(here.model, found).feasible:
            return found
        before, missing = found, hauls.unseen(here.earth, found)
        if missing <= short:
            return None
        short = ROOM * missing
    return None


def taken_in(here: Standing, before: Ints, rows: Floats, short: float) -> Ints | None:
    """The choice after the moves that take it into the limits and make the best of them; None where they do not get there.
    short: yuan kept free at first for what prices do not see of the haul. Prices are looked for that leave this room, where
    those given do not lead inside."""
    hauls = here.model.carriage
    found, fresh = before, True
    for _ in range(TURNS if hauls is not None else 1):
        if not here.go_on():
            return None
        roomy = here.beside(short)
        moves = polisher(roomy, here.near, here.water, go_on=here.go_on)
        found = moves(before, rows) if fresh else moves.mended(found, rows)
        inside = _inside(moves, found, rows)
        if inside is None and fresh and short > 0:  # what room is left sets other prices
            bare = without_borders(roomy, here.pull)
            known = minimise(bare, here.order, start=rows, accuracy=ACCURACY, warmth=WARMTH, patient=True, go_on=here.go_on)
            rows = known.multipliers.rows
            inside = _inside(moves, moves(before, rows), rows)
        if inside is None:
            return None
        found = inside
        if hauls is None or here.earth is None or settle(here.model, found).feasible:
            return found
        missing = hauls.unseen(here.earth, found)
        if missing <= short:
            return None
        fresh, short = short == 0, ROOM * missing
    return None


def _inside(moves: Polisher, found: Ints, rows: Floats) -> Ints | None:
    """What single moves found, where it keeps the polisher's limits, or what several at once make of it; None where neither."""
    if settle(moves.model, found).feasible:
        return found
    mended = mended_by_swaps(moves, found, rows)
    return None if mended is None else moves.mended(mended, rows)


def room(here: Standing, before: Ints, rows: Floats, unseen: float) -> float:
    """Yuan to keep free for what prices do not see of the haul where a limit that counts it has a price, or had no more room
    left than for that; else none. unseen: of the haul of the choice before, yuan."""
    hauls = here.model.carriage
    if hauls is None or not unseen:
        return 0.0
    tight = here.priced.hi - hauls.money * unseen - settle(here.priced, before).activity < hauls.money * unseen
    presses = (hauls.money * rows).any() or (tight & (hauls.money > 0)).any()
    return ROOM * unseen if presses else 0.0
