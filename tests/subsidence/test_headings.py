"""Columns of panels as people head them: found by meaning, in the unit they say, or asked about."""

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import CRSMismatch, InvalidInput
from planner.read.lengths import UNITS
from planner.subsidence import check_panels, predict

BOX = shapely.box(39_500_000, 3_760_000, 39_500_400, 3_760_300)


def panels(crs: Any = 4527, **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({k: [v] for k, v in columns.items()}, geometry=[BOX], crs=4527).to_crs(crs)


THICKNESS = (
    *(
        "thickness_m",
        "Thickness",
        "thickness (m)",
        "Seam thickness",
        "mining height",
        "Extraction_Height_m",
        "采厚",
        "采厚（米）",
    ),
    *(
        "煤层厚度",
        "平均采厚_m",
        "开采厚度(m)",
        "采高",
        "煤厚/m",
        "thickness_ft",
        "Thickness (feet)",
        "thickness_in",
        "采厚（英尺）",
    ),
    *("thickness_cm", "采厚cm", "采厚_毫米", "seam thickness mm", "煤厚(厘米)", "THICKNESS-IN"),
)
DEPTH = (
    *(
        "depth_m",
        "Depth",
        "depth (m)",
        "mining depth",
        "Depth of cover",
        "采深",
        "平均采深（米）",
        "埋深_m",
        "煤层埋深(m)",
        "开采深度",
    ),
    *(
        "depth_ft",
        "Mining depth (ft)",
        "Cover depth, feet",
        "采深（英尺）",
        "depth_cm",
        "埋深mm",
        "Depth_Of_Cover_FT",
        "深度是煤层埋深",
    ),
)
UNIT = {"ft": "ft", "feet": "ft", "英尺": "ft", "_in": "in", "-in": "in", "cm": "cm", "厘米": "cm", "mm": "mm", "毫米": "mm"}


def size(heading: str) -> float:
    """Metres of the unit a heading says."""
    return next((UNITS[u][0] for said, u in UNIT.items() if said in heading.lower()), 1.0)


@pytest.mark.parametrize("heading", THICKNESS)
def test_thickness_is_found_in_its_unit(heading: str) -> None:
    found = check_panels(panels(**{heading: 3.0 / size(heading), "depth_m": 300.0}))
    assert found.numbers["thickness_m"] == pytest.approx([3.0])


@pytest.mark.parametrize("heading", DEPTH)
def test_depth_is_found_in_its_unit(heading: str) -> None:
    found = check_panels(panels(**{heading: 300.0 / size(heading), "thickness_m": 3.0}))
    assert found.numbers["depth_m"] == pytest.approx([300.0])


@pytest.mark.parametrize(
    "heading",
    [
        "water depth",
        "水深",
        "地下水埋深",
        "depth_to_water",
        "松散层厚度",
        "表土厚度",
        "subsidence depth",
        "沉陷深度",
        "采深速率(m/a)",
        "strength",
    ],
)
def test_what_only_sounds_like_one_is_none(heading: str) -> None:
    with pytest.raises(InvalidInput, match="no column"):
        check_panels(panels(**{heading: 3.0}))


def test_the_others_are_found_too() -> None:
    chinese = {
        "采厚": 3.0,
        "采深": 300.0,
        "下沉系数": 0.8,
        "影响角正切": 2.2,
        "水平移动系数": 0.25,
        "煤层倾角": 12.0,
        "倾向": 90.0,
    }
    chinese |= {"拐点偏移距": 20.0, "开采开始时间": "2019年3月", "开采结束时间": "2020年一季度", "覆岩类型": "软弱"}
    found = check_panels(panels(**chinese)).numbers
    expected = {"q": 0.8, "tan_beta": 2.2, "b": 0.25, "dip_deg": 12.0, "dip_azimuth_deg": 90.0, "offset_m": 20.0}
    assert {k: found[k][0] for k in expected} == pytest.approx(expected)
    assert (found["start"][0], found["end"][0]) == pytest.approx((2019 + 59 / 365, 2020 + 91 / 366))


def test_cells_may_carry_their_unit() -> None:
    found = check_panels(panels(thickness_m="10 ft", depth_m="约 300 米"))
    assert (found.numbers["thickness_m"][0], found.numbers["depth_m"][0]) == pytest.approx((3.048, 300.0))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"采厚": 3.0, "煤层厚度": 5.0, "depth_m": 300.0}, "may each be thickness_m"),
        ({"thickness (parsec)": 3.0, "thickness (xy)": 3.0, "depth_m": 300.0}, "unit, 'xy'"),
        ({"thickness_m": 250.0, "depth_m": 600.0}, "thicker than any seam"),
        ({"thickness": 3000.0, "depth": 30_000.0}, "thicker than any seam"),
        ({"thickness_m": 3.0, "depth": 30_000.0}, "deeper than any mine"),
        ({"thickness_m": -9999.0, "depth": 300.0}, "give a number"),
    ],
)
def test_what_is_open_is_asked(columns: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        check_panels(panels(**columns))


def test_two_columns_that_agree_are_one() -> None:
    assert check_panels(panels(采厚=3.0, 煤层厚度=3.0, depth_m=300.0)).numbers["thickness_m"] == pytest.approx([3.0])


@pytest.mark.parametrize("crs", [3857, 3395, "ESRI:54009", 4490, 2263, 6933])
def test_a_projection_that_distorts_is_refused_with_the_zone(crs: Any) -> None:
    table = panels(crs, thickness_m=3.0, depth_m=300.0)
    with pytest.raises(CRSMismatch, match="4527"):
        predict(table, np.array([[0.0, 0.0]]))


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(sorted(UNITS)), st.floats(0.5, 15.0))
def test_every_unit_of_length_is_converted(unit: str, thickness: float) -> None:
    spelled = UNITS[unit][1].split()[0]
    found = check_panels(panels(**{f"thickness ({spelled})": thickness / UNITS[unit][0], "depth_m": 300.0}))
    assert found.numbers["thickness_m"] == pytest.approx([thickness])
