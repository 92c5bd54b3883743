"""Money by hand."""

import numpy as np
import pandas as pd
import pytest

from planner.core.money import discounted, payback, spread
from planner.economics import money
from planner.scenario import parse_scenario


def test_discounting_starts_with_the_first_year_whole() -> None:
    assert discounted([100.0, 110.0, 121.0], 0.1).tolist() == pytest.approx([100.0, 100.0, 100.0])


def test_spreading_loses_nothing_and_clips_to_the_horizon() -> None:
    flow = spread([90.0, 10.0, 5.0], [2001, 1990, 2050], [2003, 1990, 2060], 2000, 5)
    assert flow.tolist() == pytest.approx([10.0, 30.0, 30.0, 30.0, 5.0])


@pytest.mark.parametrize(("net", "year"), [([1, 1], 0), ([-2, 1, 1], 2), ([-2, 1], None), ([-1, 2, -3, 4], 3)])
def test_payback_is_the_year_from_which_the_sum_stays_up(net: list[float], year: int | None) -> None:
    assert payback(net) == year


def test_a_plan_of_two_units_by_hand() -> None:
    scenario = parse_scenario(
        {
            "site": {"year": 2020},
            "layers": {"polygons": "a.gpkg"},
            "economics": {
                "discount_rate": 0.0,
                "years": 4,
                "item": [{"name": "dyke", "cny": 20.0, "source": "assumed", "source_zh": "假设"}],
                "fund": [{"name": "city", "cny": 50.0, "source": "a page"}],
            },
        }
    )
    units = pd.DataFrame(
        {
            "target": ["green", "construction"],
            "area_mu": [10.0, 5.0],
            "cost_cny": [40.0, 60.0],
            "benefit_cny": [100.0, 500.0],
            "ready_year": [2021, 2030],
        },
        index=["u1", "u2"],
    )
    haul = pd.DataFrame({"from_unit": ["u1", "u1"], "to_unit": ["u2", "u1"], "cost_cny": [30.0, 0.0]})
    hauled = money(units, scenario, haul)
    assert (hauled.works_cny, hauled.haul_cny, hauled.cost_cny) == (100.0, 30.0, 150.0)
    assert np.isclose(hauled.flow["cost_cny"].sum(), 150.0)
    assert hauled.funds["cny"].tolist() == [50.0, 100.0]
    result = money(units, scenario, haul.iloc[:0])
    assert (result.works_cny, result.lump_cny, result.cost_cny) == (100.0, 20.0, 120.0)
    assert result.benefit_cost_ratio == pytest.approx(5.0)
    assert result.by_target.loc["construction", "benefit_cny"] == 500.0
    assert result.flow["cost_cny"].loc[[2020, 2021]].tolist() == pytest.approx([60.0, 60.0])
    assert result.flow["benefit_cny"].loc[2021] == 100.0  # ready in the year the works end
    assert result.flow["benefit_cny"].loc[2030] == 500.0
    assert result.npv_cny == pytest.approx(480.0)
    assert result.payback_year == 2030
    assert result.funds["cny"].tolist() == [50.0, 70.0]
    assert result.items[["source", "source_zh"]].to_numpy().tolist() == [["assumed", "假设"]]
    told = [["a page", "a page"], ["cost less the funds above", "总投资减以上资金"]]  # without source_zh as it stands
    assert result.funds[["source", "source_zh"]].to_numpy().tolist() == told
    assert np.isclose(result.flow["cost_cny"].sum(), 120.0)


def test_earth_that_waits_is_paid_where_it_is_placed() -> None:
    """100 m³ are dug in 2020, 95 placed in 2021: 95 m³ at 4 yuan, in 2021; nothing where earth may come from outside."""
    phases = [{"id": k, "name": str(k), "start": 2019 + k, "end": 2019 + k} for k in (1, 2)]
    scenario, free = (
        parse_scenario({"site": {"year": 2020}, "layers": {"polygons": "x"}, "phase": phases, "earthwork": earth})
        for earth in ({"max_import_m3": 0.0}, {"max_import_m3": None})
    )
    columns = {"target": ["reservoir", "green"], "area_mu": 1.0, "cost_cny": 0.0, "benefit_cny": 0.0, "ready_year": 2021}
    units = pd.DataFrame({**columns, "phase": [1, 2], "cut_m3": [100.0, 0.0], "fill_m3": [0.0, 95.0]}, index=["u1", "u2"])
    result = money(units, scenario, pd.DataFrame())
    assert (result.stock_cny, result.cost_cny) == pytest.approx((380.0, 380.0))
    assert result.flow["cost_cny"].loc[[2020, 2021]].tolist() == pytest.approx([0.0, 380.0])
    assert money(units, free, pd.DataFrame()).stock_cny == 0.0


def test_years_without_works_cost_exactly_nothing() -> None:
    rng = np.random.default_rng(3)
    amount = rng.uniform(1e3, 1e7, 500)
    paid = spread(amount, np.full(500, 2016.0), rng.integers(2016, 2019, 500), 2016, 10)
    assert (paid[3:] == 0).all()
    assert paid.sum() == pytest.approx(amount.sum(), rel=1e-14)
