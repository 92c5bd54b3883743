"""Rows of long tables as sheet XML, written column by column: fifty times faster than a cell object each."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
from openpyxl.utils import column_index_from_string, get_column_letter

from planner.export.texts import FORMULA_START, clean

GROUPED = 10_000  # whole numbers from which thousands are set apart: years are not
StyleOf = Callable[[str], int]  # the style id of a number format; '' for plain, "'" for text that must never be a formula


def rows_xml(frame: pd.DataFrame, first: int, style_of: StyleOf, *, max_text: int) -> bytes:
    """The frame's rows as <row> elements from sheet row `first` on; numbers as numbers, everything else as inline text."""
    columns = [_cells(frame.iloc[:, j], get_column_letter(j + 1), first, style_of, max_text) for j in range(frame.shape[1])]
    lines = [f'<row r="{first + i}">{"".join(cells)}</row>' for i, cells in enumerate(zip(*columns, strict=True))]
    return "".join(lines).encode("utf-8")


def _cells(values: pd.Series[Any], letter: str, first: int, style_of: StyleOf, max_text: int) -> list[str]:
    if pd.api.types.is_bool_dtype(values.dtype) or not pd.api.types.is_numeric_dtype(values.dtype):
        return _texts(values, letter, first, style_of, max_text)
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    known = np.isfinite(numbers)
    whole = bool((numbers[known] == np.round(numbers[known])).all()) and pd.api.types.is_integer_dtype(values.dtype)
    largest = np.abs(numbers[known]).max(initial=0.0)
    if whole:
        style = style_of("#,##0" if largest >= GROUPED else "")
    else:
        style = style_of("#,##0" if largest >= 1e7 else "#,##0.00")
    head = f'" s="{style}"><v>' if style else '"><v>'
    shown = [str(int(v)) if whole else repr(v) for v in np.where(known, numbers, 0.0).tolist()]
    return [f'<c r="{letter}{first + i}{head}{v}</v></c>' if known[i] else "" for i, v in enumerate(shown)]


def _texts(values: pd.Series[Any], letter: str, first: int, style_of: StyleOf, max_text: int) -> list[str]:
    guard = style_of("'")
    made: dict[str, tuple[str, str]] = {}
    result = []
    for i, value in enumerate(values.to_numpy(dtype=object)):
        if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)) or value == "":
            result.append("")
            continue
        key = str(value)
        if key not in made:
            text = clean(key)[:max_text]
            style = f' s="{guard}"' if text.startswith(FORMULA_START) else ""
            made[key] = (style, f' t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>')
        style, body = made[key]
        result.append(f'<c r="{letter}{first + i}"{style}{body}')
    return result


def inserted(sheet: bytes, first: int, rows: bytes, *, width: int, count: int) -> bytes:
    """A sheet's XML with rows put below row `first` and the sheet's extent grown to hold `count` rows of `width` cells."""
    at = next(
        (m.start() for m in re.finditer(rb'<row r="(\d+)"', sheet) if int(m.group(1)) > first), sheet.index(b"</sheetData>")
    )
    extent = re.search(rb'<dimension ref="[A-Z]+\d+:([A-Z]+)(\d+)"', sheet)
    columns = column_index_from_string(extent.group(1).decode("ascii")) if extent else 1
    last = max(int(extent.group(2)) if extent else 1, first + count)
    grown = f'<dimension ref="A1:{get_column_letter(max(columns, width))}{last}"'.encode("ascii")
    return re.sub(rb'<dimension ref="[^"]*"', grown, sheet[:at], count=1) + rows + sheet[at:]
