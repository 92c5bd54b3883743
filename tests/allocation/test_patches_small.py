"""Rules on patches against all plans of small worlds: rows for small sets, flows, and mended plans."""

import itertools

import numpy as np
import pandas as pd
import pytest

import planner.allocation as al
from planner.allocation.least import with_least
from planner.allocation.model import assemble
from planner.allocation.objective import objective
from planner.allocation.rules.patch_graph import patches_of, small_set_rows
from planner.errors import Infeasible

SIDE = 3
CELLS = list(itertools.product(range(SIDE), repeat=2))
PAIRS = [(i, j) for (i, a), (j, b) in itertools.combinations(enumerate(CELLS), 2) if abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1]
BORDERS = pd.DataFrame([(f"u{i}", f"u{j}", 1.0) for i, j in PAIRS], columns=["unit_a", "unit_b", "length_m"])


def world(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [(f"u{i}", t, t, "t", 5.0, float(rng.integers(0, 40)), 0.0) for i in range(9) for t in ("green", "reservoir")]
    columns = ["unit_id", "option", "target", "treatment", "area_mu", "benefit_cny", "cost_cny"]
    return pd.DataFrame(rows, columns=columns).set_index(["unit_id", "option"])


def patches(units: set[int]) -> list[set[int]]:
    found = []
    while units:
        patch, edge = set(), {min(units)}
        while edge:
            patch |= edge
            edge = {j for a, b in PAIRS for i, j in ((a, b), (b, a)) if i in edge and j in units} - patch
        found.append(patch)
        units = units - patch
    return found


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rule", ["patch", "connected"])
def test_the_plan_is_the_best_of_all(rule: str, seed: int) -> None:
    options = world(seed)
    named = al.MinPatch("green", 15, BORDERS) if rule == "patch" else al.Connected("green", BORDERS)
    quota = al.Quota("green", min_mu=20, max_mu=30)
    result = al.Problem(options, unrestored=False).subject_to(named, quota).solve(gap=0)
    best = -np.inf
    for plan in itertools.product((0, 1), repeat=9):
        green = {i for i, r in enumerate(plan) if r == 0}
        pieces = patches(set(green))
        kept = all(len(p) >= 3 for p in pieces) if rule == "patch" else len(pieces) == 1
        if kept and 4 <= len(green) <= 6:
            best = max(best, sum(options.benefit_cny.iloc[2 * i + r] for i, r in enumerate(plan)))
    assert result.objective == pytest.approx(best)
    assert result.bound >= best - 1e-9


def test_rows_of_small_sets_break_no_plan_that_keeps_the_rule() -> None:
    """In the middle of a 3 × 3 field: a set of one has 4 neighbours; no row is broken by a plan of large patches."""
    table = al.Problem(world(0), unrestored=False).table
    rows = small_set_rows(patches_of(table, table.mask("green"), BORDERS, "test"), 20.0)
    assert rows is not None
    for plan in itertools.product((0, 1), repeat=9):
        green = {i for i, r in enumerate(plan) if r == 0}
        if all(len(p) >= 4 for p in patches(set(green))):
            taken = np.isin(rows.col, [2 * i + r for i, r in enumerate(plan)])
            assert (np.bincount(rows.row, weights=rows.value * taken, minlength=rows.hi.size) <= rows.hi).all()


def test_a_quota_says_what_a_piece_must_come_to() -> None:
    """Rows that a quota gives to Connected break no plan that keeps both, and cut off every smaller piece by itself."""
    problem = al.Problem(world(0), unrestored=False).subject_to(al.Connected("green", BORDERS), al.Quota("green", min_mu=20))
    model = assemble(problem.table, problem.parts(), objective(problem.table, "net"))
    told = with_least(model)
    assert told.cuts.hi.size and not told.hidden and not model.cuts.hi.size
    (separator,), cut = told.separators, 0
    for plan in itertools.product((0, 1), repeat=9):
        green = {i for i, r in enumerate(plan) if r == 0}
        chosen = np.array([2 * i + r for i, r in enumerate(plan)])
        sets = [told.cuts] + [c for c in [separator.clauses(chosen)] if c is not None]
        holds = [(np.bincount(c.row, c.value * np.isin(c.col, chosen), c.hi.size) <= c.hi).all() for c in sets]
        if len(patches(green)) == 1 and len(green) >= 4:
            assert len(sets) == 1 and all(holds)
        elif len(patches(green)) > 1:
            assert len(sets) == 2 and not holds[1]
            cut += any(len(p) < 4 for p in patches(green)) and not holds[0]
    assert cut > 100


def test_no_quota_says_nothing() -> None:
    for rules in ([], [al.Quota("green", max_mu=20)], [al.Quota("reservoir", min_mu=20)], [al.Share("green", min=0.4)]):
        problem = al.Problem(world(0)).subject_to(al.Connected("green", BORDERS), *rules)
        model = assemble(problem.table, problem.parts(), objective(problem.table, "net"))
        assert with_least(model) is model


def test_patches_of_one_treatment() -> None:
    """Two treatments of one target: each has its own patches, and a patch of both together is none."""
    options = world(1)
    options = pd.concat([options, options.xs("green", level=1, drop_level=False).rename({"green": "green:b"}, level=1)])
    options.loc[(slice(None), "green:b"), "treatment"] = "b"
    options.loc[(slice(None), "green:b"), "benefit_cny"] += np.tile([5.0, -5.0, 5.0], 3)
    rule = al.MinPatch("green", 15, BORDERS, treatment="b")
    result = al.Problem(options.sort_index(), unrestored=False).subject_to(rule).solve(gap=0)
    own = {int(u[1:]) for u in result.choice.index[result.choice == "green:b"]}
    assert all(len(p) >= 3 for p in patches(own))


@pytest.mark.parametrize("rule", ["patch", "connected"])
def test_many_units_are_mended_and_the_bound_is_above(rule: str) -> None:
    side = 9
    rng = np.random.default_rng(4)
    rows = [(f"u{i:02d}", t, t, 5.0, float(rng.uniform(0, 40)), 0.0) for i in range(side**2) for t in ("green", "reservoir")]
    options = pd.DataFrame(rows, columns=["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny"])
    cells = list(itertools.product(range(side), repeat=2))
    near = [
        (f"u{i:02d}", f"u{j:02d}", 1.0)
        for (i, a), (j, b) in itertools.combinations(enumerate(cells), 2)
        if abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1
    ]
    borders = pd.DataFrame(near, columns=["unit_a", "unit_b", "length_m"])
    named = al.MinPatch("green", 20, borders) if rule == "patch" else al.Connected("green", borders)
    problem = al.Problem(options.set_index(["unit_id", "option"])).subject_to(named, al.Quota("green", min_mu=100, max_mu=250))
    result = problem.solve(gap=0.02, time_limit_s=60)
    assert "patches mended" in result.method
    assert result.bound >= result.objective and result.gap < 0.2


def test_a_patch_larger_than_all_ground_is_infeasible() -> None:
    rules = [al.MinPatch("green", 50, BORDERS), al.Quota("green", min_mu=10)]
    with pytest.raises(Infeasible):
        al.Problem(world(0), unrestored=False).subject_to(*rules).solve()
