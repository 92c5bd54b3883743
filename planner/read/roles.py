"""What a table's columns are for, guessed from English and Chinese names, and in which unit its depths are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from planner.errors import InvalidInput
from planner.parameters import nearest
from planner.read.record import Record
from planner.scenario import Layer
from planner.site import Floats


@dataclass(frozen=True)
class Role:
    """Names a column of a role goes by: exact ones (best first), words inside longer names, words that rule it out."""

    exact: tuple[str, ...]
    inside: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    zh: str = ""


_NOT_SUBSIDENCE = (
    "采深",
    "埋深",
    "开采深度",
    "水深",
    "积水",
    "煤层",
    "mining",
    "water",
    "seam",
    "burial",
    "cover",
    "pond",
    "残余",
    "residual",
)

ROLES: Final = {
    "depth": Role(
        (
            *(
                "subsidence",
                "subsidence_depth",
                "depth",
                "sub_depth",
                "subs",
                "sink",
                "settlement",
                "lowering",
                "w0",
                "wmax",
                "w",
            ),
            *(
                "沉陷深度",
                "塌陷深度",
                "下沉深度",
                "下沉值",
                "下沉量",
                "沉陷值",
                "沉降量",
                "沉降值",
                "下沉",
                "沉陷",
                "塌陷",
                "深度",
            ),
            *("平均深度", "平均下沉", "txsd", "cxsd", "xcz", "xcl", "shendu", "sd"),
        ),
        ("下沉", "沉陷深", "塌陷深", "沉降", "深度", "subsid", "depth"),
        (*_NOT_SUBSIDENCE, "类型", "等级", "名称", "编号", "type", "class", "grade", "name", "date", "id"),
        "沉陷深度",
    ),
    "id": Role(
        (
            *(
                "parcel_id",
                "parcel",
                "unit_id",
                "id",
                "code",
                "no",
                "编号",
                "地块编号",
                "图斑编号",
                "沉陷区编号",
                "塌陷区编号",
                "标识码",
            ),
            *("代码", "tbbh", "dkbh", "bsm", "bh", "objectid", "fid"),
        ),
        ("编号", "编码"),
        ("煤矿", "mine"),
        "编号",
    ),
    "name": Role(
        ("name", "title", "label", "名称", "地块名称", "沉陷区名称", "塌陷区名称", "图斑名称", "地名", "mc", "dkmc", "layer"),
        ("名称",),
        ("矿", "mine", "_en", "english", "权属", "坐落"),
        "名称",
    ),
    "name_en": Role(("name_en", "english", "english_name", "英文名", "英文名称"), (), (), "英文名"),
    "mine": Role(
        (
            "mine",
            "mine_name",
            "coal_mine",
            "colliery",
            "矿井",
            "煤矿",
            "矿名",
            "所属矿井",
            "所属煤矿",
            "矿井名称",
            "煤矿名称",
            "kj",
            "kjmc",
        ),
        ("煤矿", "矿井"),
        (),
        "矿井",
    ),
    "phase": Role(("phase", "stage", "period", "期", "期次", "分期", "治理分期", "治理期", "阶段"), ("分期",), (), "分期"),
    "date": Role(
        ("date", "year", "time", "survey_date", "日期", "时间", "年份", "年度", "沉陷时间", "塌陷时间", "调查日期", "稳沉时间"),
        ("日期", "时间", "年份"),
        (),
        "日期",
    ),
}
_UNIT_WORDS: Final = {"mm": 0.001, "毫米": 0.001, "cm": 0.01, "厘米": 0.01, "m": 1.0, "米": 1.0}
_NUMBER = re.compile(r"^\s*([-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?)\s*(mm|cm|m|毫米|厘米|米)?\s*$")


def plain(name: object) -> str:
    """A column's name in one case and width, without its unit: '沉陷深度（ｍ）' → '沉陷深度'."""
    text = unicodedata.normalize("NFKC", str(name)).strip().lower()
    text = re.sub(r"\s*[(\[/].*$", "", text)
    text = re.sub(r"[_\s](mm|cm|m)$", "", text)
    return re.sub(r"[\s\-.]+", "_", text).strip("_")


def unit_in(name: object) -> str | None:
    """The unit a column's name says: mm, cm or m."""
    text = unicodedata.normalize("NFKC", str(name)).strip().lower()
    hit = re.search(r"[(\[/_\s](mm|cm|m|毫米|厘米|米)[)\]]?$", text)
    return {"毫米": "mm", "厘米": "cm", "米": "m"}.get(hit.group(1), hit.group(1)) if hit else None


def find(role: str, columns: Sequence[str]) -> str | None:
    """The column that fills a role best, or None."""
    spec = ROLES[role]
    names = {c: plain(c) for c in columns}
    for wanted in spec.exact:
        for column, name in names.items():
            if name == wanted:
                return column
    for word in spec.inside:
        for column, name in names.items():
            if word in name and not any(n in name for n in spec.never):
                return column
    return None


