"""The tree on large projects and bounds by prices, against every choice tried."""

import importlib
import itertools
import time
from dataclasses import replace

import numpy as np
import pytest
from worlds import Plain, by_chance, document, project

import planner as pl
from planner.allocation.highs import Solved
from planner.portfolio.beam import Way, Ways, descend
from planner.portfolio.load import described
from planner.portfolio.model import Model
from planner.portfolio.nodes import Nodes
from planner.portfolio.questions import KNOWN, Learnt, Question
from planner.portfolio.rows import ask, proven
from planner.portfolio.strides import strides
from planner.portfolio.tree import Tree

SOLVE = importlib.import_module("planner.portfolio.solve")


def model_of(doc: dict, tmp_path) -> Model:
    return Model(described(doc, tmp_path, "programme").programme(), {"npv": 1.0})


@pytest.mark.parametrize("seed", range(200, 220))
def test_a_tree_alone_finds_the_best_of_all_choices(seed: int, tmp_path) -> None:
    doc = by_chance(seed, earth=True, shares=False)
    model = model_of(doc, tmp_path)
    best = Plain(doc).best()
    found = Tree(Nodes(model, np.inf), np.inf, 1e-9).grow(np.inf)
    assert found.value == pytest.approx(best, rel=1e-6, abs=1e-6)
    assert found.bound >= best - 1e-6


@pytest.mark.parametrize("seed", range(220, 232))
def test_a_tree_that_ends_early_still_bounds_every_choice(seed: int, tmp_path) -> None:
    doc = by_chance(seed, earth=True, shares=False)
    tree, best = Tree(Nodes(model_of(doc, tmp_path), np.inf), np.inf, 1e-9), Plain(doc).best()
    for work in (0, 1, 10):
        found = tree.grow(work)
        assert found.bound >= best - 1e-6 and found.value <= best + 1e-6


def worth(model: Model, plain: Plain, point: np.ndarray) -> float:
    """What the choices of a point are worth by the plain model, every rule kept."""
    cols = model.made.columns
    chosen = np.flatnonzero(point[: len(cols)] > 0.5)
    ways = [(int(cols.project[j]), int(cols.variant[j]), int(cols.start[j]) - plain.first) for j in chosen]
    rest = plain.rest(ways)
    assert plain.ordered(ways) and rest is not None
    return sum(map(plain.npv, ways)) - rest


@pytest.mark.parametrize("seed", range(240, 252))
def test_ways_down_end_in_schedules_that_keep_every_rule(seed: int, tmp_path) -> None:
    doc = by_chance(seed, earth=True, shares=False)
    model, plain = model_of(doc, tmp_path), Plain(doc)
    best = plain.best()
    for width in (1, 4, 1000):
        nodes = Nodes(model, np.inf)
        root = nodes.node(np.ones(nodes.count, dtype=np.bool_), nodes.least > 0.5, None, np.inf)
        descend(nodes, [] if root is None else [root], width)  # None: its point is a schedule, the best of all
        assert nodes.value <= best + 1e-6
        if nodes.point is not None:  # the likeliest ways may lead nowhere
            assert nodes.value == pytest.approx(worth(model, plain, nodes.point), rel=1e-6, abs=1e-6)


