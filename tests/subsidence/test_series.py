"""Series of several dates, as radar gives them: read, fitted, and what they say of what is still to come."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

import planner as pl
from planner.errors import InvalidInput
from planner.periods import period
from planner.subsidence import observations_from_series

CRS = "EPSG:4548"
X0, Y0 = 500_000.0, 3_800_000.0
DATES = ("20190101", "20190701", "20200101", "20200701", "20210101", "20220101")
TRUE = {"q": 0.72, "tan_beta": 2.1, "c_per_year": 1.3, "offset_m": 0.0}


def panel(**given: float) -> gpd.GeoDataFrame:
    columns = {"thickness_m": 3.0, "depth_m": 300.0, "start": 2018.5, "end": 2018.5, **given}
    box = shapely.box(X0, Y0, X0 + 900, Y0 + 700)
    return gpd.GeoDataFrame({k: [v] for k, v in columns.items()}, geometry=[box], crs=CRS)


def scenes(noise_m: float = 0.0, seed: int = 1) -> gpd.GeoDataFrame:
    """A radar series over the panel in mm, negative downward; the first scene is zero, its noise is in all others."""
    x, y = (a.ravel() for a in np.meshgrid(np.linspace(X0 - 150, X0 + 1050, 9), np.linspace(Y0 - 150, Y0 + 850, 7)))
    points = gpd.GeoDataFrame(geometry=shapely.points(x, y), crs=CRS)
    draw = np.random.default_rng(seed)
    at = {d: period(f"{d[:4]}-{d[4:6]}-{d[6:]}").end for d in DATES}
    w = {d: pl.predict(panel(**TRUE), points, year=t)["subsidence_m"].to_numpy() for d, t in at.items()}
    w = {d: v + draw.normal(0.0, noise_m, len(v)) if noise_m else v for d, v in w.items()}
    return points.assign(velocity=0.0, **{f"D{d}": -1e3 * (v - w[DATES[0]]) for d, v in w.items()})


def test_a_column_a_date_becomes_a_row_a_point_and_date() -> None:
    made = observations_from_series(scenes(), unit="mm")
    assert len(made) == 63 * (len(DATES) - 1)
    assert set(made["since"].round(2)) == {2019.0}
    assert sorted(set(made["year"].round(1))) == [2019.5, 2020.0, 2020.5, 2021.0, 2022.0]


def test_without_noise_the_parameters_come_back_though_the_first_scene_saw_half_of_it() -> None:
    found = pl.calibrate(panel(), observations_from_series(scenes(), unit="mm"), fit=["q", "tan_beta", "c_per_year"])
    for name in found.values.index:
        assert found.values["value"][name] == pytest.approx(TRUE[name], rel=2e-3)


def test_in_closed_form_over_a_wide_panel() -> None:
    """In the middle of a very wide panel w = W₀·(1 − exp(−c·t)): between two dates W₀·(exp(−c·t₁) − exp(−c·t₂))."""
    wide = panel(q=0.7, c_per_year=1.1)
    wide.geometry = [shapely.box(X0 - 4000, Y0 - 4000, X0 + 4000, Y0 + 4000)]
    since, until = np.full(4, 2019.0), np.array([2019.5, 2020.0, 2021.0, 2023.0])
    w = 3.0 * 0.7 * (np.exp(-1.1 * (since - 2018.5)) - np.exp(-1.1 * (until - 2018.5)))
    seen = gpd.GeoDataFrame({"subsidence_m": w, "since": since, "year": until}, geometry=[shapely.Point(X0, Y0)] * 4, crs=CRS)
    found = pl.calibrate(wide.assign(q=0.9, c_per_year=2.0), seen, fit=["q", "c_per_year"])
    assert found.values["value"]["q"] == pytest.approx(0.7, abs=1e-6)
    assert found.values["value"]["c_per_year"] == pytest.approx(1.1, abs=1e-6)


def test_what_is_still_to_come_follows_from_the_fit() -> None:
    found = pl.calibrate(panel(), observations_from_series(scenes(0.004), unit="mm"), fit=["q", "tan_beta", "c_per_year"])
    middle = np.array([[X0 + 450, Y0 + 350]])

    def rest(with_panels: gpd.GeoDataFrame) -> float:
        done, now = (pl.predict(with_panels, middle, year=year)["subsidence_m"].iloc[0] for year in (None, 2020.0))
        return float(done - now)

    assert rest(found.panels) == pytest.approx(rest(panel(**TRUE)), rel=0.05)


def test_the_first_scene_s_noise_in_all_dates_is_seen_and_told() -> None:
    found = pl.calibrate(panel(), observations_from_series(scenes(0.01), unit="mm"), fit=["q", "tan_beta", "c_per_year"])
    assert any("neighbours" in m for m in found.messages), found.messages
    for name in found.values.index:
        half = found.values["high"][name] - found.values["value"][name]
        assert abs(found.values["value"][name] - TRUE[name]) < 2 * half


def test_intervals_of_what_is_predicted_in_closed_form() -> None:
    """Over a wide panel w = W₀·(1 − exp(−c·t)), W₀ = 3 q: its variance follows from those of q and c and what they share."""
    wide = panel(q=0.7, c_per_year=1.1)
    wide.geometry = [shapely.box(X0 - 4000, Y0 - 4000, X0 + 4000, Y0 + 4000)]
    until = np.tile([2019.0, 2019.5, 2020.0, 2021.0], 10)
    w = 2.1 * (1 - np.exp(-1.1 * (until - 2018.5))) + np.random.default_rng(5).normal(0.0, 0.01, len(until))
    middle = gpd.GeoSeries([shapely.Point(X0, Y0)], crs=CRS)
    seen = gpd.GeoDataFrame({"subsidence_m": w, "year": until}, geometry=[middle.iloc[0]] * len(until), crs=CRS)
    found = pl.calibrate(wide, seen, fit=["q", "c_per_year"])
    (q, c), error = found.values["value"], found.values["standard_error"].to_numpy()
    covariance = found.correlation.to_numpy() * np.outer(error, error)
    half_of_one = float((found.values["high"] - found.values["value"]).iloc[0] / error[0])
    for year, since in ((2019.5, None), (2030.0, 2020.0), (None, None)):
        a, b = (0.0 if t is None else np.exp(-c * (t - 2018.5)) for t in (year, since))
        t_a, t_b = (0.0 if t is None else t - 2018.5 for t in (year, since))
        slope = np.array([3.0 * ((1.0 if since is None else b) - a), 3.0 * q * (t_a * a - (0.0 if since is None else t_b * b))])
        told = found.predicted(middle, year=year, since=since).iloc[0]
        assert told["subsidence_m"] == pytest.approx(q * slope[0], abs=1e-5)
        half = half_of_one * np.sqrt(slope @ covariance @ slope)
        assert told["high"] - told["subsidence_m"] == pytest.approx(half, rel=1e-3)
        assert told["subsidence_m"] - told["low"] == pytest.approx(half, rel=1e-3)


def test_tables_without_dates_and_dates_turned_round_are_refused() -> None:
    with pytest.raises(InvalidInput, match="two columns that are dates"):
        observations_from_series(scenes()[["velocity", "geometry"]], unit="mm")
    with pytest.raises(InvalidInput, match="furlong"):
        observations_from_series(scenes(), unit="furlong")
    seen = observations_from_series(scenes(), unit="mm").assign(since=2030.0)
    with pytest.raises(InvalidInput, match="earlier date"):
        pl.calibrate(panel(), seen)
