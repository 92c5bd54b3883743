"""MinPatch and Connected: no crumbs of a target, or all of it in one piece."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from planner.allocation.checks import check_number, check_target, check_words, finite_column
from planner.allocation.parts import ROUNDING, Clauses, Hidden, Part
from planner.allocation.rules.adjacency import Grouped, long_borders, options_by_unit
from planner.allocation.table import Bools, Floats, Ints, OptionTable

MOST_ROWS = 400_000  # of sets too small to be a patch that are written down beforehand; larger sets are left out first
FLOW_UNITS = 150  # up to which connectedness is written as a flow


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
        check_words(str(self), table, self.target, self.treatment)
        patches = _patches(table, table.mask(self.target, self.treatment), self.boundaries, str(self))
        group, size = patches.components(patches.count > 0)
        small = np.flatnonzero((group >= 0) & (size[group] < self.min_mu * (1 - 1e-12)))
        forbid = patches.options[np.isin(patches.unit_of, small)]
        clauses = small_set_rows(patches, self.min_mu)
        return Part(forbid=forbid, clauses=clauses, separator=_MinPatchSeparator(patches, self.min_mu))

    def kept(self, table: OptionTable, chosen: Ints) -> bool:
        """Whether every patch is large enough."""
        least = self.min_mu * (1 - ROUNDING)
        inside = table.mask(self.target, self.treatment)
        area = np.zeros(len(table.units))
        np.maximum.at(area, table.unit[inside], table.values["area_mu"][inside])
        return all(math.fsum(area[patch]) >= least for patch in walked(self, table, chosen))


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
        check_words(str(self), table, self.target, self.treatment)
        inside = table.mask(self.target, self.treatment)
        patches = _patches(table, inside, self.boundaries, str(self))
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


def small_set_rows(patches: _Patches, min_mu: float) -> Clauses | None:
    """Rows x_i ≤ Σ_{j beside S} x_j for the units i of every connected set S of up to three units that is too small a patch."""
    n = patches.area.size
    can = patches.count > 0
    graph = sparse.csr_array(sparse.diags_array(can.astype(float)) @ patches.graph @ sparse.diags_array(can.astype(float)))
    sets = [np.flatnonzero(can)[:, None]]
    for _ in range(2):
        if sets[-1].size > MOST_ROWS // 4:
            break
        sets.append(_one_larger(sets[-1], graph))
    kept = [group[patches.area[group].sum(axis=1) < min_mu * (1 - ROUNDING)] for group in sets]
    while len(kept) > 1 and sum(g.size for g in kept) > MOST_ROWS:
        kept.pop()
    heads: list[Ints] = []
    blocks: list[sparse.csr_array] = []
    for group in kept:
        count, size = group.shape
        if count:
            own = sparse.csr_array((np.ones(group.size), group.ravel(), np.arange(0, group.size + 1, size)), shape=(count, n))
            beside = sparse.csr_array(own @ graph)
            beside.data[:] = 1.0
            outside = sparse.csr_array(beside - beside.multiply(own))
            outside.eliminate_zeros()
            heads.append(group.ravel())
            blocks.append(outside[np.repeat(np.arange(count), size)])
    if not heads:
        return None
    units = np.concatenate(heads)
    tails = sparse.coo_array(sparse.vstack(blocks))
    of = sparse.csr_array((np.ones(patches.options.size), (patches.unit_of, patches.options)), shape=(n, patches.inside.size))
    first, last = sparse.coo_array(of[units]), sparse.coo_array(sparse.csr_array(tails) @ of)
    return Clauses(
        np.r_[first.row, last.row].astype(np.int64),
        np.r_[first.col, last.col].astype(np.int64),
        np.r_[np.ones(first.nnz), -np.ones(last.nnz)],
        np.zeros(units.size),
    )


def _one_larger(group: Ints, graph: sparse.csr_array) -> Ints:
    """All connected sets of one unit more, each once, units sorted; group (m, size)."""
    count, size = group.shape
    n = graph.shape[0]
    own = sparse.csr_array((np.ones(group.size), group.ravel(), np.arange(0, group.size + 1, size)), shape=(count, n))
    beside = sparse.coo_array(own @ graph)
    fresh = (group[beside.row] != beside.col[:, None]).all(axis=1)
    larger = np.sort(np.c_[group[beside.row[fresh]], beside.col[fresh]], axis=1)
    return np.asarray(np.unique(larger, axis=0), dtype=np.int64).reshape(-1, size + 1)


def flow_rows(patches: _Patches) -> Hidden | None:
    """Connectedness as a flow on few units: a root sends every unit of the target its share, through such units alone.

    Per unit i: x_i/M + Σ out − Σ in ≤ root_i, Σ in ≤ x_i, root_i ≤ x_i; Σ root ≤ 1.
    Source: single-commodity flow, Shirabe 2005.
    """
    units = np.flatnonzero(patches.count > 0)
    m = units.size
    if not 1 < m <= FLOW_UNITS:
        return None
    arcs = sparse.coo_array(patches.graph[units][:, units])
    tail, head, e = arcs.row, arcs.col, arcs.nnz
    each, arc = np.arange(m), np.arange(e)
    own_row = np.r_[tail, head, each, m + head, 2 * m + each, np.full(m, 3 * m)]
    own_col = np.r_[arc, arc, e + each, arc, e + each, e + each]
    own_value = np.r_[np.ones(e), -np.ones(e), -np.ones(m), np.ones(e), np.ones(m), np.ones(m)]
    of = sparse.csr_array(
        (np.ones(patches.options.size), (patches.unit_of, patches.options)), shape=(patches.area.size, patches.inside.size)
    )
    mine = sparse.coo_array(of[units])
    row = np.r_[mine.row, m + mine.row, 2 * m + mine.row].astype(np.int64)
    value = np.r_[np.full(mine.nnz, 1.0 / m), -np.ones(2 * mine.nnz)]
    hi = np.r_[np.zeros(3 * m), 1.0]
    return Hidden(
        np.r_[np.zeros(e, dtype=np.bool_), np.ones(m, dtype=np.bool_)],
        Clauses(row, np.tile(mine.col, 3).astype(np.int64), value, hi),
        Clauses(own_row.astype(np.int64), own_col.astype(np.int64), own_value, hi),
    )


def _rows(rows: list[tuple[Ints, Ints, float]]) -> Clauses | None:
    """Rows Σ heads − Σ tails ≤ hi as clauses."""
    if not rows:
        return None
    row = np.concatenate([np.full(h.size + t.size, i) for i, (h, t, _) in enumerate(rows)])
    col = np.concatenate([np.r_[h, t] for h, t, _ in rows])
    value = np.concatenate([np.r_[np.ones(h.size), -np.ones(t.size)] for h, t, _ in rows])
    return Clauses(row, col.astype(np.int64), value, np.array([hi for *_, hi in rows]))
