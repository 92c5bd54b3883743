"""Kinds of protection: how layers name them, what they bar, what a site may add, and that nothing passes in silence."""

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import InvalidInput
from planner.protection import by_kind_alone, in_force, kind_named, kinds, protected, works_barred
from planner.scenario import Scenario, document, parse_scenario


def scenario(path: str = "c.gpkg", layer: str | None = None, **sections: Any) -> Scenario:
    constraints = {"path": path} | ({"layer": layer} if layer else {})
    return parse_scenario({"layers": {"polygons": "a.gpkg", "constraints": constraints}, "site": {"year": 2025}, **sections})


def rows(**columns: list[Any]) -> gpd.GeoDataFrame:
    n = len(next(iter(columns.values())))
    base: dict[str, list[Any]] = {"kind": [""] * n, "name": [""] * n, "forbids": [""] * n}
    return gpd.GeoDataFrame(base | columns, geometry=[shapely.box(i, 0, i + 1, 1) for i in range(n)], crs="EPSG:4527")


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("永久基本农田", "basic_farmland"),
        ("某县永久基本农田（2021年划定）", "basic_farmland"),
        ("YJJBNTTBBH", "basic_farmland"),
        ("生态保护红线", "ecological_red_line"),
        ("饮用水水源一级保护区", "drinking_water_1"),
        ("城镇开发边界", "development_boundary"),
        ("Permanent Basic-Farmland", "basic_farmland"),
        ("采矿权", "mining_right"),
        ("古井遗址", "heritage"),
        ("village", None),
        ("非基本农田", None),
        ("永久基本农田（外）", None),
        ("城镇开发边界以外", None),
        ("城镇开发边界外的永久基本农田", "basic_farmland"),
        ("", None),
        ("line", None),
    ],
)
def test_bureaus_names_find_their_kind(word: str, key: str | None) -> None:
    found = kind_named([word], kinds(scenario()))
    assert (found.key if found else None) == key


def test_the_kind_stands_in_the_row_the_heading_or_the_layers_name() -> None:
    wish = scenario()
    by_row = protected(rows(图斑类型=["永久基本农田", "高压走廊"]), wish, shown="c.gpkg")
    assert by_row["kind"].tolist() == ["basic_farmland", "power_line"]
    assert by_row["forbids"].tolist() == ["construction,green,reservoir", "construction,digging"]
    by_heading = protected(rows(YJJBNTTBBH=["001", "002"]), wish, shown="c.gpkg")
    assert by_heading["kind"].tolist() == ["basic_farmland"] * 2
    by_file = protected(rows(fid=[1]), scenario("data/生态保护红线.gpkg"), shown="生态保护红线.gpkg")
    assert by_file["forbids"].tolist() == ["construction,arable,green,reservoir"]


def test_what_a_layer_forbids_is_added_to_what_the_law_does() -> None:
    found = protected(rows(kind=["basic_farmland", "belt"], forbids=["reservoir", "arable"]), scenario(), shown="c")
    assert found["forbids"].tolist() == ["reservoir,construction,green", "arable"]
    assert found["kind"].tolist() == ["basic_farmland", "belt"]


def test_kinds_of_rows_that_say_nothing_themselves_are_told() -> None:
    layer = rows(kind=["basic_farmland", "levee", "basic_farmland"], forbids=["", "arable", ""])
    assert by_kind_alone(layer, protected(layer, scenario(), shown="c")) == ["basic_farmland"]


def test_a_kind_that_is_unknown_and_forbids_nothing_stops() -> None:
    with pytest.raises(
        InvalidInput, match=r"row 2: 'gravel pit' names no known kind .*\[\[protection\]\] kind = \"gravel pit\""
    ):
        protected(rows(kind=["heritage", "gravel pit"]), scenario(), shown="c.gpkg")
    known = scenario(protection=[{"kind": "gravel pit", "forbids": ["construction"]}])
    assert protected(rows(kind=["gravel pit"]), known, shown="c.gpkg")["forbids"].tolist() == ["construction"]


def test_the_sites_own_kinds_win() -> None:
    own = {"kind": "heritage", "names": ["老窑址"], "forbids": ["reservoir"]}
    known = kinds(scenario(protection=[own]))
    assert known["heritage"].barred == ("reservoir",)
    assert kind_named(["老窑址"], known) is known["heritage"]
    with pytest.raises(InvalidInput, match="neither a target nor works"):
        kinds(scenario(protection=[{"kind": "heritage", "forbids": ["houses"]}]))
    with pytest.raises(InvalidInput, match="neither forbids nor only_inside; did you mean 'heritage'"):
        kinds(scenario(protection=[{"kind": "heritag"}]))


