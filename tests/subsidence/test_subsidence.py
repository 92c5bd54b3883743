"""Prediction from tables of panels: shapes, dates, seams, frames; what is refused; the state of the ground at a year."""

import dataclasses
import datetime as dt
import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import affinity

from planner import samples
from planner.errors import CRSMismatch, InvalidInput
from planner.parameters import defaults
from planner.scenario import parse_scenario, replaced
from planner.site import Grid, Site
from planner.subsidence import check_panels, decimal_year, grid_over, ground, predict, predict_grid, undermining
from planner.subsidence.outline import quadrature_nodes, rectangle_axes

CRS = "EPSG:4527"
MAXIMA = ["subsidence_m", "tilt_mm_m", "displacement_mm"]


def panels(*shapes, **columns):
    given = {"thickness_m": 3.0, "depth_m": 300.0, "q": 0.8, "tan_beta": 2.0, "b": 0.3} | columns
    return gpd.GeoDataFrame(
        {k: v if isinstance(v, list) else [v] * len(shapes) for k, v in given.items()}, geometry=list(shapes), crs=CRS
    )


BOX = shapely.box(0, 0, 900, 310)
POINTS = np.random.default_rng(4).uniform((-300, -300), (1200, 600), (300, 2))


@pytest.mark.parametrize("angle", [0.0, 17.0, 45.0, 73.0])
def test_a_polygon_is_integrated_to_the_rectangles_closed_form(angle):
    box = affinity.rotate(BOX, angle, origin=(0, 0))
    corners = shapely.get_coordinates(box)[:-1]
    # A corner cut by a metre makes it any polygon; the cut itself is added back as a panel of its own.
    a, b = corners[1] + (corners[0] - corners[1]) / 900, corners[1] + (corners[2] - corners[1]) / 310
    cut = shapely.Polygon([corners[0], a, b, corners[2], corners[3]])
    assert rectangle_axes(cut) is None
    assert rectangle_axes(box) is not None
    exact = predict(panels(box), POINTS)
    pieced = predict(panels(cut, shapely.Polygon([a, corners[1], b])), POINTS)
    w0, r = 2.4, 150.0
    assert np.abs(exact.subsidence_m - pieced.subsidence_m).max() < 5e-8 * w0
    assert np.abs(exact.curvature_mm_m2 - pieced.curvature_mm_m2).max() < 5e-6 * 1e3 * w0 / r**2


def test_polygon_on_a_grid_agrees_with_points():
    shape = shapely.Polygon([(0, 0), (700, 50), (820, 400), (300, 600), (-40, 330)], [[(200, 200), (400, 200), (300, 350)]])
    table = panels(shape, dip_deg=12.0, dip_azimuth_deg=75.0)
    grid = grid_over(table, 25.0)
    x, y = grid.centres()
    xx, yy = np.meshgrid(x, y)
    points = predict(table, np.stack([xx.ravel(), yy.ravel()], axis=1))
    fields = predict_grid(table, grid)
    for name, found in fields.items():
        size = np.abs(points[name]).max()
        assert np.abs(found.values.ravel() - points[name]).max() < 1e-6 * size, name
    volume = np.sum(fields["subsidence_m"].values) * grid.cell_area
    assert volume == pytest.approx(3.0 * 0.8 * math.cos(math.radians(12.0)) * shape.area, rel=1e-4)


def test_a_hole_is_coal_left_standing():
    hole = shapely.box(300, 100, 500, 200)
    ring = BOX.difference(hole)
    whole, left, holed = (predict(panels(s), POINTS).subsidence_m for s in (BOX, hole, ring))
    assert np.abs(holed - (whole - left)).max() < 1e-6


def test_dip_shifts_the_trough_down_dip_and_the_ground_up_dip():
    strip = shapely.box(446, 0, 454, 310)  # so narrow along dip that the seam lies at one depth below it
    table = panels(strip, dip_deg=20.0, dip_azimuth_deg=90.0, theta0_deg=75.0)
    shift = 300.0 / math.tan(math.radians(75.0))
    middle = predict(table, np.array([[450.0 + shift, 155.0]]), direction_deg=90.0).iloc[0]
    level = predict(panels(strip), np.array([[450.0, 155.0]])).iloc[0]
    assert middle.subsidence_m == pytest.approx(level.subsidence_m * math.cos(math.radians(20.0)), rel=1e-12)
    assert middle.tilt_mm_m == pytest.approx(0.0, abs=1e-9)
    assert middle.displacement_mm == pytest.approx(-1e3 * middle.subsidence_m / math.tan(math.radians(75.0)))


