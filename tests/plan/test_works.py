"""Works in zones: few and large ones at no more cost, by brute force on tiny worlds; and what a plan counts as a zone."""

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.allocation import Problem, Steps
from planner.plan.allocate import works_rules
from planner.plan.ledgers import works, zone_numbers
from planner.scenario import Scenario, parse_scenario

WAYS = ("arable:level", "arable:fill", "reservoir:dig_1", "reservoir:dig_2", "unrestored:none")


def scenario(**works_section: float) -> Scenario:
    return parse_scenario({"layers": {"polygons": "a.gpkg"}} | ({"works": works_section} if works_section else {}))


def row_of(n: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"unit_a": [f"u{k}" for k in range(n - 1)], "unit_b": [f"u{k + 1}" for k in range(n - 1)], "length_m": 100.0}
    )


def options(gain: np.ndarray) -> pd.DataFrame:
    """A row of units of 10 mu with five options each, worth gain (n, 5) yuan."""
    n = len(gain)
    index = pd.MultiIndex.from_product([[f"u{k}" for k in range(n)], WAYS], names=["unit_id", "option"])
    split = [w.split(":") for w in WAYS] * n
    return pd.DataFrame(
        {
            "target": [s[0] for s in split],
            "treatment": [s[1] for s in split],
            "area_mu": 10.0,
            "benefit_cny": gain.ravel(),
            "cost_cny": 0.0,
        },
        index=index,
    )


def kind(way: int) -> str:
    return "land" if way < 2 else WAYS[way]


def brute(gain: np.ndarray, price: float, least: float) -> float:
    """The best of all plans: gains less the price of unlike borders, no zone below the least area."""
    best = -np.inf
    for plan in itertools.product(range(5), repeat=len(gain)):
        zones = [(k, len(list(g))) for k, g in itertools.groupby(plan, kind)]
        if any(10.0 * size < least for k, size in zones if k != "unrestored:none"):
            continue
        worth = sum(gain[i, w] for i, w in enumerate(plan)) - 100.0 * price * (len(zones) - 1)
        best = max(best, worth)
    return best


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 3.0, 12.0]), st.sampled_from([0.0, 20.0]))
def test_zones_are_the_best_of_all_plans(seed: int, price: float, least: float) -> None:
    gain = np.random.default_rng(seed).uniform(0, 2000, (5, 5))
    rules = works_rules(scenario(cny_per_m=price, min_zone_mu=least), row_of(5))
    result = Problem(options(gain), unrestored=False).subject_to(*rules).solve(gap=0.0)
    assert result.objective == pytest.approx(brute(gain, price, least), rel=1e-9)


def moved(gain: np.ndarray, metres: tuple[float, ...]) -> pd.DataFrame:
    """The options with what each moves, in m of its area of 10 mu."""
    depth = np.tile(metres, len(gain)) * 10.0 * 1e4 / 15.0
    return options(gain).assign(cut_m3=np.maximum(-depth, 0.0), fill_m3=np.maximum(depth, 0.0))


def test_a_border_costs_by_the_metres_that_works_change() -> None:
    """Levelled, filled 2.4 m, dug 1 and 7 m, left: 0, 2, −1, −4 (no deeper) and 0 m."""
    table = Problem(moved(np.zeros((2, 5)), (0.0, 2.4, -1.0, -7.0, 0.0)), unrestored=False).table
    borders = Steps(row_of(2), 3.0).part(table).borders
    assert borders is not None and borders.cost.tolist() == [300.0]
    level = {str(option): int(borders.kind[i]) - 4 for i, option in enumerate(table.names[:5])}
    assert level == {"arable:fill": 2, "arable:level": 0, "reservoir:dig_1": -1, "reservoir:dig_2": -4, "unrestored:none": 0}
    weight = borders.weight
    assert weight[0, 6] == 6.0 and weight[3, 4] == 1.0 and (weight == weight.T).all() and not np.diag(weight).any()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 3.0]), st.sampled_from([1.0, 4.0]))
def test_steps_are_the_best_of_all_plans(seed: int, price: float, step: float) -> None:
    gain, metres = np.random.default_rng(seed).uniform(0, 2000, (4, 5)), (0.0, 2.0, -1.0, -3.0, 0.0)
    best = -np.inf
    for plan in itertools.product(range(5), repeat=4):
        unlike = sum(kind(a) != kind(b) for a, b in itertools.pairwise(plan))
        steps = sum(abs(metres[a] - metres[b]) for a, b in itertools.pairwise(plan))
        best = max(best, sum(gain[i, w] for i, w in enumerate(plan)) - 100.0 * (price * unlike + step * steps))
    rules = works_rules(scenario(cny_per_m=price, cny_per_m_step=step), row_of(4))
    result = Problem(moved(gain, metres), unrestored=False).subject_to(*rules).solve(gap=0.0)
    assert result.objective == pytest.approx(best, rel=1e-9)
    assert result.bound == pytest.approx(best, rel=1e-9)


def test_what_costs_the_same_comes_in_one_zone() -> None:
    gain = np.tile([0.0, 0.0, 500.0, 500.0, 0.0], (6, 1))
    rules = works_rules(scenario(cny_per_m=1.0), row_of(6))
    chosen = Problem(options(gain), unrestored=False).subject_to(*rules).solve(gap=0.0).choice
    assert chosen.nunique() == 1


def test_no_rule_where_nothing_is_asked_and_numbers_below_zero_are_refused() -> None:
    assert works_rules(scenario(), row_of(3)) == []
    with pytest.raises(Exception, match=r"works\.cny_per_m"):
        scenario(cny_per_m=-1.0)


def test_zones_by_hand() -> None:
    target = ["arable", "arable", "reservoir", "arable", "unrestored", "reservoir"]
    treatment = ["level", "fill", "dig_1", "level", "none", "dig_1"]
    units = gpd.GeoDataFrame(
        {"target": target, "treatment": treatment, "area_mu": [10.0, 6.0, 20.0, 2.0, 5.0, 14.0]},
        geometry=[shapely.box(k, 0, k + 1, 1) for k in range(6)],
        index=pd.Index([f"u{k}" for k in range(6)], name="unit_id"),
    )
    number = zone_numbers(units, row_of(6))
    assert number[0] == number[1] and number[4] == -1  # levelled and filled are one, what is unrestored is none
    assert len({*number.tolist()}) == 5
    found = works(units, row_of(6))
    assert found == {"patches": 4, "patches_under_15_mu": 2, "share_under_15_mu": pytest.approx(16 / 52), "smallest_mu": 2.0}
