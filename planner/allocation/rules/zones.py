"""Earth balanced zone by zone, with the haul between zones paid for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from planner.allocation.checks import finite_column
from planner.allocation.parts import Column, Part, Sum
from planner.allocation.table import Floats, OptionTable
from planner.errors import InvalidInput
from planner.words import Message, say


def check_zones(zones: Mapping[str, str], haul: pd.DataFrame) -> None:
    """Raises InvalidInput where the hauls lack a column, name a zone no unit is in, or have no price."""
    known = set(zones.values())
    for name in ("from", "to", "cny_per_m3"):
        if name not in haul.columns:
            raise InvalidInput(say("allocation.haul_column", name=name))
    for zone in (*haul["from"].astype(str), *haul["to"].astype(str)):
        if zone not in known:
            raise InvalidInput(say("allocation.haul_zone", zone=zone))
    if not (haul["cny_per_m3"] >= 0).all():
        raise InvalidInput(say("allocation.haul_price"))


def check_places(places: pd.DataFrame) -> None:
    """Raises InvalidInput where places lack a column."""
    for name in ("x_m", "y_m"):
        if name not in places.columns:
            raise InvalidInput(say("allocation.place_column", name=name))


def largest(coef: Floats, table: OptionTable) -> float:
    """The most that Σ coef·x can be, at least 0."""
    most = np.maximum.reduceat(coef, table.start[:-1])
    return float(max(np.maximum(most, 0.0).sum() * (1 + 1e-12), 0.0))


def earth_row(kind: str, most: float | None) -> Message:
    """What the row of imported fill or exported spoil is called. kind: import or export. most: its limit, m³."""
    return say(f"rules.{kind}_free") if most is None else say(f"rules.{kind}_row", most=most)


def zone_part(
    rule: str,
    table: OptionTable,
    by_unit: Mapping[str, str],
    haul: pd.DataFrame,
    *,
    compaction: float,
    imported: tuple[float | None, float],
    exported: tuple[float | None, float],
    worth: float = 1.0,
) -> Part:
    """Per zone z: Σ fill − compaction·Σ cut = Σ haul(→ z) − Σ haul(z →) + import(z) − export(z), compacted m³.

    imported, exported: the most over all zones (None: no limit) and the price, yuan/m³; worth: what a yuan of it takes off the
    objective.
    Raises InvalidInput where a unit is in no zone.
    """
    zones = sorted(set(by_unit.values()))
    place = np.full(len(table.units), -1, dtype=np.int64)
    place[table.positions(list(by_unit), rule)] = [zones.index(z) for z in by_unit.values()]
    if (place < 0).any():
        raise InvalidInput(say("allocation.no_zone", rule=rule, unit=table.units[int(np.argmin(place))]))
    lack = finite_column(table, "fill_m3", rule) - compaction * finite_column(table, "cut_m3", rule)
    zone = place[table.unit]
    needs = [np.where(zone == i, lack, 0.0) for i in range(len(zones))]
    sums = [Sum(say("rules.earth_of_zone", zone=z), "m³", need, 0.0, 0.0) for z, need in zip(zones, needs, strict=True)]
    most = [max(largest(n, table), largest(-n, table)) for n in needs]
    columns = []
    for _, way in haul.iterrows():
        a, b = zones.index(str(way["from"])), zones.index(str(way["to"]))
        upper = float(way["max_m3"]) if "max_m3" in haul.columns and way["max_m3"] == way["max_m3"] else sum(most)
        columns.append(Column(f"haul {zones[a]} → {zones[b]}", float(way["cny_per_m3"]), upper, ((a, 1.0), (b, -1.0))))
    totals = (
        ("import", "imported fill", -1.0, *imported),
        ("export", "exported spoil", 1.0, *exported),
    )
    nothing = np.zeros(table.size)
    for kind, name, sign, limit, price in totals:
        if limit == 0:
            continue
        total = len(sums)
        sums.append(Sum(earth_row(kind, limit), "m³", nothing, hi=float("inf") if limit is None else float(limit), kind=kind))
        columns += [Column(f"{name} {z}", price, most[i], ((i, sign), (total, 1.0)), worth=worth) for i, z in enumerate(zones)]
    return Part(sums=tuple(sums), columns=tuple(columns))
