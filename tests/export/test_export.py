"""What a saved plan holds, that two saves agree to the byte, and that text stays text in every file."""

import json
import re
import sqlite3
import tomllib
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from planner import export
from planner.economics import PAID
from planner.errors import OutputExists, PlannerError
from planner.export.sitefile import toml
from planner.scenario import parse_scenario
from planner.site import Decision, Grid, InputFile, Site, WaterTable
from planner.words import plain

CRS = 4527
X0, Y0 = 39_500_000.0, 3_760_000.0
HOSTILE = [
    '=HYPERLINK("http://x","y")',
    "+1+1",
    "-2+3|cmd",
    "@SUM(A1)",
    "<script>alert(1)</script>",
    "a\x00b\x1b[31mred\x07",
    "\u202egnp.exe",
    '"; DROP TABLE units; --',
    "]]><!ENTITY x SYSTEM 'file:///etc/passwd'>",
    "字" * 40_000,
]


@dataclass(frozen=True, eq=False)
class StandIn:
    """The view of a plan that saving asks for: four units of two parcels, one reservoir."""

    site: Site
    units: gpd.GeoDataFrame
    parcels: gpd.GeoDataFrame
    reservoirs: gpd.GeoDataFrame
    options: pd.DataFrame
    borders: pd.DataFrame
    haul: pd.DataFrame
    storage_tables: dict[str, pd.DataFrame]
    economics: Any
    extra: dict[str, Any] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        sums = self.units.groupby("target")["area_mu"].sum()
        names = ("construction", "arable", "green", "reservoir", "unrestored")
        return {
            "schema": "planner.summary/1",
            "site": {"name": self.site.name, "units": len(self.units), "parcels": 2, "area_mu": 60.0},
            "targets": {t: {"area_mu": float(sums.get(t, 0.0)), "units": 1} for t in names},
            "water": {"storage_m3": 15_000.0, "reservoirs": []},
            "earthwork": {"cut_m3": 1000.0, "fill_m3": 900.0},
            "economics": {"cost_cny": 2e6, "benefit_cny": 8e6},
            "solver": {
                "status": "optimal",
                "gap": float("nan"),
                "binding": [{"rule": "budget", "shadow_price": 1.5, "unit": "yuan"}],
            },
            "warnings": ["no terrain"],
            "provenance": {"inputs": [{"path": "a.gpkg", "sha256": "00"}], "versions": {"python": "3"}, "decisions": []},
        }


def box(i: int) -> Any:
    return shapely.box(X0 + 100 * i, Y0, X0 + 100 * (i + 1), Y0 + 100)


