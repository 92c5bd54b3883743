"""The design surface on a terrain of any size: a survey finer than the plan was made on, read and written band by band."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.earthwork.banded import BAND_CELLS, Banded, spans
from planner.earthwork.closing import closed
from planner.earthwork.finished import Finished, finished
from planner.earthwork.works import plan_left_m3, priced_dykes
from planner.errors import CRSMismatch, InvalidInput
from planner.export.folder import json_text
from planner.files import whole_folder, written_as
from planner.frame import Frame
from planner.geotiff import geotiff
from planner.groundworks.save import OWNED
from planner.plan import Plan, load_plan
from planner.plan.setting_out import laid_out
from planner.read.meaning import ELEVATION
from planner.read.rasters import raster_info
from planner.read.tiled import TiledRaster, open_tiled
from planner.site import Grid
from planner.words import say

if TYPE_CHECKING:
    import geopandas as gpd

Floats = NDArray[np.float64]

SCHEMA: Final = "planner.design/1"
BEGUN_CELLS: Final = 1 << 22  # on so many the design is closed first, and its dykes are drawn
CLOSE: Final = 5e-5  # of a lake's storage, and of the site's fill, that may be missing: each round goes through all cells
SURFACE: Final = "surface.raw"  # what was worked out last, while it is still to be closed
EFFORT: Final = 1  # of compression: heights are noise in their last digits, and more of it gains 3 %


def design_raster(
    plan: Plan | str | Path, terrain: str | Path, folder: str | Path, *, overwrite: bool = False
) -> dict[str, Any]:
    """Writes the finished ground of a plan on a terrain of its own, band by band: `design.tif`, dykes, design.json.

    plan: a Plan, or its folder. terrain: north-up, in the plan's CRS, of today's ground, m. Memory does not grow with the
    terrain's rows. The surface is, cell for cell, the one that `design` would give, closed on the plan's storage and earth to
    5e-5. Dykes are drawn on cells thinned to 4 million. Returns what design.json holds (schema planner.design/1).

    Raises InvalidInput where the terrain does not reach over the plan or cannot be streamed, CRSMismatch, OutputExists.
    """
    plan = laid_out(plan if isinstance(plan, Plan) else load_plan(plan))
    file = _admitted(plan, Path(terrain))
    with whole_folder(
        folder, overwrite=overwrite, is_ours=written_as("planner.design/", "design.json"), owned=OWNED.__contains__
    ) as work:
        with (work / SURFACE).open("w+b") as surface:
            told, banks = _closed(plan, file, surface)
            _write(surface, file.frame, plan.site.crs, work / "design.tif")
        (work / SURFACE).unlink()
        if len(banks):
            banks.reset_index().to_file(work / "design.gpkg", layer="dykes", driver="GPKG")
        (work / "design.json").write_text(json_text(told), encoding="utf-8")
    return told


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


@dataclass(frozen=True)
class _Read:
    """A streamed terrain by rows."""

    file: TiledRaster

    @property
    def frame(self) -> Frame:
        return self.file.frame

    def rows(self, start: int, stop: int) -> Floats:
        return np.asarray(self.file.window(start, 0, stop - start, self.file.cols), dtype=np.float64)


class _Thinned:
    """Every step-th cell of a terrain that goes by in bands, the middle one of each block."""

    def __init__(self, frame: Frame) -> None:
        """Of a terrain as large as frame."""
        self.frame = frame
        self.step = max(1, int(np.ceil(np.sqrt(frame.rows * frame.cols / BEGUN_CELLS))))
        self.kept: list[Floats] = []

    def take(self, row: int, today: Floats) -> None:
        """A band, from a row on."""
        first = (self.step // 2 - row) % self.step
        self.kept.append(today[first :: self.step, self.step // 2 :: self.step].copy())

    def grid(self) -> Grid:
        """All of it."""
        f = self.frame
        return Grid(np.vstack(self.kept), f.west, f.north, f.cell_x * self.step, f.cell_y * self.step)


def _closed(plan: Plan, file: TiledRaster, surface: BinaryIO) -> tuple[dict[str, Any], gpd.GeoDataFrame]:
    """Works the surface out until it closes, leaves its heights in a file, and what is told of it, and the dykes."""
    units, scenario, frame = plan.units, plan.site.scenario, file.frame
    compaction, thinned = scenario.number("earthwork.compaction"), _Thinned(file.frame)

    def keep(row: int, band: Floats) -> None:
        surface.seek(row * frame.cols * 4)
        surface.write(np.ascontiguousarray(band, dtype=np.float32).data)

    banded = Banded.of(units, _Read(file), scenario, to=keep, look=thinned.take)
    begun = finished(units, thinned.grid(), scenario)
    drawn, priced = float(begun.dykes["fill_m3"].sum()), priced_dykes(units)
    wanted = plan_left_m3(units, compaction) + drawn - priced
    begin = begun.lakes["bed_m"].to_numpy(), begun.land_m, begun.lakes["gain_m2"].to_numpy()
    made = closed(banded, compaction, wanted, begin, close=CLOSE)
    volumes = {"cut_m3": made.last.cut, "fill_m3": made.last.fill, "left_m3": made.left - drawn}
    volumes |= {"plan_left_m3": begun.plan_left_m3 - priced, "land_m": made.land, "dyke_m3": drawn, "priced_dyke_m3": priced}
    told = {
        "schema": SCHEMA,
        "site": {"name": plan.site.name},
        "streamed": {"rows": frame.rows, "columns": frame.cols, "cell_m": frame.cell_x, "rounds": made.rounds},
        "volumes": volumes,
        "storage": _storage(begun, made.last.held, made.bed, banded.lakes.level).to_dict("records"),
        "dykes": begun.dykes.drop(columns="geometry").reset_index().to_dict("records"),
    }
    return told, begun.dykes


def _storage(begun: Finished, held: Floats, bed: Floats, level: Floats) -> pd.DataFrame:
    """Storage of every reservoir at its normal level on the surface and as the plan counts it, m³."""
    table = {"level_m": level, "design_m3": held, "plan_m3": begun.lakes["plan_m3"], "bed_m": bed}
    return pd.DataFrame(table, index=begun.lakes.index).reset_index()


def _write(surface: BinaryIO, frame: Frame, crs: Any, path: Path) -> None:
    """Brings the surface, row by row in a plain file, to a GeoTIFF."""
    with geotiff(path, frame, {"design_m": "m"}, crs=crs, effort=EFFORT) as out:
        surface.seek(0)
        for start, stop in spans(frame.rows, max(256, BAND_CELLS // frame.cols // 256 * 256)):
            band = np.fromfile(surface, dtype=np.float32, count=(stop - start) * frame.cols)
            out.write(band.reshape(-1, frame.cols), row=start, band=1)
