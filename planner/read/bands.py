"""Which band of a raster is meant: the one its layer names, the only one, or the one that is named like its role."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from planner.errors import InvalidInput
from planner.parameters import nearest
from planner.read.lengths import words_of
from planner.read.rasters import RasterInfo
from planner.read.record import Record
from planner.scenario import Layer
from planner.words import say

# Words of a band's name by role, in lower case.
ROLE_WORDS: Final = {
    "terrain": words_of("elevation height dem dtm dsm terrain ground 高程 地形 地面"),
    "subsidence": words_of("subsidence settlement sinking lost 下沉 沉陷 塌陷 沉降"),
    "residual": words_of("residual remaining subsidence 残余 剩余"),
    "water_table": words_of("water table groundwater normal 水位 地下水"),
}


def chosen_band(info: RasterInfo, layer: Layer, role: str, record: Record) -> RasterInfo:
    """What the file says of itself, of the band that is meant.

    `layer` is a band's number, from 1, or its name. Raises InvalidInput where there is no such band, or where several bands
    have names and none or more than one is named like the role.
    """
    names = [name.strip() for name in info.names]
    if layer.layer is not None:
        return _taken(info, _named(layer, names, role))
    if info.bands == 1:
        return info
    words = ROLE_WORDS.get(role, (role,))
    fits = [i for i, name in enumerate(names, start=1) if any(w in name.lower() for w in words)]
    if len(fits) == 1:
        record.decide(say("read.band_of", role=role), names[fits[0] - 1], say("read.by_its_role"))
        return _taken(info, fits[0])
    if len({n for n in names if n}) > 1:
        raise InvalidInput(say("read.which_band", path=layer.path, role=role, n=info.bands, names=names[:8], first=names[0]))
    record.warn(say("read.first_band", path=layer.path, role=role, n=info.bands))
    return info


def _named(layer: Layer, names: list[str], role: str) -> int:
    wanted = str(layer.layer).strip()
    if wanted in names:
        return names.index(wanted) + 1
    if wanted.isdecimal() and 1 <= int(wanted) <= len(names):
        return int(wanted)
    has = [name or str(i) for i, name in enumerate(names[:8], start=1)]
    raise InvalidInput(say("read.band_missing", path=layer.path, role=role, wanted=wanted, meant=nearest(wanted, has), has=has))


def _taken(info: RasterInfo, band: int) -> RasterInfo:
    return replace(info, band=band, unit=info.units[band - 1] if band <= len(info.units) else None)
