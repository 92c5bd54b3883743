"""Earth carried from unit to unit, as part of a choice: what a choice's haul costs, and what earth is worth where it lies.

The least haul of a choice is the greatest Σ v·lack over all worths v(place) that change no faster than the way costs. So any
such v gives, in place of the haul, a linear cost of every option that is never above it: a bound without zones or rows. A unit
takes one option, gives or takes, and what it lacks comes from another: fill may be worth more than spoil in the same place, by
the way to the nearest other unit at most. With worths f of fill and s of spoil the haul is Σ f·fill − Σ s·spoil at least where
f(w) − s(u) ≤ way(u, w) for any two units u ≠ w.
Source: Kantorovich & Rubinstein 1958; haul in mine and road planning, Mayer & Stark 1981.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from planner.allocation.parts import Hauls, Sum
from planner.allocation.table import Floats, Ints
from planner.core.multiscale import Side, cheapest, from_others, highest
from planner.core.transport import INSIDE, NOWHERE, Places
from planner.errors import InvalidInput
from planner.words import say

REMEMBERED = 4  # choices whose haul is not worked out again: the best so far, the one at hand, the start; as many worths
Made = TypeVar("Made")
GRAINS = 1e6  # per m³: earth is carried in whole cm³, so that balances close


@dataclass(frozen=True, eq=False)
class Carried:
    """The least haul of a choice: its cost, yuan, a worth of earth at every unit, yuan/m³ (N,), that proves it, and the ways
    that make it: from unit, to unit, cm³ (m, 3)."""

    cost: float
    worth: Floats
    ways: Ints


@dataclass(frozen=True, eq=False)
class Carriage:
    """The hauls of a model: counts is how much of their cost the objective counts, money (S,) how much each row does.

    gap: share of a choice's haul that may stay unproven; what is counted is always what the ways found cost."""

    hauls: Hauls
    counts: float
    money: Floats
    gap: float = 0.0
    known: dict[bytes, Carried] = field(default_factory=dict, repr=False)
    priced: dict[bytes, Floats] = field(default_factory=dict, repr=False)

    def of(self, chosen: Ints) -> Carried:
        """The least haul of a choice (N,); remembered for the choices asked about last."""
        return _remembered(self.known, chosen.tobytes(), lambda: least_haul(self.hauls, chosen, self.gap))

    def costs(self, worth: Floats) -> Floats:
        """What the earth of every option costs at a worth (N,), yuan (K,); remembered for the worths asked about last."""
        return _remembered(self.priced, worth.tobytes(), lambda: costs(self.hauls, worth))

    def unseen(self, worth: Floats, chosen: Ints, hauled: float | None = None) -> float:
        """What a choice's haul, yuan, where it is known, costs beyond what earth at a worth (N,) counts of it; below 0 by
        rounding alone."""
        return (self.of(chosen).cost if hauled is None else hauled) - float(self.costs(worth)[chosen].sum())

    def dear(self, rows: Floats) -> float:
        """How much a yuan of haul weighs at prices of the rows (S,): in the objective, and in the rows that count it."""
        return max(self.counts + float(rows @ self.money), 0.0)


def _remembered(known: dict[bytes, Made], key: bytes, make: Callable[[], Made]) -> Made:
    """What is known by a key, or made now and known from then on in place of the oldest."""
    if key not in known:
        made = make()
        if len(known) == REMEMBERED:
            del known[next(iter(known))]
        known[key] = made
    return known[key]


def merged_hauls(found: list[Hauls], counts: float, sums: list[Sum]) -> Carriage | None:
    """The hauls of a problem; None where no rule has any, or where neither objective nor any limit counts them.

    Raises InvalidInput where two rules have some: what one of them carries would be nobody's.
    """
    if not found:
        return None
    if len(found) > 1:
        raise InvalidInput(say("allocation.two_hauls"))
    worth = found[0].worth
    money = np.array([s.paid(worth) for s in sums])
    return Carriage(found[0], counts * worth, money) if counts or money.any() else None