def integral(shape, points, *, depth, dip, azimuth, theta0, step=1.0):
    """Subsidence of an inclined seam, m: every metre of it by its own depth, shift and radius, without any of our code."""
    west, south, east, north = shape.bounds
    x, y = np.meshgrid(np.arange(west + step / 2, east, step), np.arange(south + step / 2, north, step))
    inside = shapely.contains_xy(shape, x.ravel(), y.ravel())
    x, y, a = x.ravel()[inside], y.ravel()[inside], math.radians(azimuth)
    below = (x - shape.centroid.x) * math.sin(a) + (y - shape.centroid.y) * math.cos(a)
    height = depth + below * math.tan(math.radians(dip))
    r, way = height / 2.0, height / math.tan(math.radians(theta0))
    x, y = x + way * math.sin(a), y + way * math.cos(a)
    w0 = 3.0 * 0.8 * math.cos(math.radians(dip))
    return np.array([np.sum(w0 / r**2 * np.exp(-np.pi * ((x - u) ** 2 + (y - v) ** 2) / r**2)) * step**2 for u, v in points])


@pytest.mark.parametrize(
    ("shape", "dip", "azimuth"),
    [
        (shapely.box(0, 0, 300, 300), 12.0, 75.0),
        (shapely.box(0, 0, 300, 300), 30.0, 90.0),
        (shapely.box(0, 0, 300, 300), 50.0, 270.0),
        (shapely.Polygon([(0, 0), (400, 50), (350, 500), (60, 450)]), 40.0, 20.0),
    ],
)
def test_an_inclined_seam_is_integrated_by_its_own_depths(shape, dip, azimuth):
    theta0 = 90.0 - 0.65 * dip
    points = np.random.default_rng(7).uniform((-300, -300), (700, 800), (200, 2))
    table = panels(shape, depth_m=450.0, dip_deg=dip, dip_azimuth_deg=azimuth, theta0_deg=theta0)
    found = predict(table, points).subsidence_m.to_numpy()
    exact = integral(shape, points, depth=450.0, dip=dip, azimuth=azimuth, theta0=theta0)
    assert np.abs(found - exact).max() < 1e-3 * 2.4 * math.cos(math.radians(dip))


def test_a_seam_that_comes_to_the_surface_within_its_panel_is_refused():
    with pytest.raises(InvalidInput, match="comes to the surface"):
        predict(panels(BOX, dip_deg=40.0, dip_azimuth_deg=90.0), POINTS)


def test_offset_moves_the_inflection_inward():
    at_edge = predict(panels(BOX), np.array([[0.0, 155.0]])).subsidence_m[0]
    moved = predict(panels(BOX, offset_m=40.0), np.array([[40.0, 155.0]])).subsidence_m[0]
    narrower = predict(panels(shapely.box(0, 40, 820, 270)), np.array([[0.0, 155.0]])).subsidence_m[0]
    assert moved == pytest.approx(narrower, rel=1e-12)
    assert moved < at_edge


def test_seams_add_up():
    two = panels(BOX, BOX, depth_m=[250.0, 400.0], seam=["3", "5"])
    one, other = panels(BOX, depth_m=250.0), panels(BOX, depth_m=400.0)
    total = predict(two, POINTS).subsidence_m
    assert np.abs(total - predict(one, POINTS).subsidence_m - predict(other, POINTS).subsidence_m).max() < 1e-12


def test_repeated_mining_raises_only_a_q_that_was_not_measured():
    table = panels(BOX, BOX, depth_m=[250.0, 400.0], seam=["3", "5"], start=[2001.0, 2005.0], end=[2002.0, 2006.0])
    assert check_panels(table).numbers["q"].tolist() == [0.8, 0.8]
    checked = check_panels(table.drop(columns="q"))
    medium = defaults().number("prediction.medium.q")
    assert checked.numbers["q"] == pytest.approx([medium, medium * 1.1])
    assert any("repeated mining" in str(w) for w in checked.warnings)


def test_overburden_class_fills_what_is_missing():
    table = panels(BOX, overburden="hard").drop(columns=["q", "tan_beta", "b"])
    numbers = check_panels(table).numbers
    assert numbers["q"][0] == defaults().number("prediction.hard.q")
    assert numbers["tan_beta"][0] == defaults().number("prediction.hard.tan_beta")
    assert numbers["b"][0] == defaults().number("prediction.b")


