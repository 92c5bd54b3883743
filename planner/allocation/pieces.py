"""Several targets that must each lie in one piece: a plan by a walk that never tears one.

Mending a plan without the rules joins the pieces of one target by taking ground from another; with two and more targets that
seldom ends inside the limits. The walk begins with every target's largest piece, whole from the first step on, and prices of
limits that rise while they are broken take it inside them. Where limits leave hardly any choice such a walk freezes outside
them: others then stay hot, and cut two pieces anew now and then. All is counted, not timed: one seed, one plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import sparse

from planner.allocation.bound import forest
from planner.allocation.model import Model, comparable_rows, order_kept, relief, row_sizes, spreads
from planner.allocation.neighbours import neighbours, waters
from planner.allocation.rules.patch_graph import cheapest_way
from planner.allocation.search import Best, Settings, best_of
from planner.allocation.table import Bools, Floats, Ints
from planner.core.choice.pieces import Ground, Pieces, wander

WALKS: Final = 10  # most walks, by turns anew and from the best plan so far, every second one twice as long
IDLE: Final = 4  # walks in a row that win nothing after which no other follows, once there is a plan
DRAWS: Final = 16_000_000  # of all walks together, after which no other follows
LEGS: Final = 40  # pieces of a walk, each cooler than the last; between them prices of limits move
STEPS: Final = 60  # draws a unit in a leg of the first two walks, and at least
LEAST_STEPS: Final = 8_000
HOT, COLD = 1.0, 0.01  # first and last heat, in what a usual move wins or loses
REHEATED: Final = 0.3  # of the first heat in walks from a plan
PRICED: Final = 4.0  # least price of missing a limit by what one option is at most, in usual moves
DEARER, CHEAPER = 2.0, 0.7  # how that price moves after a leg that missed the limit, or kept it
SOUGHT: Final = 2  # walks that cool without a plan after which others stay hot until there is one, and cut pieces anew:
HOTTEST, COOLEST = 10.0, 1.0  # their heats at most, where they begin, and at least
COOLER, WARMER = 0.8, 1.25  # how theirs moves after a leg that kept all limits at some time, or never did
HEATS: Final = 48.0  # their most price of missing a limit by what a unit usually changes, in heats: beyond it no unit leaves
# the limits to come back on another side
FREE: Final = 0.1  # least such price, in usual moves
MISSED, KEPT = 0.5, 0.25  # shares of a leg's draws beyond and below which a limit's price moves there
DRAWS_A_CUT: Final = 50  # at least, of which one cuts two pieces anew; no fewer than units, so that both cost about the same


def walked_plan(model: Model, settings: Settings, chosen: Ints | None, best: Best) -> Best:
    """The better of a plan and of those that walks from a choice (N,) lead to; the plan where fewer than two targets are to be
    in one piece, or nothing fits such a walk."""
    if len(model.separators) < 2:
        return best
    of = _pieces_of(model)
    graph = _shared_graph(model)
    if of is None or graph is None:
        return best
    best = best_of(model, best, chosen)
    begin = _begun(model, of, graph, best.chosen if best.chosen is not None else chosen)
    if begin is None:
        return best
    ring = Pieces(of, graph.indptr.astype(np.int64), graph.indices.astype(np.int64))
    scale = row_sizes(model)
    near = neighbours(model)
    ground = Ground(
        model.choices,
        ring,
        near._replace(cost=near.cost * model.borders_count),
        model.terms.pair,
        waters(model, forest(model)),
        comparable_rows(model, scale),
        model.lo / scale,
        (model.hi + relief(model)) / scale,
    )
    walks = _Walks(ground, model, settings, _usual(model), _changes(model, ground.rows))
    idle = drawn = walk = 0
    hard = False  # whether no plan was found while walks cooled
    while walk < WALKS and drawn < DRAWS and settings.go_on() and (best.chosen is None or idle < IDLE):
        steps = max(STEPS * model.size, LEAST_STEPS) * 2 ** (walk // 2)
        before, hard = best.value, hard or (walk >= SOUGHT and best.chosen is None)
        start = begin if walk % 2 == 0 or best.chosen is None else best.chosen
        best = walks.sought(walk, steps, start, best) if hard else walks.walked(walk, steps, start, best)
        idle = idle + 1 if best.value == before else 0
        walk, drawn = walk + 1, drawn + LEGS * steps
    return best


@dataclass(frozen=True, eq=False)
class _Walks:
    """What all walks share; usual: what a usual move wins or loses; change (S,): by what it changes each row."""

    ground: Ground
    model: Model
    settings: Settings
    usual: float
    change: Floats

    def walked(self, number: int, steps: int, begin: Ints, best: Best) -> Best:
        """The better of a plan and of one walk from hot to cold, of so many draws in a leg."""
        chosen, kept = begin.copy(), begin.copy()
        least = np.full(self.ground.lo.size, PRICED * self.usual)
        weight, random = least.copy(), np.random.default_rng((self.settings.seed, number))
        hot = REHEATED * HOT if begin is best.chosen else HOT
        most = best.value
        for leg in range(LEGS):
            if not self.settings.go_on():
                break
            heat = self.usual * hot * (COLD / hot) ** (leg / (LEGS - 1))
            most, missed, *_ = wander(self.ground, weight, heat, steps, random, chosen, kept, most)
            weight = np.where(missed > 0, weight * DEARER, np.maximum(weight * CHEAPER, least))
        return best_of(self.model, best, kept)

    def sought(self, number: int, steps: int, begin: Ints, best: Best) -> Best:
        """The better of a plan and of one walk that stays hot, where limits leave hardly any choice: their prices let it leave
        them and come back, and pieces are cut anew."""
        chosen, kept, most = begin.copy(), begin.copy(), best.value
        random, often = np.random.default_rng((self.settings.seed, number)), 1.0 / max(DRAWS_A_CUT, begin.size)
        heat, price = HOTTEST, np.full(self.ground.lo.size, 0.5 * HEATS * HOTTEST)
        for _ in range(LEGS):
            if not self.settings.go_on():
                break
            price = np.clip(price, FREE, HEATS * heat)
            weight = price * self.usual / self.change
            most, _, missed, met = wander(self.ground, weight, heat * self.usual, steps, random, chosen, kept, most, often)
            price = price * np.where(missed > MISSED, DEARER, np.where(missed < KEPT, CHEAPER, 1.0))
            heat = max(heat * COOLER, COOLEST) if met else min(heat * WARMER, HOTTEST)
        return best_of(self.model, best, kept)


def _usual(model: Model) -> float:
    """What a unit's options, or a border, usually differ by in the objective; 1 where nothing does."""
    spread = float(np.median(spreads(model)))
    border = float(np.median(model.edges.cost)) * model.borders_count if model.edges.cost.size else 0.0
    return max(spread, border) or 1.0


