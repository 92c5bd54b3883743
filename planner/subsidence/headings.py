"""Columns of panels and of observations by what they mean: in any usual spelling, lengths in the unit they say."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from planner.errors import InvalidInput
from planner.read.depths import numbers
from planner.read.lengths import UNITS, is_rate, quantity, tokens, unit_of, words_of
from planner.words import say

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class Meant:
    """What a column may be called: whole headings without their unit, and words one of which it may hold.

    length: whether it is one, m. never: words that make it something else. unit: of the contract's column; stated: whether a
    heading that is not the contract's has to say its unit.
    """

    exact: tuple[str, ...]
    inside: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    length: bool = False
    unit: str = "m"
    stated: bool = False


# Column of the contract → what people call it. Words in lower case; blanks, hyphens and points count as underscores.
MEANT: Final = {
    "thickness_m": Meant(
        words_of("thickness seam_thickness mining_height extraction_height extracted_thickness cutting_height mined_thickness"),
        words_of("采厚 采高 开采厚度 煤厚 煤层厚度 采出厚度 开采高度 平均煤厚"),
        words_of("松散层 表土 覆岩 冲积层 soil overburden topsoil"),
        length=True,
    ),
    "depth_m": Meant(
        words_of("depth mining_depth seam_depth depth_of_cover cover_depth overburden_depth cover working_depth mean_depth"),
        words_of("采深 开采深度 埋深 煤层深度 平均采深"),
        words_of("水 water ground 地下水 松散层 subsid 下沉 沉陷"),
        length=True,
    ),
    "offset_m": Meant(words_of("offset inflection_offset inflexion_offset"), words_of("拐点偏移距 拐点偏距"), length=True),
    "q": Meant(words_of("subsidence_factor subsidence_coefficient"), words_of("下沉系数")),
    "tan_beta": Meant(words_of("tanbeta tan_b tg_beta tgbeta tanβ tgβ"), words_of("影响角正切 主要影响角正切")),
    "b": Meant(words_of("displacement_factor horizontal_movement_factor"), words_of("水平移动系数")),
    "dip_deg": Meant(words_of("dip dip_angle seam_dip"), words_of("煤层倾角 倾角"), words_of("方向 azimuth direction 倾向")),
    "dip_azimuth_deg": Meant(words_of("dip_azimuth dip_direction azimuth"), words_of("倾向 倾斜方向")),
    "advance_deg": Meant(
        words_of("advance advance_azimuth advance_direction face_advance mining_direction"),
        words_of("推进方向 推进方位 开采方向"),
    ),
    "theta0_deg": Meant(words_of("theta0 propagation_angle"), words_of("开采影响传播角 影响传播角")),
    "start": Meant(
        words_of("start_date begin begin_date mining_start started"), words_of("开采开始 开始时间 开始日期 起始 始采 开采起")
    ),
    "end": Meant(
        words_of("end_date finish finish_date mining_end finished"),
        words_of("开采结束 结束时间 结束日期 终采 停采 开采止 采止"),
    ),
    "seam": Meant(words_of("seam_id coal_seam seam_no"), words_of("煤层编号 煤层号 煤层名称 开采煤层")),
    "overburden": Meant((), words_of("覆岩类型 覆岩性质 覆岩岩性")),
}
_UNIT_WORDS: Final = frozenset(
    word for _, spelled in UNITS.values() for word in spelled.split() if word.isascii() and len(word) > 1
) | {"m"}


_NO_LEVEL: Final = words_of(
    "rate velocity speed factor coefficient max predicted 速率 速度 系数 最大 预计 倾斜 曲率 residual 残余 剩余"
)
# Column of observations → what surveyors call it; levels come in mm as often as in m, so that the unit has to be said.
OBSERVED: Final = {
    "subsidence_m": Meant(
        words_of("subsidence settlement sinking vertical_displacement vertical_movement observed_subsidence subs"),
        words_of("下沉 沉降 沉陷"),
        _NO_LEVEL,
        length=True,
        stated=True,
    ),
    "east_mm": Meant(
        words_of("east displacement_east east_displacement de eastward"),
        words_of("东向位移 东向移动 东西向位移"),
        length=True,
        unit="mm",
        stated=True,
    ),
    "north_mm": Meant(
        words_of("north displacement_north north_displacement dn northward"),
        words_of("北向位移 北向移动 南北向位移"),
        length=True,
        unit="mm",
        stated=True,
    ),
    "since": Meant(words_of("since reference_date first_date master_date"), words_of("起算日期 基准日期 参考日期")),
    "year": Meant(words_of("date survey_date observed_on epoch"), words_of("观测日期 观测时间 测量日期 观测年")),
}


def understood(table: gpd.GeoDataFrame, meant_by: Mapping[str, Meant] = MEANT, *, role: str = "panels") -> gpd.GeoDataFrame:
    """The table with the contract's columns, filled from what else they are called; lengths in the contract's unit.

    A column of the contract's own name is taken as it is; cells may say another unit ('12 ft'). Raises InvalidInput where two
    columns fit one meaning and differ, where a heading's or a cell's unit is not known, or where a length is a rate.
    """
    columns = [str(c) for c in table.columns if c != table.geometry.name]
    found: dict[str, object] = {}
    for name, meant in meant_by.items():
        fits = [name] if name in columns else [c for c in columns if _fits(c, meant)]
        if not fits:
            continue
        if not meant.length:
            if len(fits) > 1:
                raise InvalidInput(say("subsidence.two_columns", role=role, meant=name, columns=fits))
            found[name] = table[fits[0]]
            continue
        if fits == [name] and not _some_number(table[name]):
            continue  # told where numbers are asked for
        read = [_metres(table, c, meant, role, named=c == name) / UNITS[meant.unit][0] for c in fits]
        if any(not np.allclose(read[0], other, rtol=2e-3, equal_nan=True) for other in read[1:]):
            raise InvalidInput(say("subsidence.two_columns", role=role, meant=name, columns=fits))
        found[name] = read[0]
    return table.assign(**found) if found else table


def _plain(heading: str) -> str:
    """A heading in lower case without its unit: 'Mining Depth (ft)' → mining_depth; Chinese without what follows it."""
    text = unicodedata.normalize("NFKC", heading).lower()
    for opening in "([{<【〔":
        text = text.partition(opening)[0]
    words = [w for w in tokens(text) if w not in _UNIT_WORDS]
    return "_".join(words)


def _fits(heading: str, meant: Meant) -> bool:
    text = unicodedata.normalize("NFKC", heading).lower()
    if any(word in text for word in meant.never) or (meant.length and is_rate(heading)):
        return False
    plain = _plain(heading)
    return plain in meant.exact or any(word in text for word in meant.inside)


def _some_number(values: Any) -> bool:
    return any(quantity(str(value)) is not None for value in values)


def _metres(table: gpd.GeoDataFrame, column: str, meant: Meant, role: str, *, named: bool) -> NDArray[np.float64]:
    """A column of lengths in metres, (p,), NaN for empty cells: as its cells say, else its heading, else the contract's unit.

    named: whether it bears the contract's own name. Raises InvalidInput where a unit has to be said and none is.
    """
    values, beside = numbers(table[column], shown=role, column=column)
    try:
        said = unit_of(column)
    except LookupError as error:
        raise InvalidInput(say("subsidence.column_unit", role=role, column=column, unit=str(error.args[0]))) from None
    if meant.stated and not named and said is None and not all(u for u, v in zip(beside, values, strict=True) if v == v):
        raise InvalidInput(say("subsidence.no_unit", role=role, column=column))
    return np.asarray(values * np.array([UNITS[unit or said or meant.unit][0] for unit in beside]))