def chosen(layer: Layer, columns: Sequence[str], *, shown: str, record: Record) -> dict[str, str]:
    """The column of each role, as the layer names it or as guessed; guesses are recorded.

    Raises InvalidInput where a named column is not there.
    """
    given = {"id": layer.id, "depth": layer.depth, "name": layer.name}
    result: dict[str, str] = {}
    for role in ROLES:
        wanted = given.get(role)
        if wanted is not None:
            if wanted not in columns:
                raise InvalidInput(
                    f"{shown}: no column {wanted!r}{nearest(wanted, columns)}; it has {', '.join(map(str, columns)) or 'none'}"
                )
            result[role] = wanted
            continue
        hit = find(role, [c for c in columns if c not in result.values()])
        if hit is not None:
            result[role] = hit
            record.decide((f"column for {role}", f"{ROLES[role].zh}字段"), hit, ("by its name", "按字段名判断"))
    return result


def numbers(values: pd.Series[Any], *, shown: str, column: str) -> Floats:
    """A column's numbers, NaN for empty cells; texts like '2.5m', '２，５' and units beside the number are understood.

    Raises InvalidInput naming the first row that is no number.
    """
    if pd.api.types.is_bool_dtype(values):
        raise InvalidInput(f"{shown}: column {column!r} holds true/false, not depths")
    if pd.api.types.is_numeric_dtype(values):
        found: Floats = values.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        found = np.array([_number(v, i, shown, column) for i, v in enumerate(values)], dtype=np.float64)
    found = np.where(np.isin(found, (-9999.0, -99999.0, -32768.0)), np.nan, found)
    if np.isinf(found).any():
        raise InvalidInput(f"{shown}: row {int(np.flatnonzero(np.isinf(found))[0]) + 1}, column {column!r}: infinite")
    return found


def _number(value: object, row: int, shown: str, column: str) -> float:
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return float("nan")
    text = unicodedata.normalize("NFKC", str(value)).strip()
    if text.lower() in ("", "-", "—", "nan", "null", "none", "无", "/", "n/a", "<null>"):
        return float("nan")
    hit = _NUMBER.match(text)
    if hit is None:
        raise InvalidInput(f"{shown}: row {row + 1}, column {column!r}: {text[:30]!r} is no number")
    return float(hit.group(1).replace(",", ".")) * _UNIT_WORDS.get(hit.group(2) or "", 1.0)


def depths_m(values: Floats, column: str, *, unit: str | None, texts_have_units: bool, shown: str, record: Record) -> Floats:
    """Depths in metres, positive downward: the unit as given, as the column's name says, or by magnitude.

    Raises InvalidInput for mixed signs, or where the magnitude leaves the unit open.
    """
    values = _downward(values, column, shown, record)
    top = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
    if unit is not None and unit not in ("m", "cm", "mm"):
        raise InvalidInput(f'layers.polygons.unit = {unit!r}: "m", "cm" or "mm" is expected')
    named = unit or ("m" if texts_have_units else unit_in(column))
    why = ("given", "用户指定") if unit else ("said by the column", "字段名注明")
    if named is None:
        named, why = _by_size(values, top, column, shown)
    factor = _UNIT_WORDS[named]
    if named != "m" or unit is None:
        record.decide(("unit of depth", "深度单位"), named, why)
    if top * factor > 60:
        raise InvalidInput(
            f"{shown}: depth {top:g} {named} in {column!r} is deeper than any known subsidence (60 m); "
            'give its unit: layers.polygons.unit = "mm"'
        )
    return values * factor


def _by_size(values: Floats, top: float, column: str, shown: str) -> tuple[str, tuple[str, str]]:
    if top <= 30:
        return "m", (f"values up to {top:g} can only be metres", f"最大值 {top:g}，应为米")
    if top > 2_500:
        return "mm", (f"values up to {top:g} can only be millimetres", f"最大值 {top:g}，应为毫米")
    raise InvalidInput(
        f"{shown}: column {column!r} goes up to {top:g}: centimetres or millimetres? "
        'Say which: layers.polygons.unit = "cm" (or "mm")'
    )


def _downward(values: Floats, column: str, shown: str, record: Record) -> Floats:
    if not (values < 0).any():
        return values
    if (values > 0).any():
        row = int(np.flatnonzero(values < 0)[0])
        raise InvalidInput(f"{shown}: row {row + 1}, column {column!r}: {values[row]:g} is negative while others are positive")
    record.warn(
        f"{shown}: all depths in {column} are negative; taken as ground lost and turned positive",
        f"{shown}：{column} 全为负值；视为下沉量并取正",
    )
    return -values


def mixed_units(values: pd.Series[Any]) -> bool:
    """Whether texts carry their unit beside the number, so that `numbers` gave metres."""
    if pd.api.types.is_numeric_dtype(values):
        return False
    hits = (_NUMBER.match(unicodedata.normalize("NFKC", str(v)).strip()) for v in values.dropna())
    return any(h is not None and h.group(2) for h in hits)
