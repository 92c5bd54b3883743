"""Lakes as the kernel takes them: who spills where, who joins whom, and what the months bring to each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.balance.climate import MONTHS, Climate, monthly
from planner.balance.lake import Aquifer, Lake
from planner.core.lake import Months, Network, Stores
from planner.errors import InvalidInput
from planner.words import say

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MM = 1e-3  # m per mm
FULL = 1e-12  # of the full storage: a lake that began so near to it, by rounding of its level, is full


@dataclass(frozen=True, eq=False)
class Lakes:
    """Lakes in the kernel's order, joined ones after those they join.

    place: where each name stands. knots: level, storage and area of each. start: (n,) storage at the outset, m³.
    """

    lakes: tuple[Lake, ...]
    place: Mapping[str, int]
    knots: tuple[tuple[Floats, Floats, Floats], ...]
    network: Network
    stores: Stores
    start: Floats

    @classmethod
    def of(cls, lakes: Sequence[Lake]) -> Lakes:
        """Checks lakes and puts them in order. Raises InvalidInput for names, rings and numbers that do not fit."""
        _check_names(lakes)
        height = _heights(lakes)
        ordered = tuple(sorted(lakes, key=lambda lake: height[lake.name]))
        place = {lake.name: i for i, lake in enumerate(ordered)}
        knots = tuple(_checked(lake).knots for lake in ordered)
        parent = np.array([-1 if lake.joins is None else place[lake.joins] for lake in ordered], dtype=np.int64)
        leaf = ~np.isin(np.arange(len(ordered)), parent)
        spills = np.array([-1 if lake.spills_to is None else place[lake.spills_to] for lake in ordered], dtype=np.int64)
        store, stores = _stores(ordered)
        network = Network(
            start=np.concatenate(([0], np.cumsum([len(k[0]) for k in knots]))).astype(np.int64),
            level=np.concatenate([k[0] for k in knots]),
            storage=np.concatenate([k[1] for k in knots]),
            area=np.concatenate([k[2] for k in knots]),
            dead=np.array([0.0 if lake.dead_m is None else float(lake.storage_at(lake.dead_m)) for lake in ordered]),
            pull=np.array([float(lake.exchange_per_month) for lake in ordered]),
            parent=parent,
            leaf=leaf,
            spills=spills,
            order=_downstream(ordered, parent, spills, leaf),
            store=store,
        )
        start = np.array([0.0 if lake.start_m is None else float(lake.storage_at(lake.start_m)) for lake in ordered])
        full = np.array([k[1][-1] for k in knots])
        start = np.where(np.abs(start - full) <= FULL * full, full, start)
        _check_joined(ordered, knots, network, start)
        return cls(ordered, place, knots, network, stores, start)

    def above(self, i: int) -> list[int]:
        """The lakes that rise over one, the nearest first."""
        found = []
        while (i := int(self.network.parent[i])) >= 0:
            found.append(i)
        return found

    def below(self, i: int) -> list[int]:
        """The lakes that a joined one is made of and that join none themselves."""
        return [k for k in range(len(self.lakes)) if self.network.leaf[k] and i in self.above(k)]


@dataclass(frozen=True, eq=False)
class Weather:
    """What the months bring to lakes, as the kernel takes it.

    running: (t, n) m that runs off dry land. given: (t, n) m³ brought.
    """

    months: Months
    running: Floats
    given: Floats

    @classmethod
    def of(cls, lakes: Sequence[Lake], years: Sequence[Climate], months: Ints) -> Weather:
        """The months of years in turn, over lakes."""
        year = (np.arange(len(months)) // MONTHS).tolist()
        at = list(zip(year, months.tolist(), strict=True))
        rain = np.array([years[y].rain_mm[k] for y, k in at]) * MM
        evaporation = np.array([years[y].evaporation_mm[k] for y, k in at]) * MM
        given = {
            k: np.stack([monthly(getattr(lake, k), f"{lake.name}: {k}")[months] for lake in lakes], axis=1)
            for k in ("inflow_m3", "use_m3", "seepage_mm")
        }
        running = rain[:, None] * np.array([lake.runoff_share for lake in lakes])
        basin = np.array([lake.basin_m2 for lake in lakes])
        brought = Months(
            rain=rain,
            evaporation=evaporation,
            inflow=given["inflow_m3"] + running * basin,
            use=given["use_m3"],
            seepage=given["seepage_mm"] * MM,
            gain=rain[:, None] - running,
        )
        return cls(brought, running, given["inflow_m3"])


def _check_names(lakes: Sequence[Lake]) -> None:
    by_name = {lake.name for lake in lakes}
    if len(by_name) < len(lakes):
        raise InvalidInput(say("balance.same_name"))
    for lake in lakes:
        for what in ("spills_to", "joins"):
            to = getattr(lake, what)
            if to is not None and to not in by_name:
                raise InvalidInput(say("balance.spills_to", name=lake.name, key=what, to=to, lakes=sorted(by_name)))


def _heights(lakes: Sequence[Lake]) -> dict[str, int]:
    """How many lakes lie below each one in the tree of those that join: those must come before it."""
    height = dict.fromkeys((lake.name for lake in lakes), 0)
    above = {lake.name: lake.joins for lake in lakes}
    for lake in lakes:
        at, steps = lake.name, 0
        while (up := above[at]) is not None:
            steps += 1
            if steps > len(lakes):
                raise InvalidInput(say("balance.joins_itself", name=lake.name))
            height[up] = max(height[up], height[at] + 1)
            at = up
    return height


def _checked(lake: Lake) -> Lake:
    lake.check_numbers()
    top = float(lake.knots[2].max())
    if not 0 <= lake.runoff_share <= 1 or (lake.runoff_share > 0 and lake.basin_m2 < top and lake.basin_m2 > 0):
        raise _runoff(lake, top)
    return lake


def _runoff(lake: Lake, top: float) -> InvalidInput:
    return InvalidInput(
        say("balance.runoff", name=lake.name, runoff_share=lake.runoff_share, basin_m2=lake.basin_m2, lake_m2=top)
    )


def _check_joined(lakes: Sequence[Lake], knots: Sequence[tuple[Floats, Floats, Floats]], net: Network, start: Floats) -> None:
    """Raises InvalidInput for a joined lake that does not begin where those below it end, or brings water of its own."""
    for i, lake in enumerate(lakes):
        if net.leaf[i]:
            if lake.runoff_share > 0 and lake.basin_m2 == 0.0:
                raise _runoff(lake, float(knots[i][2].max()))
            continue
        children = np.flatnonzero(net.parent == i).tolist()
        together = sum(float(knots[k][2][-1]) for k in children)
        level = [float(knots[k][0][-1]) for k in children]
        own = np.any(monthly(lake.inflow_m3, "inflow_m3")) or np.any(monthly(lake.use_m3, "use_m3")) or lake.basin_m2 > 0
        if not np.allclose([*level, together], [*([float(knots[i][0][0])] * len(level)), float(knots[i][2][0])], rtol=1e-9):
            raise InvalidInput(say("balance.no_saddle", name=lake.name, level=float(knots[i][0][0]), area=together))
        if own or (start[i] > 0 and any(bool(start[k] < knots[k][1][-1]) for k in children)):
            raise InvalidInput(say("balance.own_water", name=lake.name))


def _stores(lakes: Sequence[Lake]) -> tuple[Ints, Stores]:
    """The groundwater each lake trades with, −1 for none, and what each body of it is."""
    found: list[Aquifer | float] = []
    store = np.full(len(lakes), -1, dtype=np.int64)
    for i, lake in enumerate(lakes):
        ground = lake.aquifer if lake.aquifer is not None else lake.groundwater_m
        if ground is None:
            continue
        same = [k for k, other in enumerate(found) if other is ground or (isinstance(ground, float) and other == ground)]
        store[i] = same[0] if same else len(found)
        if not same:
            found.append(ground)
    rows = [_store(ground) for ground in found]
    columns = np.array(rows, dtype=np.float64).reshape(len(rows), 5)
    return store, Stores(*(np.ascontiguousarray(columns[:, k]) for k in range(5)))


def _store(ground: Aquifer | float) -> tuple[float, float, float, float, float]:
    if not isinstance(ground, Aquifer):
        return float(ground), float(ground), np.inf, 0.0, 0.0
    region = ground.level_m if ground.region_m is None else ground.region_m
    capacity = ground.area_m2 * ground.specific_yield
    return ground.level_m, region, capacity, ground.regional_per_month, ground.recharge_share * ground.area_m2


def _downstream(lakes: Sequence[Lake], parent: Ints, spills: Ints, leaf: NDArray[np.bool_]) -> Ints:
    """The lakes so that each comes before the one it spills to; those that join may spill into each other.

    Raises InvalidInput for a ring that no joined lake closes.
    """
    root = np.arange(len(lakes))
    for i in range(len(lakes) - 1, -1, -1):
        if parent[i] >= 0:
            root[i] = root[parent[i]]
    after: dict[int, set[int]] = {}
    for i in range(len(lakes)):
        if spills[i] >= 0:
            if not leaf[spills[i]]:
                raise InvalidInput(say("balance.spills_to_joined", name=lakes[i].name, other=lakes[int(spills[i])].name))
            if root[i] != root[spills[i]]:
                after.setdefault(int(root[i]), set()).add(int(root[spills[i]]))
            elif parent[i] < 0:
                raise _ring([lakes[i], lakes[int(spills[i])]] if spills[i] != i else [lakes[i]])
    order: list[int] = []
    for at in range(len(lakes)):
        _visit(at, after, order, [], lakes, root)
    rank = {r: k for k, r in enumerate(reversed(order))}
    return np.array(sorted(range(len(lakes)), key=lambda i: (rank[int(root[i])], i)), dtype=np.int64)


def _visit(
    at: int, after: Mapping[int, set[int]], order: list[int], path: list[int], lakes: Sequence[Lake], root: Ints
) -> None:
    if root[at] != at or at in order:
        return
    if at in path:
        raise _ring([lakes[k] for k in path[path.index(at) :]])
    for other in sorted(after.get(at, ())):
        _visit(other, after, order, [*path, at], lakes, root)
    order.append(at)


def _ring(lakes: Sequence[Lake]) -> InvalidInput:
    return InvalidInput(say("balance.ring", ring=" → ".join(lake.name for lake in lakes)))
