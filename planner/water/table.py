"""Stage–area–storage tables, as `planner storage` gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.errors import InvalidInput
from planner.site import Grid
from planner.water.curve import StorageCurve, asked_stages, curve_over
from planner.water.ground import Progress, checked_neighbours, terrain_within
from planner.water.spread import Errors, error_bars
from planner.words import Message, say

Floats = NDArray[np.float64]

CSV_COLUMNS: Final = ("level_m", "area_m2", "storage_m3", "spill_level_m", "area_sd_m2", "storage_sd_m3")
MAX_ROWS: Final = 100_000
USUAL_ROWS: Final = 25  # about how many stages a table has where none were asked for


@dataclass(frozen=True, eq=False)
class StorageTable:
    """Area and storage by stage.

    rows: columns level_m, area_m2, area_sd_m2, storage_m3, storage_sd_m3 (standard deviations). spill_level_m: lowest level at
    which the water leaves over a rim, None where there is none inside the data; of several polygons the lowest of theirs.
    curves: the curve behind the rows, or one per polygon where each holds a water body of its own. errors: what the standard
    deviations rest on. notes: what had to be decided, what is missing, which levels lie below the bed or above the rim.
    """

    rows: pd.DataFrame
    spill_level_m: float | None
    curves: tuple[StorageCurve, ...]
    errors: Errors
    notes: tuple[Message, ...]

    def to_dict(self) -> dict[str, Any]:
        """A JSON document: the rows, the spill level, and each polygon's own where there are several."""
        document: dict[str, Any] = {
            "schema": "planner.storage/1",
            "spill_level_m": self.spill_level_m,
            "edge_level_m": min((c.edge_level_m for c in self.curves if c.edge_level_m is not None), default=None),
            "missing_m2": sum(c.missing_m2 for c in self.curves),
            "resolution_m": max(c.resolution_m for c in self.curves),
            "errors": asdict(self.errors),
            "rows": self.rows.to_dict("records"),
            "notes": [str(note) for note in self.notes],
        }
        if len(self.curves) > 1:
            levels = self.rows["level_m"].to_numpy()
            document["polygons"] = [
                {"spill_level_m": c.spill_level_m, "rows": _rows([c], levels, self.errors).to_dict("records")}
                for c in self.curves
            ]
        return document

    def to_csv(self) -> str:
        """Comma-separated rows: level, area, storage, spill level (empty where there is none), standard deviations."""
        table = self.rows.assign(spill_level_m=self.spill_level_m)
        return str(table.to_csv(columns=CSV_COLUMNS, index=False, lineterminator="\n"))


def storage_table(
    dem: Grid | str | Path,
    *,
    within: Any = None,
    levels: Sequence[float] | None = None,
    step: float | None = None,
    seed: tuple[float, float] | None = None,
    connected: bool = False,
    neighbours: int = 8,
    band: int = 1,
    crs: Any = None,
    errors: Errors | None = None,
    progress: Progress | None = None,
) -> StorageTable:
    """Area and storage of water over a terrain at the stages asked for.

    levels: stages, m. step: distance of further stages, m, whole multiples of it from the bed to the highest ground. Where
    neither is given, about 25 round stages up to the spill level, or to the highest ground where nothing spills. within,
    seed, neighbours: as storage_curve; with connected each polygon holds a water body of its own, from its lowest cell, and
    rows are their sum. crs: of a file that names none. errors: of terrain and level, else the shipped ones. progress: called
    with the rows read and the rows there are, anew in each pass. Raises InvalidInput as storage_curve does, and
    where a step is not positive or leads to too many rows.
    """
    if step is not None and not (np.isfinite(step) and step > 0):
        raise InvalidInput(say("water.step", step=step))
    asked, neighbours = asked_stages(levels if levels is not None else ()), checked_neighbours(neighbours)
    terrain, polygons = terrain_within(dem, within, band=band, crs=crs, progress=progress)
    shapes = polygons if polygons and connected and seed is None else [shapely.union_all(polygons) if polygons else None]

    def curves_at(stages: Floats) -> list[StorageCurve]:
        joined = connected or seed is not None
        return [curve_over(terrain, s, seed=seed, connected=joined, stages=stages, neighbours=neighbours) for s in shapes]

    curves = curves_at(asked)
    stages = asked
    if step is not None or not len(asked):
        stages = np.union1d(asked, _stages(curves, step))
        if any(c.resolution_m > 0 for c in curves):
            curves = curves_at(stages)
    spills = [c.spill_level_m for c in curves if c.spill_level_m is not None]
    given = errors if errors is not None else Errors()
    notes = [n for c in curves for n in c.notes]
    for number, c in enumerate(curves, 1):
        told = _told_of_levels(c, asked, asked if step is None else stages)
        notes += told if len(curves) == 1 else [say("water.polygon", number=number, note=n) for n in told]
    found = tuple(dict.fromkeys(notes))
    return StorageTable(_rows(curves, stages, given), min(spills, default=None), tuple(curves), given, found)


def _told_of_levels(curve: StorageCurve, asked: Floats, stages: Floats) -> list[Message]:
    """What is to be said of levels below the bed, above the rim, or at the edge of the data."""
    notes = []
    under, spill, edge = asked[asked <= curve.bed_m], curve.spill_level_m, curve.edge_level_m
    if len(under):
        notes.append(say("water.below_bed", levels=_listed(under), bed=curve.bed_m))
    if spill is not None and np.any(stages > spill):
        over = stages[stages > spill]
        notes.append(say("water.over_rim", levels=_listed(over), rim=spill, over=float(over[-1] - spill)))
    elif edge is not None and np.any(stages > edge):
        over = stages[stages > edge]
        notes.append(say("water.at_edge", levels=_listed(over), edge=edge))
    return notes


def _listed(levels: Floats) -> str:
    shown = ", ".join(f"{v:.2f}" for v in levels[:3])
    return shown if len(levels) <= 3 else f"{levels[0]:.2f} … {levels[-1]:.2f}"


def _rows(curves: Sequence[StorageCurve], stages: Floats, errors: Errors) -> pd.DataFrame:
    return error_bars([c.knots for c in curves], stages, errors)


def _stages(curves: Sequence[StorageCurve], step: float | None) -> Floats:
    """Multiples of a step from the bed to the top; without a step, of a round one, up to the spill level where there is one."""
    bed = min(c.bed_m for c in curves)
    top = max(c.top_m for c in curves)
    if step is None:
        spills = [c.spill_level_m for c in curves if c.spill_level_m is not None]
        top = max(spills, default=top)
        step = _round_step((top - bed) / USUAL_ROWS)
    first, last = np.floor(bed / step), np.ceil(top / step)
    if last - first > MAX_ROWS:
        raise InvalidInput(say("water.step_small", step=step, rows=last - first, bed=bed, top=top))
    return np.asarray(np.round(np.arange(first, last + 1) * step, 9), dtype=np.float64)


def _round_step(wanted: float) -> float:
    """1, 2 or 5 times a power of ten, not below what is wanted nor below a millimetre."""
    wanted = max(wanted, 1e-3)
    power = 10.0 ** np.floor(np.log10(wanted))
    return float(next(f * power for f in (1.0, 2.0, 5.0, 10.0) if f * power >= wanted * (1 - 1e-9)))