def test_subsidence_grows_to_its_end_by_knothe():
    table = panels(BOX, start=2010.0, end=2010.0, c_per_year=1.5)
    final = predict(table, POINTS).subsidence_m
    assert predict(table, POINTS, year=2009.0).subsidence_m.max() == 0.0
    after = predict(table, POINTS, year=2011.0).subsidence_m
    assert np.abs(after - final * (1 - math.exp(-1.5))).max() < 1e-12
    assert np.abs(predict(table, POINTS, years=1.0).subsidence_m - after).max() < 1e-12
    with pytest.raises(InvalidInput, match="not both"):
        predict(table, POINTS, year=2011.0, years=1.0)


def test_moving_everything_by_a_zone_changes_nothing():
    far = (39_480_000.0, 3_758_000.0)
    here = predict(panels(BOX), POINTS)
    there = predict(panels(affinity.translate(BOX, *far)), POINTS + far)
    assert np.abs(here - there).to_numpy().max() < 1e-5


@pytest.mark.parametrize(
    ("value", "year"),
    [
        (2008, 2008.0),
        ("2008.5", 2008.5),
        ("2008-07", 2008 + 182 / 366),
        ("2008/7/1", 2008 + 182 / 366),
        ("2008年7月", 2008 + 182 / 366),
        ("20080701", 2008 + 182 / 366),
        (dt.date(2009, 1, 1), 2009.0),
        (pd.Timestamp("2009-01-01T12:00"), 2009.0),
        (pd.NaT, math.nan),
        (None, math.nan),
    ],
)
def test_dates_are_read_as_people_write_them(value, year):
    assert decimal_year(value) == pytest.approx(year, nan_ok=True)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"depth_m": -300.0}, "depth_m = -300 must be above 0"),
        ({"depth_m": 2.0}, "not deeper than the extracted thickness"),
        ({"thickness_m": -1.0}, "thickness_m = -1 must be above 0"),
        ({"thickness_m": math.nan}, "thickness_m is nan; give a number"),
        ({"thickness_m": "thick"}, "thickness_m holds text"),
        ({"dip_deg": 95.0}, "dip_deg = 95 must lie in"),
        ({"q": 1.7}, "q = 1.7 must lie in"),
        ({"start": 2012.0, "end": 2010.0}, "start 2012 is after end 2010"),
        ({"end": 12.0}, "calendar years are needed"),
        ({"end": "soon"}, "'soon' is no date"),
        ({"end": "2008-17-01"}, "'2008-17-01' is no date"),
        ({"offset_m": 200.0}, "nothing is left of the goaf"),
        ({"overburden": "sandy"}, "none of hard, medium, soft"),
    ],
)
def test_bad_panels_are_refused_in_one_line(columns, message):
    with pytest.raises(InvalidInput, match=message) as error:
        predict(panels(BOX, **columns), POINTS)
    assert "\n" not in str(error.value)


def test_overlapping_panels_of_one_seam_are_refused_and_named():
    table = panels(BOX, affinity.translate(BOX, 700, 0))
    with pytest.raises(InvalidInput, match="panels 0 and 1 overlap on 22 % in one seam"):
        check_panels(table)
    check_panels(panels(BOX, affinity.translate(BOX, 900, 0)))


def test_frames_and_shapes_that_do_not_fit_are_refused():
    with pytest.raises(CRSMismatch, match="not in metres"):
        check_panels(panels(BOX).set_crs("EPSG:4490", allow_override=True))
    with pytest.raises(CRSMismatch, match="points are in"):
        predict(panels(BOX), gpd.GeoSeries([shapely.Point(0, 0)], crs="EPSG:4526"))
    with pytest.raises(InvalidInput, match="LineString; a polygon is needed"):
        check_panels(panels(shapely.LineString([(0, 0), (1, 1)])))
    with pytest.raises(InvalidInput, match="Self-intersection"):
        check_panels(panels(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])))
    with pytest.raises(InvalidInput, match="the table is empty"):
        check_panels(panels(BOX).iloc[:0])
    with pytest.raises(InvalidInput, match="no column depth_m"):
        check_panels(panels(BOX).drop(columns="depth_m"))


def test_doubtful_numbers_are_warned_about_not_refused():
    warnings = check_panels(panels(BOX, tan_beta=5.0, q=0.1)).warnings
    assert any("tan_beta = 5 is outside the usual 1.2-3.54" in str(w) for w in warnings)
    assert any("q = 0.1" in str(w) for w in warnings)
    assert check_panels(panels(BOX)).warnings == ()


def test_quadrature_leaves_out_edges_that_add_nothing():
    assert len(quadrature_nodes(shapely.box(0, 0, 100, 50), 200.0)) == 2 * 8


