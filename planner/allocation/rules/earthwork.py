"""Earthwork: what is filled must be dug somewhere, or bought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.allocation.checks import as_mapping, check_number, finite_column
from planner.allocation.parts import INF, Column, Hauls, Named, Part, Sum
from planner.allocation.rules.zones import check_places, check_zones, earth_row, largest, zone_part
from planner.allocation.table import Floats, OptionTable
from planner.core.multiscale import MOST_M3
from planner.errors import InvalidInput
from planner.words import Message, say

NUMBERS = ("max_import_m3", "max_export_m3", "compaction", "import_cny_per_m3", "export_cny_per_m3", "worth")
HAUL_NUMBERS = ("haul_cny_per_m3_km", "haul_worth")


@dataclass(frozen=True, eq=False, kw_only=True)
class Earthwork(Named):
    """Σ fill ≤ compaction·Σ cut + import and compaction·Σ cut − Σ fill ≤ export, compacted m³ (挖深填浅).

    max_import_m3, max_export_m3: None for no limit. compaction: m³ of fill per m³ of cut. import_cny_per_m3 and
    export_cny_per_m3: price of a m³ bought or carted away, added to the plan's cost. worth: what a yuan of that takes off the
    objective, its present value where that is maximised.
    zones (unit id → zone) and haul (columns from, to, cny_per_m3 and, where a way is limited, max_m3): the balance is kept
    zone by zone, and earth goes between zones only on these ways and at their prices.
    places (index unit_id, columns x_m, y_m): the least haul from every unit to every other, along straight lines at
    haul_cny_per_m3_km per compacted m³, is a cost of the plan like any other; what is imported or exported is carried no way.
    haul_worth: what a yuan of haul takes off the objective, its present value where that is maximised.
    Source: cut-fill balance of "dig deep, fill shallow", J. China Coal Soc. 2021, 46(12):4021; haul, Mayer & Stark 1981.

    Examples
    --------
    >>> import planner as pl
    >>> str(pl.Earthwork(max_import_m3=0.0, export_cny_per_m3=18.0, compaction=0.95))
    'earthwork: import ≤ 0 m³, export unlimited at 18 yuan/m³'
    """

    max_import_m3: float | None = None
    max_export_m3: float | None = None
    compaction: float = 1.0
    import_cny_per_m3: float = 0.0
    export_cny_per_m3: float = 0.0
    worth: float = 1.0
    zones: Mapping[str, str] | pd.Series[str] | None = None
    haul: pd.DataFrame | None = None
    places: pd.DataFrame | None = None
    haul_cny_per_m3_km: float = 0.0
    haul_worth: float = 1.0

    def __post_init__(self) -> None:
        if (self.zones is None) != (self.haul is None):
            raise InvalidInput(say("allocation.zones_and_haul"))
        if self.zones is not None:
            object.__setattr__(self, "zones", as_mapping(self.zones))
            check_zones(self.zones, self.haul)
        if self.places is not None:
            if self.zones is not None:
                raise InvalidInput(say("allocation.zones_or_places"))
            check_places(self.places)
        for name in NUMBERS + HAUL_NUMBERS:
            check_number("Earthwork", name, getattr(self, name))
        if not self.compaction:
            raise InvalidInput(say("allocation.no_compaction"))

    @property
    def told(self) -> Message:
        """The rule in words."""
        imported, exported = (
            say(
                f"rules.earth_{way}",
                most=say("rules.unlimited") if most is None else say("rules.at_most", high=most, unit="m³"),
                price=say("rules.at_price", price=price) if price else "",
            )
            for way, most, price in (
                ("import", self.max_import_m3, self.import_cny_per_m3),
                ("export", self.max_export_m3, self.export_cny_per_m3),
            )
        )
        zoned = self.zones is not None and self.haul is not None
        where = say("rules.zones", n=len(set((self.zones or {}).values()))) if zoned else ""
        way = say("rules.hauled", price=self.haul_cny_per_m3_km) if self.places is not None else ""
        return say("rules.earthwork", imported=imported, exported=exported, where=where, way=way)

    def part(self, table: OptionTable) -> Part:
        """A sum for the import, one for the export, and a priced column for each that costs something."""
        if self.zones is not None and self.haul is not None:
            imported = (self.max_import_m3, self.import_cny_per_m3)
            exported = (self.max_export_m3, self.export_cny_per_m3)
            how = {"compaction": self.compaction, "worth": self.worth}
            return zone_part(str(self), table, self.zones, self.haul, imported=imported, exported=exported, **how)
        lack = finite_column(table, "fill_m3", str(self)) - self.compaction * finite_column(table, "cut_m3", str(self))
        sums: list[Sum] = []
        columns: list[Column] = []
        for kind, name, coef, most, price in (
            ("import", "imported fill", lack, self.max_import_m3, self.import_cny_per_m3),
            ("export", "exported spoil", -lack, self.max_export_m3, self.export_cny_per_m3),
        ):
            if not price and most is None:
                continue
            if not price:
                sums.append(Sum(earth_row(kind, most), "m³", coef, hi=INF if most is None else float(most), kind=kind))
                continue
            stated = INF if most is None else float(most)
            upper, entries = min(stated, largest(coef, table)), ((len(sums), -1.0),)
            columns.append(Column(name, price, upper, entries, worth=self.worth, allows=stated))
            sums.append(Sum(earth_row(kind, most), "m³", coef, hi=0.0, kind=kind))
        return Part(sums=tuple(sums), columns=tuple(columns), hauls=self._hauls(table, lack))

    def _hauls(self, table: OptionTable, lack: Floats) -> Hauls | None:
        """What carrying earth costs, None where it costs nothing. lack (K,): compacted m³ that an option wants.

        Raises InvalidInput for a unit without a place, and for more earth than can be counted.
        """
        rate = self.haul_cny_per_m3_km / 1000.0
        if self.places is None or rate == 0:
            return None
        total = float(np.maximum.reduceat(np.abs(lack), table.start[:-1]).sum())
        if total > MOST_M3:
            raise InvalidInput(say("earthwork.too_much", column="cut_m3, fill_m3", total=total, most=MOST_M3))
        where = self.places.set_axis(self.places.index.astype(str)).reindex(table.units.astype(str))
        xy = where[["x_m", "y_m"]].to_numpy(np.float64, copy=True)
        moving = np.bincount(table.unit[lack != 0], minlength=len(xy)) > 0
        if (nowhere := moving & ~np.isfinite(xy).all(axis=1)).any():
            raise InvalidInput(say("allocation.no_place", unit=str(table.units[int(np.argmax(nowhere))])))
        xy[~np.isfinite(xy).all(axis=1)] = xy[moving][:1] if moving.any() else 0.0  # no earth comes there or goes
        return Hauls(lack, table.unit, xy, rate, self.max_import_m3 != 0, self.max_export_m3 != 0, self.haul_worth)