def least_haul(hauls: Hauls, chosen: Ints, gap: float = 0.0) -> Carried:
    """The least haul of a choice (N,); what does not balance comes or goes where that is cheapest. gap: share of its cost that
    may stay unproven; with 0 it is solved to the optimum."""
    lack = grains(hauls, chosen)
    over = int(lack.sum())
    gives, takes = np.flatnonzero(lack < 0), np.flatnonzero(lack > 0)
    if not gives.size or not takes.size:
        return Carried(0.0, np.zeros(len(hauls.xy)), np.empty((0, 3), dtype=np.int64))
    sources = _side(hauls.xy[gives], -lack[gives], max(over, 0))
    sinks = _side(hauls.xy[takes], lack[takes], max(-over, 0))
    ways, potential, _ = cheapest(sources, sinks, hauls.rate, gap)
    a, b = sources.places, sinks.places
    inside = (a.kind[ways[:, 0]] == INSIDE) & (b.kind[ways[:, 1]] == INSIDE)
    ways = ways[inside]
    metres = np.hypot(*(a.xy[ways[:, 0]] - b.xy[ways[:, 1]]).T)
    cost = float((ways[:, 2] / GRAINS * metres).sum() * hauls.rate)
    worth = highest(hauls.xy, hauls.xy[gives], potential[: gives.size], hauls.rate)
    if over > 0:  # nowhere is earth worth more than what comes from outside
        worth = np.minimum(worth, potential[gives.size])
    carried = np.stack([gives[ways[:, 0]], takes[ways[:, 1]], ways[:, 2]], axis=1)
    return Carried(cost, lawful(hauls, worth - (worth.min() if over <= 0 else worth.max())), carried)


def grains(hauls: Hauls, chosen: Ints) -> Ints:
    """What every unit of a choice wants (gives below 0), whole cm³ (N,)."""
    return np.rint(hauls.lack[chosen] * GRAINS).astype(np.int64)


def _side(xy: Floats, amount: Ints, outside: int) -> Side:
    """Units that give (or take), and outside where something comes from (or goes) there."""
    extra = 1 if outside else 0
    kind = np.r_[np.full(len(xy), INSIDE), np.full(extra, NOWHERE)].astype(np.int64)
    places = Places(np.r_[xy, np.zeros((extra, 2))], np.zeros(len(kind)), kind)
    return Side(places, np.r_[amount, np.full(extra, outside)].astype(np.int64))


def lawful(hauls: Hauls, worth: Floats) -> Floats:
    """A worth of earth, clipped where spoil may leave the site for nothing (≥ 0) or fill come for nothing (≤ 0)."""
    if hauls.exported and not hauls.imported:
        return np.maximum(worth, 0.0)
    return np.minimum(worth, 0.0) if hauls.imported and not hauls.exported else worth


def sides(hauls: Hauls, worth: Floats) -> tuple[Floats, ...]:
    """Worths of which the haul of every choice is bounded by one: where earth may both come and go, one for plans with spoil
    to spare and one for plans that want fill."""
    if hauls.exported and hauls.imported:
        return worth - worth.min(), worth - worth.max()
    return (lawful(hauls, worth),)


def costs(hauls: Hauls, worth: Floats) -> Floats:
    """What the earth of every option costs at the lawful worth (N,) of one of the `sides`, yuan (K,): for no choice more than
    its haul together."""
    fill, spoil = apart(hauls, worth)
    return np.asarray(np.where(hauls.lack > 0, fill[hauls.unit], spoil[hauls.unit]) * hauls.lack)


def apart(hauls: Hauls, worth: Floats) -> tuple[Floats, Floats]:
    """Worths of fill and of spoil, (N,) each, as far apart as ways to other units let them, fill never below the worth given
    and spoil never above: fill costs what the cheapest other unit asks with the way, spoil brings what the best other gives.

    No earth is worth less than nothing where plans with spoil to spare leave some of it, nor fill more where some comes free.
    """
    gives, takes = (np.bincount(hauls.unit[some], minlength=len(worth)) > 0 for some in (hauls.lack < 0, hauls.lack > 0))
    fill = from_others(hauls.xy, gives, worth, hauls.rate)
    fill = np.where(takes & np.isfinite(fill), fill, worth)
    if hauls.imported and (worth.max(initial=0.0) <= 0.0 or not hauls.exported):
        fill = np.minimum(fill, 0.0)
    spoil = -from_others(hauls.xy, takes, -fill, hauls.rate)
    spoil = np.where(gives & np.isfinite(spoil), spoil, worth)
    if hauls.exported and (worth.min(initial=0.0) >= 0.0 or not hauls.imported):
        spoil = np.maximum(spoil, 0.0)
    return fill, spoil