def stand_in(reason: str = "deep water", *, name: str = "一号", order: tuple[int, ...] = (0, 1, 2, 3)) -> StandIn:
    grid = Grid(np.zeros((4, 4)), X0, Y0 + 100, 100.0, 25.0)
    scenario = parse_scenario(
        {"layers": {"polygons": "a.gpkg"}, "budget": {"max_cny": 2.2e9}, "targets": {"green": {"freeboard_m": 0.5}}}
    )
    target = ["construction", "arable", "green", "reservoir"]
    units = gpd.GeoDataFrame(
        {
            "parcel_id": ["A", "A", "B", "B"],
            "target": target,
            "treatment": ["level", "fill", "forest", "dig_1"],
            "area_mu": [15.0, 15.5, 14.5, 15.0],
            "subsidence_m": [0.1, 1.0, 2.0, 3.0],
            "water_depth_m": [0.0, 0.0, 0.5, 1.5],
            "water_table_m": 31.5,
            "design_m": [0.0, 0.4, 0.0, -1.0],
            "reservoir_id": ["", "", "", "R1"],
            "storage_m3": [0.0, 0.0, 0.0, 15_000.0],
            "cut_m3": [0.0, 0.0, 0.0, 1000.0],
            "fill_m3": [0.0, 900.0, 0.0, 0.0],
            "cost_cny": [5e5, 6e5, 4e5, 5e5],
            "benefit_cny": [5e6, 1e6, 1e6, 1e6],
            "ready_year": [2026, 2027, 2026, 2028],
            "reason": [reason] * 4,
            "note": pd.array([None, True, False, None], dtype="boolean"),
        },
        geometry=[box(i) for i in range(4)],
        index=pd.Index(["u1", "u2", "u3", "u4"], name="unit_id"),
        crs=CRS,
    ).iloc[list(order)]
    parcels = gpd.GeoDataFrame(
        {"name": [name, "二号"], "mine": ["M", ""], "subsidence_m": [0.5, 2.5]},
        geometry=[shapely.union(box(0), box(1)), shapely.union(box(2), box(3))],
        index=pd.Index(["A", "B"], name="parcel_id"),
        crs=CRS,
    )
    reservoirs = gpd.GeoDataFrame(
        {"level_m": [31.5], "area_mu": [15.0], "storage_m3": [15_000.0], "size_class": ["pond"]},
        geometry=[box(3)],
        index=pd.Index(["R1"], name="reservoir_id"),
        crs=CRS,
    )
    options = pd.DataFrame(
        {"target": target, "treatment": ["level", "fill", "forest", "dig_1"], "cost_cny": [1.0, 2.0, 3.0, 4.0]},
        index=pd.MultiIndex.from_tuples([(f"u{i + 1}", f"{t}:x") for i, t in enumerate(target)], names=["unit_id", "option"]),
    )
    site = Site(
        name=name,
        crs=units.crs,
        parcels=parcels,
        terrain=grid,
        subsidence=grid,
        water_table=WaterTable(grid, grid, grid),
        scenario=scenario,
        inputs=(InputFile("polygons", "a.gpkg", "00"),),
        decisions=(Decision(plain("CRS"), plain("EPSG:4527"), plain("given")),),
        extra={"folder": "/data/site"},
    )
    economics = SimpleNamespace(
        by_target=units.groupby("target")[["cost_cny", "benefit_cny"]].sum(),
        items=pd.DataFrame([("搬迁", "resettlement", 1e6, reason, reason)], columns=PAID),
        funds=pd.DataFrame([("PPP", "PPP", 2e6, "", "")], columns=PAID),
        flow=pd.DataFrame({"cost_cny": [1e6, 1e6], "benefit_cny": [0.0, 8e6]}, index=pd.Index([2025, 2026], name="year")),
    )
    return StandIn(
        site=site,
        units=units,
        parcels=parcels,
        reservoirs=reservoirs,
        options=options,
        borders=pd.DataFrame({"unit_a": ["u1"], "unit_b": ["u2"], "length_m": [100.0]}),
        haul=pd.DataFrame({"from_unit": ["u4"], "to_unit": ["u2"], "m3": [900.0], "distance_m": [200.0], "cost_cny": [270.0]}),
        storage_tables={"R1": pd.DataFrame({"level_m": [30.0, 31.5], "area_m2": [0.0, 1e4], "storage_m3": [0.0, 1.5e4]})},
        economics=economics,
    )


def test_the_folder_holds_what_the_contract_names(tmp_path: Path) -> None:
    out = export.save(stand_in(), tmp_path / "out", extra_files={"map.html": "<html></html>"})
    assert sorted(p.name for p in out.iterdir()) == ["map.html", "plan.gpkg", "site.toml", "summary.json", "tables.xlsx"]
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert summary["schema"] == "planner.summary/1"
    assert summary["solver"]["gap"] is None
    units = gpd.read_file(out / "plan.gpkg", layer="units")
    assert list(units.columns[: len(export.folder.CONTRACT_COLUMNS)]) == list(export.folder.CONTRACT_COLUMNS)
    assert units.crs.to_epsg() == CRS
    assert list(gpd.read_file(out / "plan.gpkg", layer="reservoirs")["reservoir_id"]) == ["R1"]
    options = pyogrio.read_dataframe(out / "plan.gpkg", layer="options")
    assert list(options["unit_id"]) == ["u1", "u2", "u3", "u4"]
    assert list(pyogrio.read_dataframe(out / "plan.gpkg", layer="borders")["length_m"]) == [100.0]
    assert list(pyogrio.read_dataframe(out / "plan.gpkg", layer="storage")["reservoir_id"]) == ["R1", "R1"]
    assert export.is_plan(out)


