"""Reading as a whole: any soup of polygons, any order of features, any text in site.toml; and what check and init tell."""

import json
import sqlite3
import tomllib
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from dirty.case import X0, Y0, H, W, frame, site, squares
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from planner.errors import InvalidInput, OutputExists, PlannerError
from planner.measure import area_mu as geodesic_mu
from planner.read import check, init_text, read_site
from planner.read.assemble import area_mu
from planner.read.geometry import MIN_PART_M2, repaired
from planner.read.overlaps import apart
from planner.read.record import Record

LOOSE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def cleaned(shapes: list[Any]) -> tuple[gpd.GeoDataFrame, Record]:
    """The three steps of repair over a frame, ranked as given."""
    data = gpd.GeoDataFrame({"id": range(len(shapes))}, geometry=shapes, crs=4527)
    record = Record()
    labels = np.array([f"p{i}" for i in range(len(shapes))], dtype=object)
    data = repaired(data, role="polygons", shown="soup", labels=labels, record=record)
    geometry = data.geometry.to_numpy()
    rank, names = np.arange(len(geometry)), labels[data.index]
    cut, keep = apart(geometry, rank, role="polygons", labels=names, record=record)
    return data[keep].set_geometry(gpd.GeoSeries(cut[keep], index=data.index[keep], crs=4527)), record


coordinate = st.one_of(st.integers(0, 40).map(float), st.floats(0, 40, allow_nan=False))
rings = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=9)


@LOOSE
@given(st.lists(rings, min_size=1, max_size=7))
def test_any_soup_of_rings_becomes_polygons_that_do_not_overlap(soup: list[list[tuple[float, float]]]) -> None:
    shapes = [shapely.Polygon(ring) for ring in soup]
    whole = shapely.union_all([shapely.make_valid(s, method="structure", keep_collapsed=False) for s in shapes])
    try:
        found, record = cleaned(shapes)
    except InvalidInput as error:
        assert "no polygon with an area" in str(error)
        assert whole.area < MIN_PART_M2 * len(shapes)
        return
    geometry = found.geometry.to_numpy()
    assert shapely.is_valid(geometry).all()
    assert np.isin(shapely.get_type_id(geometry), (3, 6)).all()
    total, union = float(shapely.area(geometry).sum()), float(shapely.union_all(geometry).area)
    assert total == pytest.approx(union, abs=1e-6), "ground counts twice"
    slack = sum(abs(f.change_m2) for f in record.faults if f.kind == "gap") + MIN_PART_M2 * 4 * len(shapes)
    assert total == pytest.approx(whole.area, abs=slack + 1e-6), "ground was lost or won"


@LOOSE
@given(st.lists(rings, min_size=2, max_size=6))
def test_what_is_told_adds_up_to_what_changed(soup: list[list[tuple[float, float]]]) -> None:
    shapes = [shapely.Polygon(ring) for ring in soup]
    assume(any(s.area > 2 for s in shapes))
    try:
        found, record = cleaned(shapes)
    except InvalidInput:
        return
    told = sum(f.change_m2 for f in record.faults)
    change = float(found.area.sum()) - sum(s.area for s in shapes)
    assert told == pytest.approx(change, abs=0.01 * len(shapes) + 1e-6 * abs(change))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_features_changes_nothing(tmp_path: Path, random: Any, with_ids: bool) -> None:
    boxes = [shapely.box(X0 + 70.0 * i, Y0 + 30.0 * (i % 3), X0 + 70.0 * i + 100, Y0 + 30.0 * (i % 3) + 90) for i in range(8)]
    columns: dict[str, Any] = {"depth": [1.0 + 0.5 * (i % 4) for i in range(8)]}
    if with_ids:
        columns["id"] = [f"A{i}" for i in range(8)]
    table = frame(boxes, **columns)
    shuffled = list(range(8))
    random.shuffle(shuffled)
    pyogrio.set_gdal_config_options({"OGR_SQLITE_SYNCHRONOUS": "OFF"})
    try:
        table.to_file(tmp_path / "a.gpkg")
        table.iloc[shuffled].to_file(tmp_path / "b.gpkg")
    finally:
        pyogrio.set_gdal_config_options({"OGR_SQLITE_SYNCHRONOUS": None})
    a, b = read_site(tmp_path / "a.gpkg"), read_site(tmp_path / "b.gpkg")
    assert list(a.parcels.index) == list(b.parcels.index)
    assert [g.wkb for g in a.parcels.geometry] == [g.wkb for g in b.parcels.geometry]
    assert np.array_equal(a.terrain.values, b.terrain.values)


