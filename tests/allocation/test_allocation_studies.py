"""Several objectives, uncertain inputs, alternatives, locks: each against every plan of small worlds."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import planner.allocation as al
from planner.allocation import hauling, methods
from planner.errors import Infeasible, InvalidInput

COLUMNS = ["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny", "cut_m3", "fill_m3", "storage_m3"]
BORDERS = pd.DataFrame(
    [(f"u{i}", f"u{i + 1}", 10.0 + i) for i in range(3)] + [("u0", "u3", 5.0)], columns=["unit_a", "unit_b", "length_m"]
)


def world(seed: int, units: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows: list[tuple[object, ...]] = []
    for i in range(units):
        area = float(rng.integers(2, 9))
        for target in ("construction", "green", "reservoir"):
            lake = target == "reservoir"
            rows.append(
                (
                    f"u{i}",
                    target,
                    target,
                    area,
                    float(rng.integers(20, 90)),
                    float(rng.integers(1, 30)),
                    4.0 * lake,
                    2.0 * (not lake),
                    9.0 * lake,
                )
            )
    return pd.DataFrame(rows, columns=COLUMNS).set_index(["unit_id", "option"])


def enumerate_plans(options: pd.DataFrame) -> list[pd.DataFrame]:
    units = sorted(set(options.index.get_level_values(0)))
    zero = pd.Series(dict.fromkeys(COLUMNS[3:], 0.0) | {"target": "unrestored"})
    ways = [[*options.loc[u].index, "unrestored"] for u in units]
    lookup = {k: options.loc[k] for k in options.index}
    return [
        pd.DataFrame([lookup.get((u, o), zero) for u, o in zip(units, choice, strict=True)], index=units).assign(option=choice)
        for choice in itertools.product(*ways)
    ]


def length(plan: pd.DataFrame) -> float:
    target = plan["target"]
    return sum(b.length_m for b in BORDERS.itertuples() if target[b.unit_a] != target[b.unit_b])


def net(plan: pd.DataFrame) -> float:
    return float(plan["benefit_cny"].sum() - plan["cost_cny"].sum() - 0.5 * length(plan))


def land(plan: pd.DataFrame) -> float:
    return float(plan["area_mu"][plan["target"].isin(["construction", "green"])].sum())


OBJECTIVES: dict[str, tuple[object, Callable[[pd.DataFrame], float], int]] = {
    "net": ("net", net, 1),
    "cost": ("cost", lambda p: float(p["cost_cny"].sum()) + 0.5 * length(p), -1),
    "land": ("land", land, 1),
    "compactness": ("compactness", lambda p: 0.5 * length(p), -1),
    "a column": ("storage_m3", lambda p: float(p["storage_m3"].sum()), 1),
    "weights": ({"net": 1.0, "land": 3.0, "compactness": 2.0}, lambda p: net(p) + 3 * land(p) - length(p), 1),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_each_objective_against_every_plan(name: str) -> None:
    goal, value, sign = OBJECTIVES[name]
    options = world(3)
    problem = al.Problem(options).subject_to(
        al.Compactness(BORDERS, 0.5), al.Quota("green", min_mu=3), al.Quota("reservoir", min_mu=3), al.Budget(60)
    )

    def kept(p: pd.DataFrame) -> bool:
        area = p.groupby("target")["area_mu"].sum()
        return area.get("green", 0) >= 3 and area.get("reservoir", 0) >= 3 and p["cost_cny"].sum() <= 60

    best = max(sign * value(p) for p in enumerate_plans(options) if kept(p))
    result = problem.solve(objective=goal, gap=0)
    assert result.objective == pytest.approx(sign * best, abs=1e-7)
    assert sign * result.bound >= best - 1e-7
    assert (result.sense == "min") == (sign < 0)


def test_one_objective_after_the_other() -> None:
    options = world(4)
    problem = al.Problem(options).subject_to(al.Compactness(BORDERS, 0.5))
    sequel = al.lexicographic(problem, [("net", 0.05), ("compactness", 0.0)], gap=0)
    everything = enumerate_plans(options)
    best = max(net(p) for p in everything)
    shortest = min(0.5 * length(p) for p in everything if net(p) >= best - 0.05 * abs(best) - 1e-9)
    assert sequel.results[0].objective == pytest.approx(best)
    assert sequel.final.objective == pytest.approx(shortest)
    with pytest.raises(InvalidInput, match="below zero"):
        al.lexicographic(problem, [("net", -0.1)])


def test_the_front_holds_only_undominated_plans_and_both_ends() -> None:
    options = world(5)
    problem = al.Problem(options).subject_to(al.Compactness(BORDERS, 2.0))
    front = al.pareto(problem, ("net", "land"), points=5, gap=1e-9)
    pairs = [(float(p["benefit_cny"].sum() - p["cost_cny"].sum() - 2.0 * length(p)), land(p)) for p in enumerate_plans(options)]
    for point in front.points.itertuples():
        assert not any(
            a >= point.net - 1e-6 and b >= point.land - 1e-6 and a + b > point.net + point.land + 1e-4 for a, b in pairs
        )
        assert point.gap <= 1e-6
    assert front.points["net"].max() == pytest.approx(max(a for a, _ in pairs))
    assert front.points["land"].max() == pytest.approx(max(b for _, b in pairs))
    assert front.points["net"].is_monotonic_decreasing
    assert len(front.results) == len(front.points)


def test_a_front_of_three() -> None:
    problem = al.Problem(world(6)).subject_to(al.Compactness(BORDERS, 2.0))
    front = al.pareto(problem, ("net", "land", "compactness"), points=3, gap=1e-9)
    values = front.points[["net", "land", "compactness"]].to_numpy() * [1, 1, -1]
    for i, j in itertools.permutations(range(len(values)), 2):
        assert not (values[j] >= values[i] + 1e-6).all()


def test_least_regret_against_every_plan() -> None:
    options = world(7)
    rng = np.random.default_rng(7)
    scenarios = {
        name: options.assign(benefit_cny=options["benefit_cny"] * rng.uniform(0.3, 1.7, len(options)).round(2))
        for name in ("dry", "mean", "wet")
    }
    problem = al.Problem(options).subject_to(al.Budget(70), al.Quota("green", min_mu=4), al.Compactness(BORDERS, 0.5))
    regret = al.minimise_regret(problem, scenarios, gap=0)
    kept = [
        p for p in enumerate_plans(options) if p["cost_cny"].sum() <= 70 and p.loc[p["target"] == "green", "area_mu"].sum() >= 4
    ]

    def value(plan: pd.DataFrame, scenario: pd.DataFrame) -> float:
        benefit = sum(scenario["benefit_cny"].get((u, o), 0.0) for u, o in plan["option"].items())
        return float(benefit - plan["cost_cny"].sum() - 0.5 * length(plan))

    best = {name: max(value(p, s) for p in kept) for name, s in scenarios.items()}
    least = min(max(best[n] - value(p, s) for n, s in scenarios.items()) for p in kept)
    assert regret.result.objective == pytest.approx(least, abs=1e-5)
    assert regret.scenarios["regret"].max() == pytest.approx(least, abs=1e-5)
    with pytest.raises(InvalidInput, match="not those of the problem"):
        al.minimise_regret(problem, {"other": world(7, units=3)})


def test_limits_hold_in_every_scenario() -> None:
    options = world(8)
    poor = options.assign(storage_m3=options["storage_m3"] / 3)
    problem = al.Problem(options).subject_to(al.Storage(min_m3=9))
    regret = al.minimise_regret(problem, {"full": options, "low water": poor}, gap=0)
    assert (regret.result.chosen["target"] == "reservoir").sum() >= 3


def test_what_is_bought_in_a_scenario_counts_in_its_budget() -> None:
    """Nine m³ at 4 yuan fill a unit worth 150 more than its lake; wet ground takes 18, and the budget pays for one unit."""
    frame = world(10, units=2).iloc[:0]
    index = pd.MultiIndex.from_product([["a", "b"], ["arable:fill", "reservoir:dig"]], names=["unit_id", "option"])
    dry = pd.DataFrame(dict.fromkeys(frame.columns, 0.0), index=index)
    dry["target"], dry["treatment"], dry["area_mu"] = ["arable", "reservoir"] * 2, ["fill", "dig"] * 2, 1.0
    dry["benefit_cny"], dry["fill_m3"] = [200.0, 50.0] * 2, [9.0, 0.0] * 2
    wet = dry.assign(fill_m3=2 * dry["fill_m3"])
    earth = al.Earthwork(max_import_m3=99, import_cny_per_m3=4.0)
    regret = al.minimise_regret(
        al.Problem(dry, unrestored=False).subject_to(earth, al.Budget(72.0)), {"dry": dry, "wet": wet}, gap=0
    )
    assert sorted(regret.result.choice) == ["arable:fill", "reservoir:dig"]
    assert regret.scenarios["value"].to_dict() == {"dry": 200 + 50 - 36, "wet": 200 + 50 - 72}
    assert regret.scenarios["regret"].to_dict() == pytest.approx({"dry": 2 * 200 - 72 - 214, "wet": 0.0})
    assert regret.result.objective == pytest.approx(114)
    places = pd.DataFrame({"x_m": [0.0, 9.0], "y_m": 0.0}, index=["a", "b"])
    carried = al.Earthwork(places=places, haul_cny_per_m3_km=1.0)
    with pytest.raises(InvalidInput, match="not held in scenarios"):
        al.minimise_regret(al.Problem(dry).subject_to(carried), {"dry": dry})


def two_kinds(units: int = 2) -> pd.DataFrame:
    """Units that take 9 m³ for arable worth 200 yuan, or give 9 m³ for a lake worth 50."""
    index = pd.MultiIndex.from_product([list("abcd")[:units], ["arable:fill", "reservoir:dig"]], names=["unit_id", "option"])
    frame = pd.DataFrame(dict.fromkeys(COLUMNS[3:], 0.0), index=index)
    frame["target"], frame["treatment"], frame["area_mu"] = ["arable", "reservoir"] * units, ["fill", "dig"] * units, 1.0
    frame["benefit_cny"], frame["cut_m3"], frame["fill_m3"] = [200.0, 50.0] * units, [0.0, 9.0] * units, [9.0, 0.0] * units
    return frame.assign(npv_cny=frame["benefit_cny"])


PLACES = pd.DataFrame({"x_m": [0.0, 1000.0], "y_m": 0.0}, index=["a", "b"])


def test_a_kept_objective_counts_in_a_scenario_as_it_is_counted() -> None:
    """250 less 36 yuan of stockpile at half their present value: 232 is kept in each scenario; it was told to be impossible."""
    wait = al.Restocked(share={"a": 1.0}, name="2027", cny_per_m3=4.0, worth=0.5)
    problem = al.Problem(two_kinds(), unrestored=False)
    problem = problem.subject_to(wait, al.Lock("a", "arable"), al.Lock("b", "reservoir"), al.Keep("npv", 232.0))
    regret = al.minimise_regret(problem, {"one": two_kinds(), "other": two_kinds()}, goal="npv", gap=0)
    assert regret.scenarios["value"].to_dict() == pytest.approx({"one": 232.0, "other": 232.0})
    with pytest.raises(Infeasible):
        al.minimise_regret(problem.subject_to(al.Keep("npv", 233.0)), {"one": two_kinds()}, goal="npv", gap=0)


def test_borders_that_cost_otherwise_in_a_scenario_are_refused() -> None:
    """Beds of 1 m in the problem and of 3 m in a scenario: its steps were counted as the problem's, its value by its own."""
    borders = pd.DataFrame({"unit_a": ["a"], "unit_b": ["b"], "length_m": [10.0]})
    own = two_kinds().assign(fill_m3=0.0)
    deep = own["cut_m3"] > 0
    own["cut_m3"] = np.where(deep, 2000 / 3, 0.0)
    problem = al.Problem(own, unrestored=False).subject_to(al.Steps(borders, 5.0))
    dear = own.assign(benefit_cny=own["benefit_cny"][::-1].to_numpy())
    regret = al.minimise_regret(problem, {"own": own, "dear": dear}, gap=0)
    assert regret.result.objective == pytest.approx(regret.scenarios["regret"].max())
    with pytest.raises(InvalidInput, match="scenario 'deep'"):
        al.minimise_regret(problem, {"own": own, "deep": own.assign(cut_m3=3 * own["cut_m3"])}, gap=0)