def test_qgis_finds_a_default_style_for_each_layer(tmp_path: Path) -> None:
    out = export.save(stand_in(), tmp_path / "out", lang="zh")
    with sqlite3.connect(out / "plan.gpkg") as connection:
        rows = connection.execute("SELECT f_table_name, f_geometry_column, styleQML, useAsDefault FROM layer_styles").fetchall()
        geometry = dict(connection.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall())
    assert {r[0] for r in rows} == {"units", "parcels", "reservoirs", "names"}
    for name, column, qml, default in rows:
        assert column == geometry[name]
        assert default
        root = __import__("xml.etree.ElementTree", fromlist=["x"]).fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", qml))
        assert root.find("renderer-v2") is not None
    units = next(r[2] for r in rows if r[0] == "units")
    assert 'value="reservoir" label="水库水面"' in units
    assert 'name="面积（亩）"' in units


def test_every_size_class_of_a_reservoir_has_a_style() -> None:
    from planner.sizes import size_class

    sizes = (2e9, 5e8, 5e7, 5e6, 5e5, 5e4)
    assert [size_class(v) for v in sizes] == list(export.styles.SIZE_CLASSES)


def test_two_saves_of_a_plan_agree_whatever_the_order_of_its_rows(tmp_path: Path) -> None:
    a = export.save(stand_in(), tmp_path / "a")
    b = export.save(stand_in(order=(3, 1, 0, 2)), tmp_path / "b")
    for name in ("tables.xlsx", "summary.json"):
        assert (a / name).read_bytes() == (b / name).read_bytes(), name
    for layer in ("units", "parcels", "reservoirs", "options", "borders"):
        left, right = (pyogrio.read_dataframe(f / "plan.gpkg", layer=layer) for f in (a, b))
        pd.testing.assert_frame_equal(pd.DataFrame(left), pd.DataFrame(right))
    with sqlite3.connect(a / "plan.gpkg") as connection:
        assert {r[0] for r in connection.execute("SELECT last_change FROM gpkg_contents")} == {"2000-01-01T00:00:00.000Z"}


def test_saving_again_needs_overwrite_and_never_touches_a_strange_folder(tmp_path: Path) -> None:
    out = export.save(stand_in(), tmp_path / "out")
    with pytest.raises(OutputExists, match="--overwrite"):
        export.save(stand_in(), out)
    (out / "notes.txt").write_text("mine")
    export.save(stand_in("other"), out, overwrite=True)
    assert (out / "notes.txt").read_text() == "mine"
    assert set(gpd.read_file(out / "plan.gpkg", layer="units")["reason"]) == {"other"}
    strange = tmp_path / "home"
    strange.mkdir()
    (strange / "photo.jpg").write_text("x")
    with pytest.raises(OutputExists, match="not a plan"):
        export.save(stand_in(), strange, overwrite=True)


def test_a_failure_in_any_file_leaves_the_old_plan_whole(tmp_path: Path) -> None:
    out = export.save(stand_in(), tmp_path / "out")
    before = {p.name: p.read_bytes() for p in out.iterdir()}

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(PlannerError, match="disk is full"):
        export.save(stand_in("new"), out, overwrite=True, extra_files={"map.html": full})
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_the_resolved_site_reads_back_and_its_paths_lead_home(tmp_path: Path) -> None:
    out = export.save(stand_in(), tmp_path / "out")
    text = (out / "site.toml").read_text(encoding="utf-8")
    document = tomllib.loads(text)
    assert (out / document["layers"]["polygons"]["path"]).resolve() == Path("/data/site/a.gpkg")
    assert document["site"]["outside_paths"] is True
    again = parse_scenario(document)
    assert again.budget.max_cny == 2.2e9
    assert again.number("targets.green.freeboard_m") == 0.5


