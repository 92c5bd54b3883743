"""Limits that cannot hold together: whether there is a plan, and which rules are to blame, against all plans enumerated."""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

import planner.allocation as al
from planner.allocation.parts import Rule, told
from planner.allocation.verify import misses
from planner.errors import Infeasible

COLUMNS = ["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny", "cut_m3", "fill_m3", "storage_m3"]
TARGETS = ("construction", "arable", "green", "reservoir")


def world(seed: int) -> tuple[pd.DataFrame, list[Rule]]:
    """Three to five units in a row, and rules of most kinds that press on them."""
    random = np.random.default_rng(seed)
    ids = [f"u{i}" for i in range(int(random.integers(3, 6)))]
    rows = []
    for unit in ids:
        area = float(random.integers(1, 6))
        uses = [t for t in TARGETS if random.random() < 0.75] or ["green"]
        rows += [(unit, t, t, area, 1.0, float(random.integers(1, 9)), 0.0, 0.0, 3.0 * area * (t == "reservoir")) for t in uses]
    options = pd.DataFrame(rows, columns=COLUMNS).set_index(["unit_id", "option"])
    total = options.groupby(level=0)["area_mu"].first().sum()
    borders = pd.DataFrame([(a, b, 10.0) for a, b in itertools.pairwise(ids)], columns=["unit_a", "unit_b", "length_m"])
    there = set(options["target"])
    rules: list[Rule] = [al.Budget(float(random.integers(2, 5 * len(ids))))] if random.random() < 0.5 else []
    for target in sorted(there):
        if random.random() < 0.5:
            limit = round(float(random.uniform(0.1, 0.6) * total), 1)
            rules.append(al.Quota(target, **{"min_mu" if random.random() < 0.6 else "max_mu": limit}))
    if random.random() < 0.4:
        rules.append(al.Storage(min_m3=float(random.integers(1, 20))))
    for unit in ids:
        draw, has = random.random(), sorted(set(options.loc[unit, "target"]))
        if draw < 0.4:
            rules.append((al.Lock if draw < 0.25 else al.Exclude)(unit, str(random.choice(has))))
    if "reservoir" in there and random.random() < 0.4:
        rules.append(al.WaterLevel(deeper=dict(itertools.pairwise(reversed(ids)))))
    if "construction" in there and random.random() < 0.4:
        rules += [al.Connected("construction", borders), al.MinPatch("construction", float(random.integers(2, 8)), borders)]
    if "green" in there and random.random() < 0.3:
        rules.append(al.Share("green", min=round(float(random.uniform(0.2, 0.9)), 2)))
    return options, rules


@pytest.mark.parametrize("seed", range(24))
def test_the_rules_named_are_to_blame_and_none_of_them_is_innocent(seed: int) -> None:
    options, rules = world(seed)
    problem = al.Problem(options, unrestored=seed % 2 == 0).subject_to(*rules)
    table, nothing = problem.table, np.zeros(0)
    plans = [np.array(p) for p in itertools.product(*(np.flatnonzero(table.unit == i) for i in range(len(table.units))))]

    def hold(some: Sequence[Rule]) -> bool:
        return any(not misses(table, some, plan, nothing, None) for plan in plans)

    if hold(rules):
        assert problem.solve(gap=0).status == "optimal"
        return
    with pytest.raises(Infeasible) as refused:
        problem.solve(gap=0)
    names = [str(told(rule)) for rule in rules]
    named = [str(name) for name in refused.value.conflicts]
    assert set(named) <= set(names)
    guilty = [rule for rule, name in zip(rules, names, strict=True) if name in named]
    assert not hold(guilty)
    assert all(hold([rule for rule in guilty if rule is not one]) for one in guilty)


