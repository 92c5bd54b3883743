"""The methods for large problems agree with the exact one; no bound is below the truth, no plan breaks a rule."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

import planner.allocation as al
from planner.allocation import methods
from planner.allocation.bound import Multipliers, forest, upper_bound
from planner.allocation.dual import minimise
from planner.allocation.highs import solve_program
from planner.allocation.losses import priced
from planner.allocation.model import Model, assemble
from planner.allocation.objective import objective
from planner.allocation.program import helpers, program
from planner.allocation.search import Found, Outcome, Settings
from planner.allocation.standing import COOL, HIDDEN

WAYS = [
    ("construction", "fill", 8e5, 35e3, 0.0),
    ("arable", "level", 1.2e5, 12e3, 0.0),
    ("green", "forest", 1.5e5, 2e4, 0.0),
    *[("reservoir", f"dig_{d}", 3e4, 6e3 + 5.3e3 * d, float(d)) for d in range(3)],
]


def world(n: int, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]:
    """Rough options (every number drawn on its own), a grid of borders, a binary tree of water levels."""
    rng = np.random.default_rng(seed)
    area, k = rng.uniform(3, 9, n), len(WAYS)
    a, way = np.repeat(area, k), np.tile(np.arange(k), n)
    target = np.array([w[0] for w in WAYS])[way]
    dig = np.array([w[4] for w in WAYS])[way]
    land = target != "reservoir"
    ids = np.array([f"u{i:06d}" for i in range(n)], dtype=object)
    frame = pd.DataFrame(
        {
            "target": target,
            "treatment": np.array([w[1] for w in WAYS])[way],
            "area_mu": a,
            "benefit_cny": a * np.array([w[2] for w in WAYS])[way] * rng.uniform(0.5, 1.5, n * k),
            "cost_cny": a * np.array([w[3] for w in WAYS])[way] * rng.uniform(0.5, 2, n * k),
            "cut_m3": a * 666 * dig,
            "fill_m3": a * 666 * rng.uniform(0, 2, n * k) * land,
            "storage_m3": a * 666 * (1 + dig) * ~land,
        },
        index=pd.MultiIndex.from_arrays([ids[np.repeat(np.arange(n), k)], [f"{w[0]}:{w[1]}" for w in WAYS] * n]),
    )
    side = math.isqrt(n)
    i = np.arange(n - 1)
    i = i[(i + 1) % side != 0]
    j = np.arange(n - side)
    borders = pd.DataFrame({"unit_a": ids[np.r_[i, j]], "unit_b": ids[np.r_[i + 1, j + side]], "length_m": 60.0})
    return frame, borders, dict(zip(ids[1:], ids[np.arange(1, n) // 2], strict=True))


def problem(n: int, seed: int = 0, *, compact: float = 0.0, water: bool = True) -> al.Problem:
    options, borders, deeper = world(n, seed)
    total = float(options["area_mu"].to_numpy()[:: len(WAYS)].sum())
    rules = [
        al.Quota("construction", min_mu=0.2 * total, max_mu=0.4 * total),
        al.Quota("arable", min_mu=0.05 * total),
        al.Quota("green", min_mu=0.1 * total),
        al.Budget(3.0e4 * total),
        al.Earthwork(max_import_m3=10 * total, max_export_m3=100 * total, import_cny_per_m3=30.0),
        al.Storage(min_m3=300 * total),
    ]
    if water:
        rules.append(al.WaterLevel(deeper=deeper))
    if compact:
        rules.append(al.Compactness(borders, cny_per_m=compact))
    return al.Problem(options).subject_to(*rules)


def walk(result: al.Result, asked: al.Problem) -> tuple[float, list[str]]:
    """Net value and broken rules of a result, from its own table and the rules' plain words, not from the model."""
    chosen, broken = result.chosen, []
    area = chosen.groupby("target")["area_mu"].apply(math.fsum)
    value = math.fsum(chosen["benefit_cny"]) - math.fsum(chosen["cost_cny"])
    spent = math.fsum(chosen["cost_cny"])
    for rule in asked.rules:
        if isinstance(rule, al.Quota):
            got = float(area.get(rule.target, 0.0))
            if rule.min_mu is not None and got < rule.min_mu * (1 - 1e-12):
                broken.append(f"{rule}: {got}")
            if rule.max_mu is not None and got > rule.max_mu * (1 + 1e-12):
                broken.append(f"{rule}: {got}")
        elif isinstance(rule, al.Earthwork):
            lack = math.fsum(chosen["fill_m3"]) - rule.compaction * math.fsum(chosen["cut_m3"])
            bought = max(lack, 0.0) * rule.import_cny_per_m3
            value -= bought
            spent += bought
            if lack > rule.max_import_m3 + 1e-6 or -lack > rule.max_export_m3 + 1e-6:
                broken.append(f"{rule}: {lack}")
        elif isinstance(rule, al.Storage):
            if math.fsum(chosen["storage_m3"]) < rule.min_m3 * (1 - 1e-12):
                broken.append(str(rule))
        elif isinstance(rule, al.WaterLevel):
            wet = set(chosen.index[chosen["target"] == "reservoir"])
            broken += [f"{u} is wet above {d}" for u, d in rule.deeper.items() if u in wet and d not in wet]
        elif isinstance(rule, al.Compactness):
            target = chosen["target"]
            one = target.reindex(rule.boundaries["unit_a"]).to_numpy()
            other = target.reindex(rule.boundaries["unit_b"]).to_numpy()
            value -= rule.cny_per_m * math.fsum(rule.boundaries["length_m"][one != other])
    for rule in asked.rules:
        if isinstance(rule, al.Budget) and spent > rule.max_cny * (1 + 1e-12):
            broken.append(f"{rule}: {spent}")
    return value, broken