def _changes(model: Model, rows: Floats) -> Floats:
    """What a unit's options usually differ by in each row, (S,), of rows (K, S); 1 where they never do."""
    wide = np.maximum.reduceat(rows, model.start[:-1]) - np.minimum.reduceat(rows, model.start[:-1])
    return np.array([float(np.median(w[w > 0])) if (w > 0).any() else 1.0 for w in wide.T])


def _pieces_of(model: Model) -> Ints | None:
    """Which rule wants each option in one piece, (K,), -1 for none; None where other rules on patches stand beside, or two
    rules want the same option."""
    of = np.full(model.gain.size, -1, dtype=np.int64)
    for place, separator in enumerate(model.separators):
        if not separator.one_piece or (of[separator.inside] >= 0).any():
            return None
        of[separator.inside] = place
    return of


def _shared_graph(model: Model) -> sparse.csr_array | None:
    """Who lies side by side, where all rules say the same."""
    first, *rest = (s.graph for s in model.separators)
    same = all(g.nnz == first.nnz and not (g != first).nnz for g in rest)
    return first if same else None


def _begun(model: Model, of: Ints, graph: sparse.csr_array, chosen: Ints | None) -> Ints | None:
    """A choice with every piece whole, limits aside: of each the largest part of the choice given, and what cannot be without.

    None where no way joins units that must be in one piece.
    """
    n, count = model.size, len(model.separators)
    free, *pieces = (np.logical_or.reduceat(model.allowed & (of == p), model.start[:-1]) for p in range(-1, count))
    can = np.array(pieces)
    must = np.where((can.sum(axis=0) == 1) & ~free, can.argmax(axis=0), -1)
    now = np.full(n, -1) if chosen is None else of[chosen]
    piece = np.where(must >= 0, must, -1)
    for p in range(count):
        piece[_heart(graph, now == p, must == p)] = p
    for p in range(count):
        if not _joined(graph, piece, p, can[p], must):
            return None
    _grown(graph, piece, can, free, model)
    if ((piece < 0) & ~free).any():
        return None
    return _chosen(model, of, piece, chosen)