def test_borders_that_a_kept_objective_counts_are_to_blame_with_it() -> None:
    """Green beside arable costs 15 of 20 yuan: at least 10 can be kept without borders, and borders without that."""
    rows = [(unit, t, t, 1.0, 10.0, 0.0, 0.0, 0.0, 0.0) for unit, t in (("a", "green"), ("b", "arable"))]
    options = pd.DataFrame(rows, columns=COLUMNS).set_index(["unit_id", "option"])
    borders = pd.DataFrame([("a", "b", 15.0)], columns=["unit_a", "unit_b", "length_m"])
    compact, kept, innocent = al.Compactness(borders, 1.0), al.Keep("net", 10.0), al.Quota("green", min_mu=1)
    problem = al.Problem(options, unrestored=False)
    for few in ((compact, innocent), (kept, innocent)):
        assert problem.subject_to(*few).solve(gap=0).status == "optimal"
    with pytest.raises(Infeasible) as refused:
        problem.subject_to(innocent, compact, kept).solve(gap=0)
    assert {str(name) for name in refused.value.conflicts} == {str(compact), str(kept)}


def test_no_earth_comes_while_other_earth_goes_where_blame_is_sought() -> None:
    """Earth dug at a is wanted at b, a kilometre and 100 yuan away: bought at b and given away at a it would cost nothing."""
    kinds = (("arable", 10.0, 0.0), ("green", 0.0, 0.0)), (("arable", 0.0, 10.0), ("green", 0.0, 0.0)), (("green", 0.0, 0.0),)
    rows = [(u, t, t, 1.0, 1.0, 0.0, dug, wanted, 0.0) for u, some in zip("abc", kinds, strict=True) for t, dug, wanted in some]
    options = pd.DataFrame(rows, columns=COLUMNS).set_index(["unit_id", "option"])
    places = pd.DataFrame({"x_m": [0.0, 1000.0, 500.0], "y_m": 0.0}, index=pd.Index(list("abc"), name="unit_id"))
    earth = al.Earthwork(places=places, haul_cny_per_m3_km=10.0)
    borders = pd.DataFrame([("a", "b", 10.0), ("b", "c", 10.0)], columns=["unit_a", "unit_b", "length_m"])
    money, quota = al.Budget(50.0), al.Quota("arable", min_mu=2)
    innocent = (al.Connected("arable", borders), al.Quota("green", min_mu=1), al.Lock("c", "green"))
    problem = al.Problem(options, unrestored=False)
    guilty = (earth, money, quota)
    for left_out in guilty:
        assert problem.subject_to(*(r for r in guilty if r is not left_out), *innocent).solve(gap=0).status == "optimal"
    with pytest.raises(Infeasible) as refused:
        problem.subject_to(*innocent, *guilty).solve(gap=0)
    assert {str(name) for name in refused.value.conflicts} == {str(rule) for rule in guilty}


EARTH = ["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny", "cut_m3", "fill_m3"]


def earthen(*rows: tuple[object, ...], unrestored: bool = True) -> al.Problem:
    return al.Problem(pd.DataFrame(rows, columns=EARTH).set_index(["unit_id", "option"]), unrestored=unrestored)


def relaxed(problem: al.Problem) -> list[str]:
    with pytest.raises(Infeasible) as error:
        problem.solve(gap=0)
    return [str(r) for r in error.value.relaxations]


def test_a_budget_gives_what_is_bought_beside_it_and_what_is_bought_without_limit_gives_nothing() -> None:
    """Two fields of 50 yuan and 100 m³ each, bought at 1 yuan: 300 yuan, 50 more than there are."""
    fields = earthen(*((u, "arable", "arable", 10.0, 1000.0, 50.0, 0.0, 100.0) for u in "ab"), unrestored=False)
    problem = fields.subject_to(al.Budget(250.0), al.Earthwork(import_cny_per_m3=1.0))
    assert relaxed(problem) == ["raise budget ≤ 250 yuan by 50 yuan"]


