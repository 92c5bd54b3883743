"""What a raster's numbers mean: their unit, heights above what, whether they can be elevations or are a picture's colours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyproj
from rasterio.enums import ColorInterp

from planner.core.terrain.cells import extremes
from planner.errors import InvalidInput
from planner.read.lengths import UNITS, known, unit_of
from planner.words import Message, say

UNIT_KEY: Final = re.compile(
    r"^(band_?\d*_?)?(vertical|elevation|z|height|value|data)?[_\s-]*units?(_?types?)?$|^(uom|unittype)$", re.I
)
NO_UNIT: Final = frozenset(("", "-", "1", "none", "unknown", "unitless", "n/a", "na", "null"))


@dataclass(frozen=True)
class Meaning:
    """What the numbers of a raster are taken for: in words, and between which metres they must lie.

    length: whether they are lengths, so that another unit is refused.
    """

    name: str
    low_m: float = -np.inf
    high_m: float = np.inf
    length: bool = True


ELEVATION: Final = Meaning("elevation", -500.0, 9_000.0)  # m: below the Dead Sea's shore (−430) and above Everest (8 849)
LENGTH: Final = Meaning("length")
ANY: Final = Meaning("any", length=False)
CLIFF_M: Final = 5.0  # m: no ground falls to exactly 0 by a step so high all around


def stated_unit(source: Any, band: int) -> str | None:
    """The unit a raster states for a band, as it writes it: unit type, tags in any case, the band's description; else None."""
    said = [source.units[band - 1] or ""] if source.units else []
    for tags in (source.tags(band), source.tags()):
        said += [str(v) for k, v in tags.items() if UNIT_KEY.match(k)]
    for text in said:
        if text.strip().lower() not in NO_UNIT:
            return text.strip()
    try:
        return unit_of(source.descriptions[band - 1] or "")
    except LookupError as error:
        return str(error.args[0])


def metres_per_unit(
    source: Any, band: int, notes: list[Message], *, meant: Meaning = ANY, given: str | None = None, name: str = ""
) -> float:
    """What a raster's numbers are multiplied with to be metres upward: its unit and its vertical axis.

    given: the unit the user names, which wins. Raises InvalidInput where a length is meant and another unit is stated.
    """
    said = stated_unit(source, band) if given is None else given
    unit = None if said is None else known(said)
    if said is not None and unit is None and (meant.length or given is not None):
        raise InvalidInput(say("read.raster_unit", path=name, unit=said))
    factor = 1.0 if unit is None else UNITS[unit][0]
    if unit not in (None, "m"):
        notes.append(say("read.times", unit=said, factor=factor))
    vertical = vertical_axis(source.crs)
    if vertical is not None and vertical.direction == "down":
        factor = -factor
        notes.append(say("read.downward"))
    if vertical is not None and unit is None and vertical.unit_conversion_factor not in (0.0, 1.0):
        factor *= vertical.unit_conversion_factor
        notes.append(say("read.times", unit=vertical.unit_name, factor=vertical.unit_conversion_factor))
    return factor


def vertical_axis(crs: Any) -> Any:
    """The upward or downward axis of a raster's CRS, None where it has none."""
    whole = pyproj.CRS.from_wkt(crs.to_wkt()) if crs else None
    return None if whole is None else next((a for a in whole.axis_info if a.direction in ("up", "down")), None)


def is_ellipsoidal(crs: Any) -> bool:
    """Whether heights are above the ellipsoid: three axes in one CRS, or a vertical part that says so."""
    if not crs:
        return False
    whole = pyproj.CRS.from_wkt(crs.to_wkt())
    if whole.is_compound:
        return any(
            "ellipsoid" in part.name.lower() for part in whole.sub_crs_list if not (part.is_geographic or part.is_projected)
        )
    return len(whole.axis_info) == 3


def refuse_pictures(source: Any, band: int, name: str) -> None:
    """Raises InvalidInput where a band holds colours: a table of them, or one of a picture's red, green and blue."""
    kinds = source.colorinterp
    table = kinds[band - 1] == ColorInterp.palette
    painted = {ColorInterp.red, ColorInterp.green, ColorInterp.blue} & set(kinds)
    if table or (painted and source.dtypes[band - 1] == "uint8"):
        raise InvalidInput(say("read.picture", path=name))


def plausible(values: Any, meant: Meaning, notes: list[Message], name: str, *, checked: int | None = None) -> None:
    """Turns cells outside what is meant into NaN and tells them. Raises InvalidInput where most are: the unit is another.

    values: (rows, cols), changed in place.
    """
    if not np.isfinite([meant.low_m, meant.high_m]).any() or values.size == 0:
        return
    low, high, _ = extremes(values)
    if low > high or (low >= meant.low_m and high <= meant.high_m):
        return
    wrong = (values < meant.low_m) | (values > meant.high_m)
    count, finite = int(np.count_nonzero(wrong)), int(np.count_nonzero(np.isfinite(values)))
    worst = low if low < meant.low_m else high
    if 2 * count > finite and checked is None:
        raise InvalidInput(say("read.no_elevations", path=name, low=low, high=high, least=meant.low_m, most=meant.high_m))
    values[wrong] = np.nan
    notes.append(say("read.no_elevation", path=name, n=count, value=worst))


def without_zeros(values: Any, notes: list[Message], name: str) -> None:
    """Turns cells of exactly 0 into NaN and tells them where all other ground lies CLIFF_M or more away from 0: programs that
    cut and warp leave them where a file declares no number for missing ground.

    values: (rows, cols) elevations, m, changed in place.
    """
    zero = values == 0.0
    count = int(np.count_nonzero(zero))
    if count and (low := float(np.nanmin(np.where(zero, np.inf, np.abs(values)), initial=np.inf))) >= CLIFF_M and low < np.inf:
        values[zero] = np.nan
        notes.append(say("read.zeros", path=name, n=count, away=low))


def rendered_once(notes: Sequence[Message]) -> tuple[Message, ...]:
    """Notes without repetitions, in order."""
    return tuple(dict.fromkeys(notes))
