"""The lakes that stand on a plan's finished ground, each with its own catchment, and the ground's water they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.balance import Aquifer, Hollows, Lake, hollows_of
from planner.design import owners
from planner.words import Message, say

if TYPE_CHECKING:
    from planner.plan.record import PlanRecord
    from planner.site import Grid

PIT_SHARE = 0.01  # of the largest reservoir's storage: smaller pits of a dug bed are part of what they spill to
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Body:
    """A reservoir of the plan among the lakes of its ground.

    parts: names of its lakes, its largest bowl first, the lake that joins them last. level_m: normal, where its weir stands.
    rim_m: lowest way out over the finished ground; NaN where none is known. basin_m2: land and water that drain to it. above:
    levels (m) and storage (m³) from the bed to beyond the normal level, for floods.
    """

    name: str
    parts: tuple[str, ...]
    level_m: float
    rim_m: float
    basin_m2: float
    area_m2: float
    above: tuple[Floats, Floats]


@dataclass(frozen=True, eq=False)
class SiteLakes:
    """Every lake of the finished ground, and which of them are the plan's reservoirs."""

    lakes: tuple[Lake, ...]
    bodies: tuple[Body, ...]
    notes: tuple[Message, ...]


def site_lakes(plan: PlanRecord, surface: Grid, *, climate: str, supply_m3: float, use_m3: float) -> SiteLakes:
    """The lakes of a plan's finished ground under a climate.

    surface: the finished ground, m. supply_m3, use_m3: brought to and drawn from the reservoirs a year, by their areas. A
    reservoir spills over a weir at its normal level, other hollows over their rims. Land at the edge of the known ground
    drains off.
    """
    scenario = plan.site.scenario
    p = scenario.parameters
    runoff = p.number(f"climate.{climate}.runoff_share")
    largest = float(plan.reservoirs["normal_m3"].max()) if "normal_m3" in plan.reservoirs.columns else 0.0
    smallest = max(p.number("measure.hollow_min_volume_m3"), PIT_SHARE * largest)
    least = (smallest, p.number("measure.hollow_min_depth_m"))
    found = hollows_of(surface, least, runoff_share=runoff, outlets=edges(surface))
    lakes = {lake.name: lake for lake in found.lakes}
    bodies: list[Body] = []
    notes: list[Message] = []
    cells = _reservoir_cells(plan, surface)
    for name, row in plan.reservoirs.iterrows():
        body = _body(str(name), float(row["level_m"]), lakes, found, cells == str(name))
        if body is None:
            body = _tabled(str(name), plan, lakes, runoff)
            notes.append(say("lakes.no_hollow", name=str(name)))
        bodies.append(body)
        if body.rim_m < body.level_m:
            notes.append(say("lakes.held_by_dyke", name=str(name), rim=body.rim_m, level=body.level_m))
    ground = _aquifer(plan, climate, float(np.isfinite(surface.values).sum()) * surface.cell_area)
    pull = p.number("water.exchange_per_month")
    total = sum(body.area_m2 for body in bodies) or 1.0
    shares = {body.parts[0]: body.area_m2 / total for body in bodies}
    ready = [
        replace(
            lake,
            aquifer=ground,
            exchange_per_month=pull,
            inflow_m3=shares.get(lake.name, 0.0) * supply_m3 / 12,
            use_m3=shares.get(lake.name, 0.0) * use_m3 / 12,
        )
        for lake in lakes.values()
    ]
    return SiteLakes(tuple(ready), tuple(bodies), tuple(notes))


def edges(ground: Grid) -> Flags:
    """Cells at the edge of the known ground, (rows, cols)."""
    known = np.isfinite(ground.values)
    wide = np.pad(known, 1)
    inside = wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]
    return np.asarray(known & ~inside)


def _reservoir_cells(plan: PlanRecord, surface: Grid) -> NDArray[np.object_]:
    """The reservoir each cell is part of, empty for none."""
    units = plan.units
    member = (
        units["reservoir_id"].fillna("").to_numpy(object)
        if "reservoir_id" in units.columns
        else np.full(len(units), "", object)
    )
    if "reservoir_id" not in units.columns and len(plan.reservoirs) == 1:
        member = np.where(units["target"] == "reservoir", str(plan.reservoirs.index[0]), "")
    return np.append(member, "")[owners(units, surface)]


