"""Dates as people write them: a period that begins and ends, a moment, or a refusal; never a whole year by accident."""

import datetime as dt
from itertools import product
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import InvalidInput
from planner.periods import arabic, decimal, period, periods
from planner.subsidence import check_panels

# What is written: the first day and the day after the last; one day alone is a moment.
WRITTEN: dict[str, tuple[str, ...]] = {
    "2024-01-01 2025-01-01": ("2024", "2024年", "2024年度", "二〇二四年", "二零二四年", "二○二四年", " 2024 "),
    "2024-06-01 2024-07-01": (
        *("2024-06", "2024-6", "2024/06", "2024.06", "202406", "2024年6月", "2024年06月", "2024年6月份", "二〇二四年六月"),
        *("June 2024", "jun-2024", "Jun. 2024", "2024 June", "06.2024", "6/2024", "06-2024", "２０２４年６月"),
    ),
    "2024-12-01 2025-01-01": ("2024.12", "2024-12", "2024年十二月", "二〇二四年十二月", "Dec 2024", "2024年底"),
    "2024-01-01 2024-04-01": (
        *("2024Q1", "2024q1", "2024-Q1", "2024 Q1", "Q1 2024", "Q1/2024", "1Q2024", "2024年一季度", "2024年第一季度"),
        *("2024年1季度", "二〇二四年第一季度", "2024年度第一季度", "2024年初"),
    ),
    "2024-10-01 2025-01-01": ("2024Q4", "2024年四季度", "2024年第4季度", "2024年末"),
    "2024-01-01 2024-07-01": ("2024H1", "H1 2024", "2024年上半年", "2024-H1"),
    "2024-07-01 2025-01-01": ("2024H2", "2024年下半年"),
    "2024-06-15": (
        *(
            "2024-06-15",
            "2024/6/15",
            "2024.6.15",
            "20240615",
            "2024年6月15日",
            "2024年6月15号",
            "二〇二四年六月十五日",
            "15.06.2024",
        ),
        *(
            "15/06/2024",
            "06/15/2024",
            "15 June 2024",
            "15-Jun-2024",
            "June 15, 2024",
            "2024-06-15T00:00:00",
            "2024-06-15 08:30",
        ),
        *("2024-06-15T08:30:00.000Z", "2024-06-15T08:30:00+08:00", "15th June 2024"),
    ),
    "2024-06-01 2024-09-01": ("2024年6月至8月", "2024年6-8月", "2024-06~2024-08", "2024.6-2024.8", "Jun 2024 to Aug 2024"),
    "2024-01-01 2027-01-01": ("2024-2026", "2024—2026年", "2024至2026", "2024年～2026年", "二〇二四年至二〇二六年"),
    "2024-03-01 2025-07-01": ("2024年3月至2025年6月", "2024.3-2025.6", "2024-03—2025-06", "2024.03~2025.06"),
}
REFUSED = (
    *("2024.6", "2024.1", "2024.9", "2024-13", "2024-00", "2024-06-31", "2024-02-30", "202413", "20241301", "2024Q5", "2024Q0"),
    *(
        "2024年五季度",
        "2024年十三月",
        "24-06",
        "2024/25",
        "1/7/2024",
        "03-04-2024",
        "约2024年",
        "2024年以前",
        "2024年冬",
        "2024?",
    ),
    *("民国113年", "before 2024", "soon", "45458", "2025-2024", "2024.13.1", "2024年6月至5月", "-", "2024-2025-2026", "１月"),
    *("2024年十十月", "99999999999999", "2024-06-15 to", "2024 06 15 12"),
)


def days(written: str) -> tuple[float, float]:
    first, _, last = written.partition(" ")
    return decimal(dt.date.fromisoformat(first)), decimal(dt.date.fromisoformat(last or first))


@pytest.mark.parametrize(("said", "text"), [(k, t) for k, texts in WRITTEN.items() for t in texts])
def test_what_is_written_is_that_period(said: str, text: str) -> None:
    found = period(text)
    assert (found.begin, found.end) == pytest.approx(days(said), abs=1e-9)


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_open_or_no_date_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(InvalidInput) as error:
        period(text)
    assert "\n" not in str(error.value)