def test_hollows_in_a_plain_hold_exactly_their_depth_times_their_area(tmp_path: Path) -> None:
    frame().to_file(tmp_path / "a.gpkg")
    found = read_site(tmp_path / "a.gpkg")
    cells = found.terrain.cell_area
    assert float(-found.terrain.values.sum()) * cells == pytest.approx(W * H * (2 + 3), rel=1e-9)
    assert float(found.terrain.values.max()) == 0.0
    assert np.allclose(found.water_table.normal.values, -1.5)
    assert np.allclose(found.water_table.dry.values, -2.0)
    assert np.allclose(found.water_table.wet.values, -1.0)
    assert np.allclose(found.original.values, 0.0)


def test_ellipsoidal_totals_agree_with_the_geodesic_ones(tmp_path: Path) -> None:
    shapes = squares(2, x=X0 + 130_000.0)  # near the zone's edge, where plane areas are 4e-4 too large
    frame(shapes).to_file(tmp_path / "a.gpkg")
    found = read_site(tmp_path / "a.gpkg")
    geodesic = float(geodesic_mu(found.parcels.geometry, found.crs).sum())
    assert area_mu(found.parcels) == pytest.approx(geodesic, rel=1e-7)
    assert abs(geodesic - 180.0) > 0.05


def test_inputs_are_named_as_written_and_by_hash(tmp_path: Path) -> None:
    frame().to_file(tmp_path / "a.gpkg")
    found = read_site(site(tmp_path, '[layers]\npolygons = "a.gpkg"\n'))
    assert [(i.role, i.path) for i in found.inputs] == [("site", "site.toml"), ("polygons", "a.gpkg")]
    assert all(len(i.sha256) == 64 for i in found.inputs)
    assert str(tmp_path) not in json.dumps([i.path for i in found.inputs])


def test_check_tells_it_in_english_chinese_and_json(tmp_path: Path) -> None:
    bow = shapely.Polygon([(X0, Y0), (X0 + 300, Y0 + 200), (X0 + 300, Y0), (X0, Y0 + 200)])
    frame([bow, squares(2)[1]]).to_file(tmp_path / "塌陷.gpkg")
    report = check(tmp_path / "塌陷.gpkg")
    english, chinese, document = report.text("en"), report.text("zh"), report.to_dict()
    assert "2 parcels, 135.0 mu (2 features in the file), 2.00–3.00 m deep" in english
    assert "polygons: 1 × self-intersection: +45.0000 mu" in english
    assert "沉陷区 2 块，共 135.0 亩" in chinese
    assert "自相交 1 处：+45.0000 亩" in chinese
    assert json.loads(json.dumps(document)) == document
    assert document["faults"]["kinds"][0]["change_mu"] == pytest.approx(45.0, abs=1e-4)
    assert document["site"]["area_mu"] - document["site"]["area_stored_mu"] == pytest.approx(45.0, abs=1e-4)


def test_faults_open_as_layers(tmp_path: Path) -> None:
    bow = shapely.Polygon([(X0, Y0), (X0 + 300, Y0 + 200), (X0 + 300, Y0), (X0, Y0 + 200)])
    data = frame([bow, squares(2)[1], squares(2)[1], None], id=list("abcd"), depth=[1.0, 2.0, 2.0, 3.0])
    data.to_file(tmp_path / "a.gpkg")
    report = check(tmp_path / "a.gpkg")
    path = report.write_faults(tmp_path / "faults.gpkg")
    layers = {name: gpd.read_file(path, layer=name) for name, _ in pyogrio.list_layers(path)}
    assert set(layers) == {"faults_polygon", "faults_line", "faults_point"}
    assert sorted(layers["faults_polygon"]["kind"]) == ["duplicate", "self-intersection"]
    assert list(layers["faults_point"]["kind"]) == ["empty"]
    assert layers["faults_polygon"].crs.to_epsg() == 4527
    with pytest.raises(OutputExists):
        report.write_faults(path)
    with pytest.raises(InvalidInput, match=r"name it …x\.gpkg"):
        report.write_faults(tmp_path / "x.shp")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("depth", [True, False])
def test_init_writes_a_site_that_reads(tmp_path: Path, lang: str, depth: bool) -> None:
    columns: dict[str, Any] = {"编号": ["甲", "乙"], "名称": ['"引号"', "b\\s"]}
    if depth:
        columns["下沉_mm"] = [2000.0, 3000.0]
    frame(**columns).to_file(tmp_path / "塌陷.shp", encoding="GBK")
    (tmp_path / "塌陷.cpg").unlink()
    text = init_text(tmp_path / "塌陷.shp", lang=lang)
    document = tomllib.loads(text)
    assert document["layers"]["polygons"]["encoding"] == "GB18030"
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")
    found = read_site(tmp_path)
    assert list(found.parcels["subsidence_m"]) == pytest.approx([3.0, 2.0] if depth else [1.0, 1.0])
    assert list(found.parcels.index) == ["乙", "甲"]
    uncommented = "\n".join(line.removeprefix("# ") for line in text.splitlines() if " = " in line or line.startswith("["))
    assert "[budget]" in uncommented