def _body(name: str, level: float, lakes: dict[str, Lake], found: Hollows, mine: Flags) -> Body | None:
    """Makes the hollow that a reservoir lies in its lake: cut off at its level, under its name. None where it lies in none."""
    under = found.bowl[mine]
    under = under[under >= 0]
    if not len(under):
        return None
    node = lakes.get(f"H{int(np.bincount(under).argmax()) + 1}")
    if node is None:  # another reservoir has taken it
        return None
    while node.joins is not None and float(node.level_m[-1]) < level:
        node = lakes[node.joins]
    inside = [lake for lake in lakes.values() if lake is node or _joins(lake, node.name, lakes)]
    _forget_above(node, lakes)
    bowls = sorted((lake for lake in inside if lake.basin_m2 > 0), key=lambda lake: -float(lake.storage_m3[-1]))
    names = {lake.name: name if lake is node else f"{name}.{k + 1}" for k, lake in enumerate([*bowls, *inside])}
    cut = {lake.name: _cut(lake, level) if lake is node else lake for lake in inside}
    renamed = {
        names.get(old, old): replace(
            cut.get(old, lake),
            name=names.get(old, old),
            spills_to=None if lake is node else _named(lake.spills_to, names),
            joins=None if lake is node else _named(lake.joins, names),
        )
        for old, lake in lakes.items()
    }
    lakes.clear()
    lakes.update(renamed)
    top = lakes[name]
    parts = tuple(dict.fromkeys([*(names[lake.name] for lake in bowls), *(names[lake.name] for lake in inside), name]))
    lower = [lake for lake in inside if lake is not node]
    base = sum(float(lake.storage_m3[-1]) for lake in lower)
    stage, stored = _on(node, level)
    return Body(
        name,
        parts,
        level,
        float(node.level_m[-1]),
        sum(lake.basin_m2 for lake in bowls),
        float(top.area_at(level)),
        (stage, base + stored),
    )


def _named(name: str | None, names: Mapping[str, str]) -> str | None:
    return None if name is None else names.get(name, name)


def _joins(lake: Lake, name: str, lakes: Mapping[str, Lake]) -> bool:
    """Whether a lake ends up in another one above it."""
    while lake.joins is not None:
        if lake.joins == name:
            return True
        lake = lakes[lake.joins]
    return False


def _forget_above(node: Lake, lakes: dict[str, Lake]) -> None:
    """Takes out the lakes above one: its water never rises so high; their other parts stand alone and spill as they did."""
    at = node
    while at.joins is not None:
        above = lakes.pop(at.joins)
        for name, lake in list(lakes.items()):
            if lake.joins == above.name and lake is not node:
                lakes[name] = replace(lake, joins=None)
        at = above


def _cut(lake: Lake, level: float) -> Lake:
    """A lake up to a level; above its rim between vertical banks, as a dyke would hold it."""
    stage, stored = _on(lake, level)
    area = np.interp(stage, lake.level_m, lake.area_m2)
    keep = stage <= level
    return replace(lake, level_m=stage[keep], area_m2=area[keep], storage_m3=stored[keep], full_m=level)


def _on(lake: Lake, level: float) -> tuple[Floats, Floats]:
    """Levels and storage of a lake with a level among them, and on above its rim between vertical banks by at least 3 m."""
    top, area = float(lake.level_m[-1]), float(lake.area_m2[-1])
    beyond = max(level, top) + 3.0
    stage = np.unique(np.concatenate((lake.level_m, [level, beyond])))
    inside = np.interp(stage, lake.level_m, lake.storage_m3)
    return stage, inside + np.maximum(stage - top, 0.0) * area


def _tabled(name: str, plan: PlanRecord, lakes: dict[str, Lake], runoff: float) -> Body:
    """A reservoir that lies in no hollow of its own, on its storage table; only its own surface drains to it."""
    table = plan.storage_tables[name]
    level = float(plan.reservoirs.at[name, "level_m"])
    lake = Lake.from_table(name, table, full_m=level)
    area = float(lake.area_at(level))
    lakes[name] = replace(lake, basin_m2=float(lake.knots[2].max()), runoff_share=runoff)
    stage, stored = _on(Lake.from_table(name, table), level)
    return Body(name, (name,), level, float("nan"), area, area, (stage, stored))


def _aquifer(plan: PlanRecord, climate: str, area_m2: float) -> Aquifer:
    """The groundwater under a site: in mean years it stands at the normal table, as what recharges it flows off."""
    p = plan.site.scenario.parameters
    units = plan.units
    wet = units[units["target"] == "reservoir"] if (units["target"] == "reservoir").any() else units
    known = wet[wet["water_table_m"].notna()]
    weights = known["area_mu"] if len(known) else pd.Series([1.0])
    level = (
        float(np.average(known["water_table_m"], weights=weights))
        if len(known)
        else float(np.nanmean(plan.site.water_table.normal.values))
    )
    rain = 1e-3 * sum(p.value(f"climate.{climate}.rain_mm")) / 12
    share, gives, rate = (p.number(f"water.{k}") for k in ("recharge_share", "specific_yield", "regional_per_month"))
    region = level - share * rain / gives / rate if rate > 0 else level
    return Aquifer(level, area_m2, gives, region_m=region, regional_per_month=rate, recharge_share=share if rate > 0 else 0.0)
