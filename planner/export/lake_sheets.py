"""The workbook's sheets of lakes through the years and in the design storm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from planner.columns import LAKE_FLOODS, LAKE_YEARS, Column
from planner.export.sheets import Book, Heading
from planner.words import term

OF_FLOOD: Final = {"flood_m": "level_m", "crest_m": "crest_m", "dyke_m": "dyke_m"}
PEAKS: Final = ("peak_in_m3_s", "peak_out_m3_s")


def write_lakes(book: Book, sheets: tuple[str, str], summary: Mapping[str, Any]) -> None:
    """A row a lake and kind of year, and a row a lake in the design storm; nothing where no lake was followed."""
    lakes = summary.get("water", {}).get("years", {}).get("reservoirs", [])
    if not lakes:
        return
    years, floods = sheets
    rows = [_year(book, lake, run, row) for lake in lakes for run, row in lake["years"].items()]
    book.table(years, _headings(book, LAKE_YEARS), rows)
    book.table(floods, _headings(book, LAKE_FLOODS), [_flood(lake) for lake in lakes])


def _headings(book: Book, table: Mapping[str, Column]) -> list[Heading]:
    unit = {name: "%" if name == "kept_share" else c.unit for name, c in table.items()}
    return [Heading(c.heading(book.lang), term("unit", unit[name], book.lang)) for name, c in table.items()]


def _year(book: Book, lake: Mapping[str, Any], run: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
    known = {**row, "fill_years": lake["fill_years"].get(run), "kept_share": 100 * float(row["kept_share"])}
    return (str(lake["id"]), book.say(f"lakes.run_{run}"), *(known[c] for c in list(LAKE_YEARS)[2:]))


def _flood(lake: Mapping[str, Any]) -> tuple[Any, ...]:
    flood = lake["flood"]
    known = {**lake, **{c: flood[key] for c, key in OF_FLOOD.items()}, **{c: flood[c] for c in PEAKS}}
    return (str(lake["id"]), *(known[c] for c in list(LAKE_FLOODS)[1:]))
