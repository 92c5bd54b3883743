"""A saved plan made again is the same; a changed input is named and what it changed is told."""

from pathlib import Path

import geopandas as gpd
import pytest
from dirty.case import frame, site

from planner.errors import InvalidInput
from planner.facade import make_plan
from planner.plan.replay import flat, replay


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    frame().to_file(folder / "a.gpkg")
    make_plan(site(folder, '[layers]\npolygons = "a.gpkg"\n[partition]\nmax_unit_mu = 60.0\n')).save(folder / "out")
    return folder


def test_the_same_inputs_give_the_same_plan(place: Path) -> None:
    found = replay(place / "out")
    assert found.same, found.text()
    assert found.inputs == ()
    assert found.text() == "the same plan: inputs, figures and units agree"


def test_a_changed_input_is_named_with_what_it_changed(place: Path) -> None:
    before = (place / "a.gpkg").read_bytes()
    changed = gpd.read_file(place / "a.gpkg")
    changed["深度"] = [2.5, 3.5]
    changed.to_file(place / "a.gpkg")
    try:
        found = replay(place / "out")
    finally:
        (place / "a.gpkg").write_bytes(before)
    assert found.inputs == ("polygons: a.gpkg has changed since",)
    assert not found.same
    assert found.to_dict()["same"] is False


def test_a_missing_input_is_named(place: Path) -> None:
    (place / "a.gpkg").rename(place / "b.gpkg")
    try:
        with pytest.raises(InvalidInput, match=r"a\.gpkg: no such file"):
            replay(place / "out")
    finally:
        (place / "b.gpkg").rename(place / "a.gpkg")


def test_no_plan_is_no_replay(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no saved plan"):
        replay(tmp_path)


def test_leaves_by_dotted_key() -> None:
    assert flat({"a": {"b": [1, {"c": None}]}, "d": "x"}) == {"a.b[0]": 1, "a.b[1].c": None, "d": "x"}
