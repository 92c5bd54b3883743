"""Earthwork: cut and fill against a level, levels that balance, and who digs for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from planner.core import earth
from planner.core.hypsometry import Hypsometry
from planner.core.transport import GATE, INSIDE, NOWHERE, Places, cheapest_flow
from planner.errors import Infeasible, InvalidInput

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

IMPORT: Final = "import"  # stands for a unit in the haul table where earth comes from outside
EXPORT: Final = "export"
GRAINS: Final = 1e6  # per m³: quantities are carried as whole cm³, so balances close exactly


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
        """Mean distance of the earth carried between units, m; 0 where nothing is carried."""
        work = float((self.table["m3"] * self.table["distance_m"]).sum())
        return work / self.moved_m3 if self.moved_m3 > 0 else 0.0


def cut_fill(ground: Hypsometry, level_m: ArrayLike) -> tuple[Floats, Floats]:
    """Cut (bank) and fill (compacted) that bring each unit to a level, m³, (n,) each; level_m: scalar or (n,), m."""
    return ground.volume_above(level_m), ground.volume_below(level_m)


def grading_level(ground: Hypsometry, *, compaction: float) -> Floats:
    """The level of each unit at which its own cut, compacted, is its fill, m, (n,); NaN where no ground is known.

    Raises InvalidInput for a compaction that is not positive.
    """
    _check_factor("compaction", compaction, "m³ of fill per m³ of cut must be positive, about 0.95")
    return earth.balanced_levels(ground.start, ground.level, ground.area, compaction)


def bed_level(ground: Hypsometry, *, cut_m3: ArrayLike) -> Floats:
    """The level down to which each unit is dug to win a bank volume, m, (n,). Raises InvalidInput for a negative volume."""
    return earth.levels_of_cut(ground.start, ground.level, ground.area, _volumes(ground, cut_m3, "cut_m3"))


def platform_level(ground: Hypsometry, *, fill_m3: ArrayLike) -> Floats:
    """The level up to which a compacted volume raises each unit, m, (n,). Raises InvalidInput for a negative volume."""
    return earth.levels_of_fill(ground.start, ground.level, ground.area, _volumes(ground, fill_m3, "fill_m3"))


def dig_depth(lake: Hypsometry, *, stage_m: float, fill_m3: float, compaction: float) -> float:
    """How deep under a stage the common bed of a lake must lie for its spoil to make a given fill, m.

    lake: the ground of the units to be dug together. fill_m3: compacted. Ground already below the bed stays. The depth is
    exact: the spoil is piecewise linear in it, and the piece is found before it is solved.
    Raises InvalidInput where there is no ground, or a quantity is none.
    """
    _check_factor("compaction", compaction, "m³ of fill per m³ of cut must be positive, about 0.95")
    whole = pooled(lake)
    if not len(whole.level):
        raise InvalidInput("dig_depth: no ground is known in the units to be dug")
    return float(stage_m - bed_level(whole, cut_m3=fill_m3 / compaction)[0])


def pooled(ground: Hypsometry) -> Hypsometry:
    """All units' ground as that of one."""
    start = np.array([0, len(ground.level)], dtype=np.int64)
    return Hypsometry.from_cells(start, ground.level, ground.area)


def mass_curve(units: gpd.GeoDataFrame, *, compaction: float, bearing_deg: float | None = None) -> pd.DataFrame:
    """The mass-haul diagram: surplus of compacted earth summed along a line across the site.

    units: as for `haul`. bearing_deg: of the line, clockwise from north; None for the direction in which cut and fill lie
    furthest apart (the line through the centres of both). Returns one row a unit in the line's order: `unit_id`,
    `distance_m` from the first, `net_m3`, `cumulative_m3`. On a line the area under |cumulative| is the least haul, m³·m.
    """
    net = compaction * _quantity(units, "cut_m3") - _quantity(units, "fill_m3")
    xy = shapely.get_coordinates(shapely.centroid(units.geometry.to_numpy()))
    if bearing_deg is None:
        away = _centre(xy, np.maximum(-net, 0)) - _centre(xy, np.maximum(net, 0))
        direction = away / np.hypot(*away) if np.hypot(*away) > 0 else np.array([1.0, 0.0])
    else:
        direction = np.array([np.sin(np.radians(bearing_deg)), np.cos(np.radians(bearing_deg))])
    along = (xy - xy[:1]) @ direction
    order = np.argsort(along, kind="stable")
    return pd.DataFrame(
        {
            "unit_id": units.index.to_numpy(dtype=object)[order],
            "distance_m": along[order] - along.min(initial=np.inf),
            "net_m3": net[order],
            "cumulative_m3": np.cumsum(net[order]),
        }
    )


def _centre(xy: Floats, weight: Floats) -> Floats:
    total = float(weight.sum())
    return np.asarray(weight @ xy / total if total > 0 else xy.mean(axis=0), dtype=np.float64)


