"""No key without a reader while the program runs: small worlds that use everything are planned, and what was asked is listed.

`test_parameters_read` asks whether the code names a parameter; here the running program itself has to take its value.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from conftest import CRS, NORTH, SIDE, WEST, write_raster, write_small_world

import planner as pl
from planner.city.candidates import plots_of
from planner.city.evaluation import phase_out
from planner.city.save import save as save_city
from planner.keys.layer import Part
from planner.parameters import Parameters, defaults
from planner.site import Grid
from planner.subsidence import boundaries, predict_grid, trough_from_prediction
from planner.suitability import damage_grade

ROOT = Path(__file__).parents[1]
TOWN = ROOT / "sample_geo" / "city"
MINED = """
[site]
year = 2011
[layers]
polygons = "parcels.gpkg"
terrain = "dem.tif"
subsidence = "w.tif"
panels = "panels.gpkg"
constraints = "kinds.gpkg"
[standards]
building = "BUILDING"
[water]
climate = "shizuishan"
[suitability]
foundation_load_kpa = 200.0
[solver]
gap = 1e-2
"""
FINANCE = {"first_year": 2016, "build_years": 2, "operate_years": 10, "investment_cny": 1e8, "equity_share": 0.3}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The keys whose values were taken while the test ran."""
    keys: set[str] = set()
    value, section = Parameters.value, Parameters.section

    class Watched(dict[str, Any]):
        """A section, of which it is known what was taken out."""

        def __init__(self, head: str, values: dict[str, Any]):
            super().__init__(values)
            self.head = head

        def __getitem__(self, name: str) -> Any:
            keys.add(f"{self.head}.{name}")
            return super().__getitem__(name)

        def get(self, name: str, default: Any = None) -> Any:
            keys.add(f"{self.head}.{name}")
            return super().get(name, default)

        def items(self) -> Any:
            return [(name, self[name]) for name in self]

        def values(self) -> Any:
            return [self[name] for name in self]

    def told(self: Parameters, key: str) -> Any:
        keys.add(key)
        return value(self, key)

    monkeypatch.setattr(Parameters, "value", told)
    monkeypatch.setattr(Parameters, "section", lambda self, prefix: Watched(prefix, section(self, prefix)))
    yield keys


def mined(folder: Path, building: str) -> Path:
    """A small world over panels of three kinds of rock, with a patch of every kind of protected land and no water table."""
    write_small_world(folder)
    x, y = WEST + 300.0, NORTH - 900.0
    panels = {
        "thickness_m": [2.0, 2.0, 2.5],
        "depth_m": [200.0, 220.0, 60.0],
        "overburden": ["hard", "soft", "medium"],
        "dip_deg": [8.0, 0.0, 0.0],
        "seam": ["1", "2", "1"],
        "start": [2009.0, 2010.0, 2011.0],
        "end": [2010.0, 2011.0, 2012.0],
    }
    shapes = [shapely.box(x + dx, y, x + dx + 200, y + 200) for dx in (0.0, 0.0, 300.0)]
    gpd.GeoDataFrame(panels, geometry=shapes, crs=CRS).to_file(folder / "panels.gpkg")
    kinds = sorted({key.split(".")[1] for key in defaults() if key.startswith("protection.")})
    spots = [shapely.box(WEST + 60 + 20 * k, NORTH - 80, WEST + 75 + 20 * k, NORTH - 60) for k in range(len(kinds))]
    gpd.GeoDataFrame({"kind": kinds, "forbids": ""}, geometry=spots, crs=CRS).to_file(folder / "kinds.gpkg")
    (folder / "site.toml").write_text(MINED.replace("BUILDING", building), encoding="utf-8")
    return folder


def plans(folder: Path) -> None:
    """A plan with all that is made of one: files, drawing, years of its lake, survey."""
    plan = pl.make_plan(write_small_world(folder / "small"))
    plan.save(folder / "plan")
    plan.explain(plan.units.index[0])
    pl.drawing(plan)
    pl.water(plan)
    pl.water(plan, climate="shizuishan")
    pl.asbuilt(plan, plan.site.terrain).summary()
    pl.hollows(plan.site.terrain)
    for building in ("polish", "gb50021"):
        over = pl.make_plan(mined(folder / building, building))
        pl.drawing(over)
        damage_grade(over.units, over.site.scenario)
    write_raster(folder / "small" / "left.tif", np.full((SIDE, SIDE), 20.0))
    criteria = {"suitability.green.criteria": ["water_depth_m", "curvature_mm_m2"], "suitability.green.weights": [1.0, 1.0]}
    pl.make_plan(folder / "small", **criteria, **{"layers.residual": "left.tif", "earthwork.max_export_m3": 1e6})
    facts = over.units.assign(soil_m=0.8, seepage_mm_d=1.0, pollution_index=0.1, roundness=0.9)
    pl.judge(facts, over.site.scenario)