def test_a_point_that_the_solver_had_when_it_was_stopped_is_no_schedule(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    doc = crowded(13, 5)
    nodes = Nodes(model_of(doc, tmp_path), np.inf)
    every, must = np.ones(nodes.count, dtype=np.bool_), nodes.least > 0.5
    whole, basis = nodes.solver.solve(every.astype(float), nodes.least, basis=None)
    assert whole.point is not None
    stopped = replace(whole, status=Solved.STOPPED, point=np.ones(nodes.model.width), value=-1e12)  # every limit broken
    monkeypatch.setattr(nodes.solver, "solve", lambda *a, **k: (stopped, basis))
    assert nodes.node(every, must, None, np.inf) is None
    assert nodes.over and nodes.point is None and nodes.value == -np.inf
    found = Tree(nodes, 7e12, 1e-3).grow(np.inf)
    assert (found.point, found.bound) == (None, 7e12)  # nothing is known but what was


def test_ways_down_wide_enough_end_in_a_good_schedule(tmp_path) -> None:
    doc = crowded(13, 5)
    model = model_of(doc, tmp_path)
    values = []
    for width in (1, 8):
        nodes = Nodes(model, np.inf)
        root = nodes.node(np.ones(nodes.count, dtype=np.bool_), nodes.least > 0.5, None, np.inf)
        assert root is not None
        descend(nodes, [root], width)
        values.append(nodes.value / root.bound)
    assert values[1] > 0.97 and values[1] >= values[0]


def test_ways_that_were_left_are_gone_on_until_the_work_is_done(tmp_path) -> None:
    model = model_of(crowded(13, 5), tmp_path)
    values, work = [], []
    for more in (0.0, np.inf):
        nodes = Nodes(model, np.inf)
        root = nodes.node(np.ones(nodes.count, dtype=np.bool_), nodes.least > 0.5, None, np.inf)
        assert root is not None
        descend(nodes, [root], 1, more)  # however long: it ends when no way that was left leads higher
        values.append(nodes.value / root.bound)
        work.append(nodes.work)
    assert values[1] >= values[0] and values[1] > 0.98
    assert work[1] > work[0]
    nodes = Nodes(model, np.inf)
    root = nodes.node(np.ones(nodes.count, dtype=np.bool_), nodes.least > 0.5, None, np.inf)
    descend(nodes, [root], 1, work[0] + 1.0)
    assert work[0] < nodes.work <= work[1]


def test_of_ways_that_were_left_the_one_that_lay_nearest_to_the_best_is_next(tmp_path) -> None:
    nodes = Nodes(model_of(crowded(13, 5), tmp_path), np.inf)
    root = nodes.node(np.ones(nodes.count, dtype=np.bool_), nodes.least > 0.5, None, np.inf)
    assert root is not None
    nodes.value = 90.0
    # the best way: 100, 99, 97, then a schedule of 90; bounds of what was left beside it
    near, far, deep, worse = (
        Way(replace(root, bound=bound), above)
        for bound, above in ((98.0, (100.0,)), (96.0, (100.0,)), (96.5, (100.0, 99.0, 97.0)), (89.0, (100.0, 99.0, 97.0)))
    )
    ways = Ways(nodes, [far, near, worse, deep], (100.0, 99.0, 97.0), True)
    assert [ways.next() for _ in range(4)] == [deep, near, far, None]  # 0.5, 2 and 4 below; nothing better is in the last


@pytest.mark.parametrize("seed", range(12))
def test_programmes_solved_by_tree_and_ways_down_are_the_best(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SOLVE, "CORE", 0)
    doc = by_chance(seed, earth=seed % 2 == 0)
    found = pl.portfolio(doc)
    assert found.solution.objective == pytest.approx(Plain(doc).best(), rel=1e-6, abs=1e-6)
    assert found.solution.bound >= found.solution.objective - 1e-6


def test_the_question_whose_answers_cost_most_is_asked_first(tmp_path) -> None:
    projects = [project("A", [10.0], 20.0), project("B", [4.0], 8.0)]
    learnt = Learnt(model_of(document(projects, [{"id": "f", "yearly_cny": 9.0}]), tmp_path), least=0.1)
    a, b = (Question(i, np.array([0]), 0.5) for i in (0, 1))
    assert learnt.best_first([b, a]) == [a, b]  # nothing known: by yuan, 10 against 4
    for _ in range(KNOWN):
        assert not learnt.sure(b)
        learnt.learn(a, 0.01, 0.01)  # of half a choice: 0.02 of a whole
        learnt.learn(b, 3.0, 1.0)
    assert learnt.sure(a) and learnt.best_first([a, b]) == [b, a]
    assert learnt.expected(b) == pytest.approx(3.0 * 1.0)
    assert learnt.expected(a) == pytest.approx(0.1 * 0.1)  # less than can be told apart


def crowded(count: int, years: int) -> dict:
    """Projects of many sizes for which tree and ways down take turns: money for two thirds, earth between neighbours."""
    rng = np.random.default_rng(3)
    projects = []
    for i in range(count):
        cost, gain = float(rng.uniform(3, 20)), float(rng.uniform(1.1, 1.8))
        earth = float(rng.normal(0, 3.0))
        variants = [
            {
                "name": n,
                "spend_cny": [s * cost, s * cost],
                "benefit_cny": [0.0, 0.0, 2 * g * cost * gain],
                "surplus_m3": s * earth,
            }
            for n, s, g in (("full", 1.0, 1.0), ("half", 0.5, 0.6))
        ]
        projects.append({"id": f"P{i}", "variant": variants, "xy": rng.uniform(0, 3000, 2).tolist()})
    whole = sum(2 * p["variant"][0]["spend_cny"][0] for p in projects)
    funds = [
        {"id": "a", "yearly_cny": 0.4 * whole / years, "max_share": 0.7},
        {"id": "b", "yearly_cny": 0.26 * whole / years, "carry_over": True},
    ]
    earth = {"max_km": 2.0, "cny_per_m3_km": 0.1, "bought_cny_per_m3": 2.0}
    return document(projects, funds, years=years, discount_rate=0.06, gap=2e-3, time_limit_s=1e9, earth=earth)


def test_a_clock_that_jumps_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SOLVE, "CORE", 0)
    turns: list[int] = []
    descend = SOLVE.descend
    monkeypatch.setattr(SOLVE, "descend", lambda *a, **k: (turns.append(1), descend(*a, **k))[1])
    doc = crowded(13, 5)
    at_ease = pl.portfolio(doc).solution
    assert turns
    ticks = itertools.count(0.0, 40.0)  # every look at the clock is forty seconds after the last one
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks))
    hurried = pl.portfolio(doc).solution
    assert (at_ease.chosen == hurried.chosen).all()
    assert (at_ease.objective, at_ease.bound) == (hurried.objective, hurried.bound)


