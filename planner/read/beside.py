"""What the columns of layers beside the parcels mean: constraints' kinds and targets, names and codes of land uses."""

from __future__ import annotations

import re
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.errors import InvalidInput
from planner.landuse import CHOICES, TARGETS
from planner.parameters import nearest
from planner.read import roles
from planner.words import say


def texts_of(values: pd.Series[Any]) -> list[str | None]:
    """Cells as texts without control characters, whole numbers without a point, None for empty ones."""
    result: list[str | None] = []
    for value in values.to_numpy(dtype=object):
        if isinstance(value, str):
            text = value
        elif value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
            result.append(None)
            continue
        else:
            text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        if not text.isprintable():
            text = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]", " ", text)
        result.append(text.strip() or None)
    return result


def meant(frame: gpd.GeoDataFrame, role: str, shown: str) -> gpd.GeoDataFrame:
    """The columns a role promises: constraints get kind, forbids and name; landuse gets landuse."""
    if role == "constraints":
        for column, names in _CONSTRAINT_NAMES.items():
            source = _first(frame, names)
            frame[column] = [t or "" for t in texts_of(frame[source])] if source else ""
        frame["forbids"] = [_forbidden(t, i, shown) for i, t in enumerate(frame["forbids"])]
    elif role == "landuse":
        source = _first(frame, _LANDUSE_NAMES)
        if source is None:
            raise InvalidInput(say("read.no_landuse", path=shown, has=list(map(str, frame.columns))))
        frame["landuse"] = with_zeros([t or "" for t in texts_of(frame[source])])
    return frame


def with_zeros(uses: list[str]) -> list[str]:
    """Codes of land uses with the zero that a column of numbers loses: 103 is 0103, and 11 and 103 are 011 and 103.

    Texts that are no codes throughout, and codes of which one has its zero, stay as they are. Source: GB/T 21010-2017 has codes
    of 2 and 4 digits, GB/T 21010-2007 of 2 and 3; codes of 3 digits that neither has are of the classification of 2002.
    """
    numbers = {int(use) for use in uses if use and use.isdecimal() and use[0] != "0"}
    if not numbers or any(use and (not use.isdecimal() or use[0] == "0") for use in uses):
        return uses
    if max(numbers) < 100:
        digits = 2 if max(numbers) <= 12 else 3  # the classes are 12
    elif min(numbers) < 100:
        digits = 3
    else:
        digits = 4 if all(n >= 1000 or 1 <= n % 100 <= 10 for n in numbers) else 0
    return [use.zfill(digits) if use else use for use in uses]


_CONSTRAINT_NAMES: Final = {
    "kind": ("kind", "type", "类型", "类别", "限制类型"),
    "forbids": ("forbids", "forbidden", "forbid", "禁止", "禁止用途", "禁建"),
    "name": ("name", "名称", "mc"),
}
_LANDUSE_NAMES: Final = (
    "landuse",
    "land_use",
    "lu",
    "dlmc",
    "地类",
    "地类名称",
    "用地类型",
    "土地利用",
    "dlbm",
    "地类编码",
    "class",
)


def _first(frame: gpd.GeoDataFrame, names: tuple[str, ...]) -> str | None:
    plain = {roles.plain(c): str(c) for c in frame.columns if c != "geometry"}
    return next((plain[n] for n in names if n in plain), None)


def _forbidden(text: str, row: int, shown: str) -> str:
    """Targets as CHOICES' keys, comma between, from keys, English or Chinese names; 'all' and 全部 mean the four."""
    known = {k: k for k in CHOICES} | {t.en.lower(): k for k, t in TARGETS.items()} | {t.zh: k for k, t in TARGETS.items()}
    known |= {
        "建设": "construction",
        "耕地": "arable",
        "绿化": "green",
        "水库": "reservoir",
        "水面": "reservoir",
        "land": "arable",
    }
    found: set[str] = set()
    for word in re.split(r"[,;，；、|/]+", text):
        key = word.strip().lower()
        if key in ("all", "全部", "一切"):
            found |= set(CHOICES)
        elif key in known:
            found.add(known[key])
        elif key:
            raise InvalidInput(
                say(
                    "read.forbids_unknown",
                    path=shown,
                    row=row + 1,
                    word=word.strip()[:30],
                    nearest=nearest(key, known),
                    known=list(CHOICES),
                )
            )
    return ",".join(c for c in CHOICES if c in found)
