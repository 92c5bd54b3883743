"""Attribute text as text: what no file, sheet or terminal may take for a command, a formula or markup."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

# C0 and C1 controls, line and paragraph separators, direction overrides, surrogates and non-characters.
_UNPRINTABLE: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
FORMULA_START: Final = ("=", "+", "-", "@", "\t", "\r")


def clean(text: object) -> str:
    """The text without characters that steer terminals, break XML or turn the reading direction."""
    return _UNPRINTABLE.sub("", str(text)).replace("\t", " ")


def plain_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with columns of plain float, int, bool or clean text (None where empty), as drivers take them."""
    result = frame.copy()
    for column in result.columns:
        if result[column].dtype.name == "geometry":
            continue
        result[column] = plain_column(result[column])
    return result


def plain_column(values: pd.Series[Any]) -> pd.Series[Any]:
    """One column as float, int, bool or clean text."""
    kind = values.dtype.kind if isinstance(values.dtype, np.dtype) else ""
    if kind in "fiub" and kind:
        return values
    if pd.api.types.is_bool_dtype(values.dtype) and not values.isna().any():
        return values.astype(bool)
    if pd.api.types.is_integer_dtype(values.dtype) and not values.isna().any():
        return values.astype("int64")
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.astype("float64")
    texts = [None if _missing(v) else clean(v) for v in values]
    return pd.Series(texts, index=values.index, name=values.name, dtype=object)


def _missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value))


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """UTF-8 with a byte-order mark; a text that a spreadsheet would take for a formula gets an apostrophe in front."""
    plain = pd.DataFrame(table).copy()
    for column in plain.columns:
        if not pd.api.types.is_numeric_dtype(plain[column].dtype):
            plain[column] = [f"'{t}" if isinstance(t, str) and t.startswith(FORMULA_START) else t for t in plain[column]]
    plain.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")
