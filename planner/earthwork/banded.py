"""The finished ground of terrains too large for memory: the same surface, worked out band by band.

A slope reaches no farther than the heights around it differ. So every tile is worked out with a margin as wide as that, tile
by tile from what was seen of the ground in a first pass, and its surface is, to the last digit, that of the whole. Tiles in
which nothing is worked are not looked at again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from planner.core.terrain.owner import owner_of
from planner.core.terrain.sloping import Room, sloped, steepest
from planner.earthwork.closing import Lakes, Measured
from planner.earthwork.works import Beds, Laid, Slopes, Works, moved
from planner.frame import Frame

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.scenario import Scenario

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

TILE: Final = 1024  # cells along a tile, and rows of a band; fewer on very wide rasters
LEAST_TILE: Final = 128
BAND_CELLS: Final = 1 << 25
MOST_TILES: Final = 1600  # whose distances from each other are held at once
SPARE_CELLS: Final = 2  # of a margin: a chamfer step may be as long


class Rows(Protocol):
    """A terrain that is read by rows."""

    @property
    def frame(self) -> Frame: ...

    def rows(self, start: int, stop: int) -> Floats:
        """Heights of whole rows, (stop − start, cols) m, NaN where unknown."""
        ...


class Seen(NamedTuple):
    """The lowest and highest run of worked and of fixed cells, by tile, (tile rows, tile columns); inf and −inf where none."""

    worked_low: Floats
    worked_high: Floats
    fixed_low: Floats
    fixed_high: Floats


@dataclass(frozen=True, eq=False)
class Banded:
    """The works of a plan on a terrain that is read by rows, as `closing.closed` measures them.

    blocks: cut and fill with upright walls, m³. tile: cells along a tile. to: is given each band of the
    surface, (rows, cols) m, and its first row, from north to south, whenever the ground is measured.
    """

    works: Works
    units: NDArray[np.object_]
    terrain: Rows
    lakes: Lakes
    land_area: float
    blocks: tuple[float, float]
    tile: int
    seen: Seen
    to: Callable[[int, Floats], None]

    @classmethod
    def of(
        cls,
        units: gpd.GeoDataFrame,
        terrain: Rows,
        scenario: Scenario,
        *,
        to: Callable[[int, Floats], None],
        look: Callable[[int, Floats], None] = lambda row, today: None,
        tile: int | None = None,
    ) -> Banded:
        """Goes through the terrain once. look: is given each band of today's ground, m, and its first row."""
        works, frame = Works.of(units, scenario), terrain.frame
        side = tile or tile_of(frame)
        shapes = units.geometry.to_numpy()
        beds, moves = Beds.none(len(works.name)), np.zeros(2)
        bands = []
        for start, stop in spans(frame.rows, side):
            today = terrain.rows(start, stop)
            look(start, today)
            laid = _laid(works, shapes, frame, start, today)
            beds = beds.and_of(laid, frame.cell_area)
            moves += moved(laid.blocks, today, frame.cell_area)
            bands.append(seen_of(laid.blocks, laid.fixed, works.slopes, side))
        seen = Seen(*(np.vstack([getattr(band, name) for band in bands]) for name in Seen._fields))
        return cls(works, shapes, terrain, works.lakes(beds), beds.filled, (float(moves[0]), float(moves[1])), side, seen, to)

    def measured(self, bed: Floats, land: float) -> Measured:
        """Works out the surface, band by band, hands it on and measures it."""
        frame, works = self.terrain.frame, self.works
        margin = self.margins(float(np.abs(bed).max(initial=0.0)) + abs(land))
        held, cut, fill, cell = np.zeros(len(works.name)), 0.0, 0.0, (frame.cell_x, frame.cell_y)
        steep, above = 0.0, (np.empty((0, frame.cols)), np.empty((0, frame.cols), dtype=np.bool_))
        room = Room.of(*(min(self.tile + 2 * int(margin.max(initial=0)), side) for side in (frame.rows, frame.cols)))
        for k, (start, stop) in enumerate(spans(frame.rows, self.tile)):
            wide = max(int(margin[k].max()), 0)
            first, last = max(start - wide, 0), min(stop + wide, frame.rows)
            today = self.terrain.rows(first, last)
            laid = _laid(works, self.units, frame, first, today)
            band = slice(start - first, stop - first)
            ground = in_tiles(laid.level(bed, land), laid.fixed, band, margin[k], (self.tile, *cell), works.slopes, room=room)
            whole = works.covered(frame.part(slice(start, stop), slice(0, frame.cols)))
            held += whole.held(ground, works.level)
            dug, heaped = moved(ground, laid.today[band], frame.cell_area)
            cut, fill = cut + dug, fill + heaped
            fixed = laid.fixed[band]
            seam = np.vstack([above[0], ground[:1]]), np.vstack([above[1], fixed[:1]])
            steep = max(steep, *(steepest(level, kept, cell, works.slopes) for level, kept in ((ground, fixed), seam)))
            above = ground[-1:].copy(), fixed[-1:].copy()
            self.to(start, ground)
        return Measured(held, cut, fill, steep)

    def margins(self, moved_m: float) -> NDArray[np.int64]:
        """How far around each tile the ground is asked, cells, (tile rows, tile columns); −1 where nothing is worked.

        moved_m: how far beds and land may lie from their blocks.
        """
        frame, slopes = self.terrain.frame, self.works.slopes
        more = moved_m * max(slopes.wet, slopes.dry)
        low, high = self.seen.worked_low - more, self.seen.worked_high + more
        reach = reaches(Seen(low, high, self.seen.fixed_low, self.seen.fixed_high), self.tile, (frame.cell_x, frame.cell_y))
        cells = np.ceil(reach / min(frame.cell_x, frame.cell_y)).astype(np.int64) + SPARE_CELLS
        return np.where(np.isfinite(low), cells, -1)


