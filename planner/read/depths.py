"""Which column of a table is the depth of subsidence, in which unit, and its numbers in metres."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.errors import InvalidInput
from planner.parameters import nearest
from planner.read.lengths import UNITS, is_rate, known, quantity, tokens, unit_of, words_of
from planner.read.record import Record
from planner.read.roles import plain
from planner.scenario import Layer
from planner.site import Floats
from planner.words import say

# In Chinese a word is found within a run of characters, else as a whole word.
# What names the sinking makes a depth of any column that no other word forbids.
STRONG: Final = words_of(
    """
    subsid settlement settling lowering sinking sunk senkung affaissement osiadani obniżeni subsidencia hundimiento
    оседани 下沉 沉陷 塌陷 沉降 采沉 陷落
    """
)
# Words for a depth may be any depth's: more of them forbid it.
BARE: Final = words_of(
    """
    depth deep tiefe profondeur profundidad głębokość глубина 深度 深 陷深
    """
)
# What a column may be of a sinking or a depth without being one.
NEVER: Final = words_of(
    """
    rate velocity vel speed annual yearly monthly daily 速率 速度 年均 每年 年沉 年下沉 率 area acreage volume vol mu
    ha m2 m3 sqm 面积 体积 容积 库容 方量 亩 factor coef coeff coefficient ratio share percent pct index 系数 因子
    比例 比值 指数 year years date day time start end 年份 年度 年限 时间 日期 起始 年代 soil topsoil root rooting
    plough plow snow frost 土层 土壤 表土 覆土 耕层 耕作层 根系 groundwater gw wt watertable well borehole drill
    地下水 水位 水深 积水 潜水 井深 钻孔 id no nr num number code name type kind class grade level rank source method
    flag status remark note count 编号 编码 代码 名称 类型 类别 等级 级别 分级 序号 个数 备注 来源 原因 状态 方法 稳定
    稳沉 权属 std stdev error err sigma rmse accuracy precision uncertainty confidence 误差 精度 中误差 tilt slope
    curvature strain angle horizontal radius 倾斜 曲率 变形 移动 角 半径 坡度 residual remaining allowable allowed
    limit threshold 残余 剩余 允许 容许 限值 阈值 fill backfill cut dig excavation foundation pile 回填 填 挖 开挖
    基础 桩
    """
)
NEVER_BARE: Final = words_of(
    """
    mining mine seam coal cover burial overburden working panel water pond lake thickness 采深 埋深 开采 采煤 煤 水 厚
    地质 勘探
    """
)
# Words that also name the sunken place itself: whole numbers 1 … n under them count places.
PLACE: Final = words_of(
    """
    sink sinks sinkhole subs subsidence settlement 沉陷 塌陷 沉陷区 塌陷区 沉陷地 塌陷地
    """
)
ABBREVIATED: Final = words_of(
    """
    cxsd sd shendu sink sink_depth sub_depth subs txsd w w0 wmax xcl xcz
    """
)
EMPTY: Final = ("", *words_of("- — -- nan null none 无 / n/a na <null> #n/a 不详 未知 缺"))
SENTINELS: Final = (-999.0, -9999.0, -99999.0, -999999.0, -32768.0, -32767.0, 9999.0, 99999.0, 999999.0)
OWN: Final = "subsidence_m"  # what plans and saved troughs call the mean, and beside it the greatest depth
GREATEST: Final = "subsidence_max_m"
HUGE: Final = 1e30  # Surfer's blank 1.70141e38, Esri's −3.4e38, netCDF's 9.97e36: no depth in any unit
SHALLOW_M: Final = 30.0  # up to here a bare number can only be metres
DEEPEST_M: Final = 60.0  # of any known subsidence; deeper ones (opencast voids) count where their unit is stated
DEEPEST_STATED_M: Final = 300.0  # an opencast void; below that a depth is a seam's or a mine's


@dataclass(frozen=True, eq=False)
class Depths:
    """The depth column, None where there is none, and its numbers, (n,), in metres, downward, NaN where empty."""

    column: str | None
    values: Floats
    numbered: str | None = None  # a column that merely counts the places, 1 … n


def read_depths(frame: gpd.GeoDataFrame, layer: Layer, record: Record) -> Depths:
    """The depth column of a table and its numbers in metres: the one its layer names, else the one its name tells.

    Raises InvalidInput where the named one is not there, several fit equally, a cell is no number or the unit is open.
    """
    columns = [str(c) for c in frame.columns if c != frame.geometry.name]
    nothing = np.full(len(frame), np.nan)
    if layer.depth is not None:
        if layer.depth not in columns:
            has = ", ".join(columns) or "none"
            raise InvalidInput(
                say("read.no_column", path=layer.path, column=layer.depth, meant=nearest(layer.depth, columns), has=has)
            )
        return Depths(layer.depth, _metres(frame, layer.depth, layer, record))
    best, numbered, texts = 9, None, []
    fits: list[str] = []
    for column in columns:
        rank = None if column == GREATEST and OWN in columns else tier(column)
        if rank is None or frame[column].isna().all():
            continue
        if plain(column) in PLACE and _counts(frame[column]):
            numbered = column
        elif not _numeric(frame[column]):
            texts.append(column)
        elif rank <= best:
            fits, best = [*(fits if rank == best else []), column], rank
    if not fits:
        for column in texts:
            if plain(column) not in PLACE and (plain(column) in BARE or _mostly_numbers(frame[column])):
                numbers(frame[column], shown=layer.path, column=column)  # raises for the cell that is no number
            record.warn(say("read.texts_no_depth", column=column))
        return Depths(None, nothing, numbered)
    found = [_metres(frame, c, layer, record if len(fits) == 1 else Record()) for c in fits]
    if any(not np.allclose(found[0], other, rtol=1e-3, atol=6e-3, equal_nan=True) for other in found[1:]):
        raise InvalidInput(say("read.two_depths", path=layer.path, columns=fits, first=fits[0]))
    if len(fits) > 1:
        found[0] = _metres(frame, fits[0], layer, record)
    record.decide(say("read.depth_column"), fits[0], say("read.by_name"))
    return Depths(fits[0], found[0], numbered)


def tier(column: str) -> int | None:
    """How well a heading names a depth of subsidence: 0 names the sinking, 1 a depth, 2 an abbreviation; None: it does not."""
    text = unicodedata.normalize("NFKC", column).lower()
    words = tokens(column)
    if is_rate(column) or any(_forbids(w, words, text, column) for w in NEVER):
        return None
    if any(w in text for w in STRONG):
        return 0
    if plain(column) in ABBREVIATED:
        return 2
    if any(w in text if _han(w) else any(t.startswith(w) for t in words) for w in BARE):
        return None if any(_forbids(w, words, text, column) for w in NEVER_BARE) else 1
    return None


def _forbids(word: str, words: list[str], text: str, column: str) -> bool:
    """Whether a word stands in a heading: in Chinese anywhere, else as a word or its end, or cut at ten bytes (dBase)."""
    if _han(word):
        return word in text
    if word in words or (word[-1:].isdigit() and re.search(rf"(?<![a-z]){word}(?!\w)", text)):
        return True
    if len(word) >= 4 and any(t.endswith(word) and any(s in t for s in STRONG) for t in words):
        return True
    return len(column) == 10 and len(words[-1]) >= 3 and word.startswith(words[-1]) and len(words) > 1


def _han(word: str) -> bool:
    return "\u3400" <= word[0] <= "\u9fff"


def _counts(values: pd.Series[Any]) -> bool:
    """Whether a column holds the whole numbers 1 … n (or 0 … n − 1), each once: a list of places, no depths."""
    if not pd.api.types.is_integer_dtype(values) or values.isna().any():
        return False
    ordered = np.sort(values.to_numpy(dtype=np.int64))
    return bool(ordered[0] in (0, 1) and np.array_equal(ordered, np.arange(len(ordered)) + ordered[0]))


def _numeric(values: pd.Series[Any]) -> bool:
    if pd.api.types.is_bool_dtype(values):
        return False
    if pd.api.types.is_numeric_dtype(values):
        return True
    texts = [_text(v) for v in values if _text(v) not in EMPTY]
    return bool(texts) and all(quantity(t) is not None for t in texts)


def _mostly_numbers(values: pd.Series[Any]) -> bool:
    texts = [_text(v) for v in values if _text(v) not in EMPTY]
    return 2 * sum(quantity(t) is not None for t in texts) >= len(texts)


def _text(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    return unicodedata.normalize("NFKC", str(value)).strip().lower()


def numbers(values: pd.Series[Any], *, shown: str, column: str) -> tuple[Floats, list[str | None]]:
    """A column's numbers, NaN for empty cells, and the unit that stands beside each ('2.5m', '２，５', '3 ft').

    Raises InvalidInput naming the first row that is no number, or whose comma may part thousands or decimals.
    """
    if pd.api.types.is_bool_dtype(values):
        raise InvalidInput(say("read.true_false", path=shown, column=column))
    units: list[str | None] = [None] * len(values)
    if pd.api.types.is_numeric_dtype(values):
        found: Floats = values.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        found = np.full(len(values), np.nan)
        texts = [_text(v) for v in values]
        grouped = [i for i, t in enumerate(texts) if re.match(r"^[-+]?[1-9]\d{0,2}(,\d{3})+(?!\d)", t)]
        if grouped and len(grouped) == sum("," in t for t in texts):
            raise InvalidInput(say("read.comma", path=shown, row=grouped[0] + 1, column=column, text=texts[grouped[0]][:30]))
        for i, text in enumerate(texts):
            if text in EMPTY:
                continue
            cell = quantity(text)
            if cell is None:
                raise InvalidInput(say("read.no_number", path=shown, row=i + 1, column=column, text=text[:30]))
            found[i], units[i] = cell
    usual = found[np.isfinite(found) & ~np.isin(found, SENTINELS)]
    negative_only = np.array([s for s in SENTINELS if s < 0 or not len(usual) or usual.max() <= DEEPEST_M])
    found = np.where(np.isin(found, negative_only) | (np.isfinite(found) & (np.abs(found) > HUGE)), np.nan, found)
    if np.isinf(found).any():
        raise InvalidInput(say("read.infinite", path=shown, row=int(np.flatnonzero(np.isinf(found))[0]) + 1, column=column))
    return found, units


def _metres(frame: gpd.GeoDataFrame, column: str, layer: Layer, record: Record) -> Floats:
    """Depths in metres, positive downward: the unit as given, beside the numbers, as the column says, or by magnitude."""
    shown = layer.path
    values, beside = numbers(frame[column], shown=shown, column=column)
    values = _downward(values, column, shown, record)
    given = None
    if layer.unit is not None:
        given = known(layer.unit)
        if given is None:
            raise InvalidInput(say("read.unit_unknown", where="layers.polygons.unit", unit=layer.unit))
    try:
        said = unit_of(column)
    except LookupError as error:
        if given is None:
            raise InvalidInput(say("read.unit_strange", path=shown, column=column, unit=str(error.args[0]))) from None
        said = None
    named = given or said
    if any(beside):
        bare = [i for i, u in enumerate(beside) if u is None and np.isfinite(values[i])]
        if bare and named is None:
            raise InvalidInput(say("read.unit_some", path=shown, row=bare[0] + 1, column=column))
        factors = np.array([UNITS[u or named or "m"][0] for u in beside])
        return _plausible(values * factors, "m", column, shown, stated=True)
    if named is not None:
        why = say("read.unit_given") if given else say("read.unit_in_heading")
        if named != "m" or given is None:
            record.decide(say("read.unit_of_depth"), named, why)
        return _plausible(values * UNITS[named][0], named, column, shown, stated=True)
    top = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
    if SHALLOW_M < top <= 2_500:
        raise InvalidInput(say("read.unit_open", path=shown, column=column, top=top))
    unit = "m" if top <= SHALLOW_M else "mm"
    record.decide(say("read.unit_of_depth"), unit, say("read.unit_by_size", top=top, unit=unit))
    return _plausible(values * UNITS[unit][0], unit, column, shown, stated=False)


def _plausible(values: Floats, unit: str, column: str, shown: str, *, stated: bool) -> Floats:
    top = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
    most = DEEPEST_STATED_M if stated else DEEPEST_M
    if top > most:
        raise InvalidInput(say("read.too_deep", path=shown, column=column, top=top / UNITS[unit][0], unit=unit, most_m=most))
    return values


def _downward(values: Floats, column: str, shown: str, record: Record) -> Floats:
    if not (values < 0).any():
        return values
    if (values > 0).any():
        row = int(np.flatnonzero(values < 0)[0])
        raise InvalidInput(say("read.mixed_signs", path=shown, row=row + 1, column=column, value=float(values[row])))
    record.warn(say("read.all_negative", path=shown, column=column))
    return -values


def tell_zero(depth: Floats, labels: Any, shown: str, record: Record) -> None:
    """Parcels of depth 0 are told: in a dBase table an empty cell reads as 0. Raises InvalidInput where all are."""
    zero = np.flatnonzero(depth == 0.0)
    if len(zero) and len(zero) == len(depth):
        raise InvalidInput(say("read.all_zero", path=shown, n=len(zero)))
    if len(zero):
        names = [str(labels[i]) for i in zero[:5]]
        record.warn(say("read.zero_depths", path=shown, n=len(zero), names=names))