def mines(folder: Path) -> None:
    """Predictions, their lines and troughs, farmland saved before the water."""
    panels = gpd.read_file(mined(folder / "mine", "gb50021") / "panels.gpkg")
    grid = Grid(np.zeros((60, 80)), WEST, NORTH - 400.0, 20.0, 20.0)
    boundaries(predict_grid(panels, grid), CRS)
    trough_from_prediction(panels, cell_m=20.0)
    down = np.minimum(np.mgrid[:40, :40][0], 20) / 4.0
    ground = Grid(np.full((40, 40), 32.0), WEST, NORTH, 10.0, 10.0)
    pl.farmland(ground, ground.like(down), ground.like(30.5))


def towns(folder: Path) -> None:
    """Cities by layers and by figures, land by yield, evaluation."""
    for name in ("city.toml", "wuhai.toml"):
        save_city(pl.city(TOWN / name), folder / name)
    text = (TOWN / "wuhai.toml").read_text(encoding="utf-8").replace("[greening]", '[greening]\nlimits = "gb-55014-2021"')
    (folder / "other.toml").write_text(text, encoding="utf-8")
    pl.city(folder / "other.toml").summary()
    home = gpd.GeoSeries([shapely.box(0, 0, 400, 400)])
    park, road = gpd.GeoSeries([shapely.box(0, 0, 50, 200)]), gpd.GeoSeries([shapely.LineString([(0, 100), (400, 100)])])
    pl.greening(built_up=home, green=park, parks=park, residential=home, people=1e3, roads=road)
    firms = pd.DataFrame({"tax_per_mu": [3.0, 9.0], "output_per_energy": [1.0, 2.0]}, index=["a", "b"])
    scores = pl.yield_per_mu(firms, weights="shizuishan")
    plots = gpd.GeoDataFrame({"firm": ["a", "b"]}, geometry=[shapely.box(x, 0, x + 90, 90) for x in (0, 90)])
    plots_of(plots, scores, firms, defaults(), column="firm")
    for value in (0.0, 0.7, 0.85, 1.0):
        row = {"direction": "higher", "weight": 1.0, "baseline": 0.0, "target": 1.0, "value": value}
        pl.evaluation(pd.DataFrame([row], index=["one"]), transfer_cny=1e8)
    phase_out(4e8)


def money(folder: Path) -> None:
    """A project's terms of both regimes, a programme of one year."""
    for more in ({"loan_rate": 0.06, "discount_rate": 0.049}, {"regime": "2023", "user_income_cny": 1.7e7}):
        pl.finance(**FINANCE, **more).save(folder / more.get("regime", "2015"))
    variant = {"spend_cny": [1.0], "benefit_cny": [0.0, 2.0], "surplus_m3": 1.0}
    projects = [{"id": name, "variant": [variant], "xy": [x, 0.0]} for name, x in (("A", 0.0), ("B", 100.0))]
    fund = [{"id": "all", "yearly_cny": {2010: 9.0}}]
    pl.portfolio({"portfolio": {"first_year": 2010, "years": 2}, "project": projects, "fund": fund, "earth": {}})


def test_every_parameter_is_taken_by_the_running_program(asked: set[str], tmp_path: Path) -> None:
    for part in (plans, mines, towns, money):
        (tmp_path / part.__name__).mkdir()
        part(tmp_path / part.__name__)
    assert sorted(set(defaults()) - asked) == []


def test_a_key_that_nothing_takes_is_seen(asked: set[str]) -> None:
    table = defaults()
    assert table.number("water.amplitude_m") > 0 and table.section("ledgers")
    assert {k for k in ("water.amplitude_m", "water.lake_min_mu") if k in asked} == {"water.amplitude_m"}
    assert not any(key.startswith("ledgers.") for key in asked)  # a section that is at hand is not yet read


def fields(model: type[Part]) -> Iterator[tuple[str, str]]:
    """Every field of the models that site.toml is read into: the model's and its own name."""
    for kind in model.__subclasses__():
        yield from ((kind.__name__, name) for name in kind.__annotations__ if not name.startswith("_"))
        yield from fields(kind)


def taken(sources: list[str]) -> set[str]:
    """The attributes that code takes of something, or names to take them later; checks of what was given take nothing."""
    found: set[str] = set()
    for node in (n for source in sources for n in walked(ast.parse(source))):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            found.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found


def walked(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree but for validators."""
    if not (isinstance(tree, ast.FunctionDef) and any("validator" in ast.unparse(d) for d in tree.decorator_list)):
        yield tree
        for child in ast.iter_child_nodes(tree):
            yield from walked(child)


def test_every_key_of_a_site_is_taken() -> None:
    sources = [p.read_text(encoding="utf-8") for p in (ROOT / "planner").rglob("*.py")]
    attributes = taken(sources)
    named = list(fields(Part))
    assert len(named) > 100
    assert sorted({f"{model}.{name}" for model, name in named if name not in attributes}) == []
