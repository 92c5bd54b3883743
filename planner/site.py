"""The nouns every stage shares: a grid, a site, and what was decided while reading it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.frame import Frame
from planner.units import M2_PER_MU

if TYPE_CHECKING:
    import geopandas as gpd
    import pyproj

    from planner.scenario import Scenario
    from planner.words import Message

Floats = NDArray[np.float64]
CELLS_A_UNIT: Final = 4  # cells of the terrain that a planning unit should hold: fewer and neighbours share their ground
MANY_UNITS: Final = 30_000  # planned in minutes; beyond, larger units tell as much in a fraction of the time
PIECES: Final = 1.4  # units for each that would fit by area: they are cut along parcels and contours as well


@dataclass(frozen=True, eq=False)
class Grid:
    """A north-up raster of metres (or mm, or years): values[row, col], row 0 in the north, NaN where nothing is known.

    values: shape (rows, cols) float64. west, north: outer corner of the north-west cell, in the CRS's metres.
    cell_x, cell_y: cell size in metres, both positive.

    Examples
    --------
    >>> import numpy as np
    >>> import planner as pl
    >>> ground = pl.Grid(np.array([[31.0, 30.5], [30.0, np.nan]]), 500_000.0, 3_800_000.0, 10.0, 10.0)
    >>> ground.shape, float(np.nanmax(ground.values))
    ((2, 2), 31.0)
    """

    values: Floats
    west: float
    north: float
    cell_x: float
    cell_y: float

    @property
    def shape(self) -> tuple[int, int]:
        return self.values.shape[0], self.values.shape[1]

    @property
    def cell_area(self) -> float:
        """Plane area of one cell, m²."""
        return self.cell_x * self.cell_y

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """west, south, east, north of the outer edges, m."""
        return self.frame.bounds

    @property
    def frame(self) -> Frame:
        """Where the cells lie: the arithmetic of places, and what the kernels take."""
        return Frame(self.west, self.north, self.cell_x, self.cell_y, *self.shape)

    @property
    def transform(self) -> tuple[float, float, float, float, float, float]:
        """Affine coefficients (a, b, c, d, e, f) as rasterio and Affine take them."""
        return self.frame.transform

    def centres(self) -> tuple[Floats, Floats]:
        """x of the columns' centres, shape (cols,), and y of the rows' centres, shape (rows,)."""
        return self.frame.centres()

    def aligned(self, other: Grid) -> bool:
        """Whether both grids have the same cells."""
        return self.frame.aligned(other.frame)

    def like(self, values: ArrayLike) -> Grid:
        """A grid on the same cells with other values, shape (rows, cols) or a scalar: taken as they are, one number once."""
        given = np.asarray(values, dtype=np.float64)
        full = np.ascontiguousarray(given) if given.shape == self.shape else np.broadcast_to(given, self.shape)
        return Grid(full, self.west, self.north, self.cell_x, self.cell_y)

    @property
    def level(self) -> float | None:
        """The one number that stands in all cells as `like` gives it, None where there may be more."""
        return None if any(self.values.strides) or not self.values.size else float(self.values[0, 0])

    def at(self, cells: NDArray[np.int64]) -> Floats:
        """The values of cells, by flat index, (m,)."""
        if self.values.flags.c_contiguous:
            return np.asarray(self.values.ravel()[cells])
        return np.asarray(self.values[np.divmod(cells, self.shape[1])])

    def within(self, box: tuple[float, float, float, float]) -> Grid:
        """The cells that a box (west, south, east, north) touches."""
        window = self.frame.window(box)
        return Grid(np.array(self.values[window]), *self.frame.part(*window)[:4])

    def thinned(self, step: int) -> Grid:
        """Every step-th cell, the middle one of each block of step × step, standing for the block."""
        if step <= 1:
            return self
        values = np.ascontiguousarray(self.values[step // 2 :: step, step // 2 :: step])
        return Grid(values, self.west, self.north, self.cell_x * step, self.cell_y * step)


class Unheld(Grid):
    """A grid whose values are worked out where they are asked for, and never held."""

    def __init__(self, place: Grid | Frame):
        for name in ("west", "north", "cell_x", "cell_y"):
            object.__setattr__(self, name, getattr(place, name))

    @property
    def level(self) -> float | None:
        return None


class Sum(Unheld):
    """A grid of what another one holds and what is added to it.

    one: the grid. more: a grid on the same cells, or a number.

    Examples
    --------
    >>> import planner as pl
    >>> site = pl.samples.aidans()
    >>> before = site.original
    >>> bool((before.values == site.terrain.values + site.subsidence.values).all())
    True
    """

    one: Grid
    more: Grid | float

    def __init__(self, one: Grid, more: Grid | float):
        super().__init__(one)
        object.__setattr__(self, "one", one)
        object.__setattr__(self, "more", more)

    @property
    def values(self) -> Floats:
        more = self.more.values if isinstance(self.more, Grid) else self.more
        return np.asarray(self.one.values + more)

    @property
    def shape(self) -> tuple[int, int]:
        return self.one.shape

    def at(self, cells: NDArray[np.int64]) -> Floats:
        more = self.more.at(cells) if isinstance(self.more, Grid) else self.more
        return np.asarray(self.one.at(cells) + more)

    def within(self, box: tuple[float, float, float, float]) -> Grid:
        part = self.one.within(box)
        more = self.more.within(box).values if isinstance(self.more, Grid) else self.more
        return part.like(part.values + more)


class Classed(Unheld):
    """A grid whose cells have one value for each class; only the classes are held.

    classes: (rows, cols), position in of_class, −1 for the last. of_class: (k,).
    """

    classes: NDArray[np.signedinteger[Any]]
    of_class: Floats

    def __init__(self, place: Frame, classes: NDArray[np.signedinteger[Any]], of_class: Floats):
        super().__init__(place)
        object.__setattr__(self, "classes", classes.astype(np.min_scalar_type(-len(of_class[:-1]) or -1), copy=False))
        object.__setattr__(self, "of_class", of_class)

    @property
    def values(self) -> Floats:
        return np.asarray(self.of_class[self.classes])

    @property
    def shape(self) -> tuple[int, int]:
        return self.classes.shape[0], self.classes.shape[1]

    def at(self, cells: NDArray[np.int64]) -> Floats:
        return np.asarray(self.of_class[self.classes.ravel()[cells]])

    def within(self, box: tuple[float, float, float, float]) -> Grid:
        window = self.frame.window(box)
        return Grid(self.of_class[self.classes[window]], *self.frame.part(*window)[:4])


@dataclass(frozen=True)
class WaterTable:
    """Elevation of the water table, m, on the terrain's cells: in a normal year, at its dry and at its wet extreme."""

    normal: Grid
    dry: Grid
    wet: Grid