def in_tiles(
    level: Floats,
    fixed: Flags,
    band: slice,
    margin: NDArray[np.int64],
    tile: tuple[int, float, float],
    slopes: Slopes,
    *,
    room: Room | None = None,
) -> Floats:
    """The surface of the rows of a band, tile by tile, (rows, cols) m.

    level, fixed: of the band and the rows around it, m, as `sloped` takes them. margin: of each tile, cells, −1 where nothing
    is worked. tile: cells along it, width and height of a cell, m. room: as `sloped` takes it.
    """
    side, *cell = tile
    ground = level[band].copy()
    for k, (left, right) in enumerate(spans(level.shape[1], side)):
        if margin[k] < 0:
            continue
        wide = int(margin[k])
        top, west = max(band.start - wide, 0), max(left - wide, 0)
        part = slice(top, band.stop + wide), slice(west, right + wide)
        made = sloped(level[part], fixed[part], (cell[0], cell[1]), **slopes._asdict(), room=room)
        ground[:, left:right] = made[band.start - top : band.stop - top, left - west : right - west]
    return ground


def reaches(seen: Seen, tile: int, cell: tuple[float, float]) -> Floats:
    """How far beyond each tile ground may lie that its slopes depend on, m.

    Slopes fall by no more than a metre of run a metre, so nothing farther off than its run differs can matter; a slope that was
    worked out with ground yet farther off may, once. Distances are the least between two tiles' cells.
    """
    rows, cols = seen.worked_low.shape
    r, c = (a.ravel() for a in np.mgrid[:rows, :cols])
    off = [np.maximum(np.abs(at[:, None] - at[None, :]) - 1, 0) * tile for at in (c, r)]
    apart = np.hypot(off[0] * cell[0], off[1] * cell[1])
    low, high, fixed_low, fixed_high = (a.ravel() for a in seen)
    with np.errstate(invalid="ignore"):
        up = (high[None, :] - 2.0 * apart).max(axis=1)  # the first slopes, twice as steep, rise no higher
        down = (low[None, :] + 2.0 * apart).min(axis=1)
        begun = _farthest(0.5 * np.maximum(high[:, None] - low[None, :], high[None, :] - low[:, None]), apart)
        gap = np.maximum(up[None, :] - down[:, None], up[:, None] - down[None, :])
        near = (gap > apart) & np.isfinite(low)[None, :]
        stage = _farthest(gap, apart) + np.where(near, begun[None, :], 0.0).max(axis=1)
        lowest = (low[None, :] + apart).min(axis=1)
        held = np.maximum((high[None, :] - apart).max(axis=1), (fixed_high[None, :] - apart).max(axis=1))  # by fixed ground
        against = np.maximum(fixed_high[None, :] - lowest[:, None], held[:, None] - fixed_low[None, :])
        fixed = _farthest(against, apart)
    return np.where(np.isfinite(low), np.maximum(stage, fixed), 0.0).reshape(rows, cols)


def _farthest(gap: Floats, apart: Floats) -> Floats:
    """Of the gaps that are wider than two tiles lie apart, the widest, m, (k,)."""
    return np.asarray(np.where((gap > apart) & np.isfinite(gap), gap, 0.0).max(axis=1), dtype=np.float64)


def tile_of(frame: Frame) -> int:
    """Cells along the tiles of a raster: no more tiles than can be compared, no taller bands than memory has room for."""
    fitting = min(TILE, max(BAND_CELLS // frame.cols, LEAST_TILE))
    return max(fitting, int(np.ceil(np.sqrt(frame.rows * frame.cols / MOST_TILES))))


def spans(count: int, step: int) -> Iterator[tuple[int, int]]:
    """First and last but one of pieces of `step`."""
    return ((k, min(k + step, count)) for k in range(0, count, step))


def _laid(works: Works, shapes: NDArray[Any], frame: Frame, first: int, today: Floats) -> Laid:
    """The works on some rows of a raster."""
    part = frame.part(slice(first, first + len(today)), slice(0, frame.cols))
    return works.laid(owner_of(shapes, part), today)


def seen_of(blocks: Floats, fixed: Flags, slopes: Slopes, tile: int) -> Seen:
    """What is seen of a band, (1, tile columns) each."""
    return Seen(*_seen(blocks, fixed, slopes, tile)[:, None, :])


@njit(cache=True, nogil=True)
def _seen(blocks: Floats, fixed: Flags, slopes: Slopes, tile: int) -> Floats:
    """Seen's four rows, (4, tile columns); unknown ground is fixed and takes no part."""
    water, wet, dry = slopes
    seen = np.empty((4, (blocks.shape[1] + tile - 1) // tile))
    seen[0], seen[1], seen[2], seen[3] = np.inf, -np.inf, np.inf, -np.inf
    for r in range(blocks.shape[0]):
        for k in range(seen.shape[1]):
            low, high, fixed_low, fixed_high = seen[0, k], seen[1, k], seen[2, k], seen[3, k]
            for c in range(k * tile, min((k + 1) * tile, blocks.shape[1])):
                above = blocks[r, c] - water
                run = (wet if above < 0.0 else dry) * above
                if not fixed[r, c]:
                    low, high = min(low, run), max(high, run)
                elif run == run:
                    fixed_low, fixed_high = min(fixed_low, run), max(fixed_high, run)
            seen[0, k], seen[1, k], seen[2, k], seen[3, k] = low, high, fixed_low, fixed_high
    return seen
