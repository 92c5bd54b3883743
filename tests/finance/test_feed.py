"""Money fed by a plan: its cost, restored mu and year, at hand or saved, and what has no source on the first page."""

import shutil
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

import planner as pl
from planner.cli.main import run
from planner.export.sitefile import toml

TERMS = {"build_years": 2, "operate_years": 10, "regime": "2015", "discount_rate": 0.05, "loan_rate": 0.05}
SITE = {
    "site": {"crs": "EPSG:4548", "year": 2011, "name": "二湖", "name_en": "Two"},
    "layers": {"polygons": {"path": "p.gpkg", "id": "parcel", "depth": "depth"}, "water_table": -1.5},
    "partition": {"max_unit_mu": 40.0, "min_unit_mu": 5.0},
    "targets": {"construction": {"max_mu": 0.0}},
    "economics": {"fund": [{"name": "省", "name_en": "Province", "cny": 1e5}]},
    "finance": TERMS,
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    boxes = [shapely.box(500000 + 400 * k, 3800000, 500150 + 400 * k, 3800200) for k in range(2)]
    frame = gpd.GeoDataFrame({"parcel": ["A", "B"], "depth": [0.5, 2.6]}, geometry=boxes, crs="EPSG:4548")
    frame.to_file(folder / "p.gpkg")
    (folder / "site.toml").write_text(toml(SITE), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def plan(site: Path) -> pl.Plan:
    return pl.make_plan(site)


def test_a_plan_gives_its_cost_mu_and_year(plan: pl.Plan) -> None:
    s, money = plan.summary(), pl.finance(plan)
    assert s["economics"]["cost_cny"] > 1e5 and s["restored_mu"] > 0
    assert money.terms.investment_cny == s["economics"]["cost_cny"]
    assert money.terms.mu == s["restored_mu"] and money.terms.first_year == 2011
    rate = sum(p["payment_cny"] / 1.05 ** (k + 1) for k, p in enumerate(money["payments"]))
    assert rate == pytest.approx(money["payments_pv_cny"]) and money["payments_pv_cny"] >= s["economics"]["cost_cny"]
    assert pl.finance(plan, investment_cny=7e6).terms.investment_cny == 7e6


@pytest.mark.parametrize(("lang", "words"), [("en", "have no source"), ("zh", "没有资金来源")])
def test_what_has_no_source_is_told_on_the_first_page(plan: pl.Plan, tmp_path: Path, lang: str, words: str) -> None:
    left = plan.summary()["economics"]["unfunded_cny"]
    assert left == pytest.approx(plan.summary()["economics"]["cost_cny"] - 1e5)
    money = pl.finance(plan)
    assert money.unfunded_cny == left
    page = (money.save(tmp_path / "money", lang=lang) / "report.html").read_text(encoding="utf-8")
    assert words in page[: page.index("<table")]
    assert ("Two" if lang == "en" else "二湖") in page[: page.index("</h1>")]


def test_a_saved_plan_feeds_the_same_money_to_the_verb(
    plan: pl.Plan, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = plan.save(tmp_path / "plan")
    there = pl.finance(folder)
    assert there.terms == pl.finance(plan).terms and there.unfunded_cny == pl.finance(plan).unfunded_cny
    capsys.readouterr()
    assert run(["finance", str(folder)]) == 0
    assert "have no source" in " ".join(capsys.readouterr().err.split())


def test_money_that_is_lent_has_no_source_either(site: Path, tmp_path: Path) -> None:
    fund = {"name": "公司", "name_en": "Company", "cny": 5e6, "repaid": True}
    other = tmp_path / "site"
    shutil.copytree(site, other)
    (other / "site.toml").write_text(toml({**SITE, "economics": {"fund": [fund]}}), encoding="utf-8")
    money = pl.finance(pl.make_plan(other))
    assert money.lent_cny == 5e6 and money.unfunded_cny == 0.0
    page = (money.save(tmp_path / "money") / "report.html").read_text(encoding="utf-8")
    assert "have to be paid back, and no source is named for that" in page[: page.index("<table")]
