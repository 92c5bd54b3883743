"""The city around the lake: green space within reach, yield per mu of enterprises, the yearly evaluation."""

from planner.city.covering import with_homes
from planner.city.enterprises import YieldSet, justified_tax_per_mu, low_yield, yield_per_mu
from planner.city.evaluation import Evaluation, evaluation, phase_out
from planner.city.greening import Greening, green_figures, greening
from planner.city.inplan import in_plan
from planner.city.price import GreenPrice, price_curve, price_of_green
from planner.city.served import Served, served, served_share
from planner.city.study import CityStudy, city
from planner.city.worth import worth_of_units
from planner.plan.homes import Homes

__all__ = [
    "CityStudy",
    "Evaluation",
    "GreenPrice",
    "Greening",
    "Homes",
    "Served",
    "YieldSet",
    "city",
    "evaluation",
    "green_figures",
    "greening",
    "in_plan",
    "justified_tax_per_mu",
    "low_yield",
    "phase_out",
    "price_curve",
    "price_of_green",
    "served",
    "served_share",
    "with_homes",
    "worth_of_units",
    "yield_per_mu",
]
