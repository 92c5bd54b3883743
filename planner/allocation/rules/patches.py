"""MinPatch and Connected: no crumbs of a target, or all of it in one piece."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy import sparse

from planner.allocation.checks import check_number, check_target, check_words, works
from planner.allocation.parts import ROUNDING, Clauses, Named, Part, Separator, stack_clauses
from planner.allocation.rules.adjacency import long_borders
from planner.allocation.rules.patch_graph import (
    FLOW_UNITS,
    Patches,
    backbone,
    cheapest_way,
    flow_rows,
    grown,
    patches_of,
    separators,
    small_set_rows,
    starved_sets,
)
from planner.allocation.table import Bools, Floats, Ints, OptionTable
from planner.words import Message, say

SETS, SET_UNITS, SMALL_SET = 8_000, 60, 3  # units of all sets grown at once, most of one, and of one that is not worth it
BROKEN = 1e-3  # share by which a row must be broken to be worth adding


@dataclass(frozen=True, eq=False)
class MinPatch(Named):
    """Every connected patch of the target (of one of the treatments, where given) has at least min_mu of area.

    For a set S of units too small to be a patch, each unit i of S needs a neighbour of S: x_i ≤ Σ_{j beside S} x_j. The rows
    are found as plans break them. Source: cover cuts of contiguity models, Önal & Briers 2006; Carvajal et al. 2013.

    Examples
    --------
    >>> import pandas as pd
    >>> import planner as pl
    >>> borders = pd.DataFrame({"unit_a": ["u1"], "unit_b": ["u2"], "length_m": [120.0]})
    >>> str(pl.MinPatch("arable", 15.0, borders))
    'no patch of arable below 15 mu'
    """

    target: str
    min_mu: float
    boundaries: pd.DataFrame
    treatment: str | tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        check_target("MinPatch", self.target)
        check_number("MinPatch", "min_mu", self.min_mu)

    @property
    def told(self) -> Message:
        """The rule in words."""
        return say("rules.min_patch", what=works(self.target, self.treatment), least=self.min_mu)

    def part(self, table: OptionTable) -> Part:
        """A separator, and the units that can never be part of a large enough patch ruled out beforehand."""
        check_words(str(self), table, self.target, self.treatment)
        patches = patches_of(table, table.mask(self.target, self.treatment), self.boundaries, str(self))
        group, size = patches.components(patches.count > 0)
        small = np.flatnonzero((group >= 0) & (size[group] < self.min_mu * (1 - 1e-12)))
        forbid = patches.options[np.isin(patches.unit_of, small)]
        cuts = small_set_rows(patches, self.min_mu)
        return Part(forbid=forbid, cuts=cuts, separator=_MinPatchSeparator(patches, self.min_mu))

    def kept(self, table: OptionTable, chosen: Ints) -> bool:
        """Whether every patch is large enough."""
        least = self.min_mu * (1 - ROUNDING)
        inside = table.mask(self.target, self.treatment)
        area = np.zeros(len(table.units))
        np.maximum.at(area, table.unit[inside], table.values["area_mu"][inside])
        return all(math.fsum(area[patch]) >= least for patch in walked(self, table, chosen))


@dataclass(frozen=True, eq=False)
class Connected(Named):
    """All units of the target form one connected patch.

    For a patch P beside the plan's largest, with units i of P and j of the largest: x_i + x_j − 1 ≤ Σ_{k beside P} x_k.
    Source: node-separator cuts, Carvajal et al. 2013. Proof is slow beyond some hundred units: expect a stated gap.

    Examples
    --------
    >>> import pandas as pd
    >>> import planner as pl
    >>> borders = pd.DataFrame({"unit_a": ["u1"], "unit_b": ["u2"], "length_m": [120.0]})
    >>> str(pl.Connected("reservoir", borders))
    'reservoir is one connected patch'
    """

    target: str
    boundaries: pd.DataFrame
    treatment: str | tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        check_target("Connected", self.target)

    @property
    def told(self) -> Message:
        """The rule in words."""
        return say("rules.connected", what=works(self.target, self.treatment))

    def part(self, table: OptionTable) -> Part:
        """A separator."""
        check_words(str(self), table, self.target, self.treatment)
        inside = table.mask(self.target, self.treatment)
        patches = patches_of(table, inside, self.boundaries, str(self))
        return Part(separator=_ConnectedSeparator(patches), hidden=flow_rows(patches))

    def kept(self, table: OptionTable, chosen: Ints) -> bool:
        """Whether there is one patch, or none."""
        return len(walked(self, table, chosen)) <= 1


def walked(rule: MinPatch | Connected, table: OptionTable, chosen: Ints) -> list[list[int]]:
    """The units of each connected patch of a rule's target, found by walking from unit to unit."""
    a, b = long_borders(str(rule), table, rule.boundaries, 0.0)
    inside = set(np.flatnonzero(table.mask(rule.target, rule.treatment)[chosen]).tolist())
    beside: dict[int, list[int]] = {i: [] for i in inside}
    for i, j in zip(a.tolist(), b.tolist(), strict=True):
        if i in inside and j in inside:
            beside[i].append(j)
            beside[j].append(i)
    patches = []
    while inside:
        patch = [inside.pop()]
        for unit in patch:
            fresh = [u for u in dict.fromkeys(beside[unit]) if u in inside]
            inside.difference_update(fresh)
            patch += fresh
        patches.append(patch)
    return patches


