"""Prices of patch rows and plans around backbones, against all plans of small worlds."""

import itertools
import time
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import planner.allocation as al
from planner.allocation import methods
from planner.allocation.methods import solve_by_shape
from planner.allocation.model import assemble
from planner.allocation.objective import objective
from planner.allocation.parts import Clauses, empty_clauses
from planner.allocation.patch_prices import patch_prices
from planner.allocation.rules.patch_graph import patches_of
from planner.allocation.search import Method, Settings

WIDE, HIGH = 4, 3
CELLS = list(itertools.product(range(HIGH), range(WIDE)))
N = len(CELLS)
PAIRS = [(i, j) for (i, a), (j, b) in itertools.combinations(enumerate(CELLS), 2) if abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1]
BESIDE = [{j for p in PAIRS for i, j in (p, p[::-1]) if i == k} for k in range(N)]
BORDERS = pd.DataFrame([(f"u{i:02d}", f"u{j:02d}", 1.0) for i, j in PAIRS], columns=["unit_a", "unit_b", "length_m"])
PLANS = list(itertools.product((0, 1), repeat=N))
LEAST = 14.0


def pieces(units: set[int]) -> list[set[int]]:
    """Connected pieces, found by walking."""
    found = []
    while units:
        piece, edge = set(), {min(units)}
        while edge:
            piece |= edge
            edge = set.union(*(BESIDE[i] for i in edge)) & units - piece
        found.append(piece)
        units = units - piece
    return found


def keeps(rule: str, green: set[int], area: np.ndarray) -> bool:
    if rule == "patch":
        return all(area[list(p)].sum() >= LEAST for p in pieces(green))
    return len(pieces(green)) <= 1