def test_an_approval_lets_be_what_the_kind_allows_with_one() -> None:
    plain, told = (
        kinds(scenario()),
        kinds(scenario(protection=[{"kind": "ecological_red_line", "approved": "皖自然资〔2024〕1号"}])),
    )
    assert plain["ecological_red_line"].barred == ("construction", "arable", "green", "reservoir")
    assert told["ecological_red_line"].barred == ("construction", "arable")


def test_a_right_that_has_ended_bars_nothing() -> None:
    found = protected(rows(kind=["采矿权", "采矿权"], until=["2024-12-31", "2031-06-30"]), scenario(), shown="c")
    assert found["forbids"].tolist() == ["", "construction"]


def test_inside_and_works() -> None:
    found = protected(rows(kind=["城镇开发边界"]), scenario(), shown="c")
    assert (found["forbids"].tolist(), found["only_inside"].tolist()) == ([""], ["construction"])
    assert works_barred("construction,digging") == {"dig_1", "dig_2", "dig_3", "dig_4"}
    assert works_barred("") == set()


def test_a_kind_has_dates_where_its_rows_have_none() -> None:
    own = {"kind": "mining_right", "from": 2020, "until": 2031}
    told = scenario(protection=[own])
    found = protected(rows(kind=["采矿权", "采矿权"], until=["", "2040"]), told, shown="c")
    assert found["until_year"].tolist() == [2031.0, 2040.0]
    assert found["since_year"].tolist() == [2020.0, 2020.0]
    assert document(told)["protection"] == [own]  # written back as it was given


@settings(max_examples=100, deadline=None)
@given(
    since=st.none() | st.integers(2018, 2032),
    until=st.none() | st.integers(2018, 2032),
    first=st.integers(2020, 2030),
    span=st.integers(0, 4),
)
def test_what_is_in_force_year_by_year(since: int | None, until: int | None, first: int, span: int) -> None:
    """Brute force: a target stands in every year from the works on, works go on in theirs; one year in force bars them."""
    layer = rows(kind=["x"]).assign(
        since_year=[np.nan if since is None else since], until_year=[np.nan if until is None else until]
    )

    def force(year: int) -> bool:
        return (since is None or since <= year) and (until is None or year <= until)

    if since is not None and until is not None and since > until:
        return
    for word, years in (("construction", range(first, 2060)), ("digging", range(first, first + span + 1))):
        assert bool(in_force(layer, word, first, first + span)[0]) == any(force(y) for y in years)


@pytest.mark.parametrize(
    ("column", "text", "years"),
    [
        ("until", "2019-12-31", (None, 2019)),
        ("until", 2019.0, (None, 2019)),
        ("until", "20191231", (None, 2019)),
        ("有效期止", "二〇一九年十二月", (None, 2019)),
        ("有效期至", "2009-01-01至2019-12-31", (None, 2019)),
        ("有效期", "2009-01-01至2019-12-31", (2009, 2019)),
        ("有效期", "2019年底", (None, 2019)),
        ("有效期起", "2009.6", (2009, None)),
        ("until", "长期", (None, None)),
        ("until", None, (None, None)),
        ("until", "31/12/2019", (None, 2019)),
    ],
)
def test_from_and_up_to_which_year_a_row_is_in_force(column: str, text: Any, years: tuple[int | None, int | None]) -> None:
    found = protected(rows(kind=["采矿权"], **{column: [text]}), scenario(), shown="c.gpkg").iloc[0]
    assert [None if np.isnan(found[c]) else int(found[c]) for c in ("since_year", "until_year")] == list(years)
    assert found["forbids"] == ("" if years[1] == 2019 else "construction")


@pytest.mark.parametrize("text", ["19-12-31", "31122019", "end of lease"])
def test_a_date_without_a_year_is_refused(text: str) -> None:
    """It held for ever in silence."""
    with pytest.raises(InvalidInput, match=r"row 1: until is .* tells no year"):
        protected(rows(kind=["采矿权"], until=[text]), scenario(), shown="c.gpkg")


def test_a_row_that_denies_its_files_kind_is_none_of_it() -> None:
    wish = scenario("data/永久基本农田.gpkg")
    assert protected(rows(name=["12"]), wish, shown="永久基本农田.gpkg")["kind"].tolist() == ["basic_farmland"]
    with pytest.raises(InvalidInput, match="names no known kind"):
        protected(rows(name=["非基本农田"]), wish, shown="永久基本农田.gpkg")