def _volumes(ground: Hypsometry, volume: ArrayLike, name: str) -> Floats:
    values = np.array(np.broadcast_to(np.asarray(volume, dtype=np.float64), (len(ground.start) - 1,)))
    if not (np.isfinite(values) & (values >= 0)).all():
        raise InvalidInput(f"{name}: {values[~(values >= 0) | ~np.isfinite(values)][0]} is no volume; give m³ ≥ 0")
    return values


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
) -> Haul:
    """The cheapest way to bring every unit's spoil to the units that need fill, as a transport problem solved to proof.

    units: index `unit_id`, columns `cut_m3` (bank) and `fill_m3` (compacted), geometry in a projected CRS; distances are
    straight lines between centroids. compaction: m³ of fill per m³ of cut. cny_per_m3_km: haul price per compacted m³.
    max_import_m3, max_export_m3: None for no limit. import_cny_per_m3, export_cny_per_m3: with both prices given, earth is
    bought or carted away where that is cheaper than hauling; otherwise only what does not balance. gate: x, y, m, where
    earth enters and leaves; None for the spot where it is needed. swell: loose m³ in the truck per bank m³.
    Raises InvalidInput for quantities that are no quantities; Infeasible where the limits cannot hold.
    """
    units = units.sort_index()
    cut, fill = _quantity(units, "cut_m3"), _quantity(units, "fill_m3")
    _check_factor("compaction", compaction, "m³ of fill per m³ of cut must be positive, about 0.95")
    _check_factor("swell", swell, "loose m³ per bank m³ must be positive, about 1.25")
    xy = shapely.get_coordinates(shapely.centroid(units.geometry.to_numpy()))
    supply, demand = _grains(compaction * cut), _grains(fill)
    bring, take = _outside(int(supply.sum()), int(demand.sum()), max_import_m3, max_export_m3)
    if import_cny_per_m3 is not None and export_cny_per_m3 is not None:
        bring, take = _at_most(int(supply.sum()), int(demand.sum()), max_import_m3, max_export_m3)
    names = units.index.to_numpy(dtype=object)
    sources = _nodes(names, xy, supply, (IMPORT, bring, import_cny_per_m3 or 0.0), gate)
    sinks = _nodes(names, xy, demand, (EXPORT, take, export_cny_per_m3 or 0.0), gate)
    return _solved(names, sources, sinks, cny_per_m3_km / 1000.0, swell / compaction)


@dataclass(frozen=True, eq=False)
class _Nodes:
    """One side of the transport problem: names, places, and whole cm³ to give or take."""

    names: NDArray[np.object_]
    places: Places
    amount: Ints


def _check_factor(name: str, value: float, meaning: str) -> None:
    if not (np.isfinite(value) and value > 0):
        raise InvalidInput(f"{name} = {value!r}: {meaning}")


def _quantity(units: gpd.GeoDataFrame, column: str) -> Floats:
    values: Floats = units[column].to_numpy(dtype=np.float64)
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InvalidInput(f"{units.index[first]}: {column} = {values[first]} is no quantity of earth; give m³ ≥ 0")
    return values


def _grains(m3: Floats) -> Ints:
    return np.rint(m3 * GRAINS).astype(np.int64)


def _outside(supply: int, demand: int, max_import_m3: float | None, max_export_m3: float | None) -> tuple[int, int]:
    """Grains that must come from outside and go outside.

    A limit missed by no more than a solver's tolerance (1e-6 of the earth moved, or 1 m³) passes.
    """
    bring, take = max(demand - supply, 0), max(supply - demand, 0)
    spare = 1e-6 * (supply + demand) / GRAINS + 1.0
    for what, amount, limit, fix in (
        ("import", bring, max_import_m3, "dig more, fill less"),
        ("export", take, max_export_m3, "dig less, fill more"),
    ):
        if limit is not None and amount / GRAINS > limit + spare:
            need = amount / GRAINS
            raise Infeasible(
                f"earthwork: {need:,.0f} m³ of {what} needed, at most {limit:,.0f} m³ allowed; {fix}, or allow the {what}",
                conflicts=(f"max_{what}_m3 = {limit:,.0f}",),
                relaxations=(f"max_{what}_m3 by {need - limit:,.0f} m³",),
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
    name, quantity, price = outside
    extra = 1 if quantity else 0
    kind = np.full(len(some) + extra, INSIDE, dtype=np.int64)
    kind[len(some) :] = NOWHERE if gate is None else GATE
    toll = np.zeros(len(some) + extra)
    toll[len(some) :] = price
    where = np.array([gate or (0.0, 0.0)] * extra, dtype=np.float64).reshape(-1, 2)
    return _Nodes(
        np.concatenate([names[some], np.array([name] * extra, dtype=object)]),
        Places(np.concatenate([xy[some], where]), toll, kind),
        np.concatenate([amount[some], np.array([quantity] * extra, dtype=np.int64)]),
    )


def _solved(names: NDArray[np.object_], sources: _Nodes, sinks: _Nodes, rate: float, loose: float) -> Haul:
    """The cheapest flow as a table, ascending by from_unit and to_unit."""
    value = pd.Series(np.nan, index=pd.Index(names, name="unit_id"), name="value_cny_per_m3")
    if not len(sources.names) or not len(sinks.names):
        return Haul(_table([], [], np.empty(0), np.empty(0), np.empty(0), loose), 0.0, 0.0, 0.0, 0.0, value)
    i, j, grains, potential, slack = cheapest_flow(sources.places, sources.amount, sinks.places, sinks.amount, rate)
    m3 = grains / GRAINS
    placed = (sources.places.kind[i] != NOWHERE) & (sinks.places.kind[j] != NOWHERE)
    distance = np.where(placed, np.hypot(*(sources.places.xy[i] - sinks.places.xy[j]).T), 0.0)
    came, went = sources.places.kind[i] != INSIDE, sinks.places.kind[j] != INSIDE
    unused = came & went
    cost = m3 * (distance * rate + sources.places.toll[i] + sinks.places.toll[j])
    total = float(cost[~unused].sum())
    inside = sources.places.kind == INSIDE
    value[sources.names[inside]] = potential[: len(sources.names)][inside]
    inside = sinks.places.kind == INSIDE
    value[sinks.names[inside]] = potential[len(sources.names) :][inside]
    return Haul(
        _table(sources.names[i[~unused]], sinks.names[j[~unused]], m3[~unused], distance[~unused], cost[~unused], loose),
        float(m3[came & ~unused].sum()),
        float(m3[went & ~unused].sum()),
        total,
        total + slack * float(m3.sum()),
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
