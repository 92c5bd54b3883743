"""Earthwork: what is filled must be dug somewhere, or bought."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.allocation.parts import INF, Column, Part, Sum
from planner.allocation.rules.checks import check_number, finite_column
from planner.allocation.table import Floats, OptionTable
from planner.errors import InvalidInput


@dataclass(frozen=True, kw_only=True)
class Earthwork:
    """Σ fill ≤ compaction·Σ cut + import and compaction·Σ cut − Σ fill ≤ export, compacted m³ (挖深填浅).

    max_import_m3, max_export_m3: None for no limit. compaction: m³ of fill per m³ of cut. import_cny_per_m3 and
    export_cny_per_m3: price of a m³ bought or carted away, added to the plan's cost.
    Source: cut-fill balance of "dig deep, fill shallow", J. China Coal Soc. 2021, 46(12):4021.
    """

    max_import_m3: float | None = None
    max_export_m3: float | None = None
    compaction: float = 1.0
    import_cny_per_m3: float = 0.0
    export_cny_per_m3: float = 0.0

    def __post_init__(self) -> None:
        for name in ("max_import_m3", "max_export_m3", "compaction", "import_cny_per_m3", "export_cny_per_m3"):
            check_number("Earthwork", name, getattr(self, name))
        if not self.compaction:
            raise InvalidInput("Earthwork: compaction = 0 m³ of fill per m³ of cut makes every cut worthless; use about 0.95")

    def __str__(self) -> str:
        limits = [
            f"{name} " + ("unlimited" if value is None else f"≤ {value:,.10g} m³") + (f" at {price:g} yuan/m³" if price else "")
            for name, value, price in (
                ("import", self.max_import_m3, self.import_cny_per_m3),
                ("export", self.max_export_m3, self.export_cny_per_m3),
            )
        ]
        return f"earthwork: {', '.join(limits)}"

    def part(self, table: OptionTable) -> Part:
        """A sum for the import, one for the export, and a priced column for each that costs something."""
        lack = finite_column(table, "fill_m3", str(self)) - self.compaction * finite_column(table, "cut_m3", str(self))
        sums: list[Sum] = []
        columns: list[Column] = []
        for name, coef, most, price in (
            ("imported fill", lack, self.max_import_m3, self.import_cny_per_m3),
            ("exported spoil", -lack, self.max_export_m3, self.export_cny_per_m3),
        ):
            if not price and most is None:
                continue
            if not price:
                sums.append(Sum(f"{name} ≤ {most:,.10g} m³", "m³", coef, hi=INF if most is None else float(most)))
                continue
            upper = min(INF if most is None else float(most), largest(coef, table))
            columns.append(Column(name, price, upper, ((len(sums), -1.0),)))
            sums.append(Sum(f"{name}" if most is None else f"{name} ≤ {most:,.10g} m³", "m³", coef, hi=0.0))
        return Part(sums=tuple(sums), columns=tuple(columns))


def largest(coef: Floats, table: OptionTable) -> float:
    """The most that Σ coef·x can be, at least 0."""
    most = np.maximum.reduceat(coef, table.start[:-1])
    return float(max(np.maximum(most, 0.0).sum() * (1 + 1e-12), 0.0))
