"""MinPatch and Connected: no crumbs of a target, or all of it in one piece."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from planner.allocation.checks import check_number, check_target, finite_column
from planner.allocation.parts import Clauses, Part
from planner.allocation.rules.adjacency import Grouped, long_borders, options_by_unit
from planner.allocation.table import Bools, Floats, Ints, OptionTable


@dataclass(frozen=True, eq=False)
class MinPatch:
    """Every connected patch of the target (of one of the treatments, where given) has at least min_mu of area.

    For a set S of units too small to be a patch, each unit i of S needs a neighbour of S: x_i ≤ Σ_{j beside S} x_j. The rows
    are found as plans break them. Source: cover cuts of contiguity models, Önal & Briers 2006; Carvajal et al. 2013.
    """

    target: str
    min_mu: float
    boundaries: pd.DataFrame
    treatment: str | tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        check_target("MinPatch", self.target)
        check_number("MinPatch", "min_mu", self.min_mu)

    def __str__(self) -> str:
        return f"no patch of {_works(self.target, self.treatment)} below {self.min_mu:,.10g} mu"

    def part(self, table: OptionTable) -> Part:
        """A separator, and the units that can never be part of a large enough patch ruled out beforehand."""
        patches = _patches(table, table.mask(self.target, self.treatment), self.boundaries, str(self))
        group, size = patches.components(patches.count > 0)
        small = np.flatnonzero((group >= 0) & (size[group] < self.min_mu * (1 - 1e-12)))
        forbid = patches.options[np.isin(patches.unit_of, small)]
        return Part(forbid=forbid, separator=_MinPatchSeparator(patches, self.min_mu))


@dataclass(frozen=True, eq=False)
class Connected:
    """All units of the target form one connected patch.

    For a patch P beside the plan's largest, with units i of P and j of the largest: x_i + x_j − 1 ≤ Σ_{k beside P} x_k.
    Source: node-separator cuts, Carvajal et al. 2013. Proof is slow beyond some hundred units: expect a stated gap.
    """

    target: str
    boundaries: pd.DataFrame
    treatment: str | tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        check_target("Connected", self.target)

    def __str__(self) -> str:
        return f"{_works(self.target, self.treatment)} is one connected patch"

    def part(self, table: OptionTable) -> Part:
        """A separator."""
        return Part(
            separator=_ConnectedSeparator(_patches(table, table.mask(self.target, self.treatment), self.boundaries, str(self)))
        )


@dataclass(frozen=True, eq=False)
class _Patches:
    """A target's options by unit, the units' areas and the graph of borders."""

    inside: Bools
    options: Ints
    unit_of: Ints
    count: Ints
    grouped: Grouped
    area: Floats
    graph: sparse.csr_array

    def components(self, units: Bools) -> tuple[Ints, Floats]:
        """Patch of each unit, -1 outside `units` (N,), and each patch's area."""
        inside = np.flatnonzero(units)
        group = np.full(units.size, -1, dtype=np.int64)
        if not inside.size:
            return group, np.zeros(1)
        _, label = connected_components(self.graph[inside][:, inside], directed=False)
        group[inside] = label
        return group, np.asarray(np.bincount(label, weights=self.area[inside]), dtype=np.float64)

    def beside(self, patch: Ints) -> Ints:
        """Units that border the patch and could take the target."""
        near = np.unique(self.graph[patch].indices)
        near = near[~np.isin(near, patch)]
        return np.asarray(near[self.count[near] > 0], dtype=np.int64)

    def options_of(self, units: Ints) -> Ints:
        """The target's options of some units."""
        options, count, first = self.grouped
        return np.concatenate([options[first[u] : first[u] + count[u]] for u in units]) if units.size else units


def _works(target: str, treatment: str | tuple[str, ...] | None) -> str:
    if treatment is None:
        return target
    return f"{target} by {treatment if isinstance(treatment, str) else ' or '.join(treatment)}"


def _patches(table: OptionTable, inside: Bools, boundaries: pd.DataFrame, rule: str) -> _Patches:
    a, b = long_borders(rule, table, boundaries, 0.0)
    n = len(table.units)
    graph = sparse.csr_array((np.ones(2 * a.size), (np.r_[a, b], np.r_[b, a])), shape=(n, n))
    grouped = options_by_unit(table, inside)
    area = np.zeros(n)
    np.maximum.at(area, table.unit[grouped[0]], finite_column(table, "area_mu", rule, inside)[grouped[0]])
    return _Patches(inside, grouped[0], table.unit[grouped[0]], grouped[1], grouped, area, graph)


@dataclass(frozen=True, eq=False)
class _MinPatchSeparator:
    patches: _Patches
    min_mu: float

    def clauses(self, chosen: Ints) -> Clauses | None:
        """One row per unit of each patch that is too small."""
        group, size = self.patches.components(self.patches.inside[chosen])
        rows: list[tuple[Ints, Ints, float]] = []
        for patch in np.flatnonzero(size < self.min_mu * (1 - 1e-12)) if (group >= 0).any() else ():
            units = np.flatnonzero(group == patch)
            near = self.patches.options_of(self.patches.beside(units))
            rows += [(self.patches.options_of(np.array([u])), near, 0.0) for u in units]
        return _rows(rows)

    def offending(self, chosen: Ints) -> Ints:
        """The target's options of units in patches that are too small."""
        group, size = self.patches.components(self.patches.inside[chosen])
        small = (group >= 0) & (size[group] < self.min_mu * (1 - 1e-12))
        return self.patches.options_of(np.flatnonzero(small))


@dataclass(frozen=True, eq=False)
class _ConnectedSeparator:
    patches: _Patches

    def clauses(self, chosen: Ints) -> Clauses | None:
        """For each patch but the largest: its largest unit and the largest patch's need a way out of it."""
        group, size = self.patches.components(self.patches.inside[chosen])
        if not (group >= 0).any() or size.size < 2:
            return None
        area = self.patches.area
        main = np.flatnonzero(group == int(np.argmax(size)))
        anchor = main[np.argmax(area[main])]
        rows: list[tuple[Ints, Ints, float]] = []
        for patch in np.flatnonzero(np.arange(size.size) != int(np.argmax(size))):
            units = np.flatnonzero(group == patch)
            mine = units[np.argmax(area[units])]
            heads = np.r_[self.patches.options_of(np.array([mine])), self.patches.options_of(np.array([anchor]))]
            for around in (units, main):
                rows.append((heads, self.patches.options_of(self.patches.beside(around)), 1.0))
        return _rows(rows)

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
