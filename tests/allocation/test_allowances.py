"""A limit on earth that has a price: told as the user stated it, and at what one more m³ allowed is worth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner import allocation as al
from planner.allocation.earlier import row_prices, started
from planner.allocation.model import assemble
from planner.allocation.objective import objective

COLUMNS = ("area_mu", "cost_cny", "benefit_cny", "cut_m3", "fill_m3", "storage_m3", "npv_cny")


def fields(*, units: int = 20, fill: float = 1.0, cut: float = 0.0) -> al.Problem:
    """Units of a mu that bring 54 yuan where they are worked on, and else nothing."""
    names = [f"u{i:02d}" for i in range(units)]
    index = pd.MultiIndex.from_product([names, ["arable:fill"]], names=["unit_id", "option"])
    frame = pd.DataFrame(dict.fromkeys(COLUMNS, 0.0), index=index)
    frame["target"], frame["treatment"], frame["area_mu"], frame["benefit_cny"] = "arable", "fill", 1.0, 54.0
    return al.Problem(frame.assign(fill_m3=fill, cut_m3=cut))


def earth(way: str, most: float | None, price: float) -> al.Earthwork:
    return al.Earthwork(**{f"max_{way}_m3": most, f"{way}_cny_per_m3": price})


@pytest.mark.parametrize("way", ["import", "export"])
@pytest.mark.parametrize("method", ["milp", "choose"])
def test_one_more_m3_allowed_is_worth_what_it_brings_less_what_it_costs(way: str, method: str) -> None:
    """A field takes a m³ at 10 yuan and brings 54: five are allowed, the sixth would bring 44."""
    problem = fields(fill=float(way == "import"), cut=float(way == "export"))
    found, more = (problem.subject_to(earth(way, most, 10.0)).solve(gap=0, method=method) for most in (5.0, 6.0))
    assert (found.objective, more.objective) == pytest.approx((220.0, 264.0))
    told = found.rows.loc[found.rows["rule"] == "Earthwork"].iloc[0]
    assert told[["min", "max", "activity", "slack"]].tolist() == [-np.inf, 5.0, 5.0, 0.0]
    assert told["shadow_price"] == pytest.approx(more.objective - found.objective)
    less = problem.options.assign(benefit_cny=44.0)
    free = al.Problem(less).subject_to(earth(way, 5.0, 0.0)).solve(gap=0, method=method).rows.iloc[0]
    assert told[["holds_from", "holds_to"]].tolist() == pytest.approx(free[["holds_from", "holds_to"]].tolist())
    (binding,) = found.binding
    assert (binding.kind, binding.limit, binding.high, binding.low, binding.activity) == (way, 5.0, 5.0, None, 5.0)
    assert binding.shadow_price == pytest.approx(44.0)
    assert found.shadow_prices.to_list() == pytest.approx([44.0])


@pytest.mark.parametrize("most", [None, 1e6, 20.0, 30.0])
def test_what_is_not_used_up_is_worth_nothing(most: float | None) -> None:
    """Where every field is filled, or as much as pays may be bought, no more allowance is worth anything."""
    found = fields().subject_to(earth("import", most, 10.0)).solve(gap=0)
    row = found.rows.iloc[0]
    assert found.objective == pytest.approx(20 * 44.0)
    assert (row["max"], row["activity"]) == (np.inf if most is None else most, 20.0)
    assert row["slack"] == (np.inf if most is None else most - 20.0)
    if most != 20.0:  # where the last field takes the last m³ either price proves the plan
        assert (row["shadow_price"], bool(row["binding"]), found.binding) == (0.0, False, ())
    dear = fields().subject_to(earth("import", most, 60.0)).solve(gap=0)
    assert (dear.objective, dear.binding) == (0.0, ())
    assert dear.rows.iloc[0][["activity", "shadow_price"]].tolist() == [0.0, 0.0]


def test_a_budget_that_presses_takes_its_share() -> None:
    """A budget of 33 pays three m³ at a yuan and five mu at 6 that bring 30: another yuan there brings 24 / 6 = 4. One more m³
    allowed brings 54, costs 1, and takes that yuan off the budget: 49."""
    problem = fields()
    other = pd.DataFrame(dict.fromkeys(COLUMNS, 0.0), index=problem.options.index.set_levels(["green:plant"], level=1))
    other = other.rename(index=lambda unit: "v" + unit[1:], level=0)
    other["target"], other["treatment"], other["area_mu"], other["benefit_cny"], other["cost_cny"] = (
        "green",
        "plant",
        1.0,
        30.0,
        6.0,
    )
    both = pd.concat([problem.options, other])
    found = al.Problem(both).subject_to(earth("import", 3.0, 1.0), al.Budget(33.0)).solve(gap=0)
    price = {row["rule"]: row["shadow_price"] for _, row in found.rows.iterrows()}
    assert price == pytest.approx({"Earthwork": 49.0, "Budget": 4.0})
    assert found.rows.iloc[0][["holds_from", "holds_to"]].isna().all()  # the budget moves with the limit


def test_a_search_goes_on_from_the_price_of_earth_itself() -> None:
    """54 yuan a m³ where 44 are told, and 10 where nothing presses."""
    for most, raw in ((5.0, 54.0), (None, 10.0)):
        problem = fields().subject_to(earth("import", most, 10.0))
        found = problem.solve(gap=0)
        goal = objective(problem.table, "net")
        model = assemble(problem.table, problem.parts(), goal)
        start = started(found)
        assert row_prices(model, problem.rules, start.rows, goal.sign) == pytest.approx([raw])
        assert found.multipliers == pytest.approx([raw])


def test_earth_of_zones_is_told_with_its_limit() -> None:
    """Six fields in two zones, four m³ over both: the row has the limit in its name and its kind, and the same worth."""
    zones = {f"u{i:02d}": "ab"[i % 2] for i in range(6)}
    haul = pd.DataFrame({"from": ["a"], "to": ["b"], "cny_per_m3": [1.0]})
    rule = al.Earthwork(max_import_m3=4.0, import_cny_per_m3=10.0, max_export_m3=0.0, zones=zones, haul=haul)
    found = fields(units=6).subject_to(rule).solve(gap=0)
    (told,) = [row for row in found.binding if row.kind == "import"]
    assert (told.rule, told.limit, told.activity) == ("imported fill ≤ 4 m³", 4.0, 4.0)
    assert told.shadow_price == pytest.approx(44.0)
