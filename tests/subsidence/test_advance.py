"""A face that advances: the ground behind it moves first."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely

import planner as pl
from planner.errors import InvalidInput
from planner.subsidence import check_panels, undermining
from planner.subsidence.predict import predict

CRS = "EPSG:4548"
X0, Y0 = 500_000.0, 3_800_000.0
W0_M = 3.0 * 0.7


def panel(**given: object) -> gpd.GeoDataFrame:
    """A panel of 1 200 by 600 m at 300 m, taken from west to east in two years."""
    columns = {"thickness_m": 3.0, "depth_m": 300.0, "q": 0.7, "tan_beta": 2.0, "start": 2020.0, "end": 2022.0, **given}
    box = shapely.box(X0, Y0, X0 + 1200, Y0 + 600)
    return gpd.GeoDataFrame({k: [v] for k, v in columns.items()}, geometry=[box], crs=CRS)


def along(count: int = 61) -> np.ndarray:
    x = np.linspace(X0 - 300, X0 + 1500, count)
    return np.column_stack([x, np.full(count, Y0 + 300.0)])


def test_in_the_end_it_does_not_matter_where_the_face_went() -> None:
    whole, cut = predict(panel(), along()), predict(panel(advance_deg=90.0), along())
    assert whole.to_numpy() == pytest.approx(cut.to_numpy(), abs=1e-5)


def test_ground_that_answers_at_once_is_the_trough_of_what_was_taken() -> None:
    """With a very large c the trough at half time is that of the western half."""
    half = panel(c_per_year=2000.0)
    half.geometry = [shapely.box(X0, Y0, X0 + 600, Y0 + 600)]
    now = predict(panel(c_per_year=2000.0, advance_deg=90.0), along(), year=2021.0)
    assert now["subsidence_m"].to_numpy() == pytest.approx(predict(half, along())["subsidence_m"].to_numpy(), abs=2e-3 * W0_M)


def test_the_pieces_are_fine_enough_for_the_integral_over_the_way_of_the_face() -> None:
    """Against the integral over the face's way by an independent rule: w(x, t) = ∫ ∂w(x; s) · (1 − exp(−c(t − t(s)))) ds."""
    c, t = 2.0, 2021.3
    found = predict(panel(c_per_year=c, advance_deg=90.0), along(), year=t)["subsidence_m"].to_numpy()
    edges = np.linspace(0.0, 1200.0, 1201)
    total = np.zeros(len(found))
    for a, b in pairwise(edges):
        when = 2020.0 + 2.0 * (a + b) / 2 / 1200.0
        if when < t:
            piece = panel()
            piece.geometry = [shapely.box(X0 + a, Y0, X0 + b, Y0 + 600)]
            total += predict(piece, along())["subsidence_m"].to_numpy() * -np.expm1(-c * (t - when))
    assert np.abs(found - total).max() < 6e-4 * W0_M


@pytest.mark.parametrize(("azimuth", "first"), [(90.0, -1), (270.0, 0)])
def test_the_ground_over_the_start_is_ahead(azimuth: float, first: int) -> None:
    w = predict(panel(advance_deg=azimuth), np.array([[X0 + 1000, Y0 + 300], [X0 + 200, Y0 + 300]]), year=2021.5)
    late, early = w["subsidence_m"].iloc[1 + first], w["subsidence_m"].iloc[first]
    assert early > 1.5 * late


def test_behind_the_face_the_ground_is_bridged_as_along_every_edge() -> None:
    """With an offset d nothing moves until the face has gone 2·d, and all has been taken at the end."""
    held = panel(advance_deg=90.0, offset_m=60.0, c_per_year=2000.0)
    assert predict(held, along(), year=2020.0 + 2.0 * 119.0 / 1200.0)["subsidence_m"].max() == 0.0
    taken = panel(c_per_year=2000.0, offset_m=60.0)
    taken.geometry = [shapely.box(X0, Y0, X0 + 660, Y0 + 600)]
    now = predict(held, along(), year=2020.0 + 2.0 * 660.0 / 1200.0)["subsidence_m"].to_numpy()
    assert now == pytest.approx(predict(taken, along())["subsidence_m"].to_numpy(), abs=2e-3 * W0_M)


def test_an_inclined_seam_may_be_taken_step_by_step() -> None:
    deep = {"dip_deg": 30.0, "dip_azimuth_deg": 0.0, "depth_m": 500.0}
    whole, cut = (predict(panel(**deep, **more), along()) for more in ({}, {"advance_deg": 90.0}))
    assert np.abs(whole["subsidence_m"] - cut["subsidence_m"]).max() < 1e-6


def test_rules_on_goaf_see_one_panel() -> None:
    units = gpd.GeoDataFrame(geometry=[shapely.box(X0 + 100, Y0 + 100, X0 + 200, Y0 + 200)], index=["u1"], crs=CRS)
    one, many = undermining(panel(), units), undermining(panel(advance_deg=90.0), units)
    assert len(check_panels(panel(advance_deg=90.0))) > 10
    assert one.equals(many)


def test_a_direction_without_a_date_is_refused() -> None:
    with pytest.raises(InvalidInput, match="start and end"):
        pl.predict(panel(advance_deg=90.0).drop(columns=["start", "end"]), along())
