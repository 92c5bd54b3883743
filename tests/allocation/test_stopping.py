"""Stop when told, and one plan however fast the clock runs."""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

import planner.allocation as al
from planner import timelimit
from planner.allocation import charges, exact, search, solve
from planner.allocation.model import assemble
from planner.allocation.objective import objective

pytestmark = pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="signals go to the main thread"
)


def grid(side: int, seed: int = 4) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Units on a square grid, green or a lake, and their borders."""
    rng = np.random.default_rng(seed)
    rows = [(f"u{i:03d}", t, t, 5.0, float(rng.uniform(0, 40)), 0.0) for i in range(side**2) for t in ("green", "reservoir")]
    options = pd.DataFrame(rows, columns=["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny"])
    cells = enumerate(itertools.product(range(side), repeat=2))
    near = [
        (f"u{i:03d}", f"u{j:03d}", 1.0)
        for (i, a), (j, b) in itertools.combinations(cells, 2)
        if abs(a[0] - b[0]) + abs(a[1] - b[1]) == 1
    ]
    return options.set_index(["unit_id", "option"]), pd.DataFrame(near, columns=["unit_a", "unit_b", "length_m"])


@pytest.fixture
def heard() -> Iterator[None]:
    """Ctrl-C as a terminal sends it; a job in the background ignores it."""
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, usual)


def test_ctrl_c_before_the_search_is_heard_by_it(monkeypatch: pytest.MonkeyPatch, heard: None) -> None:
    """While passes are loaded or compiled an exception is lost; the search is told and ends with what it begins with."""
    problem = al.Problem(grid(5)[0]).subject_to(al.Quota("green", min_mu=20, max_mu=40))
    start = problem.solve().choice
    monkeypatch.setattr(solve, "make_ready", lambda model, way: signal.raise_signal(signal.SIGINT))
    result = problem.solve(start=start)
    assert result.status == "interrupted" and (result.choice == start).all()
    with pytest.raises(KeyboardInterrupt):
        problem.solve()


@pytest.mark.parametrize("when", [1, 2])
def test_ctrl_c_ends_the_search_over_lump_sums_with_its_best_plan(
    monkeypatch: pytest.MonkeyPatch, heard: None, when: int
) -> None:
    """In the first search of a branch, and in the one after it."""
    problem = al.Problem(grid(5)[0])
    sums = [al.Charge(f"sum {k}", frozenset({f"u{k:03d}", f"u{k + 1:03d}"}), 30.0, 30.0) for k in range(0, 20, 2)]
    calls, usual = [], charges.Problem.solve

    def solved(self: al.Problem, **how: object) -> al.Result:
        calls.append(how)
        if len(calls) == when:
            how["progress"] = lambda bound, best, gap: None
            signal.raise_signal(signal.SIGINT)
        return usual(self, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(charges.Problem, "solve", solved)
    found = al.solve_charged(problem, sums, gap=0, objective="net").result
    assert found.status == "interrupted" and found.bound >= found.objective
    assert len(calls) <= when + 2


def test_no_program_is_built_once_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """At 100 000 units it takes seconds; the plan to begin with comes back with a bound that holds."""
    problem = al.Problem(grid(5)[0]).subject_to(al.Quota("green", min_mu=20, max_mu=40))
    best = problem.solve(gap=0)
    model = assemble(problem.table, problem.parts(), objective(problem.table, "net"))
    late = search.Settings(0.0, timelimit.now() - 10.0, 5.0, 0, None, search.Method.CHOOSE)
    monkeypatch.setattr(exact, "program", lambda *_: pytest.fail("a program was built"))
    start = solve.start_positions(problem.table, model, best)
    found = exact.solve_exactly(model, late, start)
    assert found.chosen is not None and (found.chosen == start).all() and found.bound >= best.objective
    assert exact.solve_exactly(model, late, None).outcome is search.Outcome.NOTHING


@pytest.mark.parametrize("rule", ["patch", "connected"])
def test_one_plan_however_fast_the_clock_runs(monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    """Searches that others follow are cut short by nodes, not by shares of the time."""
    options, near = grid(9)
    named = al.MinPatch("green", 20, near) if rule == "patch" else al.Connected("green", near)
    problem = al.Problem(options).subject_to(named, al.Quota("green", min_mu=100, max_mu=250))
    plans = []
    for speed in (1.0, 5.0):
        began = timelimit.now()
        for module in (search, solve):
            monkeypatch.setattr(module, "now", lambda b=began, s=speed: b + s * (timelimit.now() - b))
        plans.append(problem.solve(gap=0.01, time_limit_s=900))
    assert (plans[0].choice == plans[1].choice).all()
    assert (plans[0].bound, plans[0].method) == (plans[1].bound, plans[1].method)