@pytest.mark.parametrize(
    "dear",
    [
        al.Earthwork(places=PLACES, haul_cny_per_m3_km=4.0, haul_worth=0.5),
        al.Restocked(share={"a": 1.0}, name="2027", cny_per_m3=4.0, worth=0.5),
    ],
    ids=["haul", "stockpile"],
)
def test_an_objective_is_kept_as_it_is_counted(dear: object) -> None:
    """Nine m³ at 4 yuan, half of it present value: 250 − 18. A row that counted 36 would rule that plan out."""
    problem = al.Problem(two_kinds(), unrestored=False).subject_to(dear, al.Lock("a", "arable"), al.Lock("b", "reservoir"))
    sequel = al.lexicographic(problem, [("npv", 0.0), ("land", 0.0)], gap=0)
    assert sequel.levels[0] == 200 + 50 - 18
    assert sequel.final.choice.to_dict() == {"a": "arable:fill", "b": "reservoir:dig"}
    assert problem.subject_to(al.Keep("cost", 18.0)).solve(objective="npv", gap=0).objective == 232
    assert problem.subject_to(al.Budget(36.0)).solve(objective="npv", gap=0).objective == 232
    for rule in (al.Keep("npv", 232.01), al.Keep("cost", 17.99), al.Budget(35.99)):
        with pytest.raises(Infeasible):
            problem.subject_to(rule).solve(objective="npv")