def test_init_elsewhere_leads_to_the_files(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "plan").mkdir()
    frame().to_file(tmp_path / "data" / "a.gpkg")
    text = init_text(tmp_path / "data" / "a.gpkg", beside=tmp_path / "plan")
    (tmp_path / "plan" / "site.toml").write_text(text, encoding="utf-8")
    assert len(read_site(tmp_path / "plan").parcels) == 2


def test_init_asks_what_has_to_be_settled_first(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no such file"):
        init_text(tmp_path / "a.gpkg")


def test_a_file_that_needs_more_memory_than_there_is_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame().to_file(tmp_path / "a.gpkg")
    monkeypatch.setattr("planner.read.sources.available_memory", lambda: 100_000)
    with pytest.raises(InvalidInput, match=r"would take about \d+ GB of memory"):
        read_site(tmp_path / "a.gpkg")


def test_a_plain_too_large_for_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dirty.rasters import raster, with_terrain

    raster(tmp_path / "dem.tif")
    monkeypatch.setattr("planner.read.grids.available_memory", lambda: 100_000)
    with pytest.raises(InvalidInput, match=r"use cells .* times as wide"):
        read_site(with_terrain(tmp_path))


def test_a_file_without_permission_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame().to_file(tmp_path / "a.gpkg")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("planner.read.sources.pyogrio.read_dataframe", refuse)
    with pytest.raises(InvalidInput, match="may not be read; check its permissions"):
        read_site(tmp_path / "a.gpkg")


def test_reading_leaves_the_users_folder_as_it_was(tmp_path: Path) -> None:
    frame().to_file(tmp_path / "a.shp", encoding="GBK")
    (tmp_path / "a.shx").unlink()
    frame().to_file(tmp_path / "b.gpkg")
    before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.iterdir()}
    read_site(tmp_path / "a.shp")
    read_site(tmp_path / "b.gpkg")
    assert {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.iterdir()} == before


def test_sql_in_a_layer_name_stays_a_name(tmp_path: Path) -> None:
    name = 'x"; DROP TABLE gpkg_contents; --'
    frame().to_file(tmp_path / "a.gpkg", layer=name)
    assert len(read_site(tmp_path / "a.gpkg").parcels) == 2
    with sqlite3.connect(tmp_path / "a.gpkg") as connection:
        assert connection.execute("SELECT count(*) FROM gpkg_contents").fetchone()[0] >= 1


keys = st.sampled_from(
    ["site", "layers", "polygons", "terrain", "path", "crs", "targets", "green", "min_mu", "lock", "x", "名", "__proto__"]
)
values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=20),
        st.sampled_from(["a.gpkg", "..", "EPSG:4527"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(keys, values, max_size=5))
def test_any_site_toml_is_read_or_refused_in_words(tmp_path: Path, document: dict[str, Any]) -> None:
    from planner.export.sitefile import toml

    place = site(tmp_path, toml(document))
    try:
        read_site(place)
    except PlannerError as error:
        assert str(error).count("\n") <= 1
        assert len(str(error)) < 1000


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_any_bytes_as_a_table_are_read_or_refused_in_words(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(b"id,depth,wkt\n" + raw)
    with pytest.raises(PlannerError):
        read_site(tmp_path / "a.csv")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.text(max_size=12),
            st.one_of(st.none(), st.floats(), st.text(max_size=8)),
            st.lists(st.tuples(st.floats(), st.floats()), max_size=6),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_table_of_wkt_is_read_or_refused_in_words(tmp_path: Path, rows: list[Any]) -> None:
    lines = ["id\tdepth\twkt"]
    for name, depth, points in rows:
        ring = ", ".join(f"{X0 + x} {Y0 + y}" for x, y in points)
        lines.append("\t".join(str(v).replace("\t", " ").replace("\n", " ") for v in (name, depth, f"POLYGON (({ring}))")))
    (tmp_path / "a.csv").write_text("\n".join(lines), encoding="utf-8", errors="replace")
    try:
        found = read_site(tmp_path / "a.csv")
    except PlannerError as error:
        assert str(error).count("\n") <= 1
    else:
        assert found.parcels.is_valid.all()
        assert found.parcels.index.is_unique


def test_mines_have_their_english_names_under_any_of_their_headings() -> None:
    import planner as pl

    parcels = pl.samples.panan().parcels
    assert parcels["mine_en"].map(str.isascii).all()
    assert (parcels["mine_en"] != "").all()
    assert set(parcels["mine"]) >= {"旗山煤矿", "权台煤矿"}
