"""Which target stands on the ground now: by a new land-use layer, or by what the ground lets conclude."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.errors import InvalidInput
from planner.landuse import CHOICES, TARGETS, UNRESTORED
from planner.read.rings import mended
from planner.words import Message, say

if TYPE_CHECKING:
    import geopandas as gpd

UNSEEN: Final = "unknown"
BUILT: Final = (*CHOICES, UNRESTORED, UNSEEN)

# First two digits of a class code of GB/T 21010-2017, and pieces of class names, by target.
CODES: Final = {
    "arable": ("01",),
    "green": ("02", "03", "04"),
    "construction": ("05", "06", "07", "08", "09", "10"),
    "reservoir": ("11",),
    UNRESTORED: ("12",),
}
PIECES: Final = (  # the first that fits decides: 水田 is arable, 公园绿地 green, 沟渠 water
    ("arable", ("耕", "水田", "旱地", "水浇", "arable", "crop", "farm")),
    ("green", ("林", "草", "园地", "公园", "绿", "湿地", "沼泽", "green", "park", "forest", "wood", "grass", "wetland")),
    ("reservoir", ("水库", "湖", "坑塘", "水面", "河", "水域", "沟渠", "reservoir", "lake", "water", "pond")),
    (
        "construction",
        ("建设", "住宅", "工业", "商", "公路", "道路", "村", "城", "采矿", "build", "urban", "resident", "industr"),
    ),
    (UNRESTORED, ("裸", "荒", "沙", "空闲", "塌陷", "沉陷", "bare", "waste", "idle", "subsid")),
)


def target_of(name: str) -> str:
    """The target that a land-use class stands for: a target's key or name, a class code or name of GB/T 21010; or unknown."""
    text = str(name).strip().lower()
    if not text:
        return UNSEEN
    for key, target in TARGETS.items():
        if text in (key, target.en.lower(), target.zh):
            return key
    if text[:2].isdigit():
        return next((key for key, codes in CODES.items() if text[:2] in codes), UNSEEN)
    return next((key for key, pieces in PIECES if any(piece in text for piece in pieces)), UNSEEN)


def by_landuse(units: gpd.GeoDataFrame, layer: gpd.GeoDataFrame) -> tuple[pd.DataFrame, tuple[Message, ...]]:
    """Mu by planned and built target from a layer with column `landuse`, ground it does not cover as unknown.

    Raises InvalidInput for a layer that meets none of the units.
    """
    kind = layer["landuse"].fillna("").astype(str)
    known = {name: target_of(name) for name in kind.unique()}
    strange = sorted(n for n, t in known.items() if t == UNSEEN and n)
    notes = (say("asbuilt.strange_landuse", names=strange[:5], count=len(strange)),) if strange else ()
    built = kind.map(known).to_numpy(object)
    shapes = np.asarray(units.geometry.array, dtype=object)
    other = np.array(layer.geometry.array, dtype=object)
    crossed = ~shapely.is_valid(other)
    other[crossed] = mended(other[crossed])
    i, j = shapely.STRtree(other).query(shapes, predicate="intersects")
    share = shapely.area(shapely.intersection(shapes[i], other[j])) / np.maximum(shapely.area(shapes[i]), 1e-9)
    if not (share > 0).any():
        raise InvalidInput(say("asbuilt.landuse_elsewhere"))
    found = pd.DataFrame({"row": i, "built": built[j], "share": share}).groupby(["row", "built"], as_index=False)["share"].sum()
    covered = found.groupby("row")["share"].sum()
    twice = found["row"].map(covered).clip(lower=1.0)  # where polygons overlap, ground counts once
    found["share"] /= twice
    rest = 1.0 - covered.clip(upper=1.0).reindex(np.arange(len(units)), fill_value=0.0)
    more = pd.DataFrame({"row": rest.index, "built": UNSEEN, "share": rest.to_numpy()})
    every = pd.concat([found, more[more["share"] > 1e-6]])
    row = every["row"].to_numpy()
    area = units["area_mu"].to_numpy(float)[row] * every["share"].to_numpy()
    planned = units["target"].to_numpy(object)[row]
    return _matrix(pd.DataFrame({"planned": planned, "built": every["built"].to_numpy(), "area_mu": area})), notes


def by_ground(units: pd.DataFrame) -> pd.DataFrame:
    """Mu by planned and built target where no land use is given: what is planned where its earth is done, else unrestored."""
    return _matrix(
        pd.DataFrame({"planned": units["target"].to_numpy(object), "built": built_targets(units), "area_mu": units["area_mu"]})
    )


def built_targets(units: pd.DataFrame) -> NDArray[Any]:
    """By unit: its planned target where it stands, unrestored where not, unknown where nothing of it is seen, (n,)."""
    built = np.where(units["stands"].to_numpy(bool), units["target"].to_numpy(object), UNRESTORED)
    return np.where(units["done_share"].isna().to_numpy(), UNSEEN, built)


def _matrix(pairs: Any) -> pd.DataFrame:
    """Rows planned, columns built, mu."""
    table = pairs.pivot_table(index="planned", columns="built", values="area_mu", aggfunc="sum", fill_value=0.0)
    rows = [t for t in (*CHOICES, UNRESTORED) if t in table.index]
    return pd.DataFrame(table.reindex(index=rows, columns=list(BUILT), fill_value=0.0).rename_axis("planned"))