@pytest.mark.parametrize("seed", range(300, 308))
def test_any_prices_bound_every_choice(seed: int, tmp_path) -> None:
    doc = by_chance(seed, earth=True, shares=False)
    model, best = model_of(doc, tmp_path), Plain(doc).best()
    program, chance = model.program, np.random.default_rng(seed)
    right = ask(program, relaxed=True)
    assert right.duals is not None
    least, _ = proven(program, right.duals / program.scale, model.most, program.lo)
    assert -least * program.scale == pytest.approx(-right.value, rel=1e-7)
    for spread in (0.1, 1.0, 10.0):
        prices = right.duals / program.scale * chance.normal(1.0, spread, len(right.duals))
        least, _ = proven(program, prices, model.most, program.lo)
        assert -least * program.scale >= best - 1e-6 * abs(best)


def test_a_large_project_stands_in_one_year() -> None:
    """Two years' money each for what is worth most: the relaxation does a half of it in both, the tree says where."""
    funds = [{"id": "f", "yearly_cny": 10.0, "carry_over": True}]
    flat = {"surplus_m3": 0.0}
    projects = [project("big", [20.0], 60.0, **flat), *(project(f"s{k}", [5.0], 12.0, **flat) for k in range(4))]
    found = pl.portfolio(document(projects, funds, years=3))
    assert found.solution.objective == pytest.approx(Plain(document(projects, funds, years=3)).best())


@pytest.mark.parametrize("seed", range(12))
def test_wide_programmes_give_a_schedule_below_and_a_bound_above_the_best(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SOLVE, "CORE", 0)
    monkeypatch.setattr(SOLVE, "WIDE", 0)
    doc = by_chance(seed, earth=seed % 2 == 0)
    found, best = pl.portfolio(doc), Plain(doc).best()
    assert found.solution.bound >= best - 1e-6 * abs(best)
    assert found.solution.objective == pytest.approx(best, rel=1e-6, abs=1e-6)  # branch and bound goes on from there


@pytest.mark.parametrize("seed", range(400, 412))
def test_strides_give_a_schedule_that_keeps_every_rule(seed: int, tmp_path) -> None:
    doc = by_chance(seed, earth=True, shares=False)
    model = model_of(doc, tmp_path)
    relaxed = SOLVE.relax(model.made, {"npv": 1.0})
    found = strides(relaxed.model, relaxed.point, until=np.inf)
    assert found is not None and found.point is not None
    assert -found.value == pytest.approx(worth(model, Plain(doc), found.point), rel=1e-6, abs=1e-6)