@pytest.mark.parametrize(
    "document",
    [
        {"a": 1, "b": {"c": 1.5, "d": {"e": "x"}}, "f": [1.0, 2.0]},
        {"lock": [{"unit": "u1", "target": "green"}, {"unit": 'q"\\\n', "target": "arable"}]},
        {"layers": {"polygons": {"path": "a b.gpkg", "layer": "图层"}, "water_table": {"normal": 31.5, "wet": 32.0}}},
        {"economics": {"item": [{"name": "x", "cny": -1e-9}]}, "x": True, "键": {"名": "\x00\x7f"}},
        {"a": {"b": {}}, "c": []},
    ],
)
def test_toml_reads_back_as_written(document: dict[str, Any]) -> None:
    assert tomllib.loads(toml(document)) == document


def evaluated(book: Any, sheet: Any, text: str) -> float:
    """A small evaluator of the formulas the workbook uses, to hold the stored values against."""

    def cells(reference: str, home: Any) -> list[Any]:
        name, _, span = reference.rpartition("!")
        page = book[name.strip("'")] if name else home
        found = page[span.replace("$", "")]
        if not isinstance(found, tuple):
            return [value(page, found)]
        return [value(page, c) for row in found for c in (row if isinstance(row, tuple) else (row,))]

    def value(page: Any, cell: Any) -> Any:
        raw = cell.value
        return evaluated(book, page, raw) if isinstance(raw, str) and raw.startswith("=") and cell.data_type == "f" else raw

    body = text.removeprefix("=")
    if hit := re.fullmatch(r"SUM\(([^)]+)\)", body):
        return sum(v for v in cells(hit[1], sheet) if isinstance(v, int | float))
    if hit := re.fullmatch(r"(SUMIFS|COUNTIF)\((.+),(\w+)\)", body):
        ranges, key = hit[2].split(","), cells(hit[3], sheet)[0]
        match = cells(ranges[-1], sheet)
        amounts = cells(ranges[0], sheet) if hit[1] == "SUMIFS" else [1] * len(match)
        return sum(a for a, m in zip(amounts, match, strict=True) if m == key and isinstance(a, int | float))
    if hit := re.fullmatch(r"IF\((\w+)=0,0,(\w+)/(\w+)\)", body):
        bottom = cells(hit[3], sheet)[0]
        return 0.0 if bottom == 0 else cells(hit[2], sheet)[0] / bottom
    if hit := re.fullmatch(r"MAX\(0,(\w+)-(\w+)\)", body):
        return max(0.0, cells(hit[1], sheet)[0] - cells(hit[2], sheet)[0])
    if hit := re.fullmatch(r"(\w+)\*(\w+)", body):
        return float(cells(hit[1], sheet)[0] * cells(hit[2], sheet)[0])
    return float(sum(cells(part, sheet)[0] for part in body.split("+")))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_formula_of_the_workbook_has_the_value_stored_beside_it(tmp_path: Path, lang: str) -> None:
    out = export.save(stand_in(), tmp_path / "out", lang=lang)
    book = openpyxl.load_workbook(out / "tables.xlsx")
    stored = openpyxl.load_workbook(out / "tables.xlsx", data_only=True)
    formulas = 0
    for sheet in book:
        assert sheet.freeze_panes == "B2"
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    formulas += 1
                    found = stored[sheet.title][cell.coordinate].value
                    assert found == pytest.approx(evaluated(book, sheet, cell.value)), (
                        sheet.title,
                        cell.coordinate,
                        cell.value,
                    )
    assert formulas > 40
    assert book.sheetnames[0] == ("概要" if lang == "zh" else "Summary")
    targets = stored["分用途" if lang == "zh" else "Targets"]
    assert targets["A2"].value == ("建设用地" if lang == "zh" else "Construction land")
    assert targets["C1"].value == ("面积（亩）" if lang == "zh" else "Area (mu)")
    assert targets["C7"].value == pytest.approx(60.0)


