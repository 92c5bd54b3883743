"""The design surface on a terrain of any size: a survey finer than the plan was made on, read and written band by band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.earthwork.banded import BAND_CELLS, Banded
from planner.earthwork.closing import closed_by
from planner.earthwork.finished import Finished, Whole, finished_on
from planner.earthwork.works import plan_left_m3, priced_dykes
from planner.errors import CRSMismatch, InvalidInput
from planner.frame import Frame
from planner.geotiff import geotiff
from planner.groundworks.drawing import Drawing, Sampled, drawn
from planner.groundworks.rows import Kept, Read
from planner.groundworks.save import design_folder, write_beside
from planner.plan import Plan, load_plan
from planner.plan.setting_out import laid_out
from planner.read.meaning import ELEVATION
from planner.read.rasters import raster_info
from planner.read.tiled import TiledRaster, open_tiled
from planner.words import say

Floats = NDArray[np.float64]

SCHEMA: Final = "planner.design/1"
DRAWN_CELLS: Final = 1 << 21  # of all cells: on so many the design is closed first, and its lines are drawn
CLOSE: Final = 1e-4  # of a lake's storage, and of the site's fill, that may be missing: each round goes through all cells
SURFACE: Final = "surface.raw"  # what was worked out last, while it is still to be closed
TODAY: Final = "today.raw"  # the terrain, which is read from its file once
BLOCK: Final = 256  # rows of a GeoTIFF's tiles
EFFORT: Final = 1  # of compression: heights are noise in their last digits, and more of it gains 3 %


def design_raster(
    plan: Plan | str | Path,
    terrain: str | Path,
    folder: str | Path,
    *,
    overwrite: bool = False,
    lang: str = "en",
    step_m: float = 0.5,
    line: Sequence[tuple[float, float]] | None = None,
) -> Drawing:
    """Writes what `save` writes of a drawing, for a terrain of its own that is gone through band by band.

    plan: a Plan, or its folder. terrain: north-up, in the plan's CRS, of today's ground, m. Memory does not grow with the
    terrain's rows. The surface is, cell for cell, the one that `design` would give, closed on the plan's storage and earth to
    1e-4; volumes, storage, slopes and cut and fill are those of all its cells. Contours, ditches, dykes and the other checks
    are drawn on means of blocks of cells of that surface, 2 million at most; heights of breaklines, stakes and the section
    are asked on all. Returns the drawing of those cells; its `size` is the terrain's.

    Raises InvalidInput where the terrain does not reach over the plan or cannot be streamed, CRSMismatch, OutputExists.
    """
    plan = laid_out(plan if isinstance(plan, Plan) else load_plan(plan))
    file = _admitted(plan, Path(terrain))
    with design_folder(folder, overwrite=overwrite) as work:
        read, surface = Read(file, work / TODAY), Kept(work / SURFACE, file.frame)
        try:
            found = _closed(plan, read, surface)
            assert read.kept is not None
            _write(surface, read.kept, plan.site.crs, work)
            write_beside(found, work, lang=lang, step_m=step_m, line=line)
        finally:
            surface.close()
            if read.kept is not None:
                read.kept.close()
        (work / SURFACE).unlink()
        (work / TODAY).unlink()
    return replace(found, sampled=None)


def _admitted(plan: Plan, path: Path) -> TiledRaster:
    """The terrain, opened for streaming, if it is one of this plan's ground."""
    file, info = open_tiled(path, meant=ELEVATION), raster_info(path)
    if info.crs is not None and info.crs != plan.site.crs:
        raise CRSMismatch(say("groundworks.other_crs", path=path.name, crs=info.crs.name, plan=plan.site.crs.name))
    west, south, east, north = file.frame.bounds
    beyond = plan.units[
        ~shapely.within(plan.units.geometry.to_numpy(), shapely.box(west, south, east, north).buffer(file.cell_x))
    ]
    if len(beyond):
        raise InvalidInput(say("groundworks.beyond", path=path.name, n=len(beyond), unit=str(beyond.index[0])))
    return file


def _closed(plan: Plan, read: Read, surface: Kept) -> Drawing:
    """Works the surface out until it closes and leaves its heights in a plain file; the drawing on means of blocks of cells."""
    units, scenario, frame = plan.units, plan.site.scenario, read.frame
    compaction, step = scenario.number("earthwork.compaction"), step_of(frame)
    banded = Banded.of(units, read, scenario, to=surface.put)
    assert read.kept is not None  # the terrain has gone by
    thinned = read.kept.thinned(step)
    whole = Whole.of(units, thinned, scenario)
    begun = finished_on(whole, units, thinned, scenario)
    wanted = plan_left_m3(units, compaction) + float(begun.dykes["fill_m3"].sum()) - priced_dykes(units)
    begin = begun.lakes["bed_m"].to_numpy(), begun.land_m
    made = closed_by(banded, whole, compaction, wanted, begin, close=CLOSE)
    here = replace(plan, site=replace(plan.site, terrain=thinned))
    laid = replace(begun, ground=surface.thinned(step), land_m=made.land)
    moved = {"cut_m3": made.last.cut, "fill_m3": made.last.fill}
    moved |= dict(zip(("block_cut_m3", "block_fill_m3"), banded.blocks, strict=True))
    held = _storage(begun, made.last.held, made.bed, banded.lakes.level)
    size = {"rows": frame.rows, "columns": frame.cols, "cell_m": frame.cell_x, "rounds": made.rounds, "drawn_every": step}
    return drawn(here, laid, moved, held, Sampled(read.kept, surface, made.last.steepest, size))


def step_of(frame: Frame) -> int:
    """Of how many cells a side of a raster one is made for the drawing."""
    return max(1, int(np.ceil(np.sqrt(frame.rows * frame.cols / DRAWN_CELLS))))


def _storage(begun: Finished, held: Floats, bed: Floats, level: Floats) -> pd.DataFrame:
    """Storage of every reservoir at its normal level on the surface and as the plan counts it, m³."""
    table = {"level_m": level, "design_m3": held, "plan_m3": begun.lakes["plan_m3"], "bed_m": bed}
    return pd.DataFrame(table, index=begun.lakes.index).reset_index()


def _write(surface: Kept, today: Kept, crs: Any, work: Path) -> None:
    """Brings the surface and what it cuts and fills, row by row in plain files, to GeoTIFFs."""
    frame = surface.frame
    high = max(BLOCK, BAND_CELLS // frame.cols // BLOCK * BLOCK)
    with (
        geotiff(work / "design.tif", frame, {"design_m": "m"}, crs=crs, effort=EFFORT) as design,
        geotiff(work / "cutfill.tif", frame, {"fill_m": "m"}, crs=crs, effort=EFFORT) as change,
    ):
        for start, band in surface.bands(high):
            design.write(band, row=start, band=1)
            before = today.rows(start, start + len(band))
            change.write((band - before).astype(np.float32), row=start, band=1)
