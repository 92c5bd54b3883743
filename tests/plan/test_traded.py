"""Earth that a rule of the site file prices: in the choice, in the cost and in every year."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import planner as pl
from planner.economics import haul_worth, traded


@pytest.fixture(scope="module")
def bought(small_world: Path) -> Any:
    rule = [{"rule": "Earthwork", "import_cny_per_m3": 2.0, "max_import_m3": 90_000.0}]
    return pl.make_plan(pl.read_site(small_world), **{"earthwork.max_import_m3": 1e9, "rule": rule})


def test_earth_that_is_bought_at_a_price_is_in_every_sum(bought: Any) -> None:
    units, money, s = bought.units, bought.economics, bought.summary()
    lack = float(units["fill_m3"].sum()) - bought.site.scenario.number("earthwork.compaction") * float(units["cut_m3"].sum())
    assert lack > 1e4
    assert money.traded_cny == pytest.approx(2.0 * lack) == pytest.approx(s["economics"]["traded_cny"])
    assert money.cost_cny == pytest.approx(money.works_cny + money.haul_cny + money.traded_cny)
    assert money.flow["cost_cny"].sum() == pytest.approx(money.cost_cny) == pytest.approx(s["economics"]["cost_cny"])
    assert sum(row["cost_cny"] for row in s["years"]) == pytest.approx(money.cost_cny)
    assert s["economics"]["npv_cny"] == pytest.approx(s["solver"]["objective"], rel=1e-9)  # 1 079.3 beside 1 080.3 M yuan


def test_what_is_told_of_it_is_the_allowance(bought: Any) -> None:
    """At 90 000 m³ the limit presses: the row told is the user's, at what a m³ brings beyond its two yuan."""
    (row,) = [b for b in bought.certificate.binding if b["kind"] == "import"]
    (raw,) = [b for b in bought.certificate.start_prices if b["kind"] == "import"]
    assert row["limit"] == row["high"] == 90_000.0
    assert row["activity"] == pytest.approx(90_000.0, rel=0.01)
    paid = 2.0 * haul_worth(bought.site.scenario)
    assert 0 < row["shadow_price"] == pytest.approx(raw["shadow_price"] - paid, rel=1e-6)


def test_a_rule_without_a_price_costs_nothing(bought: Any) -> None:
    free = pl.make_plan(bought.site, rule=[{"rule": "Earthwork", "max_import_m3": 90_000.0}])
    assert free.economics.traded_cny == 0.0
    away = [{"rule": "Earthwork", "export_cny_per_m3": 3.0, "compaction": 0.5}]
    sold = pl.make_plan(bought.site, rule=away, **{"earthwork.max_export_m3": 1e9, "earthwork.max_import_m3": 0.0})
    left = 0.5 * float(sold.units["cut_m3"].sum()) - float(sold.units["fill_m3"].sum())
    assert sold.economics.traded_cny == pytest.approx(3.0 * max(left, 0.0))
    assert traded(sold.units, sold.site.scenario) == sold.economics.traded_cny
    assert sold.economics.npv_cny == pytest.approx(sold.certificate.objective, rel=1e-9)