@dataclass(frozen=True, eq=False)
class _OfPatches:
    """What the separators of patches have in common."""

    patches: Patches

    @property
    def inside(self) -> Bools:
        """The options the rule is about, (K,)."""
        return self.patches.inside

    @property
    def graph(self) -> sparse.csr_array:
        """Which units lie side by side."""
        return self.patches.graph

    def spare(self, area: float) -> float:
        """Area that a patch of this area can lose, mu."""
        raise NotImplementedError

    def freedom(self, units: Bools, worth: Floats) -> tuple[Bools, Bools]:
        """Of each patch the leaves of a tree may go as far as its area allows, and what borders the rest may come."""
        group, size = self.patches.components(units)
        must = units.copy()
        for patch in range(size.size if (group >= 0).any() else 0):
            leaves = backbone(self.patches, np.flatnonzero(group == patch), worth)
            loss = np.cumsum(self.patches.area[leaves])
            must[leaves[loss <= self.spare(float(size[patch]))]] = False
        may = units.copy()
        may[self.patches.beside(np.flatnonzero(must))] = True
        return must, may

    def shares_of_units(self, shares: Floats) -> Floats:
        """How much of each unit is inside, (N,)."""
        patches = self.patches
        weights = shares[patches.options]
        return np.asarray(np.bincount(patches.unit_of, weights=weights, minlength=patches.area.size), dtype=np.float64)

    def area(self, chosen: Ints) -> float:
        """Area of what a choice has inside, mu."""
        return float(self.patches.area[self.patches.inside[chosen]].sum())


