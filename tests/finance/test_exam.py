"""The worked exam of DOMAIN 8, to the printed digit; raw under tests/authorities/finance."""

import tomllib
from pathlib import Path

import numpy as np

import planner as pl
from planner.finance import building_interest, payment_for, repayments
from planner.finance.debt import depreciation

EXAM = tomllib.loads((Path(__file__).parents[1] / "authorities/finance/exam.toml").read_text(encoding="utf-8"))
PRINTED = EXAM["printed"]


def printed(value: float, answer: str) -> str:
    """A figure with as many decimals as the answer has."""
    return f"{value:.{len(answer.partition('.')[2])}f}"


def test_kernels_give_the_printed_answers() -> None:
    loan = EXAM["investment"] * (1 - EXAM["equity_share"])
    interest = building_interest(np.full(2, loan / 2), EXAM["loan_rate"])
    debt = repayments(loan + interest.sum(), EXAM["loan_rate"], EXAM["loan_years"], "equal_payment")
    worn = depreciation(EXAM["investment"] + interest.sum(), EXAM["residual"], EXAM["depreciation_years"], 20)[0]
    # The exam goes on with its own rounded figures; unrounded the least payment is 11 980.306.
    first = {"depreciation": round(worn, 2), "interest": round(debt.interest[0], 2)}
    costs = {"opex": EXAM["opex"], "income": EXAM["income"], **first}
    least = payment_for(costs, tax_rate=EXAM["tax_rate"], principal_cny=round(debt.principal[0], 2))
    normal = {"opex": EXAM["normal_opex"], "depreciation": worn, "income": EXAM["income"]}
    wanted = payment_for(normal, tax_rate=EXAM["tax_rate"], net_cny=EXAM["wanted_return"] * EXAM["private_equity"])
    found = {
        "building_interest": interest.sum(),
        "debt": loan + interest.sum(),
        "yearly_payment": debt.service[0],
        "first_interest": debt.interest[0],
        "first_principal": debt.principal[0],
        "depreciation": worn,
        "least_payment": least,
        "normal_payment": wanted,
    }
    assert {k: printed(v, PRINTED[k]) for k, v in found.items()} == PRINTED


def test_the_whole_project_gives_the_same_answers() -> None:
    keys = {
        "first_year": 2016,
        "build_years": 2,
        "operate_years": 20,
        "investment_cny": EXAM["investment"] * 1e4,
        "equity_share": EXAM["equity_share"],
        "gov_equity_share": 1 - EXAM["private_equity"] / (EXAM["equity_share"] * EXAM["investment"]),
        "loan_rate": EXAM["loan_rate"],
        "loan_years": EXAM["loan_years"],
        "opex_cny": (*[EXAM["opex"] * 1e4] * 19, EXAM["normal_opex"] * 1e4),
        "user_income_cny": EXAM["income"] * 1e4,
        "tax_rate": EXAM["tax_rate"],
        "depreciation_years": EXAM["depreciation_years"],
        "residual_cny": EXAM["residual"] * 1e4,
        "equity_return": EXAM["wanted_return"],
    }
    s = pl.finance(**keys)
    first = s["debt_service"][0]
    found = {
        "building_interest": s["building_interest_cny"],
        "debt": s["debt_cny"],
        "yearly_payment": first["interest_cny"] + first["principal_cny"],
        "first_interest": first["interest_cny"],
        "first_principal": first["principal_cny"],
        "depreciation": s["depreciation_cny"],
        "least_payment": s["least_payment_cny"],
        "normal_payment": s["wanted_payment_cny"],
    }
    for key, value in found.items():  # within the last printed digit: the exam rounds on the way
        assert abs(value / 1e4 - float(PRINTED[key])) < 0.01, key
    assert s["debt_service"][-1]["year"] == 2027
