"""Who digs for whom: the transport problem between cut and fill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from planner.core.multiscale import Side, cheapest
from planner.core.transport import GATE, INSIDE, NOWHERE, Places
from planner.earthwork.checks import check_amount, check_factor, metres, places, quantity
from planner.errors import Infeasible, InvalidInput
from planner.words import say

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

IMPORT: Final = "import"  # stands for a unit in the haul table where earth comes from outside
EXPORT: Final = "export"
GRAINS: Final = 1e6  # per m³: quantities are carried as whole cm³, so balances close exactly

EXACT: Final = 10_000  # units up to which the haul is solved to the optimum unless a gap is given
BEYOND: Final = 1e-3  # share of the cost that may stay unproven for more units


@dataclass(frozen=True, eq=False)
class Haul:
    """Who digs for whom, at the least haul.

    table: columns `from_unit`, `to_unit`, `m3` (compacted, as placed), `loose_m3` (swollen, as carried), `distance_m`,
    `cost_cny`; a unit that serves itself and what comes from IMPORT or goes to EXPORT without a place have distance 0.
    value_cny_per_m3: by unit_id, what a m³ of earth is worth there for the haul it saves, 0 where it is worth least, NaN for
    units that neither dig nor fill. bound_cny: proven least cost.
    """

    table: pd.DataFrame
    import_m3: float
    export_m3: float
    cost_cny: float
    bound_cny: float
    value_cny_per_m3: pd.Series[float]

    @property
    def moved_m3(self) -> float:
        """Earth carried from one unit to another, compacted m³."""
        own = self.table["from_unit"] == self.table["to_unit"]
        outside = (self.table["from_unit"] == IMPORT) | (self.table["to_unit"] == EXPORT)
        return float(self.table.loc[~own & ~outside, "m3"].sum())

    @property
    def mean_haul_m(self) -> float:
        """As of `mean_distance_m`."""
        return mean_distance_m(self.table)


def mean_distance_m(table: pd.DataFrame) -> float:
    """Mean distance of the earth that is carried, m; 0 where none is.

    Earth that serves its own unit, and what comes from or goes to outside where no gate is known, is carried no way.
    table: columns `m3`, `distance_m` as a Haul has them.
    """
    if not len(table):
        return 0.0
    away = table[table["distance_m"] > 0.0]
    m3 = away["m3"].to_numpy(float)
    return float(m3 @ away["distance_m"].to_numpy(float) / m3.sum()) if m3.sum() > 0 else 0.0


def haul(
    units: gpd.GeoDataFrame,
    *,
    compaction: float,
    cny_per_m3_km: float,
    max_import_m3: float | None = 0.0,
    max_export_m3: float | None = None,
    import_cny_per_m3: float | None = None,
    export_cny_per_m3: float | None = None,
    gate: tuple[float, float] | None = None,
    swell: float = 1.25,
    gap: float | None = None,
    seconds: float | None = None,
) -> Haul:
    """The cheapest way to bring every unit's spoil to the units that need fill, as a transport problem solved to proof.

    units: index `unit_id`, columns `cut_m3` (bank) and `fill_m3` (compacted), geometry in a projected CRS; distances are
    straight lines between centroids, m. compaction: m³ of fill per m³ of cut. cny_per_m3_km: haul price per compacted m³.
    max_import_m3, max_export_m3: None for no limit. import_cny_per_m3, export_cny_per_m3: with both prices given, earth is
    bought or carted away where that is cheaper than hauling; otherwise only what does not balance. gate: x, y in the CRS where
    earth enters and leaves; None for the spot where it is needed. swell: loose m³ in the truck per bank m³.
    gap: share of the cost by which the proven bound may lie below; None for the optimum of up to EXACT units, BEYOND for more.
    seconds: after which the best haul so far is taken, whose cost may lie further above the bound.
    Raises InvalidInput for quantities that are no quantities and units without a place; Infeasible where the limits cannot
    hold.
    """
    units = units.sort_index()
    cut, fill = quantity(units, "cut_m3"), quantity(units, "fill_m3")
    check_factor("compaction", compaction)
    check_factor("swell", swell)
    prices = {"cny_per_m3_km": cny_per_m3_km, "import_cny_per_m3": import_cny_per_m3, "export_cny_per_m3": export_cny_per_m3}
    for name, price in {**prices, "max_import_m3": max_import_m3, "max_export_m3": max_export_m3, "gap": gap}.items():
        check_amount(name, price)
    xy = places(units)
    if reserved := {IMPORT, EXPORT} & set(units.index):
        raise InvalidInput(say("earthwork.outside_name", name=reserved.pop()))
    if gate is not None:
        if not np.isfinite(gate).all():
            raise InvalidInput(say("earthwork.gate", gate=gate))
        gate = (gate[0] * metres(units), gate[1] * metres(units))
    supply, demand = _grains(compaction * cut), _grains(fill)
    bring, take = _outside(int(supply.sum()), int(demand.sum()), max_import_m3, max_export_m3)
    if import_cny_per_m3 is not None and export_cny_per_m3 is not None:
        bring, take = _at_most(int(supply.sum()), int(demand.sum()), max_import_m3, max_export_m3)
    wanted = gap if gap is not None else 0.0 if len(units) <= EXACT else BEYOND
    names = units.index.to_numpy(dtype=object)
    sources = _nodes(names, xy, supply, (IMPORT, bring, import_cny_per_m3 or 0.0), gate)
    sinks = _nodes(names, xy, demand, (EXPORT, take, export_cny_per_m3 or 0.0), gate)
    return _solved(names, sources, sinks, (cny_per_m3_km / 1000.0, swell / compaction), (wanted, seconds))


@dataclass(frozen=True, eq=False)
class _Nodes:
    """One side of the transport problem: names, and places with whole cm³ to give or take."""

    names: NDArray[np.object_]
    side: Side


def _grains(m3: Floats) -> Ints:
    return np.rint(m3 * GRAINS).astype(np.int64)


def _outside(supply: int, demand: int, max_import_m3: float | None, max_export_m3: float | None) -> tuple[int, int]:
    """Grains that must come from outside and go outside.

    A limit missed by no more than a solver's tolerance (1e-6 of the earth moved, or 1 m³) passes.
    """
    bring, take = max(demand - supply, 0), max(supply - demand, 0)
    spare = 1e-6 * (supply + demand) / GRAINS + 1.0
    for what, amount, limit in (("import", bring, max_import_m3), ("export", take, max_export_m3)):
        if limit is not None and amount / GRAINS > limit + spare:
            need = amount / GRAINS
            raise Infeasible(
                say(f"earthwork.too_much_{what}", need=need, limit=limit),
                conflicts=(say("earthwork.limit", key=f"max_{what}_m3", limit=limit),),
                relaxations=(say("earthwork.relax", key=f"max_{what}_m3", miss=need - limit),),
            )
    return bring, take


def _at_most(supply: int, demand: int, max_import_m3: float | None, max_export_m3: float | None) -> tuple[int, int]:
    """The most that can come from outside at once with what then goes outside: supply + import = demand + export."""
    most = demand if max_import_m3 is None else min(int(_grains(np.array(max_import_m3))), demand)
    room = supply if max_export_m3 is None else min(int(_grains(np.array(max_export_m3))), supply)
    bring = max(min(most, room + demand - supply), demand - supply, 0)
    return bring, supply + bring - demand


def _nodes(
    names: NDArray[np.object_], xy: Floats, amount: Ints, outside: tuple[str, int, float], gate: tuple[float, float] | None
) -> _Nodes:
    """The units with something to give (or take), and outside as the last node where it takes part."""
    some = np.flatnonzero(amount)
    name, volume, price = outside
    extra = 1 if volume else 0
    kind = np.full(len(some) + extra, INSIDE, dtype=np.int64)
    kind[len(some) :] = NOWHERE if gate is None else GATE
    toll = np.zeros(len(some) + extra)
    toll[len(some) :] = price
    where = np.array([gate or (0.0, 0.0)] * extra, dtype=np.float64).reshape(-1, 2)
    return _Nodes(
        np.concatenate([names[some], np.array([name] * extra, dtype=object)]),
        Side(
            Places(np.concatenate([xy[some], where]), toll, kind),
            np.concatenate([amount[some], np.array([volume] * extra, dtype=np.int64)]),
        ),
    )


def _solved(
    names: NDArray[np.object_],
    sources: _Nodes,
    sinks: _Nodes,
    price: tuple[float, float],
    aim: tuple[float, float | None],
) -> Haul:
    """The cheapest flow as a table, ascending by from_unit and to_unit.

    price: yuan per m and m³, loose m³ per compacted m³. aim: share of the cost that may stay unproven, seconds at most.
    """
    rate, loose = price
    value = pd.Series(np.nan, index=pd.Index(names, name="unit_id"), name="value_cny_per_m3")
    if not len(sources.names) or not len(sinks.names):
        return Haul(_table([], [], np.empty(0), np.empty(0), np.empty(0), loose), 0.0, 0.0, 0.0, 0.0, value)
    ways, potential, unproven = cheapest(sources.side, sinks.side, rate, aim[0], seconds=aim[1])
    (i, j), m3 = ways[:, :2].T, ways[:, 2] / GRAINS
    a, b = sources.side.places, sinks.side.places
    placed = (a.kind[i] != NOWHERE) & (b.kind[j] != NOWHERE)
    distance = np.where(placed, np.hypot(*(a.xy[i] - b.xy[j]).T), 0.0)
    came, went = a.kind[i] != INSIDE, b.kind[j] != INSIDE
    unused = came & went
    cost = m3 * (distance * rate + a.toll[i] + b.toll[j])
    total = float(cost[~unused].sum())
    value[sources.names[a.kind == INSIDE]] = potential[: len(a.kind)][a.kind == INSIDE]
    value[sinks.names[b.kind == INSIDE]] = potential[len(a.kind) :][b.kind == INSIDE]
    return Haul(
        _table(sources.names[i[~unused]], sinks.names[j[~unused]], m3[~unused], distance[~unused], cost[~unused], loose),
        float(m3[came & ~unused].sum()),
        float(m3[went & ~unused].sum()),
        total,
        total - unproven / GRAINS,
        value - float(value.min()),
    )


def _table(origin: ArrayLike, target: ArrayLike, m3: Floats, distance: Floats, cost: Floats, loose: float) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "from_unit": np.asarray(origin, dtype=object),
            "to_unit": np.asarray(target, dtype=object),
            "m3": m3,
            "loose_m3": m3 * loose,
            "distance_m": distance,
            "cost_cny": cost,
        }
    )
    return frame.sort_values(["from_unit", "to_unit"], ignore_index=True)
