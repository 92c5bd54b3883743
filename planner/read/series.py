"""A station's record of rain and evaporation by month."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from planner.errors import InvalidInput
from planner.read.encoding import decode_text
from planner.read.tabular import csv_rows
from planner.words import say

NAMES: Final = {
    "year": ("year", "年", "年份"),
    "month": ("month", "月", "月份"),
    "rain": ("rain_mm", "rain", "precipitation_mm", "降水", "降水量", "降雨量"),
    "evaporation": ("evaporation_mm", "evaporation", "蒸发", "蒸发量", "水面蒸发"),
}


def read_years(path: str | Path) -> list[tuple[int, tuple[float, ...], tuple[float, ...]]]:
    """Years in order, each with twelve months of rain and of evaporation over open water, mm, of a CSV file.

    Columns year, month, rain_mm, evaporation_mm (or 年, 月, 降水量, 蒸发量). Raises InvalidInput where a column or a month is
    missing, stands there twice or is no number.
    """
    path = Path(path)
    if not path.is_file():
        raise InvalidInput(say("read.no_series", path=path.name))
    text, _ = decode_text(path.read_bytes(), encoding=None, where=path.name)
    rows = csv_rows(text.lstrip("\ufeff"), path.name)
    heads = [cell.strip().lower() for cell in rows[0]] if rows else []
    at = {}
    for key, known in NAMES.items():
        hit = next((heads.index(name) for name in known if name in heads), None)
        if hit is None:
            raise InvalidInput(say("read.series_column", path=path.name, column=known[0], heads=heads))
        at[key] = hit
    found: dict[tuple[int, int], tuple[float, float]] = {}
    for number, row in enumerate(rows[1:], start=2):
        try:
            year, month = int(float(row[at["year"]])), int(float(row[at["month"]]))
            values = float(row[at["rain"]]), float(row[at["evaporation"]])
        except (ValueError, IndexError, OverflowError):
            raise InvalidInput(say("read.series_row", path=path.name, row=number)) from None
        if not (1 <= month <= 12 and min(values) >= 0) or (year, month) in found:
            raise InvalidInput(say("read.series_row", path=path.name, row=number))
        found[year, month] = values
    years = sorted({year for year, _ in found})
    missing = next(((y, m) for y in years for m in range(1, 13) if (y, m) not in found), None)
    if not years or missing is not None:
        raise InvalidInput(
            say("read.series_gap", path=path.name, year=missing[0] if missing else 0, month=missing[1] if missing else 0)
        )
    return [
        (year, tuple(found[year, m][0] for m in range(1, 13)), tuple(found[year, m][1] for m in range(1, 13))) for year in years
    ]