def test_a_kept_objective_whose_haul_is_large_beside_it_is_no_refusal() -> None:
    """100 m³ from a, 60 of them 1 km to b and 40 2 km to c at 1,000 yuan/m³/km: 140,000 yuan beside a benefit of 1 yuan."""
    rows = [
        ("a", "reservoir", "reservoir", 10.0, 1.0, 0.0, 100.0, 0.0, 50.0),
        ("b", "arable", "arable", 10.0, 0.0, 0.0, 0.0, 60.0, 0.0),
        ("c", "arable", "arable", 10.0, 0.0, 0.0, 0.0, 40.0, 0.0),
    ]
    places = pd.DataFrame({"x_m": [0.0, 1000.0, 2000.0], "y_m": 0.0}, index=["a", "b", "c"])
    earth = al.Earthwork(max_import_m3=0.0, max_export_m3=0.0, places=places, haul_cny_per_m3_km=1000.0)
    options = pd.DataFrame(rows, columns=COLUMNS).set_index(["unit_id", "option"])
    problem = al.Problem(options, unrestored=False).subject_to(earth)
    assert problem.solve(gap=0).objective == pytest.approx(1 - 140_000, rel=1e-12)
    assert problem.subject_to(al.Keep("net", -139_999.5)).solve(objective="land", gap=0).objective == 20.0
    with pytest.raises(Infeasible):
        problem.subject_to(al.Keep("net", -139_998.5)).solve(objective="land", gap=0)