@dataclass(frozen=True, eq=False)
class _MinPatchSeparator(_OfPatches):
    min_mu: float
    one_piece: ClassVar[bool] = False

    def at_least(self, most: Floats, least: float, must: Bools) -> Separator:
        """Itself: patches of their own say nothing about each other."""
        return self

    def known(self) -> Clauses | None:
        """None: such rows are among the rule's cuts."""
        return None

    def mended(self, worth: Floats, units: Bools, most_mu: float) -> Bools:
        """Small patches grown along the units worth most until they are large enough, or dropped where that does not pay."""
        group, size = self.patches.components(units & (self.patches.count > 0))
        least = self.min_mu * (1 - ROUNDING)
        kept = (group >= 0) & (size[group] >= least)
        small = np.flatnonzero(size < least) if (group >= 0).any() else np.empty(0, dtype=np.int64)
        totals = [float(worth[group == patch].sum()) for patch in small]
        for j in np.argsort(totals, kind="stable")[::-1]:
            patch = np.flatnonzero((group == small[j]) & ~kept)
            if patch.size:
                larger, gain = grown(self.patches, worth, patch, kept, least)
                if gain > 0:
                    kept[larger] = True
        return np.asarray(kept)

    def spare(self, area: float) -> float:
        """Area that a patch of this area can lose, mu."""
        return max(area * (1 - 1e-12) - self.min_mu, 0.0)

    def broken(self, shares: Floats) -> Clauses | None:
        """Rows of sets of units too small to be a patch whose neighbours' shares are less than those of a unit in them."""
        inside = self.shares_of_units(shares)
        return _rows(
            [
                (self.patches.options_of(head), self.patches.options_of(near), 0.0)
                for head, near in starved_sets(self.patches, inside, self.min_mu * (1 - ROUNDING), BROKEN)
            ]
        )

    def clauses(self, chosen: Ints) -> Clauses | None:
        """A row per unit of each patch that is too small, and of what that patch with one neighbour more still is."""
        group, size = self.patches.components(self.patches.inside[chosen])
        rows: list[tuple[Ints, Ints, float]] = []
        least = self.min_mu * (1 - 1e-12)
        for patch in np.flatnonzero(size < least) if (group >= 0).any() else ():
            units = np.flatnonzero(group == patch)
            beside = self.patches.beside(units)
            small = beside[size[patch] + self.patches.area[beside] < least]
            for larger in (units, *(np.append(units, j) for j in small)):
                near = self.patches.options_of(self.patches.beside(larger))
                rows += [(self.patches.options_of(np.array([u])), near, 0.0) for u in larger]
        return _rows(rows)

    def offending(self, chosen: Ints) -> Ints:
        """The target's options of units in patches that are too small."""
        group, size = self.patches.components(self.patches.inside[chosen])
        small = (group >= 0) & (size[group] < self.min_mu * (1 - 1e-12))
        return self.patches.options_of(np.flatnonzero(small))