@pytest.mark.parametrize(("n", "compact", "water"), [(225, 0.0, True), (225, 0.0, False), (64, 50.0, True), (64, 50.0, False)])
@pytest.mark.parametrize("seed", range(2))
def test_the_large_methods_agree_with_the_exact_one(n: int, compact: float, water: bool, seed: int) -> None:
    asked = problem(n, seed, compact=compact, water=water)
    exact = asked.solve(gap=1e-3, method="milp", time_limit_s=60)
    large = asked.solve(gap=1e-3, method="core", time_limit_s=60)
    for result in (exact, large):
        value, broken = walk(result, asked)
        assert not broken
        assert value == pytest.approx(result.objective, rel=1e-10)
        assert result.bound >= max(exact.objective, large.objective) * (1 - 1e-9), "a bound below a plan"
    assert large.objective <= exact.bound * (1 + 1e-9)
    assert large.gap <= 1e-3
    assert large.method != exact.method


@pytest.mark.parametrize("asked", ["choose", "core"])
def test_branch_and_bound_speaks_where_a_method_finds_nothing_on_few_units(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asked for the method; it has half of the time, so that some is left."""
    given: list[float] = []

    def nothing(model: Model, settings: Settings, *begun: object) -> Found:
        given.append(settings.limit_s)
        return Found(Outcome.NOTHING, None, np.inf, Multipliers(np.zeros(model.hi.size)), "nothing")

    monkeypatch.setattr(methods, "solve_by_core", nothing)
    found = problem(225).solve(gap=1e-3, method=asked, time_limit_s=60)
    assert found.gap <= 1e-3 and found.method.startswith("nothing, then")
    assert max(given) < 40


def test_five_thousand_units_to_a_small_gap() -> None:
    asked = problem(5000, 1)
    result = asked.solve(gap=1e-5)
    value, broken = walk(result, asked)
    assert not broken
    assert value == pytest.approx(result.objective, rel=1e-10)
    assert result.status == "optimal"
    assert result.gap <= 1e-5
    assert "newton" in result.method


def test_compactness_at_two_thousand_five_hundred_units() -> None:
    asked = problem(2500, 2, compact=50.0)
    result = asked.solve(gap=1e-3, time_limit_s=120)
    value, broken = walk(result, asked)
    assert not broken
    assert value == pytest.approx(result.objective, rel=1e-10)
    assert result.gap <= 1e-3
    assert "primal-dual" in result.method


@pytest.mark.parametrize("water", [True, False])
def test_newton_prices_reach_the_linear_relaxation(water: bool) -> None:
    asked = problem(600, 3, water=water)
    model = assemble(asked.table, asked.parts(), objective(asked.table, "net"))
    prog = program(model)
    relaxed = solve_program(prog, relaxed=True)
    truth = -relaxed.value * prog.scale
    dual = minimise(model, forest(model))
    assert dual.bound >= truth * (1 - 1e-9)
    assert dual.bound == pytest.approx(truth, rel=1e-6)


@pytest.mark.parametrize("water", [True, False])
def test_prices_begun_cool_prove_the_same_bound_in_fewer_steps(water: bool) -> None:
    asked = problem(600, 3, water=water)
    model = assemble(asked.table, asked.parts(), objective(asked.table, "net"))
    known = minimise(model, forest(model)).multipliers.rows
    moved = replace(model, hi=np.where(np.arange(model.hi.size) == 0, model.hi * 0.99, model.hi))
    exact = minimise(moved, forest(moved))
    fine, rough = (
        minimise(moved, forest(moved), start=known, accuracy=1e-4, warmth=COOL, hidden=hidden) for hidden in (0.0, HIDDEN)
    )
    assert exact.bound * (1 - 1e-9) <= rough.bound <= exact.bound * (1 + 1e-4)
    assert rough.evaluations < fine.evaluations


@pytest.mark.parametrize(
    ("entries", "most", "helper"),
    [
        ([1.0, 0.0, 0.0], 1e9, 2.0),
        ([1.0, 0.0, -1.0], 1e9, 32.0),  # largest 32, middle 17: 2^(½ (5 + 4.09)), rounded
        ([1.0, 1.0, -1.0], 1e9, 16.0),  # largest 32, middle 8: 2^(½ (5 + 3))
        ([1.0, 1.0, -1.0], 3.0, 4.0),  # and no more than it can come to
        ([0.0, 0.0, 0.0], 1e9, 1.0),
        ([0.0, 8.0, 0.0], 0.0, 8.0),
    ],
)
def test_auxiliary_columns_are_divided_by_the_size_of_their_rows(entries: list[float], most: float, helper: float) -> None:
    assert helpers(np.array([entries]), np.array([2.0, 8.0, 32.0]), np.array([most])).tolist() == [helper]


@pytest.mark.parametrize("seed", range(12))
def test_any_multipliers_give_a_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    asked = problem(30, seed, compact=40.0 if seed % 2 else 0.0)
    model = assemble(asked.table, asked.parts(), objective(asked.table, "net"))
    best = asked.solve(gap=1e-4, time_limit_s=20)
    e, kinds = model.edges.cost.size, int(model.target.max()) + 1
    border = None
    if e:
        border = (rng.normal(0, 3e3, e * kinds), np.repeat(np.arange(e), kinds), np.tile(np.arange(kinds), e))
    rows = rng.normal(0, 1, model.lo.size) * np.array([1e5, 1e4, 1e4, 1, 10, 10, 10])
    assert upper_bound(model, Multipliers(rows, border), forest(model)) >= best.objective * (1 - 1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_a_bound_holds_in_fractions_where_price_and_gain_cancel(seed: int) -> None:
    """Units that do nothing or bring what their jobs cost at the price, but for rounding; no jobs are allowed."""
    rng = np.random.default_rng(seed)
    count, price = 400, float(rng.uniform(1e-3, 1e3))
    jobs = rng.uniform(0, 1e6, count)
    rows = [(f"u{i:03d}", w, "green", 1.0, j * price * w, 0.0, j * w) for i, j in enumerate(jobs) for w in (0, 1)]
    columns = ["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny", "jobs"]
    options = pd.DataFrame(rows, columns=columns).set_index(["unit_id", "option"])
    asked = al.Problem(options, unrestored=False).subject_to(al.Limit("jobs", max=0.0))
    model = assemble(asked.table, asked.parts(), objective(asked.table, "net"))
    found = upper_bound(model, Multipliers(np.array([price])))
    sure = [Fraction(float(g)) - Fraction(price) * Fraction(float(c)) for g, c in zip(model.gain, model.coef[0], strict=True)]
    exact = sum((max(sure[a:b]) for a, b in pairwise(model.start.tolist())), Fraction(0))
    assert exact > 0
    assert exact <= Fraction(found)


@pytest.mark.parametrize("water", [True, False])
def test_losses_are_what_forcing_an_option_costs(water: bool) -> None:
    asked = al.Problem(world(7, 5)[0])
    if water:
        asked = asked.subject_to(al.WaterLevel(deeper=world(7, 5)[2]))
    model = assemble(asked.table, asked.parts(), objective(asked.table, "net"))
    losses = priced(model, Multipliers(np.empty(0)), forest(model)).loss
    free = asked.solve(gap=0).objective
    for k in range(asked.table.size):
        unit = asked.table.units[asked.table.unit[k]]
        target = asked.table.targets[asked.table.target[k]]
        treatment = asked.table.treatments[asked.table.treatment[k]]
        forced = asked.subject_to(al.Lock(unit, target, treatment)).solve(gap=0).objective
        assert losses[k] == pytest.approx(free - forced, abs=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_an_independent_model_in_another_library_agrees(seed: int) -> None:
    """The same world written out again for scipy: a dense matrix of plain rows, no shared code."""
    options, borders, deeper = world(16, seed)
    total = float(options["area_mu"].to_numpy()[:: len(WAYS)].sum())
    units = sorted(deeper | {"u000000": ""})
    names = [(u, o) for u in units for o in [*options.loc[u].index, "unrestored"]]
    row = {key: options.loc[key] for key in names if key[1] != "unrestored"}
    target = [row[key]["target"] if key in row else "unrestored" for key in names]

    def column(name: str) -> np.ndarray:
        return np.array([float(row[key][name]) if key in row else 0.0 for key in names])

    x, z = len(names), len(borders) * 5
    kinds = ["construction", "arable", "green", "reservoir", "unrestored"]
    rows: list[np.ndarray] = []
    low: list[float] = []
    high: list[float] = []

    def add(coefficients: np.ndarray, lo: float, hi: float) -> None:
        rows.append(np.r_[coefficients, np.zeros(x + 1 + z - coefficients.size)])
        low.append(lo)
        high.append(hi)

    for u in units:
        add(np.array([float(key[0] == u) for key in names]), 1, 1)
    built = np.array([t == "construction" for t in target])
    add(column("area_mu") * built, 0.2 * total, 0.4 * total)
    earth = column("fill_m3") - column("cut_m3")
    add(np.r_[earth, -1.0], -np.inf, 0.0)
    add(np.r_[column("cost_cny"), 30.0], -np.inf, 4.0e4 * total)
    add(column("storage_m3"), 300 * total, np.inf)
    wet = np.array([t == "reservoir" for t in target])
    for u, d in deeper.items():
        add(np.array([float(w) * (float(k[0] == u) - float(k[0] == d)) for w, k in zip(wet, names, strict=True)]), -np.inf, 0)
    for e, (a, b) in enumerate(zip(borders["unit_a"], borders["unit_b"], strict=True)):
        for t, kind in enumerate(kinds):
            this = np.zeros(x + 1 + z)
            for i, key in enumerate(names):
                if target[i] == kind:
                    this[i] = float(key[0] == a) - float(key[0] == b)
            this[x + 1 + 5 * e + t] = -1.0
            add(this, -np.inf, 0)
    gain = column("benefit_cny") - column("cost_cny")
    cost = np.r_[-gain, 30.0, np.repeat(borders["length_m"].to_numpy() * 200.0, 5)]
    answer = milp(
        cost / 1e5,
        constraints=LinearConstraint(sparse.csr_array(np.array(rows)), np.array(low), np.array(high)),
        integrality=np.r_[np.ones(x), np.zeros(1 + z)],
        bounds=Bounds(0, np.r_[np.ones(x), 10 * total, np.ones(z)]),
        options={"mip_rel_gap": 1e-9},
    )
    asked = al.Problem(options).subject_to(
        al.Quota("construction", min_mu=0.2 * total, max_mu=0.4 * total),
        al.Budget(4.0e4 * total),
        al.Earthwork(max_import_m3=10 * total, import_cny_per_m3=30.0),
        al.Storage(min_m3=300 * total),
        al.WaterLevel(deeper=deeper),
        al.Compactness(borders, cny_per_m=200.0),
    )
    assert asked.solve(gap=0).objective == pytest.approx(-answer.fun * 1e5, rel=1e-7)


def test_the_same_question_gets_the_same_plan() -> None:
    for compact in (0.0, 50.0):
        one, two = (problem(1600, 4, compact=compact).solve(gap=1e-3) for _ in range(2))
        assert (one.choice == two.choice).all()
        assert (one.objective, one.bound) == (two.objective, two.bound)


def test_an_earlier_plan_and_its_prices_are_a_warm_start() -> None:
    asked = problem(2000, 6)
    first = asked.solve(gap=1e-4)
    quota = asked.rules[1]
    changed = asked.replaced(quota, al.Quota("arable", min_mu=quota.min_mu * 2))
    warm = changed.solve(gap=1e-4, start=first)
    assert walk(warm, changed)[1] == []
    assert warm.gap <= 1e-4
    assert asked.solve(gap=1e-4, start=first).objective >= first.objective


def test_crumbs_are_mended_or_given_up_at_scale_with_an_honest_gap() -> None:
    options, borders, _ = world(900, 7)
    total = float(options["area_mu"].to_numpy()[:: len(WAYS)].sum())
    asked = al.Problem(options).subject_to(
        al.Quota("construction", max_mu=0.4 * total), al.Compactness(borders, 100.0), al.MinPatch("construction", 30, borders)
    )
    result = asked.solve(gap=0.1, time_limit_s=30)
    near = (
        pd.concat([borders, borders.rename(columns={"unit_a": "unit_b", "unit_b": "unit_a"})])
        .groupby("unit_a")["unit_b"]
        .apply(set)
    )
    left = set(result.chosen.index[result.chosen["target"] == "construction"])
    while left:
        patch, edge = set(), {left.pop()}
        while edge:
            u = edge.pop()
            patch.add(u)
            edge |= near[u] & left
            left -= edge
        assert result.chosen.loc[sorted(patch), "area_mu"].sum() >= 30
    assert result.gap == pytest.approx((result.bound - result.objective) / result.objective)
    assert result.gap < 0.2