def test_long_tables_read_back_row_by_row_with_their_extent(tmp_path: Path) -> None:
    out = export.save(stand_in("=1+1"), tmp_path / "out")
    book = openpyxl.load_workbook(out / "tables.xlsx")
    assert book["Units"].dimensions == "A1:N5"
    assert [c.value for c in book["Units"][3]][:5] == ["u2", "A", "Arable land", "fill to the platform with lake spoil", 15.5]
    assert book["Units"]["N2"].data_type == "s"
    assert book["Units"]["N2"].quotePrefix
    assert book["Units"]["E2"].number_format == "#,##0.00"
    lean = openpyxl.load_workbook(out / "tables.xlsx", read_only=True)
    assert len(list(lean["Units"].iter_rows())) == 5
    assert [c.value for c in book["Earth haul"][2]] == ["u4", "u2", 900.0, 200.0, 270.0]
    assert book["Earth haul"]["C3"].value == "=SUM(C2:C2)"


def test_a_sheet_is_one_table_to_be_filtered_and_printed(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(export.save(stand_in(), tmp_path / "out") / "tables.xlsx")
    for sheet in book:
        assert all(cell.value is not None for cell in sheet[1]), sheet.title
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        wide = sum(column.width for column in sheet.column_dimensions.values())
        assert (sheet.page_setup.fitToWidth - 1) * 200 < wide <= sheet.page_setup.fitToWidth * 200  # readable on paper
        if sheet.max_row > 2:
            assert sheet.auto_filter.ref.startswith("A1:")
        shown = {cell.number_format for row in sheet.iter_rows() for cell in row}
        assert not {f for f in shown if "E+" in f}, sheet.title
    targets = book["Targets"]
    assert [targets[f"B{k}"].number_format for k in range(2, 8)] == ["#,##0"] * 6  # counts, and their total
    assert [cell.value for cell in book["Limits"][1]][1:3] == ["Allowed", "Actual"]
    for row in book["Parcels"].iter_rows(min_row=1, max_row=3):
        for cell in row:
            if cell.data_type == "s":
                width = book["Parcels"].column_dimensions[cell.column_letter].width
                assert width >= min(60, len(cell.value)) or cell.alignment.wrap_text


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text_in_every_file(tmp_path: Path, text: str) -> None:
    out = export.save(stand_in(text, name=text), tmp_path / "out")
    book = openpyxl.load_workbook(out / "tables.xlsx")
    reasons = [row[-1] for row in book["Units"].iter_rows(min_row=2)]
    assert all(c.data_type == "s" for c in reasons)
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    assert re.fullmatch(r"=[A-Z0-9$'!:(),+*/=\-a-z &]+", cell.value), cell.value
    with zipfile.ZipFile(out / "tables.xlsx") as archive:
        assert not [n for n in archive.namelist() if "externalLink" in n or "vbaProject" in n]
    found = gpd.read_file(out / "plan.gpkg", layer="units")["reason"].iloc[0]
    assert not re.search(r"[\x00-\x1f\x7f\u202e]", found)
    assert found.replace(" ", "")[:20] in text.replace(" ", "").replace("\x00", "").replace("\x1b", "").replace(
        "\u202e", ""
    ).replace("\x07", "")
    assert tomllib.loads((out / "site.toml").read_text(encoding="utf-8"))


def test_small_numbers_are_shown_as_people_write_them(tmp_path: Path) -> None:
    from planner.export.sheets import Book, Heading, Share

    book = Book(lang="en")
    book.table(
        "S", [Heading("a", ""), Heading("b", "m")], [("gap", Share(5e-5)), ("depth", 0.001), ("year", 2016), ("n", 12345)]
    )
    book.save(tmp_path / "b.xlsx", title="t")
    column = openpyxl.load_workbook(tmp_path / "b.xlsx")["S"]["B"]
    assert [cell.number_format for cell in column[1:]] == ["0.0000%", "0.0000", "General", "#,##0"]
