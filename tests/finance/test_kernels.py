"""Debt, tax, payments and returns against closed forms, by hand, and against two libraries."""

import numpy as np
import numpy_financial as npf
import pytest
import pyxirr
from hypothesis import given
from hypothesis import strategies as st

from planner.errors import InvalidInput
from planner.finance import building_interest, levelised, net_present_value, payment_for, rates_of_return, repayments, rule_2015
from planner.finance.debt import depreciation, income_tax
from planner.finance.returns import sign_changes


@given(st.floats(1e4, 1e10), st.floats(0.0, 0.2), st.integers(1, 40), st.sampled_from(["equal_payment", "equal_principal"]))
def test_a_debt_is_paid_back_whole_and_interest_is_on_what_is_left(debt: float, rate: float, years: int, kind: str) -> None:
    paid = repayments(debt, rate, years, kind)
    assert paid.principal.sum() == pytest.approx(debt, rel=1e-9)
    left = debt - np.r_[0.0, np.cumsum(paid.principal)[:-1]]
    assert paid.interest == pytest.approx(left * rate, rel=1e-7, abs=debt * 1e-9)
    same = paid.service if kind == "equal_payment" else paid.principal
    assert same == pytest.approx(same[0], rel=1e-9)


def test_repayments_are_those_of_numpy_financial() -> None:
    paid = repayments(1e6, 0.06, 10, "equal_payment")
    ages = np.arange(1, 11)
    assert paid.interest == pytest.approx(-npf.ipmt(0.06, ages, 10, 1e6), rel=1e-10)
    assert paid.principal == pytest.approx(-npf.ppmt(0.06, ages, 10, 1e6), rel=1e-10)


def test_interest_while_building_by_hand() -> None:
    assert building_interest([100.0, 100.0], 0.1) == pytest.approx([5.0, (105.0 + 50.0) * 0.1])
    assert building_interest([100.0], 0.0) == pytest.approx([0.0])


def test_losses_come_off_later_profits_for_five_years_only() -> None:
    assert income_tax([-100.0, 60.0, 60.0], 0.25, 5) == pytest.approx([0.0, 0.0, 5.0])
    flow = [-100.0, 0.0, 0.0, 0.0, 0.0, 0.0, 100.0]
    assert income_tax(flow, 0.25, 5)[-1] == 25.0
    assert income_tax(flow, 0.25, 6)[-1] == 0.0


def test_depreciation_ends_with_its_years() -> None:
    assert depreciation(100.0, 10.0, 3, 5) == pytest.approx([30.0, 30.0, 30.0, 0.0, 0.0])


@given(st.floats(1e6, 1e10), st.floats(0.0, 0.1), st.floats(0.0, 0.1), st.integers(1, 30))
def test_payments_of_2015_are_worth_the_investment_and_its_margin(built: float, margin: float, rate: float, years: int) -> None:
    paid = rule_2015(built, np.zeros(years), np.zeros(years), margin, rate)
    worth = (paid / (1 + rate) ** np.arange(1, years + 1)).sum()
    assert worth == pytest.approx(built * (1 + margin), rel=1e-9)


def test_users_lower_the_payment_but_never_below_nothing() -> None:
    assert rule_2015(100.0, [10.0, 10.0], [0.0, 1e9], 0.1, 0.0) == pytest.approx([66.0, 0.0])


def test_least_payment_by_hand_and_unknown_cost() -> None:
    costs = {"opex": 10.0, "depreciation": 5.0, "interest": 2.0, "income": 3.0}
    assert payment_for(costs, tax_rate=0.25, principal_cny=5.0) == pytest.approx(14.0)
    assert payment_for(costs, tax_rate=0.25, principal_cny=8.0) == pytest.approx(14.0 + 3.0 / 0.75)
    with pytest.raises(InvalidInput, match=r"'rent'.*: opex, depreciation, interest and income"):
        payment_for({"rent": 1.0}, tax_rate=0.25)


@given(st.lists(st.floats(1.0, 1e6), min_size=1, max_size=30), st.floats(1.0, 1e6), st.floats(0.3, 3.0))
def test_one_change_of_sign_one_rate_as_two_libraries_find_it(gains: list[float], start: float, scale: float) -> None:
    flow = [-start * scale, *gains]
    found = rates_of_return(flow)
    if not found:  # beyond the rates looked for
        assert (
            abs(net_present_value(flow, -0.9999)) == 0 or net_present_value(flow, 1e4) > 0 or net_present_value(flow, -0.99) < 0
        )
        return
    assert len(found) == 1
    assert sum(v / (1 + found[0]) ** k for k, v in enumerate(flow)) == pytest.approx(0.0, abs=1e-6 * start * scale)
    peer = pyxirr.irr(flow)
    if peer is not None and -0.9 < found[0] < 10:
        assert peer == pytest.approx(found[0], rel=1e-6, abs=1e-8)


def test_every_rate_is_listed_where_the_sign_changes_twice() -> None:
    flow = [-1.0, 2.3, -1.32]  # roots at 10 and 20 %
    assert sign_changes(flow) == 2
    assert rates_of_return(flow) == pytest.approx((0.1, 0.2))
    assert rates_of_return([1.0, 2.0]) == ()
    assert rates_of_return([-1.0, 0.0, 0.0]) == ()


def test_levelised_cost_by_hand() -> None:
    assert levelised([100.0, 110.0], [0.0, 2.2], 0.1) == pytest.approx(100.0)
    assert np.isnan(levelised([1.0], [0.0], 0.1))
