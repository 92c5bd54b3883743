"""The probability-integral kernels against closed forms, brute-force integration, other schools and printed figures."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate
from scipy.special import erf

from planner.core import probability_integral as kernel
from planner.core.settling import knothe_share, last_unsettled

AUTHORITIES = Path(__file__).parents[1] / "authorities" / "subsidence"
FAR = 20_000.0


def rows(name):
    return list(csv.DictReader((AUTHORITIES / name).open(encoding="utf-8")))


def rectangle(x=0.0, y=0.0, angle=0.0, length=600.0, width=300.0, radius=150.0, w0=2.0, br=45.0, dip=(0.0, 0.0)):
    return np.array([[x, y, math.cos(angle), math.sin(angle), length, width, radius, w0, br, *dip]])


def half_plane(**given):
    """A goaf whose only edge near the origin is x = 0."""
    return rectangle(x=0.0, y=-FAR, length=FAR, width=2 * FAR, **given)


def at(panels, *points):
    xy = np.array(points, dtype=float)
    return kernel.rectangles_at_points(panels, np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1]))


def test_half_plane_is_the_normal_integral():
    r, w0 = 150.0, 2.0
    for row in rows("normal_integral.csv"):
        x = float(row["z"]) * r / math.sqrt(2 * math.pi)
        found = at(half_plane(), (x, 0.0), (-x, 0.0))[:, 0]
        assert found == pytest.approx([w0 * float(row["phi"]), w0 * (1 - float(row["phi"]))], abs=1e-9)


def test_slope_over_the_edge_is_w0_over_r():
    """Two public implementations have r·√2 or half the slope here."""
    w, wx, wy, wxx, *_ = at(half_plane(), (0.0, 0.0))[0]
    assert w == pytest.approx(1.0)
    assert wx == pytest.approx(2.0 / 150.0, rel=1e-12)
    assert wy == pytest.approx(0.0, abs=1e-12)
    assert wxx == pytest.approx(0.0, abs=1e-12)


def test_exam_panel_reaches_its_keyed_maxima():
    key = {row["quantity"]: float(row["value"]) for row in rows("worked_panel.csv")}
    r = key["depth_m"] / math.tan(math.radians(key["beta_deg"]))
    w0 = key["thickness_m"] * key["q"]
    assert r == pytest.approx(key["radius_m"], abs=0.005)
    assert w0 == pytest.approx(key["w0_m"])
    x = np.linspace(-2 * r, 2 * r, 4001)
    fields = at(half_plane(radius=r, w0=w0, br=key["b"] * r), *np.stack([x, 0 * x], axis=1))
    largest = np.abs(kernel.principal(fields)).max(axis=0)
    assert 1e3 * largest[2] == pytest.approx(key["curvature_max"], abs=0.005)
    assert largest[3] == pytest.approx(key["displacement_max"], rel=1e-6)
    assert largest[1] == pytest.approx(w0 / r, rel=1e-6)
    assert largest[4] == pytest.approx(1.52 * key["b"] * w0 / r, rel=2e-3)
    assert x[np.argmax(fields[:, 3])] == pytest.approx(-r / math.sqrt(2 * math.pi), rel=2e-3)


def test_another_schools_profile_agrees_within_four_per_cent_of_its_depth():
    """A hyperbolic tangent whose slope at the inflection is S·0.9/168 ft is a probability integral with r = 168/0.9 ft."""
    table = rows("sdps_profile.csv")
    distance = np.array([float(row["distance_ft"]) for row in table])
    printed = np.array([float(row["subsidence_ft"]) for row in table])
    panel = rectangle(x=-266.0, y=-FAR, length=532.0, width=2 * FAR, radius=168.0 / 0.9, w0=4.21)
    found = at(panel, *np.stack([distance, 0 * distance], axis=1))[:, 0]
    assert np.abs(found - printed).max() < 0.04 * 4.21
    assert found[distance == 264][0] == pytest.approx(2.16, abs=0.02)


@pytest.mark.parametrize("angle", [0.0, 0.4, -1.2, math.pi / 2])
def test_rectangle_is_the_integral_of_its_influence(angle):
    panel = rectangle(x=40.0, y=-30.0, angle=angle, length=420.0, width=260.0)
    px, py = 150.0, 95.0

    def influence(v, u):
        x = 40.0 + u * math.cos(angle) - v * math.sin(angle)
        y = -30.0 + u * math.sin(angle) + v * math.cos(angle)
        return math.exp(-math.pi * ((x - px) ** 2 + (y - py) ** 2) / 150.0**2) / 150.0**2

    expected = 2.0 * integrate.dblquad(influence, 0, 420, 0, 260, epsabs=1e-10)[0]
    assert at(panel, (px, py))[0, 0] == pytest.approx(expected, abs=1e-8)


def test_derivatives_are_those_of_the_subsidence():
    panel = rectangle(angle=0.7, dip=(0.12, -0.05))
    h = 0.05
    for px, py in [(10.0, 20.0), (120.0, 260.0), (-90.0, 40.0)]:
        grid = at(panel, *[(px + i * h, py + j * h) for j in (-1, 0, 1) for i in (-1, 0, 1)]).reshape(3, 3, 11)
        w, ux, uy = grid[..., 0], grid[..., 6], grid[..., 7]
        w0, wx, wy, wxx, wxy, wyy, _, _, exx, exy, eyy = grid[1, 1]
        assert w0 == w[1, 1]
        assert wx == pytest.approx((w[1, 2] - w[1, 0]) / (2 * h), abs=1e-9)
        assert wy == pytest.approx((w[2, 1] - w[0, 1]) / (2 * h), abs=1e-9)
        assert wxx == pytest.approx((w[1, 2] - 2 * w[1, 1] + w[1, 0]) / h**2, abs=1e-9)
        assert wyy == pytest.approx((w[2, 1] - 2 * w[1, 1] + w[0, 1]) / h**2, abs=1e-9)
        assert wxy == pytest.approx((w[2, 2] - w[2, 0] - w[0, 2] + w[0, 0]) / (4 * h**2), abs=1e-9)
        assert exx == pytest.approx((ux[1, 2] - ux[1, 0]) / (2 * h), abs=1e-8)
        assert eyy == pytest.approx((uy[2, 1] - uy[0, 1]) / (2 * h), abs=1e-8)
        shear = 0.5 * ((ux[2, 1] - ux[0, 1]) + (uy[1, 2] - uy[1, 0])) / (2 * h)
        assert exy == pytest.approx(shear, abs=1e-8)


@settings(max_examples=40, deadline=None)
@given(
    angle=st.floats(-3.1, 3.1),
    turn=st.floats(-3.1, 3.1),
    length=st.floats(50, 900),
    width=st.floats(50, 900),
    radius=st.floats(60, 400),
    px=st.floats(-300, 900),
    py=st.floats(-300, 900),
)
def test_turning_the_frame_changes_no_maximum(angle, turn, length, width, radius, px, py):
    c, s = math.cos(turn), math.sin(turn)
    dip = (0.1, 0.03)
    here = rectangle(angle=angle, length=length, width=width, radius=radius, dip=dip)
    turned_dip = (c * dip[0] - s * dip[1], s * dip[0] + c * dip[1])
    there = rectangle(angle=angle + turn, length=length, width=width, radius=radius, dip=turned_dip)
    one = kernel.principal(at(here, (px, py)))
    other = kernel.principal(at(there, (c * px - s * py, s * px + c * py)))
    assert one[0, [0, 1, 3]] == pytest.approx(other[0, [0, 1, 3]], abs=1e-9)
    # Where both principal values are equally large either sign may come first.
    assert np.abs(one[0, [2, 4]]) == pytest.approx(np.abs(other[0, [2, 4]]), abs=1e-9)


def test_panels_add_up_and_a_split_panel_is_the_whole():
    whole = rectangle(length=600.0)
    halves = np.concatenate([rectangle(length=250.0), rectangle(x=250.0, length=350.0)])
    points = [(x, y) for x in (-100.0, 130.0, 250.0, 640.0) for y in (-60.0, 150.0, 333.0)]
    assert at(whole, *points) == pytest.approx(at(halves, *points), abs=1e-9)


def test_trough_volume_is_w0_times_the_goaf():
    panel = rectangle(angle=0.3, length=500.0, width=240.0)
    axis = np.arange(-500.0, 1100.0, 10.0)
    volume = kernel.rectangles_on_grid(panel, axis, axis[::-1].copy())[..., 0].sum() * 100.0
    assert volume == pytest.approx(2.0 * 500.0 * 240.0, rel=1e-8)


def test_trough_is_symmetric_about_its_middle():
    panel = rectangle(x=-300.0, y=-150.0)
    one, two, three = at(panel, (170.0, 90.0), (-170.0, 90.0), (-170.0, -90.0))
    assert one[0] == pytest.approx(two[0], rel=1e-12)
    assert one[0] == pytest.approx(three[0], rel=1e-12)
    assert one[6] == pytest.approx(-two[6], rel=1e-12)
    assert one[8] == pytest.approx(three[8], rel=1e-12)


@pytest.mark.parametrize("descending", [True, False])
def test_grid_kernels_agree_with_points(descending):
    panels = np.concatenate(
        [rectangle(angle=0.5, dip=(0.1, 0.05)), rectangle(x=700.0, y=350.0), rectangle(x=-200.0, y=500.0, angle=math.pi / 2)]
    )
    x = np.arange(-600.0, 1700.0, 17.0)
    y = np.arange(-700.0, 1400.0, 19.0)
    y = y[::-1].copy() if descending else y
    grid = kernel.rectangles_on_grid(panels, x, y)
    xx, yy = np.meshgrid(x, y)
    points = kernel.rectangles_at_points(panels, xx.ravel(), yy.ravel()).reshape(grid.shape)
    size = np.abs(points).max(axis=(0, 1))
    assert (np.abs(grid - points).max(axis=(0, 1)) < 1e-7 * size).all()
    alone = np.zeros(xx.shape)
    kernel.rectangles_subsidence(panels, x, y, alone)
    assert np.abs(alone - points[..., 0]).max() < 2e-9


def test_table_of_the_gauss_function_is_right_to_its_stated_error():
    table = kernel._gauss_table()
    t = np.linspace(-2.499, 2.499, 40_001)
    found = np.array([kernel._gauss(table, x) for x in t])
    assert np.abs(found[:, 0] - 0.5 * erf(np.sqrt(np.pi) * t)).max() < 2e-11
    assert np.abs(found[:, 1] - np.exp(-np.pi * t * t)).max() < 1e-8


def test_larger_principal_value_keeps_its_sign():
    fields = np.zeros((2, 11))
    fields[:, 3:6] = [2.0, 0.0, -5.0], [1.0, 2.0, 1.0]
    assert kernel.principal(fields)[:, 2] == pytest.approx([-5.0, 3.0])


def test_values_along_a_direction_are_signed():
    fields = at(half_plane(), (-60.0, 0.0))
    east, north, west = (kernel.along(fields, d)[0] for d in (90.0, 0.0, 270.0))
    assert east[1] > 0
    assert west[1] == pytest.approx(-east[1])
    assert west[2] == pytest.approx(east[2])
    assert east[2] > 0  # outside the goaf's edge the ground bends convex
    assert north[1:] == pytest.approx(0.0, abs=1e-12)


def test_knothe_by_hand_and_by_slices():
    share = knothe_share(np.array([1.0, -2.0, 1.0]), np.array([1.0, -3.0, 1.0]), np.array([2.0, 2.0, 0.5]))
    assert share == pytest.approx([1 - math.exp(-2.0), 0.0, 1 - math.exp(-0.5)])
    slices = (np.arange(20_000) + 0.5) * 1e-4
    by_slices = np.mean(1 - np.exp(-1.3 * (3.0 - slices)))
    assert knothe_share(np.array([3.0]), np.array([1.0]), np.array([1.3]))[0] == pytest.approx(by_slices, rel=1e-6)
    half_mined = knothe_share(np.array([1.0]), np.array([-1.0]), np.array([1.3]))[0]
    assert half_mined == pytest.approx(np.mean(np.where(slices < 1, 1 - np.exp(-1.3 * (1.0 - slices)), 0.0)), rel=1e-3)


def test_last_unsettled_date_by_hand():
    w = np.array([[2.0, 0.0], [0.0, 0.05], [0.0, 0.0]])
    remaining = np.array([[1.0, 0.1, 0.01], [1.0, 1.0, 0.1]])
    zero = np.zeros((2, 3))
    limits = np.array([0.1, 0.03, 0.001, 0.01])
    done = np.ones((2, 3))
    assert last_unsettled(w, remaining, zero, zero, done, limits, 0.1).T.tolist() == [[1.0, -1.0, -1.0]] * 2
    # 2 m · 0.01 are more than 15 mm to the last date; 0.05 m · 1 to the second.
    assert last_unsettled(w, remaining, zero, zero, done, limits, 0.015).T.tolist() == [[1.0, -1.0, -1.0], [2.0, 1.0, -1.0]]
    done[1, 1] = 0.0
    assert last_unsettled(w, remaining, zero, zero, done, limits, 0.1).T.tolist() == [[1.0, 1.0, -1.0]] * 2