def make_site(year, table=None, residual=None):
    zero = Grid(np.zeros((90, 140)), -250.0, 600.0, 10.0, 10.0)
    scenario = parse_scenario({"site": {"year": year}, "layers": {"polygons": "x"}})
    return Site("x", gpd.GeoSeries([], crs=CRS).crs, None, zero, zero, None, scenario, residual_mm=residual, panels=table)


def test_ground_still_has_to_give_what_knothe_left():
    table = panels(BOX, start=2010.0, end=2010.0, c_per_year=1.5, depth_m=300.0)
    state = ground(make_site(2011, table))
    final = predict_grid(table, state.residual_mm)
    rest = math.exp(-1.5)
    assert state.known
    assert np.abs(state.residual_mm.values - 1e3 * rest * final["subsidence_m"].values).max() < 1e-9
    assert np.abs(state.tilt_mm_m.values - rest * final["tilt_mm_m"].values).max() < 1e-9
    assert np.abs(state.strain_mm_m.values - rest * np.abs(final["strain_mm_m"].values)).max() < 1e-9
    # 2.4 m · share over a 310 m wide panel; under 100 mm and 30 mm in half a year and after 2.5 · 300 days.
    w = final["subsidence_m"].values.max()
    by_rate = math.log(w / 0.03 * (1 - math.exp(-0.75))) / 1.5
    assert state.settled_year.values.max() == 2010 + math.ceil(max(by_rate, 750 / 365.25))
    assert state.settled_year.values.min() == 2010.0


def test_slow_ground_is_settled_before_building_is_free():
    """c = 0.3: 30 mm in half a year are passed with 215 mm left, so the breaks of 200 and 100 mm decide: ln(w / limit) / c."""
    table = panels(BOX, start=2010.0, end=2010.0, c_per_year=0.3, depth_m=300.0)
    state = ground(make_site(2011, table))
    w = predict_grid(table, state.residual_mm)["subsidence_m"].values.max()
    assert state.settled_year.values.max() == 2010 + math.ceil(math.log(w / 0.2) / 0.3)
    assert state.free_year.values.max() == 2010 + math.ceil(math.log(w / 0.1) / 0.3)
    assert (state.free_year.values >= state.settled_year.values).all()


def test_slow_ground_of_a_raster_is_free_by_knothes_law():
    """A raster of 300 mm, c = 0.3: ln(300 / 200) / 0.3 = 1.35 and ln 3 / 0.3 = 3.66 years."""
    grid = Grid(np.full((4, 4), 300.0), 0.0, 40.0, 10.0, 10.0)
    site = make_site(2011, residual=grid)
    slow = dataclasses.replace(site, terrain=grid.like(0.0), scenario=replaced(site.scenario, {"prediction.c_per_year": 0.3}))
    state = ground(slow)
    assert set(state.settled_year.values.ravel()) == {2013.0}
    assert set(state.free_year.values.ravel()) == {2015.0}


def test_ground_does_not_forget_panels_still_to_be_mined():
    table = panels(BOX, affinity.translate(BOX, 0, 400), start=[2000.0, 2030.0], end=[2001.0, 2031.0])
    state = ground(make_site(2020, table))
    assert any("1 panels are mined after 2020" in str(n) for n in state.notes)
    assert state.residual_mm.values.max() > 1500
    assert state.settled_year.values.max() >= 2032


def test_ground_of_a_raster_agrees_with_the_panels_it_came_from():
    table = panels(BOX, start=2010.0, end=2010.0, c_per_year=2.0)
    by_panels = ground(make_site(2011, table))
    for sign in (1.0, -1.0):
        residual = by_panels.residual_mm.like(sign * by_panels.residual_mm.values)
        by_raster = ground(make_site(2011, residual=residual))
        size = by_panels.tilt_mm_m.values.max()
        assert np.abs(by_raster.tilt_mm_m.values - by_panels.tilt_mm_m.values)[2:-2, 2:-2].max() < 0.02 * size
        size = by_panels.curvature_mm_m2.values.max()
        assert np.abs(by_raster.curvature_mm_m2.values - by_panels.curvature_mm_m2.values)[2:-2, 2:-2].max() < 0.05 * size
        assert any("sign was turned" in str(n) for n in by_raster.notes) == (sign < 0)


def test_ground_nothing_is_known_of_is_taken_as_settled_and_said():
    state = ground(make_site(2020))
    assert not state.known
    assert (state.settled_year.values == 2020).all()
    assert "taken as settled" in str(state.notes[0])
    undated = ground(make_site(2020, panels(BOX)))
    assert not undated.known
    assert "date" in str(undated.notes[0])