def world(seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Twelve units, each green or water, areas of 3 to 7 mu."""
    rng = np.random.default_rng(seed)
    area = rng.integers(3, 8, N).astype(float)
    rows = [(f"u{i:02d}", t, t, area[i], float(rng.integers(0, 40)), 0.0) for i in range(N) for t in ("green", "reservoir")]
    columns = ["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny"]
    return pd.DataFrame(rows, columns=columns).set_index(["unit_id", "option"]), area


def problem_of(rule: str, options: pd.DataFrame, area: np.ndarray) -> al.Problem:
    named = al.MinPatch("green", LEAST, BORDERS) if rule == "patch" else al.Connected("green", BORDERS)
    quota = al.Quota("green", min_mu=0.3 * area.sum(), max_mu=0.6 * area.sum())
    return al.Problem(options, unrestored=False).subject_to(named, quota, al.Compactness(BORDERS, 2.0))


@cache
def all_pieces() -> list[list[list[int]]]:
    """The pieces of green of every plan."""
    return [[sorted(p) for p in pieces({i for i, r in enumerate(plan) if r == 0})] for plan in PLANS]


def best_of_all(rule: str, options: pd.DataFrame, area: np.ndarray) -> float:
    """The best plan's net value by trying all."""
    plans, (a, b) = np.array(PLANS), np.array(PAIRS).T
    net = options.benefit_cny.to_numpy().reshape(N, 2)[np.arange(N), plans].sum(axis=1)
    net = net - 2.0 * (plans[:, a] != plans[:, b]).sum(axis=1)
    mu = (plans == 0) @ area
    net[(mu < 0.3 * area.sum()) | (mu > 0.6 * area.sum())] = -np.inf
    for k in np.argsort(-net):
        found = all_pieces()[k]
        if len(found) <= 1 if rule == "connected" else all(area[p].sum() >= LEAST for p in found):
            return float(net[k])
    raise AssertionError("no plan keeps the rule")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("rule", ["patch", "connected"])
def test_the_bound_of_prices_is_never_below_the_best_plan(rule: str, seed: int) -> None:
    options, area = world(seed)
    problem = problem_of(rule, options, area)
    model = assemble(problem.table, problem.parts(), objective(problem.table, "net"))
    loose = methods.replace(model, separators=(), hidden=(), cuts=empty_clauses())
    settings = Settings(1e-6, time.monotonic(), 60.0, 0, None, Method.CHOOSE)
    free = solve_by_shape(loose, settings, None, None)
    priced = patch_prices(model, settings, free)
    assert priced is not None
    best = best_of_all(rule, options, area)
    assert priced.bound >= best - 1e-9
    assert priced.bound <= free.bound + 1e-6 * abs(free.bound)  # rows only ever draw it in


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("rule", ["patch", "connected"])
def test_mended_plans_are_the_best_of_all(monkeypatch: pytest.MonkeyPatch, rule: str, seed: int) -> None:
    """The way that many units go, on few."""
    monkeypatch.setattr(methods, "LARGE_PATCHES", 1)
    options, area = world(100 + seed)
    result = problem_of(rule, options, area).solve(gap=0)
    best = best_of_all(rule, options, area)
    assert "patches mended" in result.method
    assert result.objective == pytest.approx(best)
    assert result.bound >= best - 1e-9


def separated(rule: str, options: pd.DataFrame) -> Any:
    """What finds the rows of a rule of patches on green."""
    table = al.Problem(options, unrestored=False).table
    named = al.MinPatch("green", LEAST, BORDERS) if rule == "patch" else al.Connected("green", BORDERS)
    separator = named.part(table).separator
    assert separator is not None
    return separator


@pytest.mark.parametrize("rule", ["patch", "connected"])
def test_rows_that_shares_break_break_no_plan(rule: str) -> None:
    """Whatever the shares, the rows found from them hold for every plan that keeps the rule."""
    options, area = world(3)
    separator = separated(rule, options)
    rng, found = np.random.default_rng(0), 0
    good = np.array([plan for plan in PLANS if keeps(rule, {i for i, r in enumerate(plan) if r == 0}, area)])
    taken = np.zeros((2 * N, len(good)))
    taken[2 * np.arange(N)[None, :] + good, np.arange(len(good))[:, None]] = 1.0
    for _ in range(60):
        inside = rng.choice([0.0, 0.3, 0.6, 1.0], N, p=[0.4, 0.1, 0.2, 0.3])
        shares = np.c_[inside, 1.0 - inside].ravel()
        rows = separator.broken(shares)
        if rows is not None:
            found += rows.hi.size
            assert (activity(rows, shares) > rows.hi).all()
            table_of_rows = sparse.csr_array((rows.value, (rows.row, rows.col)), shape=(rows.hi.size, 2 * N))
            assert (table_of_rows @ taken <= rows.hi[:, None] + 1e-9).all()
    assert found > 50


def activity(rows: Clauses, shares: np.ndarray) -> np.ndarray:
    return np.bincount(rows.row, weights=rows.value * shares[rows.col], minlength=rows.hi.size)


@pytest.mark.parametrize("rule", ["patch", "connected"])
def test_whatever_lies_around_a_backbone_keeps_the_rule(rule: str) -> None:
    options, area = world(5)
    separator = separated(rule, options)
    rng, freed = np.random.default_rng(1), 0
    good = [g for plan in PLANS if keeps(rule, g := {i for i, r in enumerate(plan) if r == 0}, area) and g]
    for k in rng.choice(len(good), 40, replace=False):
        units = np.isin(np.arange(N), list(good[k]))
        must, may = separator.freedom(units, rng.standard_normal(N))
        assert (must <= units).all() and (units <= may).all()
        free = np.flatnonzero(may & ~must)
        freed += free.size
        for some in itertools.product((False, True), repeat=free.size):
            green = set(np.flatnonzero(must)) | set(free[list(some)])
            assert keeps(rule, {int(i) for i in green}, area)
    assert freed > 100


def test_a_field_too_small_to_be_a_patch_is_starved() -> None:
    """A row of three units of 5 mu, patches of 12 mu: half of each end and nothing in the middle."""
    rows = [(f"u{i}", "green", "green", 5.0, 1.0, 0.0) for i in range(3)]
    columns = ["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny"]
    table = al.Problem(pd.DataFrame(rows, columns=columns).set_index(["unit_id", "option"])).table
    line = pd.DataFrame([("u0", "u1", 1.0), ("u1", "u2", 1.0)], columns=["unit_a", "unit_b", "length_m"])
    inside = table.mask("green")
    patches = patches_of(table, inside, line, "test")
    separator = al.MinPatch("green", 12.0, line).part(table).separator
    assert separator is not None and patches.area.tolist() == [5.0, 5.0, 5.0]
    rows_found = separator.broken(np.where(inside, np.repeat([0.5, 0.0, 0.5], 2), 0.0))
    assert rows_found is not None and rows_found.hi.tolist() == [0.0, 0.0]
