"""A programme as rows and columns: who is done when, who pays, whose earth goes where.

Money is kept by *class*: projects that the same funds may pay for. A class pays for all its projects together; that is exact
where funds have no shares, and never below the truth where they have: classes are split until the answer can be paid project
by project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from planner.allocation.program import Program
from planner.portfolio.programme import Floats, Ints, Programme
from planner.portfolio.rows import Rows, as_program

UNPAID = 1e4  # price of a yuan that nobody pays, in yuan: above any benefit a yuan brings
NONE = slice(0, 0)  # no columns


@dataclass(frozen=True)
class Class:
    """Projects whose works (or earth) the same funds may pay for: their columns, the funds, whether shares bind."""

    columns: tuple[int, ...]
    funds: tuple[int, ...]
    projects: tuple[int, ...]
    earth: bool = False


@dataclass(frozen=True, eq=False)
class Model:
    """The columns of the program, in this order: choices (J), money by class, fund and year, hauls, bought earth, slacks.

    weights: of the measures in the objective. split: projects that are a class of their own. elastic: "" for none, "spending"
    where a class may leave sums unpaid, "funds" where a fund may give more, at a price. cuts: haul rows that are written (pair,
    year, end). floors: measures that must not fall below a value. free: whether projects that must be done may be left.
    """

    made: Programme
    weights: Mapping[str, float]
    split: frozenset[int] = frozenset()
    elastic: str = ""
    cuts: tuple[tuple[int, int, int], ...] = ()
    floors: tuple[tuple[str, float], ...] = ()
    free: bool = False

    @cached_property
    def yuan(self) -> float:
        """What money is counted in inside the program: a power of ten near a usual payment: coefficients near one."""
        return _unit(self.made.columns.spend)

    @cached_property
    def m3(self) -> float:
        """What earth is counted in inside the program, m³."""
        return _unit(np.abs(self.made.columns.surplus))

    @cached_property
    def classes(self) -> tuple[Class, ...]:
        """Classes of works, then classes of earth."""
        made, cols = self.made, self.made.columns
        groups: dict[tuple[int, bytes], list[int]] = {}
        for j, i in enumerate(cols.project.tolist()):
            groups.setdefault((i if i in self.split else -1, made.eligible[j].tobytes()), []).append(j)
        works = [
            Class(
                tuple(js),
                tuple(np.flatnonzero(made.eligible[js[0]]).tolist()),
                tuple(sorted({int(cols.project[j]) for j in js})),
            )
            for js in groups.values()
        ]
        return (*works, *self._earth_classes())

    def _earth_classes(self) -> list[Class]:
        """Who pays for a project's earth: every fund that may pay for one of its variants; shares are of works."""
        made, cols = self.made, self.made.columns
        if made.earth is None:
            return []
        takers = np.unique(cols.project[(cols.surplus < 0).any(axis=1)])
        groups: dict[tuple[int, bytes], list[int]] = {}
        for i in takers.tolist():
            paying = made.eligible[cols.project == i].any(axis=0)
            groups.setdefault((i if i in self.split else -1, paying.tobytes()), []).append(i)
        kinds = [(np.frombuffer(key[1], dtype=np.bool_), ids) for key, ids in groups.items()]
        return [Class((), tuple(np.flatnonzero(p).tolist()), tuple(ids), earth=True) for p, ids in kinds]

    @cached_property
    def money(self) -> dict[tuple[int, int], int]:
        """First column of each (class, fund): one a year."""
        begin, found = len(self.made.columns), {}
        for c, group in enumerate(self.classes):
            for f in group.funds:
                found[c, f] = begin
                begin += self.span
        return found

    @property
    def span(self) -> int:
        """Years, T."""
        return len(self.made.years)

    @cached_property
    def hauls(self) -> int:
        """First column of the hauls, (P · T), pair by pair."""
        return len(self.made.columns) + len(self.money) * self.span

    @cached_property
    def takers(self) -> Ints:
        """Projects that want fill in one of their variants."""
        cols = self.made.columns
        none = np.empty(0, dtype=np.int64)
        return none if self.made.earth is None else np.unique(cols.project[(cols.surplus < 0).any(axis=1)])

    @cached_property
    def bought(self) -> int:
        """First column of the earth that is bought, (takers · T)."""
        return self.hauls + len(self.made.pairs[0]) * self.span

    @cached_property
    def slacks(self) -> int:
        """First column of the slacks: sums left unpaid (class · T), or more from a fund (F · T)."""
        return self.bought + len(self.takers) * self.span

    @cached_property
    def width(self) -> int:
        """All columns."""
        more = {"": 0, "spending": len(self.classes), "funds": len(self.made.funds)}[self.elastic]
        return self.slacks + more * self.span

    @cached_property
    def gain(self) -> Floats:
        """What the objective gains by each column, (width,): what choices bring, less charges, haul and bought earth."""
        found = np.zeros(self.width)
        for name, weight in self.weights.items():
            found += weight * self.measured(name)
        if self.elastic:
            found[self.slacks :] = -UNPAID * self.yuan
        return found

    def measured(self, name: str) -> Floats:
        """A measure by column, (width,); net present value holds charges and earth, others the choices alone."""
        found = self.costs.copy() if name == "npv" else np.zeros(self.width)
        found[: len(self.made.columns)] = self.made.columns.measure(name)
        return found

    @cached_property
    def costs(self) -> Floats:
        """Present value each column takes beyond its works, (width,), yuan, negative: charges, haul and bought earth."""
        made, found = self.made, np.zeros(self.width)
        for (_, f), at in self.money.items():
            found[at : at + self.span] = -made.funds[f].charge * self.yuan * made.discount
        if made.earth is not None:
            km = made.pairs[2]
            haul = -np.outer(km * made.earth.cny_per_m3_km, made.discount) * self.m3
            found[self.hauls : self.bought] = haul.ravel()
            found[self.bought : self.slacks] = np.tile(
                -made.earth.bought_cny_per_m3 * self.m3 * made.discount, len(self.takers)
            )
        return found

    @cached_property
    def rows(self) -> Rows:
        """All rows, in named blocks."""
        rows = Rows(self.width)
        rows.block("choose", lambda: self._choose(rows))
        rows.block("spend", lambda: self._spend(rows))
        rows.block("year", lambda: self._years(rows))
        rows.block("total", lambda: self._totals(rows))
        rows.block("share", lambda: self._shares(rows))
        rows.block("order", lambda: self._order(rows))
        rows.block("quota", lambda: self._quotas(rows))
        rows.block("given", lambda: self._given(rows))
        rows.block("taken", lambda: self._taken(rows))
        rows.block("cover", lambda: self._covers(rows))
        for name, least in self.floors:
            worth = self.measured(name)
            used, unit = np.flatnonzero(worth), max(_unit(np.abs(worth)), 1e-12)
            rows.add(used, worth[used] / unit, least / unit, np.inf)
        return rows

    @cached_property
    def program(self) -> Program:
        """The program to be minimised: minus the gain."""
        whole = np.arange(self.width) < len(self.made.columns)
        upper = np.where(whole, 1.0, np.inf)
        return as_program(self.rows, -self.gain, np.zeros(self.width), upper, whole)

    def among(self, allowed: np.ndarray, *, without: slice = NONE) -> Program:
        """The program with some of its choices alone, (J,). without: further columns that stay zero."""
        upper = self.program.upper.copy()
        upper[: len(allowed)] = allowed
        upper[without] = 0.0
        return replace(self.program, upper=upper)

    @cached_property
    def size(self) -> Floats:
        """What every project spends in its dearest way, (N,), yuan."""
        found = np.zeros(len(self.made.projects))
        np.maximum.at(found, self.made.columns.project, self.made.columns.spend.sum(axis=1))
        return found

    @cached_property
    def most(self) -> Floats:
        """The highest each column can be in any schedule, (width,): what projects spend, dig and want; inf for slacks."""
        made, cols = self.made, self.made.columns
        found = np.full(self.width, np.inf)
        found[: len(cols)] = 1.0
        spend, dug, wanted = (self._of_projects(v) for v in (cols.spend, cols.surplus, -cols.surplus))
        dearest = 0.0 if made.earth is None else made.earth.bought_cny_per_m3  # nobody hauls what is cheaper to buy
        for (c, _), at in self.money.items():
            ids = list(self.classes[c].projects)
            paid = dearest * wanted[ids].sum(axis=0) if self.classes[c].earth else spend[ids].sum(axis=0)
            found[at : at + self.span] = paid / self.yuan
        givers, takers, _ = made.pairs
        found[self.hauls : self.bought] = np.minimum(dug[givers], wanted[takers]).ravel() / self.m3
        found[self.bought : self.slacks] = wanted[self.takers].ravel() / self.m3
        return found

    def _of_projects(self, by_year: Floats) -> Floats:
        """The most of something a project has in a year whatever way it is done, (N, T), at least 0."""
        found = np.zeros((len(self.made.projects), self.span))
        np.maximum.at(found, self.made.columns.project, by_year)
        return found

    def of(self, i: int) -> Ints:
        """Columns of a project."""
        return self._by_project[i]

    @cached_property
    def _by_project(self) -> list[Ints]:
        cols = self.made.columns
        return [np.flatnonzero(cols.project == i) for i in range(len(self.made.projects))]

    def _choose(self, rows: Rows) -> None:
        for i, project in enumerate(self.made.projects):
            least = 1.0 if (project.must or project.settled is not None) and not self.free else 0.0
            rows.add(self.of(i), 1.0, least, 1.0)

    def _spend(self, rows: Rows) -> None:
        """Σ funds = spending, by class and year; works for works, haul and bought earth for earth."""
        cols = self.made.columns
        for c, group in enumerate(self.classes):
            js = np.array(group.columns, dtype=np.int64)
            for t in range(self.span):
                paid = [self.money[c, f] + t for f in group.funds]
                spent, prices = self._earth_spending(group.projects, t) if group.earth else (js, cols.spend[js, t])
                slack = [self.slacks + c * self.span + t] if self.elastic == "spending" else []
                values = np.r_[np.ones(len(paid)), -prices / self.yuan, np.ones(len(slack))]
                rows.add([*paid, *spent.tolist(), *slack], values, 0.0, 0.0)

    def _earth_spending(self, projects: tuple[int, ...], t: int) -> tuple[Ints, Floats]:
        """Columns that cost the takers of a class money for earth in a year, and the price of each."""
        _, takers, km = self.made.pairs
        assert self.made.earth is not None
        mine = np.flatnonzero(np.isin(takers, projects))
        own = np.flatnonzero(np.isin(self.takers, projects))
        columns = np.r_[self.hauls + mine * self.span + t, self.bought + own * self.span + t]
        prices = np.r_[km[mine] * self.made.earth.cny_per_m3_km, np.full(len(own), self.made.earth.bought_cny_per_m3)]
        return columns.astype(np.int64), prices * self.m3

    def _years(self, rows: Rows) -> None:
        """What a fund gives by year, summed up where it may be kept: one row a fund and year, empty where it has no limit."""
        made = self.made
        for f, fund in enumerate(made.funds):
            mine = [at for (_, g), at in self.money.items() if g == f]
            for t in range(self.span):
                since = range(t + 1) if fund.carry_over else (t,)
                limit = float(made.limits[f, list(since)].sum()) / self.yuan
                columns = [at + u for at in mine for u in since]
                values = np.ones(len(columns))
                if self.elastic == "funds":
                    columns = [*columns, *(self.slacks + f * self.span + u for u in since)]
                    values = np.r_[values, -np.ones(len(columns) - len(values))]
                rows.add(columns, values, -np.inf, limit)

    def _totals(self, rows: Rows) -> None:
        for f, fund in enumerate(self.made.funds):
            mine = [at + t for (_, g), at in self.money.items() if g == f for t in range(self.span)]
            values = np.ones(len(mine))
            if self.elastic == "funds":
                mine = [*mine, *(self.slacks + f * self.span + t for t in range(self.span))]
                values = np.r_[values, -np.ones(len(mine) - len(values))]
            rows.add(mine, values, -np.inf, np.inf if fund.total_cny is None else fund.total_cny / self.yuan)

    def _shares(self, rows: Rows) -> None:
        """Per class of works: a fund's share of all it costs, and what another fund has to pay beside it."""
        made = self.made
        whole = made.columns.spend.sum(axis=1) / self.yuan
        for c, group in enumerate(self.classes):
            if group.earth:
                continue
            js = np.array(group.columns, dtype=np.int64)
            for f in group.funds:
                fund, mine = made.funds[f], self.money[c, f] + np.arange(self.span)
                for share, lo, hi in ((fund.max_share, -np.inf, 0.0), (fund.min_share, 0.0, np.inf)):
                    if share != (1.0 if hi == 0.0 else 0.0):
                        rows.add(np.r_[mine, js], np.r_[np.ones(self.span), -share * whole[js]], lo, hi)
                for other, ratio in fund.match.items():
                    g = next(k for k, o in enumerate(made.funds) if o.id == other)
                    theirs = self.money[c, g] + np.arange(self.span) if g in group.funds else np.empty(0, dtype=np.int64)
                    rows.add(np.r_[theirs, mine], np.r_[np.ones(len(theirs)), np.full(self.span, -ratio)], 0.0, np.inf)

    def _order(self, rows: Rows) -> None:
        """After: started by a year only what the other has finished before it. With, not with: by being done at all."""
        made, cols = self.made, self.made.columns
        together, apart = set(), set()
        for i, project in enumerate(made.projects):
            for name in project.after:
                mine, theirs = self.of(i), self.of(made.index[name])
                for year in np.unique(cols.start[mine]):
                    early, done = mine[cols.start[mine] <= year], theirs[cols.finish[theirs] < year]
                    rows.add(np.r_[early, done], np.r_[np.ones(len(early)), -np.ones(len(done))], -np.inf, 0.0)
            together |= {tuple(sorted((i, made.index[name]))) for name in project.with_}
            apart |= {tuple(sorted((i, made.index[name]))) for name in project.not_with}
        for i, k in sorted(together):
            rows.add(np.r_[self.of(i), self.of(k)], np.r_[np.ones(len(self.of(i))), -np.ones(len(self.of(k)))], 0.0, 0.0)
        for i, k in sorted(apart):
            rows.add(np.r_[self.of(i), self.of(k)], 1.0, -np.inf, 1.0)

    def _quotas(self, rows: Rows) -> None:
        for quota in self.made.quotas:
            worth = self.made.columns.measure(quota.measure)
            used = np.flatnonzero(worth)
            low = -np.inf if quota.min is None else quota.min
            rows.add(used, worth[used], low, np.inf if quota.max is None else quota.max)

    def _given(self, rows: Rows) -> None:
        """No more spoil leaves a project in a year than it digs."""
        givers, _, _ = self.made.pairs
        cols = self.made.columns
        for i in np.unique(givers):
            mine, js = np.flatnonzero(givers == i), self.of(int(i))
            for t in range(self.span):
                left = np.maximum(cols.surplus[js, t], 0.0) / self.m3
                used = left > 0
                rows.add(
                    np.r_[self.hauls + mine * self.span + t, js[used]], np.r_[np.ones(len(mine)), -left[used]], -np.inf, 0.0
                )

    def _taken(self, rows: Rows) -> None:
        """Fill of a year comes from others or is bought."""
        _, takers, _ = self.made.pairs
        cols = self.made.columns
        for k, i in enumerate(self.takers.tolist()):
            mine, js = np.flatnonzero(takers == i), self.of(i)
            for t in range(self.span):
                need = np.maximum(-cols.surplus[js, t], 0.0) / self.m3
                used = need > 0
                columns = np.r_[self.hauls + mine * self.span + t, self.bought + k * self.span + t, js[used]]
                rows.add(columns, np.r_[np.ones(len(mine) + 1), -need[used]], 0.0, 0.0)

    def _covers(self, rows: Rows) -> None:
        """A haul is at most what its giver digs and its taker wants, each where it is done: the rows that were violated."""
        for pair, t, end in self.cuts:
            js, most = self.cover(pair, t, end)
            rows.add(np.r_[self.hauls + pair * self.span + t, js], np.r_[1.0, -most], -np.inf, 0.0)

    def cover(self, pair: int, t: int, end: int) -> tuple[Ints, Floats]:
        """Columns of the giver (end 0) or taker (1) of a pair, and the most a haul of a year can be under each."""
        cols = self.made.columns
        give, take = (self.of(int(self.made.pairs[k][pair])) for k in (0, 1))
        dug, wanted = np.maximum(cols.surplus[give, t], 0.0) / self.m3, np.maximum(-cols.surplus[take, t], 0.0) / self.m3
        if end == 0:
            return give, np.minimum(dug, wanted.max(initial=0.0))
        return take, np.minimum(wanted, dug.max(initial=0.0))


def _unit(values: Floats) -> float:
    """A power of ten near the median of what is not 0; 1 where all is."""
    used = values[values > 0]
    return float(10.0 ** np.round(np.log10(np.median(used)))) if len(used) else 1.0
