"""What site.toml says without effect is told with its key, and nothing is told of what has one."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from planner.read import read_site
from planner.words import render

X, Y = 39_500_000.0, 3_760_000.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    boxes = [shapely.box(X + 300 * k, Y, X + 300 * (k + 1), Y + 200) for k in range(2)]
    parcels = gpd.GeoDataFrame({"id": ["P1", "P2"], "depth": [2.0, 3.0], "phase": [1, 1]}, geometry=boxes, crs=4527)
    parcels.to_file(tmp_path / "a.gpkg")
    for name, x in (("near", X + 700.0), ("far", X + 80_000.0)):
        shape = [shapely.box(x, Y, x + 50, Y + 50)]
        gpd.GeoDataFrame({"price": [1e5]}, geometry=shape, crs=4527).to_file(tmp_path / f"{name}.gpkg")
    inside = [shapely.box(X, Y, X + 50, Y + 50)]
    gpd.GeoDataFrame({"kind": ["heritage"]}, geometry=inside, crs=4527).to_file(tmp_path / "c.gpkg")
    return tmp_path


PHASE = '[[phase]]\nid = {}\nname = "I"\nstart = 2026\nend = 2027\n'
LAYERS = '[layers]\npolygons = {path = "a.gpkg", depth = "depth"}\n'
HERITAGE = '[[protection]]\nkind = "heritage"\nnames = ["heritage"]\nforbids = ["construction"]\n'


def warned(folder: Path, text: str) -> list[tuple[str, str]]:
    (folder / "site.toml").write_text(LAYERS + text, encoding="utf-8")
    return [(render(w), render(w, "zh")) for w in read_site(folder).warnings]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PHASE.format(1) + PHASE.format(7), "[[phase]] 7"),
        (HERITAGE, "[[protection]] heritage"),
        ('constraints = "c.gpkg"\n' + HERITAGE.replace('kind = "heritage"', 'kind = "cliff"'), "[[protection]] cliff"),
        (
            "[targets.reservoir]\nmax_mu = 0.0\n[reservoir]\nmin_storage_m3 = 0.0\nfilling_years = 2.0\n",
            "reservoir.filling_years",
        ),
        ("[targets.green]\nmax_mu = 0.0\nvalue_cny_per_mu = 9e4\n", "targets.green.value_cny_per_mu"),
        ('[[near]]\nlayer = "far.gpkg"\ntarget = "construction"\nbeyond_m = 500.0\n', "near.0"),
        ('[[near]]\nlayer = "far.gpkg"\ntarget = "construction"\nwithin_m = 500.0\n', "no land may become"),
        ('[[buffer]]\naround = "far.gpkg"\ntarget = "green"\nwidth_m = 50.0\n', "buffer.0"),
        ('[[value.distance]]\nlayer = "far.gpkg"\ncny_per_mu = 1e4\nfades_m = 900.0\n', "value.distance.0"),
        ('[value]\nlayer = "near.gpkg"\ncolumn = "price"\n', "value.construction"),
    ],
)
def test_a_section_without_effect_is_told_with_its_key(folder: Path, text: str, said: str) -> None:
    found = [(en, zh) for en, zh in warned(folder, text) if said in en]
    assert len(found) == 1
    assert any("\u4e00" <= c <= "\u9fff" for c in found[0][1])


def test_sections_with_an_effect_are_not_told(folder: Path) -> None:
    text = (
        'constraints = "c.gpkg"\n' + PHASE.format(1) + HERITAGE + "[targets.green]\nmax_mu = 50.0\n"
        '[[near]]\nlayer = "near.gpkg"\ntarget = "construction"\nbeyond_m = 500.0\n'
        '[[near]]\nlayer = "near.gpkg"\ntarget = "arable"\nwithin_m = 500.0\n'
        '[[buffer]]\naround = "near.gpkg"\ntarget = "green"\nwidth_m = 200.0\n'
        '[[value.distance]]\nlayer = "near.gpkg"\ncny_per_mu = 1e4\nfades_m = 900.0\n'
    )
    idle = [en for en, _ in warned(folder, text) if "no effect" in en or "may become" in en]
    assert idle == []
