"""Areas that others measured on the ellipsoid: GeographicLib's published cases, its Python port, GRASS, the survey's formula.

Raw results and where they come from: tests/authorities/area/README.md.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

import planner as pl
from planner.core.polygons.area import survey_areas
from planner.core.polygons.rings import rings_of

FOLDER = Path(__file__).parent / "authorities" / "area"
M2_PER_MU = 10_000 / 15
CGCS2000 = {"semi_major": 6378137.0, "flattening": 1 / 298.257222101}


def m2(shapes: np.ndarray, crs: str) -> np.ndarray:
    return np.asarray(pl.area_mu(shapes, crs)) * M2_PER_MU


def polygons() -> pd.DataFrame:
    table = pd.read_csv(FOLDER / "polygons.csv", index_col="name")
    return table.assign(shape=shapely.from_wkt(table["wkt"]))


@pytest.mark.parametrize("case", pd.read_csv(FOLDER / "planimeter.csv").to_dict("records"), ids=lambda c: c["case"])
def test_the_cases_of_planimeter(case: dict) -> None:
    """To the metre that they are given to, round poles and across the equator."""
    points = [tuple(map(float, p.split())) for p in case["lat_lon"].split(";")]
    shape = shapely.Polygon([(lon, lat) for lat, lon in [*points, points[0]]])
    assert m2(np.array([shape]), "EPSG:4326")[0] == pytest.approx(case["area_m2"], abs=case["within_m2"])


def test_geographiclib() -> None:
    """Holes, parts, slivers, 60 m to 100 km: to 1e-9, and 2e-4 m² that both round."""
    table = polygons()
    ours = m2(table["shape"].to_numpy(), "EPSG:4490")
    np.testing.assert_allclose(ours, table["geographiclib_m2"], rtol=1e-9, atol=2e-4)
    assert len(table) > 25


def test_grass() -> None:
    """A formula of its own, edges straight in longitude and latitude: to 5e-9, and to 0.3 m² that it rounds."""
    table = polygons().dropna(subset="grass_m2")
    ours = m2(shapely.segmentize(table["shape"].to_numpy(), 1e-3), "EPSG:4490")
    np.testing.assert_allclose(ours, table["grass_m2"], rtol=5e-9, atol=0.3)
    assert len(table) > 25


def test_the_surveys_formula_with_coefficients_that_others_printed() -> None:
    """Sheets of 1:10000 (3′45″ × 2′30″) from Hainan to Heilongjiang: 2b²·ΔL·(A·sin ½ΔB·cos Bm − B·sin 1½ΔB·cos 3Bm + …)."""
    c = pd.read_csv(FOLDER / "survey_coefficients.csv", index_col="name")["value"]
    south = np.arange(18.0, 53.5, 2.5 / 60)
    sheets = shapely.box(110.0, south, 110.0 + 3.75 / 60, south + 2.5 / 60)
    half, middle = np.radians(2.5 / 60) / 2, np.radians(south + 1.25 / 60)
    signed = {"A": 1, "B": -1, "C": 1, "D": -1, "E": 1}
    terms = [s * c[n] * np.sin((2 * k + 1) * half) * np.cos((2 * k + 1) * middle) for k, (n, s) in enumerate(signed.items())]
    expected = 2 * c["b2"] * np.radians(3.75 / 60) * np.sum(terms, axis=0)
    shape = {"semi_major": c["semi_major_m"], "flattening": 1 / c["inverse_flattening"]}
    np.testing.assert_allclose(survey_areas(*rings_of(sheets), **shape), expected, rtol=1e-11)


def test_the_surveys_formula_and_the_geodesic() -> None:
    """Along parallels, a point every kilometre: 3e-10 of a sheet; of small fields the formula itself rounds 0.02 m²."""
    table = polygons()
    dense = shapely.segmentize(table["shape"].to_numpy(), 1e-3)
    survey = survey_areas(*rings_of(dense), **CGCS2000)
    ours = m2(dense, "EPSG:4490")
    np.testing.assert_allclose(survey, ours, rtol=1e-8, atol=0.2)
    sheet = table.index.get_loc("a sheet of 1:10000")
    finer = m2(shapely.segmentize(table["shape"].to_numpy()[[sheet]], 1e-4), "EPSG:4490")
    assert survey[sheet] == pytest.approx(finer[0], rel=1e-11)
