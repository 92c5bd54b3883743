"""Fixed charges: a lump sum is paid once, if and only if some of its land is treated; by hand, as properties, brute force."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.allocation import Budget, Charge, Keep, Limit, Problem, Quota, solve_charged
from planner.errors import Infeasible, InvalidInput


def options(benefit: list[int], cost: list[int], area: list[float] | None = None) -> pd.DataFrame:
    """Units u0, u1 …: arable at a benefit and a cost, or left as it is."""
    n = len(benefit)
    index = pd.MultiIndex.from_product([[f"u{k}" for k in range(n)], ("arable:level", "unrestored:none")])
    return pd.DataFrame(
        {
            "target": ["arable", "unrestored"] * n,
            "treatment": ["level", "none"] * n,
            "area_mu": np.repeat(area or [1.0] * n, 2),
            "benefit_cny": [x for b in benefit for x in (b, 0)],
            "cost_cny": [x for c in cost for x in (c, 0)],
        },
        index=index.set_names(["unit_id", "option"]),
    )


def charge(name: str, units: tuple[int, ...], cny: float) -> Charge:
    return Charge(name, frozenset(f"u{k}" for k in units), cny, cny)


def test_a_sum_that_does_not_pay_for_itself_leaves_its_land_as_it_is() -> None:
    problem = Problem(options([10, 10, 10], [1, 1, 1]), unrestored=False)
    kept = solve_charged(problem, [charge("village", (0, 1), 17.0)], gap=0, objective="net")
    assert kept.paid == (True,)
    assert kept.result.objective == 27.0 - 17.0
    dear = solve_charged(problem, [charge("village", (0, 1), 19.0)], gap=0, objective="net")
    assert dear.paid == (False,)
    assert dear.result.choice.tolist() == ["unrestored:none", "unrestored:none", "arable:level"]
    assert (dear.result.objective, dear.result.bound) == (9.0, 9.0)


def test_a_sum_counts_against_the_budget_only_where_it_is_paid() -> None:
    problem = Problem(options([10, 10, 50], [1, 1, 1]), unrestored=False).subject_to(Budget(4.0))
    found = solve_charged(problem, [charge("road", (2,), 2.5)], gap=0, objective="net")
    assert found.paid == (True,)
    assert found.result.objective == 49 - 2.5  # no room is left for another unit
    tight = solve_charged(problem, [charge("road", (2,), 3.5)], gap=0, objective="net")
    assert tight.paid == (False,)
    assert tight.result.objective == 18.0
    with pytest.raises(Infeasible):
        asked = problem.subject_to(Quota("arable", min_mu=3.0))
        solve_charged(asked, [charge("road", (2,), 3.5)], gap=0, objective="net")
    with pytest.raises(InvalidInput, match="at least one unit"):
        solve_charged(problem, [Charge("nothing", frozenset(), 1.0, 1.0)], objective="net")


@pytest.mark.parametrize("rule", [Keep("cost", 10.0), Limit("cost_cny", max=10.0), Budget(10.0, years=(2026, 2027))])
def test_other_limits_count_what_options_cost_alone(rule: object) -> None:
    """One of two units at 10 of 10: a sum spread over both must not take it, nor be forgotten in what the plan is worth."""
    rows = options([100, 90], [10, 10]).assign(ready_year=2026)
    problem = Problem(rows, unrestored=False).subject_to(Quota("arable", min_mu=1.0), rule)
    found = solve_charged(problem, [charge("village", (0, 1), 5.0)], gap=0, objective="net")
    assert found.paid == (True,) and found.result.objective == found.result.bound == 85.0
    assert found.result.choice.tolist() == ["arable:level", "unrestored:none"]
    assert list(found.result.chosen.columns) == list(problem.solve(gap=0).chosen.columns)


@settings(max_examples=40, deadline=None)
@given(
    benefit=st.lists(st.integers(0, 30), min_size=6, max_size=6),
    cost=st.lists(st.integers(0, 10), min_size=6, max_size=6),
    area=st.lists(st.integers(1, 9), min_size=6, max_size=6),
    groups=st.lists(st.tuples(st.sets(st.integers(0, 5), min_size=1), st.integers(0, 60)), min_size=1, max_size=3),
    budget=st.integers(0, 80),
    least=st.integers(0, 12),
)
def test_no_better_plan_pays_its_lump_sums(benefit, cost, area, groups, budget, least) -> None:
    """Brute force over 2⁶ plans; sums may share land."""
    best = -np.inf
    for plan in itertools.product((0, 1), repeat=6):
        lump = sum(cny for units, cny in groups if any(plan[k] for k in units))
        spent = lump + sum(c for c, p in zip(cost, plan, strict=True) if p)
        if spent <= budget and sum(a for a, p in zip(area, plan, strict=True) if p) >= least:
            best = max(best, sum(b for b, p in zip(benefit, plan, strict=True) if p) - spent)
    rules = [Budget(float(budget)), Quota("arable", min_mu=float(least))] if least else [Budget(float(budget))]
    problem = Problem(options(benefit, cost, [float(a) for a in area]), unrestored=False).subject_to(*rules)
    charges = [charge(str(k), tuple(units), float(cny)) for k, (units, cny) in enumerate(groups)]
    if not np.isfinite(best):
        with pytest.raises(Infeasible):
            solve_charged(problem, charges, gap=0, objective="net")
        return
    found = solve_charged(problem, charges, gap=0, objective="net")
    assert found.result.objective == pytest.approx(best)
    assert found.result.bound == pytest.approx(best)
    assert found.result.gap <= 1e-9 * max(abs(best), 1.0) or best == 0
    treated = {f"u{k}" for k, c in enumerate(found.result.choice) if c == "arable:level"}
    assert found.paid == tuple(bool(c.units & treated) for c in charges)
    due = sum(c.cny for c, p in zip(charges, found.paid, strict=True) if p)
    row = found.result.rows.iloc[0]
    assert row["activity"] == pytest.approx(float(found.result.chosen["cost_cny"].sum()) + due)  # and none that is not owed
    assert row["slack"] == pytest.approx(budget - row["activity"])


def test_a_budget_does_not_count_a_sum_that_the_plan_does_not_owe() -> None:
    """Half of 33 yuan and 5 fit into 35, all of them do not: the village is left, and of 35 yuan 1 is spent."""
    problem = Problem(options([40, 0, 2], [5, 9, 1]), unrestored=False).subject_to(Budget(35.0))
    found = solve_charged(problem, [charge("village", (0, 1), 33.0)], gap=0, objective="net")
    assert found.paid == (False,)
    assert found.result.rows.iloc[0][["max", "activity", "slack"]].tolist() == [35.0, 1.0, 34.0]


def test_never_better_by_a_dearer_sum_or_a_smaller_budget() -> None:
    rng = np.random.default_rng(5)
    benefit, cost = rng.integers(5, 40, 8).tolist(), rng.integers(1, 12, 8).tolist()
    values = []
    for cny, budget in ((10.0, 90.0), (30.0, 90.0), (30.0, 60.0)):
        problem = Problem(options(benefit, cost), unrestored=False).subject_to(Budget(budget))
        values.append(solve_charged(problem, [charge("a", (0, 1, 2, 3), cny)], gap=0, objective="net").result.objective)
    assert values == sorted(values, reverse=True)