def test_a_kept_objective_is_told_as_it_was_asked() -> None:
    """Two units worth 200 or 50: 400 at most, 250 with a lake; at least 1,000 is lowered, not raised."""
    problem = al.Problem(two_kinds(), unrestored=False)
    for rules, words in (
        ((al.Keep("net", 1000.0),), "lower net no worse than 1,000 by 600 yuan"),
        ((al.Keep("net", 350.0), al.Quota("reservoir", min_mu=1)), "lower net no worse than 350 by 100 yuan"),
        ((al.Keep("cost", -1.0),), "raise cost no worse than -1 by 1 yuan"),
    ):
        with pytest.raises(Infeasible) as refused:
            problem.subject_to(*rules).solve()
        assert words in map(str, refused.value.relaxations)
    costly = two_kinds().assign(cost_cny=[30.0, 0.0] * 2)
    kept = al.Problem(costly, unrestored=False).subject_to(al.Keep("benefit_cny", 250.0))
    result = kept.solve(objective="cost", gap=0)
    row = result.rows.iloc[0]
    assert (row["min"], row["max"], row["activity"], row["slack"]) == (250.0, np.inf, 250.0, 0.0)
    assert result.binding[0].limit == result.binding[0].low == 250.0 and result.binding[0].kind == "keep"
    assert result.binding[0].shadow_price == pytest.approx(30 / 150)  # yuan of cost a yuan of benefit
    again = kept.solve(objective="cost", gap=0, start=result)
    assert again.choice.equals(result.choice) and again.bound == pytest.approx(30)


def test_regret_of_a_cost_is_told_in_costs() -> None:
    """A lake costs 5 too much in one scenario, arable 6 in the other."""
    first = two_kinds(1).assign(cost_cny=[4.0, 9.0])
    other = two_kinds(1).assign(cost_cny=[10.0, 4.0])
    regret = al.minimise_regret(al.Problem(first, unrestored=False), {"first": first, "other": other}, goal="cost", gap=0)
    assert regret.result.choice.to_dict() == {"a": "reservoir:dig"}
    assert regret.scenarios.to_dict() == {
        "best": {"first": 4.0, "other": 4.0},
        "value": {"first": 9.0, "other": 4.0},
        "regret": {"first": 5.0, "other": 0.0},
    }


