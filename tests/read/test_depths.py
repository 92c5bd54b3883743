"""Which heading is a depth and in which unit: rates, areas, factors, years, soils, water tables and seams are none."""

from typing import Any

import numpy as np
import pytest
from dirty.case import frame

from planner.errors import InvalidInput
from planner.read.depths import Depths, read_depths, tier
from planner.read.lengths import UNITS, is_rate, known, metres, quantity, unit_of
from planner.read.record import Record
from planner.scenario import Layer


def listed(text: str) -> list[str]:
    return text.split("|")


def read(unit: str | None = None, depth: str | None = None, /, **columns: Any) -> tuple[Depths, Record]:
    record = Record()
    return read_depths(frame(**columns), Layer(path="a.gpkg", unit=unit, depth=depth), record), record


@pytest.mark.parametrize(
    "heading",
    listed(
        "subsidence|max_subsidence|mean_subsidence_m|subsidence_2020|Subsidence depth 2023|"
        "total_subsidence_mm|MaxSubsidence|SUBSIDENCE|Settlement (m)|ground lowering|depth|Depth_m|"
        "DEPTH (ft)|w0|Wmax_mm|sub_depth|sink depth|sunk_by_m|mine subsidence|下沉|下沉值|最大下沉|平均下沉量（毫米）|"
        "累计沉降量|地面沉降深度|沉陷深度|塌陷深（米）|沉降_2021|深度|平均深度|txsd|Senkungstiefe|affaissement"
    ),
)
def test_depths_are_recognised(heading: str) -> None:
    assert tier(heading) is not None


@pytest.mark.parametrize(
    "heading",
    listed(
        "沉降速率(mm/a)|subsidence_rate|subs_rate_mm_yr|settlement velocity|vel|SUBSID_RAT|"
        "subsidence (mm/yr)|subsidence mm per year|annual_subsidence|下沉 毫米每年|年均沉降量|月沉降速度|沉降量(mm/d)|"
        "subsidence_area|沉陷面积|塌陷面积（亩）|subsid_m2|subsidence m³|volume_subsidence|沉陷体积|下沉系数|下沉率|"
        "subsidence factor|subsidence_coefficient|subsidence_ratio|沉陷年份|subsidence_year|SubsidenceDate|"
        "塌陷时间|土层深度|soil_depth|耕作层深度|root depth|地下水深度|groundwater_depth|gw_depth|depth_to_water|"
        "water depth|水深|积水深度|水位埋深|井深|well_depth|采深|开采深度|mining_depth|seam depth|depth of cover|煤层埋深|"
        "depth_id|subsidence_id|沉陷区编号|depth_class|沉陷等级|subsidence type|塌陷类型|depth_error|subsidence_std|"
        "沉降中误差|残余沉降|residual_subsidence|允许沉降|subsidence limit|挖深|回填深度|fill_depth|excavation depth|"
        "foundation depth|倾斜|tilt|curvature|沉陷角|residence|presidency|mapped|width|agreed_on"
    ),
)
def test_what_only_sounds_like_one_is_none(heading: str) -> None:
    assert tier(heading) is None


HEADINGS = {
    "ft": "depth_ft|Depth (ft)|depth [feet]|DEPTH-FT|depth, ft|DepthFt|深度（英尺）|subsidence_ft_2021",
    "us-ft": "w (US survey feet)|depth(us-ft)|subsidence (ftUS)",
    "in": "subsidence (in)|depth_in|depth inches|depth_inches_2020|下沉（英寸）|Tiefe (Zoll)",
    "dm": "深度_分米|depth_dm|depth (decimetres)",
    "cm": "depth, cm|下沉_公分|沉降量厘米|depth(CM)",
    "mm": "沉降量mm|下沉mm_2023|depthMM|depth in mm|depth.mm|MM_depth|沉陷深度毫米|深度[单位：毫米]",
    "m": "depth_m|深度（米）|下沉深度 m|depth(m.)|depth (metres)",
    "尺": "下沉（市尺）|深度_尺",
    None: "depth|subsidence_2020|subsidence in 2020|m_depth|depth (max)|下沉（实测）|depth_2",
}


