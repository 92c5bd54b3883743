"""What a comparison of the built with the planned gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from planner.words import Message, pair

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.asbuilt.survey import Registered
    from planner.plan import Plan
    from planner.site import Grid

SCHEMA: Final = "planner.asbuilt/1"


@dataclass(frozen=True, eq=False)
class AsBuilt:
    """What was built of a plan.

    units: the plan's, with `unit_work`'s columns, slope_deg, built (target) and verdict (worst of its checks). matrix: mu, rows
    planned, columns built. groups: earth by phase, treatment, target, parcel. acceptance: a check a row. storage: level_m,
    planned_m3, built_m3, built_sd_m3 by reservoir_id. settlement: predicted and measured mm by parcel on unworked ground.
    planned: the ground as designed; survey: as registered. date: of the survey, a year, NaN where not given.
    """

    plan: Plan
    planned: Grid
    survey: Registered
    units: gpd.GeoDataFrame
    matrix: pd.DataFrame
    groups: Mapping[str, pd.DataFrame]
    acceptance: pd.DataFrame
    storage: pd.DataFrame
    settlement: pd.DataFrame
    date: float
    notes: tuple[Message, ...]

    @property
    def achieved_share(self) -> float:
        """Earth moved the way it was planned, of all that was planned and can be judged; 1 where none was."""
        wanted = float(self.units["judged_m3"].sum())
        return float(self.units["done_m3"].sum()) / wanted if wanted > 0 else 1.0

    @property
    def judged_share(self) -> float:
        """Of the earth planned, what the survey can judge: seen, and more of it in its unit than the survey's error."""
        planned = float(self.units[["planned_cut_m3", "planned_fill_m3"]].to_numpy().sum())
        return float(self.units["judged_m3"].sum()) / planned if planned > 0 else 1.0

    @property
    def beyond_m3(self) -> float:
        """Earth that lies off the design beyond detection, m³: single cells, and units whose mean is off."""
        cells = self.units["high_m3"] + self.units["low_m3"]
        return float(np.maximum(cells, self.units["off_m3"].abs()).sum())

    def summary(self) -> dict[str, Any]:
        """As one JSON document (schema planner.asbuilt/1)."""
        shift, units = self.survey.shift, self.units
        rows = self.matrix.stack()
        told = [pair(note) for note in self.notes]
        return {
            "schema": SCHEMA,
            "site": {"name": self.plan.site.name, "units": len(units)},
            "date": _number(self.date),
            "achieved_share": self.achieved_share,
            "judged_share": self.judged_share,
            "lod95_m": self.survey.lod95_m,
            "shift_m": [shift.east, shift.north, shift.up],
            "shift_se_m": [_number(v) for v in (shift.east_se, shift.north_se, shift.up_se)],
            "stable_cells": shift.cells,
            "noise": {
                "sd_m": self.survey.noise.sd,
                "range_m": self.survey.noise.range_m,
                "up_sd_m": _number(self.survey.up_sd_m),
            },
            "beyond_detection_m3": self.beyond_m3,
            "earthwork": {
                c: float(units[c].sum()) for c in ("planned_cut_m3", "planned_fill_m3", "cut_m3", "fill_m3", "net_m3")
            },
            "targets": [
                {"planned": str(planned), "built": str(built), "area_mu": float(area)}
                for (planned, built), area in rows.items()
                if area > 0
            ],
            "units": [
                {"unit_id": str(unit), **{c: _number(row[c]) for c in UNIT_KEYS}, "verdict": row["verdict"]}
                for unit, row in units[[*UNIT_KEYS, "verdict"]].to_dict("index").items()
            ],
            **{name: _records(table) for name, table in self.groups.items()},
            "acceptance": {
                str(k): int(v) for k, v in self.acceptance["verdict"].map(_text).value_counts().sort_index().items()
            },
            "storage": _records(self.storage),
            "settlement": _records(self.settlement),
            "notes": [en for en, _ in told],
            "notes_zh": [zh for _, zh in told],
        }


UNIT_KEYS: Final = (
    "planned_cut_m3",
    "planned_fill_m3",
    "cut_m3",
    "fill_m3",
    "net_m3",
    "net_sd_m3",
    "done_share",
    "off_m",
    "off_sd_m",
    "off_m3",
    "high_m3",
    "low_m3",
    "seen_share",
)


def _text(value: Any) -> str:
    return "unseen" if value is None else str(value.value)


def _number(value: Any) -> Any:
    return float(value) if np.isfinite(value) else None


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    flat = table.reset_index() if table.index.name else table
    return [
        {k: (_number(v) if isinstance(v, float | np.floating) else v) for k, v in row.items()}
        for row in flat.to_dict("records")
    ]
