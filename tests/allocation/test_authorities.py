"""Published problems with known answers, read raw from ../shared beside the checkout; skipped, and said so, without it."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planner.allocation as al

FOLDER = Path(__file__).parents[3] / "shared" / "authorities" / "allocation"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no ../shared/authorities beside the checkout")


def assignment(name: str) -> al.Problem:
    """Generalised assignment: items are units, agents are targets, each with a capacity. Least cost."""
    numbers = iter((FOLDER / "gap" / name).read_text().split())
    agents, items = int(next(numbers)), int(next(numbers))
    cost, weight = (np.array([[float(next(numbers)) for _ in range(items)] for _ in range(agents)]) for _ in range(2))
    room = [float(next(numbers)) for _ in range(agents)]
    names = [f"a{a:02d}" for a in range(agents)]
    rows = [(f"i{i:03d}", a, a, 1.0, 0.0, cost[k, i], weight[k, i]) for i in range(items) for k, a in enumerate(names)]
    columns = ["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny", "load"]
    options = pd.DataFrame(rows, columns=columns).set_index(["unit_id", "option"])
    limits = [al.Limit("load", max=room[a], target=name) for a, name in enumerate(names)]
    return al.Problem(options, unrestored=False).subject_to(*limits)


@pytest.mark.parametrize("name", [f"cattrysse1994/gap{s}-{k}" for s in range(1, 13) for k in range(5)])
def test_generalised_assignment_is_proven(name: str) -> None:
    with (FOLDER / "gap" / "data.csv").open(encoding="utf-8") as file:
        known = {row["Path"]: float(row["Best known solution value"]) for row in csv.DictReader(file)}
    result = assignment(name).solve(objective="cost", gap=0, time_limit_s=120)
    assert result.objective == known[name] and result.status == "optimal"


def multidimensional(file: str, number: int) -> al.Problem:
    """Multi-dimensional knapsack (OR-Library): each item is a unit, in or out; a limit per dimension."""
    numbers = map(float, (FOLDER / "mkp" / f"{file}.txt").read_text().split())
    next(numbers)
    for _ in range(number + 1):
        items, rows, _ = int(next(numbers)), int(next(numbers)), next(numbers)
        worth, *loads = [np.array([next(numbers) for _ in range(items)]) for _ in range(rows + 1)]
        room = [next(numbers) for _ in range(rows)]
    return knapsack([[(w, *taken), (0.0, *[0.0] * rows)] for w, *taken in zip(worth, *loads, strict=True)], room)


def multiple_choice(name: str) -> al.Problem:
    """Multiple-choice multi-dimensional knapsack: one option of each class, a limit per dimension."""
    numbers = map(float, (FOLDER / "mmkp" / name).read_text().split())
    classes, ways, rows = int(next(numbers)), int(next(numbers)), int(next(numbers))
    room = [next(numbers) for _ in range(rows)]
    groups = []
    for _ in range(classes):
        next(numbers)
        groups.append([tuple(next(numbers) for _ in range(rows + 1)) for _ in range(ways)])
    return knapsack(groups, room)


def knapsack(groups: list[list[tuple[float, ...]]], room: list[float]) -> al.Problem:
    """One option (worth, then what it takes of each limit) of each group."""
    rows = [
        (f"i{i:04d}", f"o{k:02d}", "green", 1.0, worth, 0.0, *taken)
        for i, group in enumerate(groups)
        for k, (worth, *taken) in enumerate(group)
    ]
    loads = [f"load{r}" for r in range(len(room))]
    columns = ["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny", *loads]
    options = pd.DataFrame(rows, columns=columns).set_index(["unit_id", "option"])
    limits = [al.Limit(load, max=most) for load, most in zip(loads, room, strict=True)]
    return al.Problem(options, unrestored=False).subject_to(*limits)


@pytest.mark.parametrize(("name", "known"), [("I01", 173), ("I02", 364), ("I03", 1602), ("I05", 3905.7), ("I06", 4799.3)])
def test_multiple_choice_knapsack_is_proven(name: str, known: float) -> None:
    result = multiple_choice(name).solve(gap=0, time_limit_s=240)
    assert result.objective == pytest.approx(known, rel=1e-12) and result.status == "optimal"


@pytest.mark.parametrize(("file", "number", "known"), [("cb1", 10, 42757), ("cb1", 20, 59822), ("cb4", 20, 57375)])
def test_multidimensional_knapsack_is_proven(file: str, number: int, known: float) -> None:
    result = multidimensional(file, number).solve(gap=0, time_limit_s=240)
    assert result.objective == pytest.approx(known, rel=1e-12) and result.status == "optimal"


@pytest.mark.parametrize(("name", "known"), [("chu1997/d05100", 6353), ("chu1997/d10100", 6347), ("yagiura2004/e20400", 44877)])
def test_hard_assignments_are_told_with_a_true_gap(name: str, known: float) -> None:
    result = assignment(name).solve(objective="cost", gap=0.02, time_limit_s=240)
    assert result.bound <= known <= result.objective <= 1.02 * known


def counties(state: int, districts: int) -> tuple[al.Problem, pd.DataFrame]:
    """Districts of equal population within 0.5 %, fewest borders between counties of unlike districts."""
    data = json.loads((FOLDER / "districting" / f"{state}.json").read_text(encoding="utf-8"))
    people = {str(n["id"]): float(n.get("TOTPOP", n.get("POP10"))) for n in data["nodes"]}
    largest = max(people, key=lambda c: people[c])
    near = zip(data["nodes"], data["adjacency"], strict=True)
    pairs = {tuple(sorted((str(n["id"]), str(other["id"])))) for n, beside in near for other in beside}
    names = [f"d{k}" for k in range(districts)]
    rows = [(c, d, d, p, 0.0, 0.0) for c, p in people.items() for d in names]
    columns = ["unit_id", "option", "target", "area_mu", "benefit_cny", "cost_cny"]
    options = pd.DataFrame(rows, columns=columns).set_index(["unit_id", "option"])
    borders = pd.DataFrame(sorted(pairs), columns=["unit_a", "unit_b"]).assign(length_m=1.0)
    fair = sum(people.values()) / districts
    rules = [al.Quota(d, min_mu=0.995 * fair, max_mu=1.005 * fair) for d in names]
    return al.Problem(options, unrestored=False).subject_to(
        *rules, al.Compactness(borders, 1.0), al.Lock(largest, "d0")
    ), borders


@pytest.mark.parametrize(
    ("state", "districts", "connected", "cut"),
    [(23, 2, False, 8), (23, 2, True, 16), (16, 2, False, 10), (16, 2, True, 10), (35, 3, False, 17), (35, 3, True, 17)],
)
def test_maine_idaho_and_new_mexico_in_districts(state: int, districts: int, connected: bool, cut: int) -> None:
    problem, borders = counties(state, districts)
    if connected:
        problem = problem.subject_to(*(al.Connected(f"d{k}", borders) for k in range(districts)))
    result = problem.solve(objective="compactness", gap=0, time_limit_s=120)
    assert result.objective == cut and result.status == "optimal"