@pytest.mark.parametrize(("unit", "heading"), [(u, h) for u, hs in HEADINGS.items() for h in hs.split("|")])
def test_the_unit_a_heading_says(unit: str | None, heading: str) -> None:
    assert unit_of(heading) == unit
    if unit is not None and unit != "m":
        size = UNITS[unit][0]
        found, _ = read(id=["A", "B"], **{heading: [2.0 / size, 3.0 / size]})
        assert found.values == pytest.approx([2.0, 3.0])


def test_units_are_what_they_are_by_law() -> None:
    exact = {
        "m": 1,
        "dm": 0.1,
        "cm": 0.01,
        "mm": 0.001,
        "ft": 0.3048,
        "us-ft": 1200 / 3937,
        "in": 0.0254,
        "yd": 0.9144,
        "km": 1000,
    }
    for unit, size in exact.items():
        assert metres(unit) == pytest.approx(size, rel=1e-12)
    assert metres("市尺") == pytest.approx(1 / 3)
    for spelling, unit in {
        "Meter": "m",
        "METRES": "m",
        "US survey foot": "us-ft",
        "ftUS": "us-ft",
        "英尺": "ft",
        "毫米": "mm",
        "公分": "cm",
    }.items():
        assert known(spelling) == unit
    assert known("ell") is None
    assert is_rate("mm·a-1")
    assert not is_rate("mm_a")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("2.5m", (2.5, "m")),
        ("2,5 ft", (2.5, "ft")),
        ("−3", (-3.0, None)),
        ("约2米", (2.0, "m")),
        ("3'", (3.0, "ft")),
        ("x", None),
    ],
)
def test_cells_with_their_unit(cell: str, value: tuple[float, str | None] | None) -> None:
    assert quantity(cell) == value


def test_a_unit_that_is_not_known_is_asked_about() -> None:
    with pytest.raises(InvalidInput, match="says a unit, 'ell'"):
        read(id=["A", "B"], **{"depth (ell)": [2.0, 3.0]})
    found, _ = read("ft", id=["A", "B"], **{"depth (ell)": [10.0, 20.0]})
    assert found.values == pytest.approx([3.048, 6.096])


def test_two_that_fit_are_asked_about_unless_they_say_the_same() -> None:
    with pytest.raises(InvalidInput, match="may each be the depth"):
        read(max_subsidence=[3.0, 4.0], mean_subsidence=[2.0, 3.0])
    found, _ = read(subsidence_m=[2.0, 3.0], subsidence_mm=[2000.0, 3000.0])
    assert found.column == "subsidence_m"
    found, _ = read(None, "mean_subsidence", max_subsidence=[3.0, 4.0], mean_subsidence=[2.0, 3.0])
    assert list(found.values) == [2.0, 3.0]
    found, _ = read(depth=[400.0, 500.0], 下沉=[2.0, 3.0])  # what names the sinking goes before a depth of anything
    assert found.column == "下沉"


def test_whole_numbers_that_count_the_places_are_an_id() -> None:
    found, _ = read(sink=[1, 2])
    assert (found.column, found.numbered) == (None, "sink")
    found, _ = read(sink=[1.0, 2.0])
    assert found.column == "sink"
    found, _ = read(depth=[1, 2])
    assert found.column == "depth"


def test_numbers_that_stand_for_nothing() -> None:
    for nothing in (-9999.0, -999.0, -99999.0, 9999.0, 1.70141e38, -3.4028e38):
        found, _ = read(depth=[2.0, nothing])
        assert np.isnan(found.values[1]), nothing
    with pytest.raises(InvalidInput, match="part thousands or decimals"):
        read(下沉_mm=["2,500", "3,125"])
    with pytest.raises(InvalidInput, match="a number without a unit while others carry theirs"):
        read(depth=["2.5 m", "250"])