def test_numbers_are_years_days_or_moments() -> None:
    for value, expected in (
        *(
            (2024, (2024.0, 2025.0)),
            (np.int32(2024), (2024.0, 2025.0)),
            (2024.5, (2024.5, 2024.5)),
            (2024.35, (2024.35, 2024.35)),
        ),
        *((2024.0, (2024.0, 2024.0)), (202406, days("2024-06-01 2024-07-01")), (20240615, days("2024-06-15"))),
        *((20240615.0, days("2024-06-15")), (dt.date(2024, 6, 15), days("2024-06-15"))),
        (pd.Timestamp("2024-06-15T12:00"), days("2024-06-15")),
    ):
        found = period(value)
        assert (found.begin, found.end) == pytest.approx(expected), value
    for empty in (None, np.nan, pd.NaT, pd.NA, "", "  "):
        assert np.isnan(period(empty).end)
    for open_ in (2024.6, 2024.06, 2024.11, 2024.1, True):
        with pytest.raises(InvalidInput):
            period(open_)


def test_a_column_settles_what_a_cell_leaves_open() -> None:
    ends = [p.end for p in periods([2024.6, 2024.35, 2023.0])]
    assert ends == [2024.6, 2024.35, 2023.0]
    ends = [p.end for p in periods(["2024.6", "2023.11", ""])]
    assert ends[:2] == pytest.approx([days("2024-06-01 2024-07-01")[1], days("2023-11-01 2023-12-01")[1]])
    assert next(p.end for p in periods([2024.0, np.nan])) == 2025.0  # whole numbers beside empty cells were a column of years
    with pytest.raises(InvalidInput, match=r"2024\.6 is open"):
        periods([2024.6, 2023.4])


@settings(deadline=None)
@given(st.integers(1900, 2100), st.integers(1, 12))
def test_every_spelling_of_a_month_is_the_same_month(year: int, month: int) -> None:
    han = "〇一二三四五六七八九"
    in_han = "".join(han[int(c)] for c in str(year))
    month_han = ("十" if month == 10 else "十" + han[month - 10]) if month >= 10 else han[month]
    texts = (f"{year}-{month:02d}", f"{year}/{month}", f"{year}年{month}月", f"{year}{month:02d}", f"{in_han}年{month_han}月")
    found = {period(t) for t in texts}
    assert len(found) == 1
    (only,) = found
    assert decimal(dt.date(year, month, 1)) == only.begin < only.end
    assert only.end == decimal(dt.date(year + month // 12, month % 12 + 1, 1))
    assert arabic(f"{in_han}年{month_han}月") == f"{year}年{month}月"


@settings(deadline=None)
@given(st.text(alphabet="0123456789年月日季度第一二三四至-/.~Q H", max_size=14))
def test_whatever_is_written_is_a_period_in_its_own_years_or_refused(text: str) -> None:
    try:
        found = period(text)
    except InvalidInput:
        return
    assert np.isnan(found.begin) or 1800 <= found.begin <= found.end <= 2401


def panels(**columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"thickness_m": [3.0], "depth_m": [300.0]} | {k: [v] for k, v in columns.items()},
        geometry=[shapely.box(0, 0, 400, 300)],
        crs=4527,
    )


@pytest.mark.parametrize(
    ("start", "end"), list(product(("2023", "2023Q2", "2023年4月", ""), ("2024年6月", "2024Q2", "2024-06")))
)
def test_a_panel_ends_when_its_period_ends(start: str, end: str) -> None:
    checked = check_panels(panels(start=start, end=end))
    assert checked.numbers["end"] == pytest.approx([decimal(dt.date(2024, 7, 1))])
    first = {"2023": 2023.0, "": None}.get(start, decimal(dt.date(2023, 4, 1)))
    assert checked.numbers["start"] == pytest.approx([period(end).begin if first is None else first])