def test_ground_of_one_year_later_has_less_to_give():
    table = panels(BOX, start=2010.0, end=2012.0)
    site = make_site(2011, table)
    later = dataclasses.replace(site, scenario=make_site(2013).scenario)
    assert ground(later).residual_mm.values.max() < 0.2 * ground(site).residual_mm.values.max()


def test_residual_of_a_later_year_fades_by_knothe():
    table = panels(BOX, start=2010.0, end=2010.0, c_per_year=2.0)
    site = make_site(2011, table)
    now, later = ground(site), ground(site, year=2012.0)
    assert later.residual_mm.values.max() == pytest.approx(math.exp(-2.0) * now.residual_mm.values.max())
    by_raster = ground(make_site(2011, residual=now.residual_mm), year=2012.0)
    assert np.abs(by_raster.residual_mm.values - later.residual_mm.values).max() < 1e-9


def test_what_lies_under_a_unit_by_hand():
    table = panels(BOX, affinity.translate(BOX, 0, 200), depth_m=[300.0, 60.0], thickness_m=[2.0, 3.0], seam=["1", "2"])
    units = gpd.GeoDataFrame(
        geometry=[shapely.box(10, 10, 20, 20), shapely.box(10, 250, 20, 260), shapely.box(-90, -90, -80, -80)],
        index=["u1", "u2", "u3"],
        crs=CRS,
    )
    found = undermining(table, units)
    medium = 100 * 3.0 / (1.6 * 3.0 + 3.6) + 5.6
    assert found.loc["u1"].tolist() == pytest.approx([300.0, 150.0, 100 * 2.0 / (1.6 * 2.0 + 3.6) + 5.6])
    assert found.loc["u2"].tolist() == pytest.approx([60.0, 20.0, medium])
    assert found.loc["u3"].isna().all()


def test_the_ground_does_not_depend_on_the_bands_it_is_worked_in(monkeypatch):
    turned = [
        affinity.rotate(affinity.translate(BOX, dx, dy), angle)
        for dx, dy, angle in ((0, 0, 12), (100, 200, -70), (-300, 300, 160))
    ]
    cut = shapely.Polygon([(0, 0), (500, 40), (420, 200), (30, 150)])
    table = panels(*turned, cut, start=[2003.0, 2006.0, 2009.5, 2010.0], seam=["1", "2", "3", "4"])
    site = make_site(2010, table)
    whole = ground(site)
    monkeypatch.setattr("planner.subsidence.state.BAND_CELLS", 500)
    banded = ground(site)
    for name in ("residual_mm", "tilt_mm_m", "curvature_mm_m2", "strain_mm_m", "settled_year", "free_year"):
        assert np.abs(getattr(banded, name).values - getattr(whole, name).values).max() < 1e-9, name
    assert len(np.unique(whole.settled_year.values)) > 3


@pytest.mark.parametrize("name", ["zhonghu", "panan"])
def test_the_samples_own_script_predicts_the_same_trough(name):
    """The samples are built by code of their own, which rounds the subsidence it writes to a centimetre."""
    site = getattr(samples, name)()
    x, y = site.terrain.centres()
    xx, yy = np.meshgrid(x[::9], y[::9])
    written = site.subsidence.values[::9, ::9].ravel()
    table = site.panels.to_crs(site.crs)
    found = predict(table, np.stack([xx.ravel(), yy.ravel()], axis=1), year=site.scenario.site.year).subsidence_m
    known = np.isfinite(written)
    assert known.sum() > 5000
    assert np.abs(found[known] - written[known]).max() < 0.006


def test_a_rectangle_is_known_by_its_shape_not_its_vertices():
    box = affinity.rotate(affinity.translate(BOX, 39_480_000.0, 3_758_000.0), 31.0)
    more = shapely.segmentize(box, 120.0)
    assert len(shapely.get_coordinates(more)) > 10
    assert rectangle_axes(more) == pytest.approx(rectangle_axes(box), abs=1e-6)
    assert rectangle_axes(box.reverse())[4:] == pytest.approx(rectangle_axes(box)[4:], abs=1e-6)
    assert rectangle_axes(affinity.skew(box, 2.0)) is None
    assert rectangle_axes(box)[2] > 0.7


def test_deep_movement_lasts_less_than_in_proportion() -> None:
    from planner.subsidence.state import equivalent_depth

    days = 2.5 * equivalent_depth(np.array([100.0, 400.0, 400.001, 800.0]))
    assert days == pytest.approx([250.0, 1000.0, 1000.0025, 1000 * np.exp(0.5)], rel=1e-6)