def test_more_of_what_is_bought_costs_its_price() -> None:
    """A lake of 10 yuan and 60 m³ that must go at 1 yuan: 40 more than may go, and 70 yuan."""
    lake = earthen(("a", "reservoir", "reservoir", 10.0, 500.0, 10.0, 60.0, 0.0))
    away = al.Earthwork(max_import_m3=0.0, max_export_m3=20.0, export_cny_per_m3=1.0)
    problem = lake.subject_to(al.Quota("reservoir", min_mu=10.0), away)
    assert "raise exported spoil ≤ 20 m³ by 40 m³" in relaxed(problem.subject_to(al.Budget(70.0)))
    assert relaxed(problem.subject_to(al.Budget(60.0))) == ["lower reservoir ≥ 10 mu by 10 mu"]  # 40 more m³ are not paid


def test_a_limit_gives_as_the_haul_beside_it_asks() -> None:
    """60 m³ dug, 50 of them wanted 1 km away for 50 yuan of haul where there are 20: all 60 must go, not the 10 left."""
    places = pd.DataFrame({"x_m": [0.0, 1000.0], "y_m": 0.0}, index=["a", "b"])
    earth = al.Earthwork(max_import_m3=0.0, max_export_m3=0.0, places=places, haul_cny_per_m3_km=1.0)
    rows = (
        ("a", "reservoir", "reservoir", 10.0, 500.0, 0.0, 60.0, 0.0),
        ("b", "arable", "arable", 10.0, 500.0, 0.0, 0.0, 50.0),
    )
    problem = earthen(*rows).subject_to(al.Quota("reservoir", min_mu=10.0), earth, al.Budget(20.0))
    assert "raise exported spoil ≤ 0 m³ by 60 m³" in relaxed(problem)


def test_a_budget_stands_where_it_is_with_what_is_bought() -> None:
    """One field of 50 yuan and 100 m³ at 1 yuan fits into 200 yuan, and takes 150 of them."""
    fields = earthen(*((u, "arable", "arable", 10.0, 1000.0, 50.0, 0.0, 100.0) for u in "ab"))
    result = fields.subject_to(al.Budget(200.0), al.Earthwork(import_cny_per_m3=1.0)).solve(gap=0)
    assert result.rows.loc["budget ≤ 200 yuan", ["activity", "slack"]].tolist() == pytest.approx([150.0, 50.0])
    assert result.binding[0].activity == pytest.approx(150.0)


def test_a_rule_that_cannot_hold_alone_is_named_alone() -> None:
    """u1 (5 mu) has no use left under two least patches of 8 mu together; u3 (5 mu) has none under one of them already. A lock
    is named with a quota that it puts out of reach, and not where the quota is out of reach of the whole site."""
    rows = [
        *(("u1", t, t, 5.0, 1.0, 0.0, 0.0, 0.0, 0.0) for t in ("construction", "green")),
        ("u2", "arable", "arable", 5.0, 1.0, 0.0, 0.0, 0.0, 0.0),
        ("u3", "green", "green", 5.0, 1.0, 0.0, 0.0, 0.0, 0.0),
    ]
    options = pd.DataFrame(rows, columns=COLUMNS).set_index(["unit_id", "option"])
    borders = pd.DataFrame([("u1", "u2", 10.0), ("u2", "u3", 10.0)], columns=["unit_a", "unit_b", "length_m"])
    both = [al.MinPatch(t, 8.0, borders) for t in ("construction", "green")]

    def conflict(*rules: Rule) -> set[str]:
        with pytest.raises(Infeasible) as refusal:
            al.Problem(options, unrestored=False).subject_to(*rules).solve(gap=0.0)
        return {str(c) for c in refusal.value.conflicts}

    assert conflict(*both) == {"no patch of green below 8 mu"}
    quota = al.Quota("construction", min_mu=5.0)
    assert conflict(quota, al.Lock("u1", "green")) == {"construction ≥ 5 mu", "unit u1 is green"}
    assert conflict(al.Quota("construction", min_mu=6.0), al.Lock("u1", "green")) == {"construction ≥ 6 mu"}
    assert conflict(quota, both[1], al.Lock("u1", "green")) == {"no patch of green below 8 mu"}