@dataclass(frozen=True)
class Decision:
    """Something the program settled as the input did not say it: what, the value taken, why."""

    what: Message
    value: Message
    why: Message


@dataclass(frozen=True)
class InputFile:
    """An input by the path it was named with (as written by the user, never absolute unless they wrote it so), and SHA-256."""

    role: str
    path: str
    sha256: str


@dataclass(frozen=True, eq=False)
class Site:
    """Everything known of a site, validated, in one projected CRS, metres, NaN for missing.

    parcels: index `parcel_id` (str, unique), columns `name`, `name_en`, `subsidence_m` (NaN where unknown), `mine`,
    `phase` (nullable) and geometry (valid, polygonal, no two overlapping). terrain: ground elevation today, m.
    subsidence: ground lost so far, m, on the terrain's cells, ≥ 0. residual_mm: what the ground still has to give, or
    None. panels: mining panels with the columns of CONTRACT's `planner predict`, or None. constraints: polygons with columns
    `kind` (str), `forbids` (comma-separated targets), `name`; landuse: polygons with column `landuse`; boundary: the
    plan's limit. places: features by `Layer.key` that rules, distances, belts and values ask for. values: yuan per mu in place
    on the terrain's cells, by target.

    Examples
    --------
    >>> import planner as pl
    >>> site = pl.samples.aidans()
    >>> site.name, len(site.parcels), site.terrain.shape
    ("St Aidan's opencast void", 1, (31, 31))
    """

    name: str
    crs: pyproj.CRS
    parcels: gpd.GeoDataFrame
    terrain: Grid
    subsidence: Grid
    water_table: WaterTable
    scenario: Scenario
    residual_mm: Grid | None = None
    panels: gpd.GeoDataFrame | None = None
    landuse: gpd.GeoDataFrame | None = None
    constraints: gpd.GeoDataFrame | None = None
    boundary: gpd.GeoDataFrame | None = None
    places: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    values: Mapping[str, Grid] = field(default_factory=dict)
    inputs: tuple[InputFile, ...] = ()
    decisions: tuple[Decision, ...] = ()
    warnings: tuple[Message, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def original(self) -> Grid:
        """The ground before mining: today's terrain plus what was lost, m."""
        return Sum(self.terrain, self.subsidence)

    def depth_of(self, table: Grid) -> float | None:
        """How far below the original ground a water table was taken everywhere, m; None where it was given another way."""
        depth, at = 0.0, table
        while isinstance(at, Sum):
            more = at.more
            if isinstance(more, Grid):
                return depth if at.one is self.terrain and more is self.subsidence else None
            depth, at = depth - more, at.one
        return None


def largest_unit_mu(scenario: Scenario, terrain: Grid, area_m2: float) -> float:
    """The largest planning unit, mu: as given, else the default, or more where the terrain or the site calls for it.

    No smaller than CELLS_A_UNIT cells of the terrain, so that every unit has ground of its own, and so large that a site of
    area_m2 has about MANY_UNITS at most.
    """
    known = scenario.parameters["partition.max_unit_mu"]
    if known.trust == "given":
        return float(known.value)
    cells = CELLS_A_UNIT * terrain.cell_area / M2_PER_MU
    return float(max(known.value, math.ceil(cells), math.ceil(PIECES * area_m2 / M2_PER_MU / MANY_UNITS)))


def units_expected(scenario: Scenario, terrain: Grid, parcels: gpd.GeoDataFrame) -> int:
    """About how many planning units the parcels will be cut into: they are cut along parcels and contours as well."""
    area_m2 = float(parcels.area.sum())
    return max(len(parcels), round(PIECES * area_m2 / (largest_unit_mu(scenario, terrain, area_m2) * M2_PER_MU)))
