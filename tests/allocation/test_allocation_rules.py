"""Each rule three ways: the rows it makes, what it solves to (against every plan of a small world), what bad input says."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import planner.allocation as al
from planner.allocation.table import read_options
from planner.errors import Infeasible, InvalidInput

COLUMNS = ["unit_id", "option", "target", "treatment", "area_mu", "benefit_cny", "cost_cny", "cut_m3", "fill_m3", "storage_m3"]
# A 3 × 2 world: u0 u1 u2 in the upper row, u3 u4 u5 below.
BORDERS = pd.DataFrame(
    [
        ("u0", "u1", 10.0),
        ("u1", "u2", 10.0),
        ("u3", "u4", 10.0),
        ("u4", "u5", 10.0),
        ("u0", "u3", 4.0),
        ("u1", "u4", 4.0),
        ("u2", "u5", 4.0),
    ],
    columns=["unit_a", "unit_b", "length_m"],
)
NEAR = {frozenset(p) for p in zip(BORDERS["unit_a"], BORDERS["unit_b"], strict=True)}


def world(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows: list[tuple[object, ...]] = []
    for i in range(6):
        area = float(rng.integers(1, 6))
        for target, treatment in (("construction", "fill"), ("green", "forest"), ("reservoir", "dig_1")):
            lake = target == "reservoir"
            benefit, cost = float(rng.integers(1, 60)), float(rng.integers(0, 20))
            cut, fill = (float(rng.integers(1, 9)), 0.0) if lake else (0.0, float(rng.integers(0, 5)))
            rows.append((f"u{i}", f"{target}:{treatment}", target, treatment, area, benefit, cost, cut, fill, 3.0 * cut))
    return pd.DataFrame(rows, columns=COLUMNS).set_index(["unit_id", "option"])


Plan = dict[str, dict[str, Any]]


def plans(options: pd.DataFrame) -> list[Plan]:
    zero = dict.fromkeys(COLUMNS[4:], 0.0) | {"target": "unrestored", "treatment": "none", "option": "unrestored"}
    units = sorted(set(options.index.get_level_values(0)))
    ways = [[{"option": o, **r} for o, r in options.loc[u].to_dict("index").items()] + [zero] for u in units]
    return [dict(zip(units, choice, strict=True)) for choice in itertools.product(*ways)]


def of(plan: Plan, target: str) -> list[str]:
    return [u for u, r in plan.items() if r["target"] == target]


def total(plan: Plan, column: str, target: str | None = None) -> float:
    return sum(r[column] for r in plan.values() if target is None or r["target"] == target)


def patches(units: list[str]) -> list[set[str]]:
    found: list[set[str]] = []
    left = set(units)
    while left:
        patch, edge = set(), {left.pop()}
        while edge:
            u = edge.pop()
            patch.add(u)
            near = {v for v in left if frozenset((u, v)) in NEAR}
            left -= near
            edge |= near
        found.append(patch)
    return found


def share_kept(plan: Plan) -> bool:
    land = sum(total(plan, "area_mu", t) for t in ("construction", "arable", "green"))
    return total(plan, "area_mu", "green") >= 0.4 * land - 1e-9


def belt_kept(plan: Plan) -> bool:
    pairs = [tuple(p) for p in NEAR]
    touching = [{plan[a]["target"], plan[b]["target"]} for a, b in pairs]
    return {"construction", "reservoir"} not in touching


def beside_kept(plan: Plan) -> bool:
    return all(any(frozenset((u, v)) in NEAR for v in of(plan, "green")) for u in of(plan, "construction"))


def crumbs_kept(plan: Plan) -> bool:
    return all(sum(plan[u]["area_mu"] for u in p) >= 7 for p in patches(of(plan, "construction")))


ZONES = {"u0": "north", "u1": "north", "u2": "north", "u3": "south", "u4": "south", "u5": "south"}
HAUL = pd.DataFrame({"from": ["north", "south"], "to": ["south", "north"], "cny_per_m3": [2.0, 3.0]})


def haul_cost(plan: Plan) -> float | None:
    """Cheapest haul, import at 5 and free export, by hand: a zone's lack is met from the other's surplus or from outside."""
    lack = {z: sum(r["fill_m3"] - r["cut_m3"] for u, r in plan.items() if ZONES[u] == z) for z in ("north", "south")}
    cost = imported = 0.0
    for zone, other, price in (("north", "south", 3.0), ("south", "north", 2.0)):
        if lack[zone] > 0:
            moved = min(lack[zone], max(-lack[other], 0.0))
            cost += price * moved + 5.0 * (lack[zone] - moved)
            imported += lack[zone] - moved
    return cost if imported <= 4 else None


RULES: dict[str, tuple[Callable[[], Any], Callable[[Plan], bool]]] = {
    "quota": (lambda: al.Quota("construction", min_mu=6, max_mu=9), lambda p: 6 <= total(p, "area_mu", "construction") <= 9),
    "budget": (lambda: al.Budget(max_cny=22), lambda p: total(p, "cost_cny") <= 22),
    "storage": (lambda: al.Storage(min_m3=20, max_m3=40), lambda p: 20 <= total(p, "storage_m3") <= 40),
    "storage of one lake": (
        lambda: al.Storage(min_m3=9, units=("u0", "u1"), name="north lake"),
        lambda p: p["u0"]["storage_m3"] + p["u1"]["storage_m3"] >= 9,
    ),
    "earth": (
        lambda: al.Earthwork(max_import_m3=2, max_export_m3=6, compaction=0.5),
        lambda p: -6 <= total(p, "fill_m3") - 0.5 * total(p, "cut_m3") <= 2,
    ),
    "water level": (
        lambda: al.WaterLevel(deeper={"u0": "u1", "u2": "u1", "u1": "u4", "u3": "u4"}),
        lambda p: all(
            p[d]["target"] == "reservoir"
            for u, d in (("u0", "u1"), ("u2", "u1"), ("u1", "u4"), ("u3", "u4"))
            if p[u]["target"] == "reservoir"
        ),
    ),
    "lock": (lambda: al.Lock("u2", "green"), lambda p: p["u2"]["target"] == "green"),
    "lock of a treatment": (lambda: al.Lock("u2", "green", "forest"), lambda p: p["u2"]["treatment"] == "forest"),
    "exclude": (lambda: al.Exclude("u2", "construction"), lambda p: p["u2"]["target"] != "construction"),
    "limit": (lambda: al.Limit("fill_m3", max=3, target="green"), lambda p: total(p, "fill_m3", "green") <= 3),
    "share": (lambda: al.Share("green", min=0.4), share_kept),
    "apart": (lambda: al.Apart("construction", "reservoir", BORDERS), belt_kept),
    "adjacent": (lambda: al.Adjacent("construction", "green", BORDERS), beside_kept),
    "min patch": (lambda: al.MinPatch("construction", 7, BORDERS), crumbs_kept),
    "connected": (lambda: al.Connected("green", BORDERS), lambda p: len(patches(of(p, "green"))) <= 1),
    "zones": (
        lambda: al.Earthwork(max_import_m3=4, import_cny_per_m3=5.0, zones=ZONES, haul=HAUL),
        lambda p: haul_cost(p) is not None,
    ),
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("seed", range(4))
def test_each_rule_against_every_plan(name: str, seed: int) -> None:
    make, kept = RULES[name]
    options = world(seed)
    # Beside the rule under test: a lake must exist and building needs earth, so that most rules bite.
    problem = al.Problem(options).subject_to(al.Quota("reservoir", min_mu=4), al.Quota("green", min_mu=2), make())

    def value(plan: Plan) -> float:
        extra = (haul_cost(plan) or 0.0) if name == "zones" else 0.0
        return total(plan, "benefit_cny") - total(plan, "cost_cny") - extra

    values = [
        value(p)
        for p in plans(options)
        if total(p, "area_mu", "reservoir") >= 4 and total(p, "area_mu", "green") >= 2 and kept(p)
    ]
    if not values:
        with pytest.raises(Infeasible):
            problem.solve(gap=0)
        return
    result = problem.solve(gap=0)
    chosen = {u: {"option": r["option"], **r} for u, r in result.chosen.to_dict("index").items()}
    assert kept(chosen), f"{problem.rules[-1]} is broken"
    assert result.objective == pytest.approx(max(values), abs=1e-6)
    assert result.bound >= max(values) - 1e-9


def test_every_rule_says_itself_in_words() -> None:
    words = {name: str(make()) for name, (make, _) in RULES.items()}
    assert words["quota"] == "construction 6 to 9 mu"
    assert words["budget"] == "budget ≤ 22 yuan"
    assert words["storage of one lake"] == "storage of north lake ≥ 9 m³"
    assert words["earth"] == "earthwork: import ≤ 2 m³, export ≤ 6 m³"
    assert words["share"] == "green ≥ 40 % of construction + arable + green"
    assert words["apart"] == "construction never touches reservoir"
    assert words["min patch"] == "no patch of construction below 7 mu"
    assert all(not w.startswith("<") and "object at" not in w for w in words.values())


def test_rows_of_quota_earth_and_share() -> None:
    table = read_options(world(0))
    area, target = table.values["area_mu"], np.array(table.targets)[table.target]
    (quota,) = al.Quota("green", min_mu=3).part(table).sums
    np.testing.assert_array_equal(quota.coef, np.where(target == "green", area, 0.0))
    assert (quota.lo, quota.hi, quota.unit) == (3.0, np.inf, "mu")
    earth = al.Earthwork(max_import_m3=5, compaction=0.9, import_cny_per_m3=2.0).part(table)
    np.testing.assert_allclose(earth.sums[0].coef, table.values["fill_m3"] - 0.9 * table.values["cut_m3"])
    assert [(c.price, c.upper, c.entries) for c in earth.columns] == [(2.0, 5.0, ((0, -1.0),))]
    (share,) = al.Share("green", min=0.25).part(table).sums
    land = np.isin(target, ["construction", "arable", "green"])
    np.testing.assert_allclose(share.coef, area * ((target == "green") - 0.25 * land))


def test_rows_of_water_levels_and_belts() -> None:
    table = read_options(world(0))
    below = al.WaterLevel(deeper=pd.Series({"u0": "u1", "u1": ""})).part(table).below
    assert below is not None
    assert (below.child.tolist(), below.parent.tolist()) == ([0], [1])
    assert set(table.option[below.mask]) == {table.names.tolist().index("reservoir:dig_1")}
    clauses = al.Apart("construction", "reservoir", BORDERS).part(table).clauses
    assert clauses is not None
    assert clauses.hi.size == 2 * len(BORDERS)
    assert set(clauses.value) == {1.0}
    beside = al.Adjacent("construction", "green", BORDERS, min_length_m=5.0).part(table).clauses
    assert beside is not None
    # Six units may be built on; only the borders of 10 m count, so a corner unit has one neighbour and a middle one two.
    assert sorted(np.bincount(beside.row[beside.value < 0])) == [1, 1, 1, 1, 2, 2]


def test_rows_of_budget_storage_limit_and_keep() -> None:
    table = read_options(world(0))
    target = np.array(table.targets)[table.target]
    (budget,) = al.Budget(max_cny=50).part(table).sums
    np.testing.assert_array_equal(budget.coef, table.values["cost_cny"])
    assert (budget.lo, budget.hi, budget.unit) == (-np.inf, 50.0, "yuan")
    (storage,) = al.Storage(min_m3=5, max_m3=9, units=("u1", "u4")).part(table).sums
    mine = np.isin(table.units[table.unit], ["u1", "u4"])
    np.testing.assert_array_equal(storage.coef, np.where(mine, table.values["storage_m3"], 0.0))
    assert (storage.lo, storage.hi, storage.unit) == (5.0, 9.0, "m³")
    (limit,) = al.Limit("cut_m3", max=7, target="reservoir").part(table).sums
    np.testing.assert_array_equal(limit.coef, np.where(target == "reservoir", table.values["cut_m3"], 0.0))
    assert (limit.lo, limit.hi) == (-np.inf, 7.0)


def test_what_locks_and_exclusions_forbid() -> None:
    table = read_options(world(0))
    names, unit = table.names[table.option], table.units[table.unit]
    lock = al.Lock("u2", "green").part(table).forbid
    assert lock is not None
    barred = set(names[lock])
    assert barred == {"construction:fill", "reservoir:dig_1", *(n for n in barred if "unrestored" in n)}
    assert set(unit[lock]) == {"u2"}
    exclude = al.Exclude("u2", "green").part(table).forbid
    assert exclude is not None
    assert (names[exclude].tolist(), unit[exclude].tolist()) == (["green:forest"], ["u2"])


def test_borders_of_compactness_cost_by_length() -> None:
    borders = al.Compactness(BORDERS, cny_per_m=2.5).part(read_options(world(0))).borders
    assert borders is not None
    assert list(zip(borders.a.tolist(), borders.b.tolist(), strict=True)) == [
        (0, 1),
        (1, 2),
        (3, 4),
        (4, 5),
        (0, 3),
        (1, 4),
        (2, 5),
    ]
    np.testing.assert_allclose(borders.cost, 2.5 * BORDERS["length_m"])


def chosen_by(table: object, targets: dict[str, str]) -> np.ndarray:
    """The option position of every unit that has the target given for it, else `unrestored`."""
    target = np.array(table.targets)[table.target]  # type: ignore[attr-defined]
    unit = table.units[table.unit]  # type: ignore[attr-defined]
    return np.array(
        [np.flatnonzero((unit == u) & (target == targets.get(u, "unrestored")))[0] for u in [f"u{k}" for k in range(6)]]
    )


def test_patches_are_separated_only_where_a_plan_breaks_them() -> None:
    table = read_options(world(0))
    area = {u: float(table.values["area_mu"][table.unit == k][0]) for k, u in enumerate(table.units)}
    apart = chosen_by(table, {"u0": "green", "u5": "green"})
    together = chosen_by(table, {"u0": "green", "u1": "green"})
    connected = al.Connected("green", BORDERS).part(table).separator
    assert connected is not None
    assert connected.clauses(together) is None
    broken = connected.clauses(apart)
    assert broken is not None
    taken = np.zeros(table.size)
    taken[apart] = 1.0
    activity = np.bincount(broken.row, broken.value * taken[broken.col], minlength=len(broken.hi))
    assert (activity > broken.hi).any()
    patch = al.MinPatch("green", area["u0"] + area["u1"], BORDERS).part(table).separator
    assert patch is not None
    assert patch.clauses(together) is None
    assert patch.clauses(chosen_by(table, {"u0": "green"})) is not None


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: al.Share("green", min=40), "give a share"),
        (lambda: al.Share("green"), "minimum or a maximum"),
        (lambda: al.Apart("green", "green", BORDERS), "apart from itself"),
        (lambda: al.Adjacent("greens", "green", BORDERS), "did you mean"),
        (lambda: al.MinPatch("green", -1, BORDERS), "below zero"),
        (lambda: al.Earthwork(zones=ZONES), "zones and haul together"),
        (lambda: al.Earthwork(zones=ZONES, haul=HAUL.assign(to="east")), "'east'"),
        (lambda: al.Earthwork(zones=ZONES, haul=HAUL.drop(columns="to")), "'to'"),
        (lambda: al.Earthwork(compaction=0.0), "worthless"),
        (lambda: al.Compactness(BORDERS.drop(columns="length_m"), 1.0), "length_m"),
        (lambda: al.Limit("fill_m3", min=2, max=1), "above the maximum"),
        (lambda: al.Budget(max_cny=None), "give max_cny"),
        (lambda: al.Exclude("u0", None), "which target"),
        (lambda: al.Storage(min_m3=1, units=("u9",)).part(read_options(world(0))), "'u9'"),
        (lambda: al.Compactness(BORDERS.assign(unit_b="u0"), 1.0).part(read_options(world(0))), "borders itself"),
        (lambda: al.Compactness(BORDERS.assign(length_m=-1.0), 1.0).part(read_options(world(0))), "length"),
        (lambda: al.Problem(world(0)).subject_to("green"), "no rule"),
        (lambda: al.Problem(world(0)).solve(objective="nett"), "did you mean 'net'"),
        (lambda: al.Problem(world(0)).solve(objective={"cost": -1.0}), "reward"),
        (lambda: al.Problem(world(0)).solve(gap=-1), "gap"),
        (lambda: al.Problem(world(0)).solve(time_limit_s=0), "time_limit_s"),
    ],
)
def test_bad_rules_say_what_and_where(make: Callable[[], object], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        make()


def test_two_locks_that_contradict_are_both_named() -> None:
    problem = al.Problem(world(1)).subject_to(al.Lock("u1", "green"), al.Budget(1e9), al.Exclude("u1", "green"))
    with pytest.raises(Infeasible) as failure:
        problem.solve()
    assert tuple(map(str, failure.value.conflicts)) == ("unit u1 is green", "unit u1 is not green")