@dataclass(frozen=True, eq=False)
class _ConnectedSeparator(_OfPatches):
    """most (N,), least: what each unit adds at most and all must come to, where a limit says so. must (N,): inside for sure."""

    most: Floats | None = None
    least: float = 0.0
    must: Bools | None = None
    one_piece: ClassVar[bool] = True

    def at_least(self, most: Floats, least: float, must: Bools) -> Separator:
        """The separator that takes no piece below `least` for the patch."""
        return replace(self, most=most, least=least, must=must)

    def known(self) -> Clauses | None:
        """Rows of sets of up to three units that come to less, on few units."""
        if self.most is None or np.count_nonzero(self.patches.count) > FLOW_UNITS:
            return None
        return small_set_rows(replace(self.patches, area=self.most), self.least)

    def mended(self, worth: Floats, units: Bools, most_mu: float) -> Bools:
        """The patch worth most, others whose worth pays for the cheapest way to it, and units along its edge, up to most_mu."""
        area, can = self.patches.area, self.patches.count > 0
        group, size = self.patches.components(units & can)
        if not (group >= 0).any():
            return np.asarray(units & can)
        totals = np.bincount(group[group >= 0], weights=worth[group >= 0], minlength=size.size)
        kept = group == int(np.argmax(np.where(size <= most_mu, totals, -np.inf)))
        toll = np.where(can, np.maximum(-worth, 0.0) + 1e-9 * (1.0 + np.abs(worth).max()), np.inf)
        for patch in np.argsort(-totals, kind="stable"):
            units_of = np.flatnonzero(group == patch)
            if kept[units_of].all() or totals[patch] <= 0:
                continue
            way, cost = cheapest_way(self.patches.graph, toll, kept, units_of)
            larger = np.union1d(way, units_of)
            if cost < totals[patch] and area[kept].sum() + area[larger[~kept[larger]]].sum() <= most_mu:
                kept[larger] = True
        return self._edged(worth, kept, most_mu)

    def _edged(self, worth: Floats, kept: Bools, most_mu: float) -> Bools:
        """The patch with the units beside it that are worth most added one by one."""
        room = most_mu - float(self.patches.area[kept].sum())
        while True:
            beside = self.patches.beside(np.flatnonzero(kept))
            beside = beside[(self.patches.count[beside] > 0) & (worth[beside] > 0) & (self.patches.area[beside] <= room)]
            if not beside.size:
                return kept
            best = beside[np.argmax(worth[beside])]
            kept[best] = True
            room -= float(self.patches.area[best])

    def spare(self, area: float) -> float:
        """Area that a patch of this area can lose, mu."""
        return area

    def broken(self, shares: Floats) -> Clauses | None:
        """Separators between the unit most inside and others, where shares around them let too little through."""
        inside, options = self.shares_of_units(shares), self.patches.options_of
        rows = [(options(ends), options(between), 1.0) for ends, between in separators(self.patches, inside, BROKEN)]
        largest = min(SETS // max(int((inside > BROKEN).sum()), 1), SET_UNITS)
        if self.most is not None and largest > SMALL_SET:
            sets = starved_sets(replace(self.patches, area=self.most), inside, self.least, BROKEN, most=largest)
            rows += [(options(head), options(near), 0.0) for head, near in sets]
        return _rows(rows)

    def clauses(self, chosen: Ints) -> Clauses | None:
        """For each patch but the largest: its largest unit and the largest patch's need a way out of it; all units of a piece
        too small to be the patch do."""
        group, size = self.patches.components(self.patches.inside[chosen])
        if not (group >= 0).any() or size.size < 2:
            return None
        short = self._short(group)
        apart = self._apart(group, size)
        return apart if short is None else stack_clauses([short, apart])

    def _short(self, group: Ints) -> Clauses | None:
        """A row per unit of each piece that comes to less than the patch must."""
        if self.most is None:
            return None
        options = self.patches.options_of
        comes = np.bincount(group[group >= 0], weights=self.most[group >= 0])
        rows: list[tuple[Ints, Ints, float]] = []
        for patch in np.flatnonzero(comes < self.least):
            units = np.flatnonzero(group == patch)
            near = options(self.patches.beside(units))
            rows += [(options(np.array([u])), near, 0.0) for u in units]
        return _rows(rows)

    def _apart(self, group: Ints, size: Floats) -> Clauses:
        """For each patch but the largest: its largest unit and the largest patch's need a way out of it."""
        area = self.patches.area
        main = np.flatnonzero(group == int(np.argmax(size)))
        anchor = main[np.argmax(area[main])]
        if self.must is not None and self.must[main].any():  # inside in every plan: rows from there are the strongest
            anchor = main[np.argmax(self.must[main])]
        rows: list[tuple[Ints, Ints, float]] = []
        for patch in np.flatnonzero(np.arange(size.size) != int(np.argmax(size))):
            units = np.flatnonzero(group == patch)
            mine = units[np.argmax(area[units])]
            heads = np.r_[self.patches.options_of(np.array([mine])), self.patches.options_of(np.array([anchor]))]
            for around in (units, main):
                rows.append((heads, self.patches.options_of(self.patches.beside(around)), 1.0))
        found = _rows(rows)
        assert found is not None
        return found

    def offending(self, chosen: Ints) -> Ints:
        """The target's options of units outside the largest patch."""
        group, size = self.patches.components(self.patches.inside[chosen])
        return self.patches.options_of(np.flatnonzero((group >= 0) & (group != int(np.argmax(size)))))


def _rows(rows: list[tuple[Ints, Ints, float]]) -> Clauses | None:
    """Rows Σ heads − Σ tails ≤ hi as clauses."""
    if not rows:
        return None
    row = np.concatenate([np.full(h.size + t.size, i) for i, (h, t, _) in enumerate(rows)])
    col = np.concatenate([np.r_[h, t] for h, t, _ in rows])
    value = np.concatenate([np.r_[np.ones(h.size), -np.ones(t.size)] for h, t, _ in rows])
    return Clauses(row, col.astype(np.int64), value, np.array([hi for *_, hi in rows]))