def _heart(graph: sparse.csr_array, units: Bools, must: Bools) -> Ints:
    """The largest connected part of some units, of those that hold most of what must be inside."""
    inside = np.flatnonzero(units)
    if not inside.size:
        return inside
    count, label = sparse.csgraph.connected_components(graph[inside][:, inside], directed=False)
    weight = np.bincount(label, minlength=count) + units.size * np.bincount(label, weights=must[inside], minlength=count)
    return np.asarray(inside[label == int(np.argmax(weight))])


def _joined(graph: sparse.csr_array, piece: Ints, p: int, can: Bools, must: Ints) -> bool:
    """Joins the parts of piece p by shortest ways over ground that nobody else cannot do without; whether all were."""
    toll = np.where(can & ((must < 0) | (must == p)), 1.0, np.inf)
    while True:
        inside = np.flatnonzero(piece == p)
        if inside.size < 2:
            return True
        count, label = sparse.csgraph.connected_components(graph[inside][:, inside], directed=False)
        if count == 1:
            return True
        largest = label == np.bincount(label).argmax()
        begin = np.zeros(can.size, dtype=np.bool_)
        begin[inside[largest]] = True
        way, length = cheapest_way(graph, toll, begin, inside[~largest])
        if not np.isfinite(length):
            return False
        piece[way] = p


def _grown(graph: sparse.csr_array, piece: Ints, can: Bools, free: Bools, model: Model) -> None:
    """Units that have to be in some piece go to the smallest beside them, one after the other; a piece that nobody is in yet
    begins where a unit is left that lies farthest from the others."""
    left = (piece < 0) & ~free
    if not left.any():
        return
    for p in range(len(can)):
        if not (piece == p).any() and (here := np.flatnonzero(left & can[p])).size:
            piece[_farthest(graph, np.flatnonzero(piece >= 0), here)] = p
    size = np.array([(piece == p).sum() for p in range(len(can))], dtype=np.float64)
    full = False
    while not full:
        full = True
        for p in np.argsort(size, kind="stable"):
            beside = graph @ (piece == p).astype(np.float64)
            here = np.flatnonzero((beside > 0) & (piece < 0) & ~free & can[p])
            if here.size:
                piece[here[np.argmax(beside[here])]] = p
                size[p] += 1
                full = False
                break


def _farthest(graph: sparse.csr_array, sources: Ints, among: Ints) -> int:
    """The unit of some that is most borders away from the sources; the first where there are none."""
    if not sources.size:
        return int(among[0])
    away = sparse.csgraph.dijkstra(graph, directed=False, indices=sources, unweighted=True, min_only=True)
    return int(among[np.argmax(np.where(np.isfinite(away[among]), away[among], -1.0))])


def _chosen(model: Model, of: Ints, piece: Ints, chosen: Ints | None) -> Ints | None:
    """The best option of every unit in its piece, or outside all; as before where that is so. None where the order of water
    does not let that be."""
    fits = model.allowed & (of == piece[model.unit])
    if chosen is not None:
        stays = fits[chosen]
    else:
        chosen, stays = np.zeros(model.size, dtype=np.int64), np.zeros(model.size, dtype=np.bool_)
    value = np.where(fits, model.gain, -np.inf)
    result = chosen.copy()
    for unit in np.flatnonzero(~stays):
        mine = value[model.start[unit] : model.start[unit + 1]]
        if not np.isfinite(mine).any():
            return None
        result[unit] = model.start[unit] + int(np.argmax(mine))
    return result if order_kept(model, result) else None