def test_a_kept_cost_says_by_how_much_it_must_give() -> None:
    """Twice a haul of 36 yuan is 72, so that 50 must give 22."""
    earth = al.Earthwork(places=PLACES, haul_cny_per_m3_km=4.0)
    locks = (al.Lock("a", "arable"), al.Lock("b", "reservoir"))
    problem = al.Problem(two_kinds(), unrestored=False).subject_to(earth, *locks, al.Keep({"cost": 2.0}, -50.0))
    with pytest.raises(Infeasible) as refused:
        problem.solve()
    assert any("by 22 " in str(way) for way in refused.value.relaxations), refused.value.relaxations


@pytest.mark.parametrize("carried", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_no_bound_lies_below_a_plan_where_a_limit_alone_counts_borders(
    seed: int, carried: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Benefit at a limited cost of works and borders: borders cost nothing in the objective, so their prices are not in it."""
    monkeypatch.setattr(methods, "SMALL", 0)  # branch and bound does not set it right
    monkeypatch.setattr(hauling, "SPELLED", 0)
    monkeypatch.setattr(hauling, "EXACT", 0)
    options = world(seed)
    rules: list[Any] = [al.Compactness(BORDERS, 2.0)]
    if carried:
        places = pd.DataFrame({"x_m": [0.0, 1.0, 2.0, 3.0], "y_m": 0.0}, index=["u0", "u1", "u2", "u3"])
        rules.append(al.Earthwork(places=places, haul_cny_per_m3_km=1e-3))  # a hundredth of a yuan in all
    plans = enumerate_plans(options)
    most = float(np.median([p["cost_cny"].sum() + 2 * length(p) for p in plans]))
    best = max(p["benefit_cny"].sum() for p in plans if p["cost_cny"].sum() + 2 * length(p) <= most - 0.1)
    problem = al.Problem(options).subject_to(*rules, al.Keep("cost", most))
    nothing = pd.Series("unrestored", index=["u0", "u1", "u2", "u3"])
    found = problem.solve(objective="benefit_cny", gap=0, method="core", time_limit_s=2, start=nothing)
    assert found.bound >= best - 1e-9
    assert found.objective <= found.bound + 1e-9


def test_alternatives_are_close_in_value_and_far_in_plan() -> None:
    options = world(9)
    problem = al.Problem(options).subject_to(al.Compactness(BORDERS, 0.5))
    best = problem.solve(gap=0)
    others = al.alternatives(problem, best, count=4, within=0.2, gap=0)
    area = options["area_mu"].groupby(level=0).first()
    good = [p for p in enumerate_plans(options) if net(p) >= best.objective - 0.2 * abs(best.objective) - 1e-9]
    farthest = max(area[(p["option"] != best.choice)].sum() for p in good)
    assert others.table["differs_mu"].iloc[1] == pytest.approx(farthest)
    assert (others.table["loss"] <= 0.2 + 1e-9).all()
    assert len({tuple(r.choice) for r in others.results}) == len(others.results)


def test_what_if_tells_the_price_of_a_quota() -> None:
    problem = al.Problem(world(10)).subject_to(al.Quota("green", min_mu=1))
    quota = problem.rules[0]
    table = al.what_if(problem, quota, {mu: al.Quota("green", min_mu=mu) for mu in (1, 5, 10, 1000)}, gap=0)
    assert table["objective"].iloc[:3].is_monotonic_decreasing
    assert np.isnan(table.loc[1000, "objective"])
    assert "lower green ≥ 1,000 mu by" in table.loc[1000, "note"]
    assert table.loc[10, "green_mu"] >= 10


def test_robustness_counts_the_draws() -> None:
    options = world(11)
    better = options.copy()
    better.loc[("u0", "green"), "benefit_cny"] += 1000
    draws = [
        al.Problem(better),
        al.Problem(better),
        al.Problem(options.drop(("u0", "green"))),
        al.Problem(better).subject_to(al.Quota("green", min_mu=1e6)),
    ]
    table = al.robustness(draws, gap=0)
    assert table.loc["u0", "green"] == pytest.approx(2 / 3)
    assert table.loc["u0", "target"] == "green"
    assert table.attrs == {"draws": 3, "infeasible": 1}
    np.testing.assert_allclose(table[[c for c in table if c not in ("target", "confidence")]].sum(axis=1), 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_a_lock_is_worth_at_least_what_undoing_it_brings(seed: int) -> None:
    problem = al.Problem(world(seed)).subject_to(
        al.Budget(90), al.Lock("u1", "reservoir"), al.Exclude("u2", "construction"), al.WaterLevel(deeper={"u1": "u0"})
    )
    result = problem.solve(gap=0)
    values = al.value_of_locks(problem, result)
    for rule in problem.rules[1:3]:
        gained = problem.without(rule).solve(gap=0).objective - result.objective
        assert values[str(rule)] + (result.bound_from_prices - result.objective) >= gained - 1e-6


def test_the_next_best_option_loses_what_it_says() -> None:
    options = world(12)
    problem = al.Problem(options).subject_to(al.WaterLevel(deeper={"u1": "u0", "u2": "u1"}))
    result = problem.solve(gap=0)
    for unit, row in result.next_best.iterrows():
        forced = problem.subject_to(al.Lock(unit, row["option"])).solve(gap=0)
        assert result.objective - forced.objective == pytest.approx(row["regret"], abs=1e-6)


def test_a_lock_that_costs_nothing_is_worth_nothing_beside_haul_and_borders() -> None:
    """100 m³ carried 1 km for 100 yuan: the lake earns 1,000 and would be dug anyway. Two units,
    a border of 50 between them: all green is 190, all arable 180, unlike 150 at most, so green is no sacrifice."""
    places = pd.DataFrame({"x_m": [0.0, 1000.0], "y_m": 0.0}, index=["a", "b"])
    earth = al.Earthwork(max_import_m3=0.0, max_export_m3=0.0, places=places, haul_cny_per_m3_km=1.0)
    lake = ("a", "reservoir", "reservoir", 10.0, 1000.0, 0.0, 100.0, 0.0, 50.0)
    field = ("b", "arable", "arable", 10.0, 1000.0, 0.0, 0.0, 100.0, 0.0)
    hauled = al.Problem(pd.DataFrame([lake, field], columns=COLUMNS).set_index(["unit_id", "option"]))
    rows = [("a", 80.0, 100.0), ("b", 100.0, 90.0)]
    both = [(u, t, t, 10.0, v, 0.0, 0.0, 0.0, 0.0) for u, *vs in rows for t, v in zip(("arable", "green"), vs, strict=True)]
    border = pd.DataFrame({"unit_a": ["a"], "unit_b": ["b"], "length_m": [50.0]})
    beside = al.Problem(pd.DataFrame(both, columns=COLUMNS).set_index(["unit_id", "option"]))
    for problem, net in (
        (hauled.subject_to(earth, al.Lock("a", "reservoir")), 1900.0),
        (beside.subject_to(al.Compactness(border, 1.0), al.Lock("a", "green")), 190.0),
    ):
        result = problem.solve(gap=0)
        assert result.objective == pytest.approx(net)
        assert al.value_of_locks(problem, result).to_numpy() == pytest.approx([0.0], abs=1e-6)


def test_a_better_alternative_is_a_loss_below_zero() -> None:
    rows = [
        (u, t, t, 10.0, v, 0.0, 0.0, 0.0, 0.0)
        for u, g in (("a", 80.0), ("b", 90.0))
        for t, v in (("arable", 100.0), ("green", g))
    ]
    problem = al.Problem(pd.DataFrame(rows, columns=COLUMNS).set_index(["unit_id", "option"]))
    best = problem.solve(gap=0)
    begun = replace(best, choice=pd.Series({"a": "green", "b": "arable"}, name="option"), objective=180.0)
    table = al.alternatives(problem, begun, count=2, within=0.5, gap=0).table
    assert table.loc[1, ["objective", "loss"]].tolist() == pytest.approx([190.0, -10 / 180])  # unlike, and better


def test_a_plan_is_worth_what_it_is_where_a_rule_forbids_it() -> None:
    options = world(3)
    free = al.Problem(options).solve(gap=0)
    wanted = "green" if free.choice["u0"] != "green" else "construction"
    locked = al.Problem(options).subject_to(al.Lock("u0", wanted))
    assert al.evaluate(locked, "net", free) == free.objective
    with pytest.raises(InvalidInput, match="no option 'meadow'"):
        al.evaluate(locked, "net", free.choice.replace(free.choice["u0"], "meadow"))


def test_a_rule_that_is_none_of_the_problems_own_is_not_passed_over() -> None:
    problem = al.Problem(world(6)).subject_to(al.Quota("green", min_mu=1))
    for change in (
        lambda: al.what_if(problem, al.Quota("green", min_mu=1), {5: al.Quota("green", min_mu=5)}),
        lambda: problem.without(al.Quota("green", min_mu=1)),
    ):
        with pytest.raises(InvalidInput, match="none of the problem's rules"):
            change()
