"""Flows between zones in a program of moves, by hand: a plot wants 100 m³, a lake 100 m off and one 300 m off give it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import planner.allocation as al
from planner.allocation import undecided
from planner.allocation.highs import solve_program
from planner.allocation.model import Model, assemble, at_worth
from planner.allocation.neighbours import neighbours, waters
from planner.allocation.objective import objective
from planner.allocation.polishing import polisher
from planner.allocation.program import program
from planner.allocation.restrict import narrowed, restrict
from planner.allocation.swaps import softened
from planner.allocation.undecided import Weighing, corner_of, lacking
from planner.allocation.zoned import Flows, flows_beside, with_flows

COLUMNS = ["unit_id", "option", "target", "treatment", "area_mu", "benefit_cny", "cost_cny", "cut_m3", "fill_m3"]


def model_of(exported: float) -> Model:
    """Fill in place a; b, 100 m from it, and c, 300 m from it, are dug or not. Carrying costs 2 yuan per m³ and 100 m."""
    rows = [("a", "fill", "construction", "fill", 1.0, 1000.0, 0.0, 0.0, 100.0)]
    rows += [(u, "dig", "reservoir", "dig", 1.0, 0.0, 0.0, 100.0, 0.0) for u in "bc"]
    rows += [(u, "no", "unrestored", "no", 1.0, 0.0, 0.0, 0.0, 0.0) for u in "bc"]
    options = pd.DataFrame(rows, columns=COLUMNS).set_index(["unit_id", "option"])
    places = pd.DataFrame({"x_m": [0.0, 100.0, 300.0], "y_m": 0.0}, index=list("abc"))
    earth = al.Earthwork(max_import_m3=0.0, max_export_m3=exported, places=places, haul_cny_per_m3_km=20.0)
    problem = al.Problem(options, unrestored=False).subject_to(earth, al.Budget(max_cny=1e6))
    return assemble(problem.table, problem.parts(), objective(problem.table, "net"))


def flows_of(model: Model, worth: list[float]) -> Flows:
    assert model.carriage is not None
    return flows_beside(model.carriage, model.unit, np.array(worth))


def test_a_flow_costs_the_way_less_what_the_worth_rises_along_it() -> None:
    flows = flows_of(model_of(0.0), [2.0, 0.0, 0.0])  # at a earth is worth 2 yuan/m³ more, by just the way from b
    unit = flows.zone.argsort()  # each is a zone of its own
    ways = zip(unit[flows.tail].tolist(), unit[flows.head].tolist(), strict=True)
    found = dict(zip(ways, flows.beyond.tolist(), strict=True))
    expected = {(1, 0): 0.0, (2, 0): 4.0, (0, 1): 4.0, (0, 2): 8.0, (1, 2): 4.0, (2, 1): 4.0}
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(("short", "pays"), [(0.0, 200.0), (150.0, 50.0), (500.0, 0.0)])
def test_the_program_digs_beside_and_pays_what_is_beyond_the_room(short: float, pays: float) -> None:
    """100 m³ over 100 m are 200 yuan where earth has no worth; what limits leave free of it is not paid."""
    model = model_of(0.0)
    small = at_worth(model, np.zeros(3))
    small = replace(small, gain=np.zeros_like(small.gain))
    chosen = np.array([0, 2, 3])  # fill, b not dug, c dug: options by unit are fill; dig, no; dig, no
    core = restrict(small, chosen, np.ones(3, dtype=np.bool_))
    flows = flows_of(model, [0.0, 0.0, 0.0])
    prog = program(with_flows(core, chosen, flows, short))
    answer = solve_program(prog, relaxed=True)
    assert answer.point is not None
    columns = answer.point[small.gain.size : prog.known] * prog.helper
    assert flows.asked(columns) == pytest.approx(pays)
    if not short:
        assert answer.point[: small.gain.size] == pytest.approx([1.0, 1.0, 0.0, 0.0, 1.0])


def test_units_outside_the_program_give_and_take_too() -> None:
    """With a and c as they are and c dug, b need not be: 100 m³ come over 300 m, 600 yuan; digging b costs 1 000."""
    model = model_of(100.0)
    small = at_worth(model, np.zeros(3))
    small = replace(small, gain=np.array([0.0, -1000.0, 0.0, 0.0, 0.0]))
    chosen = np.array([0, 2, 3])
    core = restrict(small, chosen, np.array([False, True, False]))
    flows = flows_of(model, [0.0, 0.0, 0.0])
    prog = program(with_flows(core, chosen, flows, 0.0))
    answer = solve_program(prog, relaxed=True)
    assert answer.point is not None
    assert answer.point[:2] == pytest.approx([0.0, 1.0])
    assert flows.asked(answer.point[2 : prog.known] * prog.helper) == pytest.approx(600.0)


def test_a_core_without_the_options_it_does_not_allow_is_the_same() -> None:
    model = at_worth(model_of(100.0), np.zeros(3))
    chosen, keep = np.array([0, 2, 3]), np.array([True, True, True, True, False])
    core = restrict(model, chosen, np.array([False, True, True]), keep)
    small = narrowed(core)
    assert small.options.tolist() == [1, 2, 3]
    assert small.model.start.tolist() == [0, 2, 3]
    assert small.model.unit.tolist() == [0, 0, 1]
    assert (small.model.coef == core.model.coef[:, :3]).all()
    assert small.whole_choice(chosen, np.array([0, 2])).tolist() == [0, 1, 3]


def test_a_programs_own_prices_show_the_option_that_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only c may be dug, 100 m³ come over 300 m: 600 yuan. Earth is then worth 6 yuan/m³ more at a than at c and 4 more
    at b than at c, so that digging b instead wins 400 yuan: with that option the program pays 200."""
    monkeypatch.setattr(undecided, "LACKING", 0)
    model = model_of(0.0)
    bare = at_worth(model, np.zeros(3))
    bare = replace(bare, gain=np.zeros_like(bare.gain))
    chosen, keep, flows = np.array([0, 2, 3]), np.array([True, False, True, True, True]), flows_of(model, [0.0, 0.0, 0.0])
    moves = polisher(bare, neighbours(bare), waters(bare, None))
    here, soft = Weighing(moves, None, np.inf, flows, 0.0), softened(bare, bare.gain, 1e-6, 1e6)
    _, corner = corner_of(here, soft, chosen, keep)
    assert corner is not None and corner.prices is not None
    assert flows.asked(corner.columns) == pytest.approx(600.0)
    costs = flows.costs(corner.prices[bare.hi.size + 1 :], bare.unit)
    assert costs[3] - costs[1] == pytest.approx(400.0)
    found = lacking(here, bare, corner, chosen)
    assert found[1]
    _, better = corner_of(here, soft, chosen, keep | found)
    assert better is not None and flows.asked(better.columns) == pytest.approx(200.0)
