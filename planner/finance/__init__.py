"""A project's money: PPP payments, debt, returns, burden on the budget, value for money, sensitivity and risk."""

from planner.finance.debt import Debt, building_interest, repayments
from planner.finance.facade import Finance, finance
from planner.finance.payments import payment_for, rule_2015
from planner.finance.returns import levelised, net_present_value, rates_of_return

__all__ = [
    "Debt",
    "Finance",
    "building_interest",
    "finance",
    "levelised",
    "net_present_value",
    "payment_for",
    "rates_of_return",
    "repayments",
    "rule_2015",
]
